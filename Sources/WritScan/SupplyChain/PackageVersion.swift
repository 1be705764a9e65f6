// SPDX-License-Identifier: Apache-2.0

/// A release number, compared as package tools do: by numbers first, then a pre-release before its release.
///
/// Takes the forms of semantic versioning, PEP 440, Go, Maven and RubyGems; epochs count, build metadata does not.
public struct PackageVersion: Sendable, Hashable, Comparable {
    private var epoch = 0
    /// Without zeros at the end, so that `1.0` is `1`.
    private var numbers: [Int] = []
    /// Nil for a release; what stands behind it otherwise, in parts.
    private var prerelease: [Part]?

    private enum Part: Sendable, Hashable, Comparable {
        case number(Int)
        case word(String)

        static func < (left: Part, right: Part) -> Bool {
            switch (left, right) {
            case (.number(let left), .number(let right)): left < right
            case (.word(let left), .word(let right)): left < right
            case (.number, .word): true
            case (.word, .number): false
            }
        }
    }

    /// The first release number in a text such as `^1.2.3`, `>=2.0,<3`, `v1.0.0-rc.1`; nil when there is none.
    public init?(in text: some StringProtocol) {
        var rest = Array(text.utf8.prefix(256))[...]
        rest = rest.drop { !Self.isDigit($0) }
        guard !rest.isEmpty else { return nil }
        let first = Self.number(&rest)
        if rest.first == UInt8(ascii: "!") {
            epoch = first
            rest = rest.dropFirst()
            guard let byte = rest.first, Self.isDigit(byte) else { return nil }
            numbers = [Self.number(&rest)]
        } else {
            numbers = [first]
        }
        while rest.first == UInt8(ascii: "."), let byte = rest.dropFirst().first, Self.isDigit(byte), numbers.count < 16
        {
            rest = rest.dropFirst()
            numbers.append(Self.number(&rest))
        }
        while numbers.count > 1, numbers.last == 0 { numbers.removeLast() }
        var tail = rest.prefix {
            $0 > 32 && $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "|")
        }
        tail = tail.drop { !Self.isDigit($0) && !Self.isLetter($0) }
        let parts = Self.parts(tail)
        // `1.0.post1` and `1.0.Final` come after or with the release, not before it.
        if case .word(let word)? = parts.first, !["post", "final", "release", "ga", "jre", "x"].contains(word) {
            prerelease = parts
        } else if case .number? = parts.first {
            prerelease = parts
        }
    }

    /// The number whose change may break what uses the package: the first that is not zero, with those before it.
    public var breaking: [Int] {
        let zeros = numbers.prefix { $0 == 0 }
        return Array(numbers.prefix(zeros.count + 1))
    }

    /// It is offered for trial, not for use.
    public var isPrerelease: Bool { prerelease != nil }

    public static func < (left: Self, right: Self) -> Bool {
        if left.epoch != right.epoch { return left.epoch < right.epoch }
        if left.numbers != right.numbers { return left.numbers.lexicographicallyPrecedes(right.numbers) }
        switch (left.prerelease, right.prerelease) {
        case (nil, _): return false
        case (_?, nil): return true
        case (let one?, let two?): return one.lexicographicallyPrecedes(two)
        }
    }

    private static func parts(_ bytes: ArraySlice<UInt8>) -> [Part] {
        var parts: [Part] = []
        var rest = bytes
        while let byte = rest.first, parts.count < 16 {
            if isDigit(byte) {
                parts.append(.number(number(&rest)))
            } else if isLetter(byte) {
                let word = rest.prefix { isLetter($0) }
                parts.append(.word(String(decoding: word, as: UTF8.self).lowercased()))
                rest = rest.dropFirst(word.count)
            } else {
                rest = rest.dropFirst()
            }
        }
        return parts
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int {
        var value = 0
        while let byte = rest.first, isDigit(byte) {
            value = min(value, Int.max / 16) * 10 + Int(byte - 48)
            rest = rest.dropFirst()
        }
        return value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte)
    }
}
