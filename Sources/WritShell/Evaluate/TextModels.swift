// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What common text programs write for data that is known.
enum TextModels {
    /// Programs whose output is some of the lines of their input.
    static let keepsLines: Set<String> = [
        "cat", "grep", "egrep", "fgrep", "rg", "head", "tail", "sort", "uniq", "tee", "tac", "shuf", "find", "fd",
        "zcat",
    ]

    /// `echo` with its options.
    static func echo(_ fields: [Value]) -> Value {
        var at = 1
        var isEscaped = false
        var hasEnd = true
        while at < fields.count, let text = fields[at].text, text.hasPrefix("-"), text.utf8.count > 1,
            text.dropFirst().allSatisfy({ $0 == "e" || $0 == "n" || $0 == "E" })
        {
            if text.contains("e") { isEscaped = true }
            if text.contains("E") { isEscaped = false }
            if text.contains("n") { hasEnd = false }
            at += 1
        }
        var output = Value.joined(Array(fields[at...]), separator: " ")
        output.span = nil
        if isEscaped {
            for (index, piece) in output.pieces.enumerated() {
                if case .text(let text) = piece { output.pieces[index] = .text(Escapes.decoded(text, style: .echo)) }
            }
        }
        if hasEnd { output.append(text: "\n") }
        return output
    }

    /// `printf FORMAT ARGUMENTS`.
    static func printf(_ operands: [Value]) -> Value {
        guard let first = operands.first else { return Value("") }
        guard let format = first.literalText else {
            var taints = Operation.Taints()
            for operand in operands { taints.formUnion(operand.taints) }
            return .unknown(.output, taints: taints)
        }
        var output = Value("", taints: first.taints)
        var rest = operands.dropFirst()
        let bytes = Array(format.utf8)
        var rounds = 0
        repeat {
            var at = 0
            var literal: [UInt8] = []
            func flush() {
                output.append(text: Escapes.decoded(String(decoding: literal, as: UTF8.self), style: .printf))
                literal = []
            }
            let before = rest.count
            while at < bytes.count {
                guard bytes[at] == 0x25, at + 1 < bytes.count else {
                    literal.append(bytes[at])
                    at += 1
                    continue
                }
                if bytes[at + 1] == 0x25 {
                    literal.append(0x25)
                    at += 2
                    continue
                }
                flush()
                var end = at + 1
                var width = 0
                var precision: Int?
                var isZero = false
                var isLeft = false
                while end < bytes.count, "-+ #0".utf8.contains(bytes[end]) {
                    if bytes[end] == 0x30 { isZero = true }
                    if bytes[end] == 0x2D { isLeft = true }
                    end += 1
                }
                while end < bytes.count, bytes[end] >= 0x30, bytes[end] <= 0x39 {
                    width = min(1_000, width * 10 + Int(bytes[end] - 0x30))
                    end += 1
                }
                if end < bytes.count, bytes[end] == 0x2E {
                    end += 1
                    var number = 0
                    while end < bytes.count, bytes[end] >= 0x30, bytes[end] <= 0x39 {
                        number = min(100_000, number * 10 + Int(bytes[end] - 0x30))
                        end += 1
                    }
                    precision = number
                }
                guard end < bytes.count else { break }
                let argument = rest.popFirst() ?? Value("")
                output.taints.formUnion(argument.taints)
                switch bytes[end] {
                case UInt8(ascii: "s"), UInt8(ascii: "b"), UInt8(ascii: "q"), UInt8(ascii: "c"):
                    if var text = argument.literalText {
                        if bytes[end] == UInt8(ascii: "b") { text = Escapes.decoded(text, style: .echo) }
                        if bytes[end] == UInt8(ascii: "c") { text = String(text.prefix(1)) }
                        if let precision { text = String(text.prefix(precision)) }
                        output.append(text: padded(text, width, isLeft: isLeft))
                    } else {
                        output.append(argument)
                    }
                case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "x"), UInt8(ascii: "X"),
                    UInt8(ascii: "o"):
                    if let number = number(argument.literalText) {
                        let radix =
                            bytes[end] == UInt8(ascii: "o") ? 8 : (bytes[end] | 0x20) == UInt8(ascii: "x") ? 16 : 10
                        var digits = String(number, radix: radix, uppercase: bytes[end] == UInt8(ascii: "X"))
                        if isZero { while digits.utf8.count < width { digits = "0" + digits } }
                        output.append(text: padded(digits, width, isLeft: isLeft))
                    } else {
                        output.append(Value.Piece.unknown(.output))
                    }
                default: output.append(Value.Piece.unknown(.output))
                }
                at = end + 1
            }
            flush()
            rounds += 1
            if rest.count == before { break }
        } while !rest.isEmpty && rounds < 256
        return output
    }

    private static func padded(_ text: String, _ width: Int, isLeft: Bool) -> String {
        let missing = width - text.unicodeScalars.count
        if missing <= 0 { return text }
        let blanks = String(repeating: " ", count: missing)
        return isLeft ? text + blanks : blanks + text
    }

    /// A number as printf reads it: decimal, `0x…`, octal, `'c`.
    private static func number(_ text: String?) -> Int? {
        guard let text else { return nil }
        if text.isEmpty { return 0 }
        if let first = text.utf8.first, first == 0x27 || first == 0x22 {
            return text.unicodeScalars.dropFirst().first.map { Int($0.value) }
        }
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return Int(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0"), text.utf8.count > 1 { return Int(text.dropFirst(), radix: 8) }
        return Int(text)
    }

    /// The output of a program, when the model knows the program and all it depends on is known.
    static func output(
        of program: String, _ fields: [Value], _ data: Value, state: ShellState, context: ShellContext
    ) -> Value? {
        switch program {
        case "rm", "mkdir", "touch", "cp", "mv", "chmod", "chown", "ln", "rmdir", "sleep", "kill", "cmp":
            let isTold = fields.dropFirst().contains {
                $0.text?.hasPrefix("-") == true && $0.text?.contains("v") == true
            }
            return isTold ? nil : Value("")
        case "echo": return echo(fields)
        case "printf": return printf(Array(fields.dropFirst()))
        case "git":
            let words = fields.dropFirst().compactMap(\.text)
            if words.first == "rev-parse", words.contains("--show-toplevel") {
                return Value((context.workspace ?? context.workingDirectory) + "\n")
            }
            // Names of files that git knows.
            if words.first == "ls-files" || words.contains("--name-only"),
                !words.contains("-s"), !words.contains("--stage")
            {
                return Value(pieces: [.text("./"), .unknown(.output)])
            }
            return nil
        case "mktemp":
            return Value(pieces: [.text("/tmp/tmp."), .unknown(.output)])
        case "whoami", "logname": return Value(context.user + "\n")
        case "nproc", "date", "uname", "hostname", "arch": return nil
        case "basename", "dirname", "seq", "readlink", "realpath", "expr", "factor", "yes", "pwd":
            return fromArguments(program, fields, state, context)
        case "which":
            guard fields.count == 2, let name = fields[1].text, !name.hasPrefix("-") else { return nil }
            return Value((name.utf8.contains(0x2F) ? "" : "/usr/bin/") + name + "\n")
        case "find", "fd": return listing(fields, context)
        case "locate", "plocate", "mlocate", "mdfind":
            guard let name = fields.last?.literalText, fields.count > 1, !name.hasPrefix("-") else { return nil }
            return secretListing(Value("/"), name, context)
        default:
            guard let text = data.text, text.utf8.count <= Value.textLimit else { return nil }
            var arguments: [String] = []
            for field in fields.dropFirst() {
                guard let text = field.literalText else { return nil }
                arguments.append(text)
            }
            guard let result = TextFilters.run(program, arguments, text) else { return nil }
            return Value(result.text, taints: result.isDecoded ? data.taints.union(.decoded) : data.taints)
        }
    }

    private static func fromArguments(
        _ program: String, _ fields: [Value], _ state: ShellState, _ context: ShellContext
    ) -> Value? {
        let operands = fields.dropFirst().filter {
            $0.text?.hasPrefix("-") != true || program == "expr" || program == "seq"
        }
        guard let first = operands.first else { return nil }
        switch program {
        case "basename":
            guard let text = first.text else {
                if case .text(let tail)? = first.pieces.last, tail.contains("/") {
                    return Value(PathText.name(tail) + "\n")
                }
                return nil
            }
            var name = PathText.name(text)
            if operands.count > 1, let suffix = Array(operands)[1].text, name.hasSuffix(suffix), name != suffix {
                name = String(name.dropLast(suffix.count))
            }
            return Value(name + "\n", taints: first.taints)
        case "dirname":
            guard let text = first.text else { return nil }
            guard let slash = text.lastIndex(of: "/") else { return Value(".\n", taints: first.taints) }
            return Value((slash == text.startIndex ? "/" : String(text[..<slash])) + "\n", taints: first.taints)
        case "seq":
            let numbers = operands.compactMap { $0.text.flatMap { Int($0) } }
            guard numbers.count == operands.count, numbers.count <= 3 else { return nil }
            let from = numbers.count > 1 ? numbers[0] : 1
            let by = numbers.count > 2 ? numbers[1] : 1
            guard let to = numbers.last, by != 0, abs(from) < 1 << 40, abs(to) < 1 << 40, abs(by) < 1 << 40,
                abs((to - from) / by) <= 1_000
            else { return nil }
            return Value(stride(from: from, through: to, by: by).map { "\($0)\n" }.joined())
        case "realpath", "readlink":
            guard let text = first.text, let base = state.directories.first?.text, state.directories.count == 1 else {
                return nil
            }
            return Value(PathText.absolute(text, in: base, home: context.home) + "\n", taints: first.taints)
        default: return nil
        }
    }

    /// Names below a folder, where the name that is looked for is one that only credentials have.
    private static func secretListing(_ folder: Value, _ name: String, _ context: ShellContext) -> Value? {
        guard let root = folder.text, name.contains(where: { $0 != "*" }) else { return nil }
        let plain = name.split(separator: "*", omittingEmptySubsequences: false).joined(separator: "x")
        let path = PathText.absolute(root, in: context.workingDirectory, home: context.home) + "/x/" + plain
        let classes = PathClasses.classify(
            path, home: context.home, workspace: context.workspace ?? context.workingDirectory)
        guard classes.contains(where: { $0.kind == .secret }) else { return nil }
        return Value(pieces: folder.pieces + [.glob("**"), .text("/"), .glob(name)], taints: folder.taints)
    }

    /// Names that `find` prints all begin with the place that was searched.
    private static func listing(_ fields: [Value], _ context: ShellContext) -> Value? {
        guard fields[0].text?.baseName == "find" else { return nil }
        let roots = fields.dropFirst().prefix { field in
            guard let text = field.literalText else { return true }
            return !text.hasPrefix("-") && text != "(" && text != "!"
        }
        if roots.count > 1 { return nil }
        var line = roots.first ?? Value(".")
        line.append(text: "/")
        // Of several names that are looked for, one that only credentials have counts most.
        for (index, field) in fields.enumerated().dropLast() where field.text == "-name" || field.text == "-iname" {
            guard let name = fields[index + 1].literalText else { continue }
            if let found = secretListing(line, name, context) { return found }
        }
        line.append(Value.Piece.unknown(.output))
        return line
    }
}
