// SPDX-License-Identifier: Apache-2.0

/// Programs that turn their input into their output, for input that is known.
///
/// Each model answers nil as soon as an option appears that it does not know: the output is unknown then.
enum TextFilters {
    struct Result {
        var text: String
        var isDecoded = false
    }

    static func run(_ program: String, _ arguments: [String], _ input: String) -> Result? {
        switch program {
        case "cat", "tee", "buffer", "pv": return Result(text: input)
        case "base64", "gbase64", "base32", "basenc": return coded(program, arguments, input)
        case "xxd": return xxd(arguments, input)
        case "openssl": return openssl(arguments, input)
        case "rev":
            return Result(
                text: lines(input).map { String(String.UnicodeScalarView($0.unicodeScalars.reversed())) + "\n" }
                    .joined())
        case "tac": return Result(text: lines(input).reversed().map { $0 + "\n" }.joined())
        case "tr": return translate(arguments, input).map { Result(text: $0) }
        case "sed": return substitute(arguments, input).map { Result(text: $0) }
        case "cut": return cut(arguments, input).map { Result(text: $0) }
        case "head", "tail": return ends(program == "head", arguments, input).map { Result(text: $0) }
        case "sort":
            guard arguments.allSatisfy({ $0 == "-u" || $0 == "-r" }) else { return nil }
            var sorted = lines(input).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
            if arguments.contains("-u") {
                sorted = sorted.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
            }
            if arguments.contains("-r") { sorted.reverse() }
            return Result(text: sorted.map { $0 + "\n" }.joined())
        case "uniq":
            guard arguments.isEmpty else { return nil }
            return Result(
                text: lines(input).reduce(into: []) { if $0.last != $1 { $0.append($1) } }.map { $0 + "\n" }.joined())
        case "grep", "fgrep":
            guard arguments.count == 1, let needle = arguments.first, !needle.hasPrefix("-"),
                needle.unicodeScalars.allSatisfy({
                    $0.properties.isAlphabetic || $0 == " " || ("0"..."9" ~= $0) || $0 == "_"
                })
            else { return nil }
            return Result(text: lines(input).filter { $0.contains(needle) }.map { $0 + "\n" }.joined())
        case "wc":
            guard arguments == ["-l"] || arguments == ["-c"] else { return nil }
            return Result(text: "\(arguments == ["-l"] ? input.utf8.count { $0 == 0x0A } : input.utf8.count)\n")
        default: return nil
        }
    }

    private static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    // MARK: - Encodings

    private static func coded(_ program: String, _ arguments: [String], _ input: String) -> Result? {
        let isDecoding = arguments.contains {
            ["-d", "-D", "--decode", "--d", "-di", "-id"].contains($0) || ("--decode".hasPrefix($0) && $0.count > 3)
        }
        if isDecoding {
            let bytes = program == "base32" || arguments.contains("--base32") ? base32(input) : base64(input)
            return bytes.map { Result(text: String(decoding: $0, as: UTF8.self), isDecoded: true) }
        }
        guard program != "base32", program != "basenc",
            arguments.allSatisfy({ $0 == "-w0" || $0 == "-w" || $0 == "0" || $0 == "-" })
        else {
            return nil
        }
        return Result(text: encoded(Array(input.utf8)) + "\n")
    }

    /// Bytes of base64 text; blanks are skipped, and text that is cut short still gives what is there.
    static func base64(_ text: String) -> [UInt8]? {
        bits(text, width: 6) { byte in
            switch byte {
            case 0x41...0x5A: byte - 0x41
            case 0x61...0x7A: byte - 0x61 + 26
            case 0x30...0x39: byte - 0x30 + 52
            case 0x2B, 0x2D: 62
            case 0x2F, 0x5F: 63
            default: nil
            }
        }
    }

    private static func base32(_ text: String) -> [UInt8]? {
        bits(text, width: 5) { byte in
            switch byte {
            case 0x41...0x5A: byte - 0x41
            case 0x61...0x7A: byte - 0x61
            case 0x32...0x37: byte - 0x32 + 26
            default: nil
            }
        }
    }

    private static func bits(_ text: String, width: UInt32, _ digit: (UInt8) -> UInt8?) -> [UInt8]? {
        var result: [UInt8] = []
        var held: UInt32 = 0
        var count: UInt32 = 0
        for byte in text.utf8 {
            if byte == 0x3D { break }
            if byte == 0x0A || byte == 0x0D || byte == 0x20 || byte == 0x09 { continue }
            guard let value = digit(byte) else { return nil }
            held = (held << width | UInt32(value)) & 0xFFFF
            count += width
            if count >= 8 {
                count -= 8
                result.append(UInt8(truncatingIfNeeded: held >> count))
            }
        }
        return result
    }

    private static func encoded(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        var at = 0
        while at < bytes.count {
            let first = bytes[at]
            let second = at + 1 < bytes.count ? bytes[at + 1] : 0
            let third = at + 2 < bytes.count ? bytes[at + 2] : 0
            result.append(alphabet[Int(first >> 2)])
            result.append(alphabet[Int((first & 3) << 4 | second >> 4)])
            result.append(at + 1 < bytes.count ? alphabet[Int((second & 15) << 2 | third >> 6)] : 0x3D)
            result.append(at + 2 < bytes.count ? alphabet[Int(third & 63)] : 0x3D)
            at += 3
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func hex(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { byte -> UInt8? in
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x41 + 10
            case 0x61...0x66: byte - 0x61 + 10
            default: nil
            }
        }
        return stride(from: 0, to: digits.count - digits.count % 2, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func xxd(_ arguments: [String], _ input: String) -> Result? {
        let letters = arguments.filter { $0.hasPrefix("-") }.joined()
        guard letters.contains("r"), letters.contains("p") || letters.contains("ps") else {
            if letters.contains("p"), !letters.contains("r") {
                return Result(
                    text: input.utf8.map { byte in
                        let digits = String(byte, radix: 16)
                        return digits.utf8.count == 1 ? "0" + digits : digits
                    }.joined() + "\n")
            }
            return nil
        }
        return hex(input).map { Result(text: String(decoding: $0, as: UTF8.self), isDecoded: true) }
    }

    private static func openssl(_ arguments: [String], _ input: String) -> Result? {
        guard arguments.first == "base64" || arguments.prefix(2).elementsEqual(["enc", "-base64"]),
            arguments.contains("-d")
        else {
            return nil
        }
        return base64(input).map { Result(text: String(decoding: $0, as: UTF8.self), isDecoded: true) }
    }

    // MARK: - Characters

    private static func translate(_ arguments: [String], _ input: String) -> String? {
        var deletes = false
        var squeezes = false
        var complements = false
        var sets: [String] = []
        for argument in arguments {
            switch argument {
            case "-d", "--delete": deletes = true
            case "-s", "--squeeze-repeats": squeezes = true
            case "-c", "-C", "--complement": complements = true
            case "-dc", "-cd":
                deletes = true
                complements = true
            default:
                if argument.hasPrefix("-"), argument.utf8.count > 1 { return nil }
                sets.append(argument)
            }
        }
        guard let first = sets.first.flatMap({ characters($0) }) else { return nil }
        if deletes {
            return String(decoding: input.utf8.filter { first.contains($0) == complements }, as: UTF8.self)
        }
        if sets.count == 1 {
            guard squeezes else { return nil }
            return String(
                decoding: input.utf8.reduce(into: [UInt8]()) {
                    if $0.last != $1 || !first.contains($1) { $0.append($1) }
                }, as: UTF8.self)
        }
        guard sets.count == 2, let second = characters(sets[1]), let last = second.last, !complements else {
            return nil
        }
        var map: [UInt8: UInt8] = [:]
        for (index, byte) in first.enumerated() { map[byte] = index < second.count ? second[index] : last }
        var result: [UInt8] = []
        for byte in input.utf8 {
            let mapped = map[byte] ?? byte
            if squeezes, map[byte] != nil, result.last == mapped { continue }
            result.append(mapped)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The bytes of a `tr` set: ranges, classes, escapes.
    private static func characters(_ set: String) -> [UInt8]? {
        switch set {
        case "[:upper:]": return Array(UInt8(ascii: "A")...UInt8(ascii: "Z"))
        case "[:lower:]": return Array(UInt8(ascii: "a")...UInt8(ascii: "z"))
        case "[:digit:]": return Array(UInt8(ascii: "0")...UInt8(ascii: "9"))
        case "[:space:]": return [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D]
        default: break
        }
        if set.contains("[:") { return nil }
        let bytes = Array(Escapes.decoded(set, style: .ansiC).utf8)
        var result: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if at + 2 < bytes.count, bytes[at + 1] == 0x2D, bytes[at] <= bytes[at + 2] {
                result += Array(bytes[at]...bytes[at + 2])
                at += 3
            } else {
                result.append(bytes[at])
                at += 1
            }
        }
        return result
    }

    // MARK: - Lines

    /// `s/text/text/g` and `s,a,b,` with patterns that hold no operators.
    private static func substitute(_ arguments: [String], _ input: String) -> String? {
        var scripts: [String] = []
        var at = 0
        while at < arguments.count {
            if arguments[at] == "-e" || arguments[at] == "--expression", at + 1 < arguments.count {
                scripts.append(arguments[at + 1])
                at += 2
            } else if arguments[at] == "-E" || arguments[at] == "-r" {
                at += 1
            } else if arguments[at].hasPrefix("-") {
                return nil
            } else {
                if scripts.isEmpty { scripts.append(arguments[at]) }
                at += 1
            }
        }
        var text = lines(input)
        for script in scripts.flatMap({ $0.split(separator: ";").map { String($0).drop { $0 == " " } } }) {
            guard script.first == "s", let mark = script.dropFirst().first else { return nil }
            let fields = script.dropFirst(2).split(separator: mark, omittingEmptySubsequences: false).map { String($0) }
            guard fields.count == 3, fields[2] == "" || fields[2] == "g" else { return nil }
            var pattern = fields[0]
            let isAtStart = pattern.hasPrefix("^")
            let isAtEnd = pattern.hasSuffix("$")
            if isAtStart { pattern = String(pattern.dropFirst()) }
            if isAtEnd { pattern = String(pattern.dropLast()) }
            let special: Set<Character> = ["*", "[", "]", "\\", "+", "?", "(", ")", "{", "|", "^", "$", "."]
            guard !pattern.contains(where: special.contains), !fields[1].contains("\\"), !fields[1].contains("&") else {
                return nil
            }
            text = text.map { line in
                if isAtStart || isAtEnd {
                    if isAtStart, isAtEnd { return line == pattern ? fields[1] : line }
                    if isAtStart { return line.hasPrefix(pattern) ? fields[1] + line.dropFirst(pattern.count) : line }
                    return line.hasSuffix(pattern) ? line.dropLast(pattern.count) + fields[1] : line
                }
                return replaced(line, pattern, fields[1], all: fields[2] == "g")
            }
        }
        return text.map { $0 + "\n" }.joined()
    }

    private static func replaced(_ line: String, _ pattern: String, _ replacement: String, all: Bool) -> String {
        if pattern.isEmpty { return line }
        var result = ""
        var rest = Substring(line)
        while !rest.isEmpty {
            if rest.hasPrefix(pattern) {
                result += replacement
                rest = rest.dropFirst(pattern.count)
                if !all { return result + rest }
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }

    private static func cut(_ arguments: [String], _ input: String) -> String? {
        var separator: Character = "\t"
        var fields: String?
        var letters: String?
        var at = 0
        while at < arguments.count {
            let argument = arguments[at]
            func parameter() -> String? {
                if argument.count > 2 { return String(argument.dropFirst(2)) }
                at += 1
                return at < arguments.count ? arguments[at] : nil
            }
            if argument.hasPrefix("-d") {
                guard let mark = parameter()?.first else { return nil }
                separator = mark
            } else if argument.hasPrefix("-f") {
                fields = parameter()
            } else if argument.hasPrefix("-c") || argument.hasPrefix("-b") {
                letters = parameter()
            } else {
                return nil
            }
            at += 1
        }
        guard let list = fields ?? letters else { return nil }
        var ranges: [ClosedRange<Int>] = []
        for item in list.split(separator: ",") {
            let ends = item.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count <= 2, let first = ends.first, let low = first.isEmpty ? 1 : Int(first), low > 0 else {
                return nil
            }
            let high: Int? = ends.count == 1 ? low : (ends[1].isEmpty ? Int.max : Int(ends[1]))
            guard let high, high >= low else { return nil }
            ranges.append(low...high)
        }
        return lines(input).map { line in
            if fields != nil {
                let parts = line.split(separator: separator, omittingEmptySubsequences: false)
                if parts.count == 1 { return line + "\n" }
                return parts.enumerated().filter { part in ranges.contains { $0.contains(part.offset + 1) } }.map {
                    String($0.element)
                }
                .joined(separator: String(separator)) + "\n"
            }
            return String(
                line.enumerated().filter { part in ranges.contains { $0.contains(part.offset + 1) } }.map(\.element))
                + "\n"
        }.joined()
    }

    private static func ends(_ isHead: Bool, _ arguments: [String], _ input: String) -> String? {
        var count = 10
        var bytes: Int?
        var at = 0
        while at < arguments.count {
            let argument = arguments[at]
            if argument == "-n" || argument == "-c" {
                guard at + 1 < arguments.count, let number = Int(arguments[at + 1]), number >= 0,
                    !arguments[at + 1].hasPrefix("+")
                else { return nil }
                if argument == "-n" { count = number } else { bytes = number }
                at += 2
            } else if argument.hasPrefix("-n") || argument.hasPrefix("-c"), let number = Int(argument.dropFirst(2)),
                number >= 0
            {
                if argument.hasPrefix("-n") { count = number } else { bytes = number }
                at += 1
            } else if argument.hasPrefix("-"), let number = Int(argument.dropFirst()), number >= 0 {
                count = number
                at += 1
            } else if argument.hasPrefix("-") {
                return nil
            } else {
                at += 1
            }
        }
        if let bytes {
            return String(
                decoding: isHead ? Array(input.utf8.prefix(bytes)) : Array(input.utf8.suffix(bytes)), as: UTF8.self)
        }
        let all = lines(input)
        return (isHead ? all.prefix(count) : all.suffix(count)).map { $0 + "\n" }.joined()
    }
}
