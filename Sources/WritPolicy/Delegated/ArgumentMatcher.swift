// SPDX-License-Identifier: Apache-2.0
import WritCore

/// ``ArgumentRule``s of one capability, compiled.
struct ArgumentMatcher: Sendable {
    enum Test: Sendable {
        case isOne([JSON])
        case isNone([JSON])
        case range(Int64?, Int64?)
        case subset([JSON])
        case contains(JSON)
        case path(PathFolder)
        case host([HostPattern])
        case any
    }

    private let arguments: [(name: [UInt8], tests: [Test])]

    var isEmpty: Bool { arguments.isEmpty }

    /// - Throws: what is wrong with a constraint, in a few words.
    init(_ rules: [ArgumentRule]) throws(ArgumentFault) {
        var arguments: [(name: [UInt8], tests: [Test])] = []
        for rule in rules {
            let name = Array(rule.name.utf8)
            guard !name.isEmpty, !arguments.contains(where: { $0.name == name }) else {
                throw ArgumentFault("the argument \(quoted(rule.name)) is named twice, or has no name")
            }
            guard !rule.constraints.isEmpty else {
                throw ArgumentFault("nothing is said of the argument \(quoted(rule.name))")
            }
            var tests: [Test] = []
            for constraint in rule.constraints { tests.append(try Self.test(constraint)) }
            arguments.append((name, tests))
        }
        self.arguments = arguments
    }

    private static func test(_ constraint: ArgumentRule.Constraint) throws(ArgumentFault) -> Test {
        switch constraint {
        case .exact(let value): return .isOne([value])
        case .oneOf(let values): return .isOne(values)
        case .notOneOf(let values): return .isNone(values)
        case .range(let low, let high): return .range(low, high)
        case .subset(let values): return .subset(values)
        case .contains(let value): return .contains(value)
        case .pathUnder(let folder):
            guard let folder = PathFolder(folder) else {
                throw ArgumentFault("\(quoted(folder)) is neither an absolute folder nor one below a root")
            }
            return .path(folder)
        case .hostIn(let hosts):
            var patterns: [HostPattern] = []
            for host in hosts {
                do throws(HostPattern.Fault) {
                    patterns.append(try HostPattern(host))
                } catch {
                    throw ArgumentFault("\(quoted(host)) \(error.message)")
                }
            }
            return .host(patterns)
        case .anyValue: return .any
        }
    }

    /// The call's arguments fit; see ``ArgumentRule`` for what the reading changes.
    func fits(_ request: PolicyRequest, _ reading: Matcher.Reading) -> Bool {
        let members = request.call.arguments.members ?? []
        if reading == .grant, members.count > arguments.count { return false }
        return arguments.allSatisfy { argument in
            // By bytes: texts that only look alike are other names to a tool.
            guard let member = members.first(where: { $0.key.utf8.elementsEqual(argument.name) }) else {
                return reading == .restriction
            }
            return argument.tests.allSatisfy { Self.holds($0, member.value, request, reading) }
        }
    }

    private static func holds(
        _ test: Test, _ value: JSON, _ request: PolicyRequest, _ reading: Matcher.Reading
    ) -> Bool {
        let isGrant = reading == .grant
        switch test {
        case .any: return true
        case .isOne(let values): return values.contains { ArgumentValue.matches(value, $0, reading) }
        case .isNone(let values):
            // The sure reading of "none of them" is that it is not even one of them in other words.
            return !values.contains { ArgumentValue.matches(value, $0, isGrant ? .restriction : .grant) }
        case .range(let low, let high):
            guard let number = ArgumentValue.number(value, reading) else { return false }
            return low.map { Double($0) <= number } ?? true && high.map { number <= Double($0) } ?? true
        case .subset(let values):
            guard let elements = value.array ?? (isGrant ? nil : [value]) else { return false }
            return elements.allSatisfy { element in
                values.contains { ArgumentValue.matches(element, $0, reading) }
            }
        case .contains(let wanted):
            guard let elements = value.array ?? (isGrant ? nil : [value]) else { return false }
            return elements.contains { ArgumentValue.matches($0, wanted, reading) }
        case .path(let folder): return folder.holds(value, request, reading)
        case .host(let patterns): return ArgumentHost.fits(value, patterns, reading)
        }
    }
}

/// Why a constraint cannot be used.
struct ArgumentFault: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// Values of arguments as they are compared.
enum ArgumentValue {
    /// The value is the wanted one; for a restriction also if a tool may read it as that.
    static func matches(_ value: JSON, _ wanted: JSON, _ reading: Matcher.Reading) -> Bool {
        if isSame(value, wanted) { return true }
        guard reading == .restriction, let one = scalar(value), let other = scalar(wanted) else { return false }
        return one.utf8.elementsEqual(other.utf8)
    }

    /// Equal as JSON: numbers by their value, members in any order, text byte for byte.
    static func isSame(_ one: JSON, _ other: JSON) -> Bool {
        switch (one, other) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.integer(let a), .integer(let b)): return a == b
        case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)): return Int64(exactly: b) == a
        case (.number(let a), .number(let b)): return a == b
        case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): return a.count == b.count && zip(a, b).allSatisfy(isSame)
        case (.object(let a), .object(let b)):
            guard a.count == b.count else { return false }
            let order: (JSON.Member, JSON.Member) -> Bool = {
                $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
            }
            return zip(a.sorted(by: order), b.sorted(by: order)).allSatisfy {
                $0.key.utf8.elementsEqual($1.key.utf8) && isSame($0.value, $1.value)
            }
        default: return false
        }
    }

    /// The number; a grant takes whole numbers alone, a restriction also what a tool may read as one.
    static func number(_ value: JSON, _ reading: Matcher.Reading) -> Double? {
        if reading == .grant {
            // Past 53 bits neighbours are one number to many tools.
            guard let whole = value.integer, whole.magnitude < 1 << 53 else { return nil }
            return Double(whole)
        }
        if let number = value.double { return number }
        return value.string.flatMap { Double($0.filter { !$0.isWhitespace && $0 != "_" && $0 != "," }) }
    }

    private static func scalar(_ value: JSON) -> String? {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .number(let value): Int64(exactly: value).map { "\($0)" } ?? "\(value)"
        case .string(let value): String(value.lowercased().filter { !$0.isWhitespace })
        case .array, .object: nil
        }
    }
}

/// The folder of a `path_under`: nothing in it is a wildcard.
struct PathFolder: Sendable, Hashable {
    let root: PathGlob.Root
    /// Below the root, or absolute without one; without a slash at its end.
    let rest: String

    /// Nil for what is neither absolute nor below a root, or climbs.
    init?(_ text: String) {
        let word = text.prefix { $0 != "/" }
        var rest = text.dropFirst(word.count)
        while rest.utf8.last == UInt8(ascii: "/") { rest = rest.dropLast() }
        guard let root = PathGlob.Root(rawValue: word == "~" ? "$home" : String(word)), root != .none || !text.isEmpty,
            !rest.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }), !rest.contains("//")
        else { return nil }
        self.root = root
        self.rest = String(rest)
    }

    /// The folders that are meant in a request; none where the root is not known.
    private func folders(_ roots: PathRoots) -> [String] {
        switch root {
        case .none: [rest.isEmpty ? "/" : rest]
        case .repo: [roots.repo].filter { $0.utf8.count > 1 }.map { $0 + rest }
        case .home: [roots.home].filter { $0.utf8.count > 1 }.map { $0 + rest }
        case .work: [roots.work].filter { $0.utf8.count > 1 }.map { $0 + rest }
        case .tmp: roots.tmp.filter { $0.utf8.count > 1 }.map { $0 + rest }
        }
    }

    func holds(_ value: JSON, _ request: PolicyRequest, _ reading: Matcher.Reading) -> Bool {
        guard let text = value.string, Self.isPlain(text) else { return reading == .restriction }
        let path = PathText.absolute(text, in: request.call.workingDirectory, home: request.call.home)
        let folders = folders(request.roots)
        if reading == .grant { return folders.contains { PathText.isUnder(path, $0) } }
        // Everything above the folder holds it.
        return folders.isEmpty || folders.contains { PathText.isUnder(path, $0) || PathText.isUnder($0, path) }
    }

    /// One path to whoever reads it: no scheme, no encoding, no other system's slashes, nothing a shell expands.
    private static func isPlain(_ text: String) -> Bool {
        // A tool that trims its input reads another path than one that does not.
        guard let first = text.utf8.first, let last = text.utf8.last, first != UInt8(ascii: "~"), first != 0x20,
            last != 0x20
        else { return false }
        let signs = Array("\\%$`*?[]{}<>|\"':;&".utf8)
        return text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && !signs.contains($0) }
    }
}

/// The host of an argument.
enum ArgumentHost {
    static func fits(_ value: JSON, _ patterns: [HostPattern], _ reading: Matcher.Reading) -> Bool {
        guard let text = value.string, let host = host(of: text) else { return reading == .restriction }
        let name = HostText.normalized(host)
        let address = IPAddress(name)
        return patterns.contains { $0.matches(name, address) }
    }

    /// The host of a URL, or of a name with or without a port; nil for whatever two readers could read differently
    /// (user parts, backslashes, escapes, blanks, letters beyond ASCII).
    static func host(of text: String) -> String? {
        let isPlain = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "@")
        }
        guard isPlain, text.utf8.count <= 8_192 else { return nil }
        var rest = Substring(text)
        if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[colon...].hasPrefix("://") {
            let scheme = text[..<colon]
            guard let first = scheme.utf8.first, isLetter(first),
                scheme.utf8.allSatisfy({ isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) })
            else { return nil }
            rest = text[text.utf8.index(colon, offsetBy: 3)...]
            rest = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        }
        var host = rest
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = rest[rest.index(after: rest.startIndex)..<end]
            guard isPort(rest[rest.index(after: end)...]), IPAddress(String(host)) != nil else { return nil }
            return String(host)
        }
        if let colon = rest.firstIndex(of: ":") {
            guard isPort(rest[colon...]) else { return nil }
            host = rest[..<colon]
        }
        guard !host.isEmpty, host.utf8.count <= 253,
            host.utf8.allSatisfy({ isLetter($0) || isDigit($0) || "-._".utf8.contains($0) }),
            !host.hasPrefix("."), !host.contains("..")
        else { return nil }
        return String(host)
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || text.first == ":" && text.utf8.count <= 6 && text.utf8.dropFirst().allSatisfy(isDigit)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
