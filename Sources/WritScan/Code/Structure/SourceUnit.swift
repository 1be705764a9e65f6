// SPDX-License-Identifier: Apache-2.0

/// A source with its light structure: calls with their arguments, assignments, functions and imports, all as ranges of
/// tokens in order of place. There is no grammar behind it: a fragment, or code that does not compile, has one too.
struct SourceUnit {
    struct Argument {
        /// `name=value`, `name: value`; nil for a positional one.
        var name: String?
        var value: Range<Int>
    }

    struct Call {
        /// As written, with every separator as `.`, and `()` or `[]` for what stands between.
        var name: String
        /// The name's first token, the opening bracket, and the closing one (or the end of what there is).
        var start: Int
        var open: Int
        var close: Int
        var arguments: [Argument]
        var isNew: Bool

        var last: Substring { name.split(separator: ".").last ?? "" }
    }

    struct Assignment {
        var names: [String]
        /// The declared type, where one is written.
        var type: String?
        /// The first token of the target.
        var start: Int
        var at: Int
        var value: Range<Int>
        /// `+=` and the like: the old value stays a part.
        var isAugmented: Bool
        /// `for x in value`: the names hold an element.
        var isElement: Bool = false
    }

    struct Parameter {
        var name: String
        var type: String
        /// A framework fills it from a request.
        var isMarked: Bool
        /// The string that it holds where no caller names one.
        var initial: Int?
    }

    struct Function {
        var name: String
        var parameters: [Parameter]
        var start: Int
        var body: Range<Int>
    }

    let bytes: UnsafeRawBufferPointer
    let language: CodeLanguage
    let tokens: [CodeToken]
    let comments: [Range<Int>]
    let holes: [Int: [Range<Int>]]
    /// The other bracket's token, or -1.
    var partner: [Int32]
    var calls: [Call] = []
    var assignments: [Assignment] = []
    var functions: [Function] = []
    /// What a local name stands for: `np` → `numpy`, `run` → `subprocess.run`.
    var aliases: [String: String] = [:]
    var imports: [(name: String, token: Int)] = []
    private var arrays: [String: [Int]] = [:]

    init(bytes: UnsafeRawBufferPointer, language: CodeLanguage) {
        self.bytes = bytes
        self.language = language
        let lexed = CodeLexer.tokens(of: bytes, language)
        tokens = lexed.tokens
        comments = lexed.comments
        holes = lexed.holes
        partner = Self.partners(of: lexed.tokens)
        readImports()
        readStructure()
        if language == .c || language == .cpp { readArrays() }
    }

    // MARK: Reading tokens

    func text(_ token: Int) -> String {
        guard tokens.indices.contains(token) else { return "" }
        return String(decoding: bytes.part(tokens[token].range), as: UTF8.self)
    }

    func kind(_ token: Int) -> CodeToken.Kind? {
        tokens.indices.contains(token) ? tokens[token].kind : nil
    }

    /// The token is a mark of exactly this byte.
    func isMark(_ token: Int, _ byte: Character) -> Bool {
        guard tokens.indices.contains(token) else { return false }
        let one = tokens[token]
        return one.kind == .mark && one.mark == byte.asciiValue && one.end - one.start == 1
    }

    func isMark(_ token: Int, text: StaticString) -> Bool {
        guard tokens.indices.contains(token), tokens[token].kind == .mark else { return false }
        return Int(tokens[token].end - tokens[token].start) == text.utf8CodeUnitCount
            && bytes.holds(text, at: Int(tokens[token].start))
    }

    func isWord(_ token: Int, _ text: StaticString) -> Bool {
        guard tokens.indices.contains(token), tokens[token].kind == .word else { return false }
        return Int(tokens[token].end - tokens[token].start) == text.utf8CodeUnitCount
            && bytes.holds(text, at: Int(tokens[token].start))
    }

    /// The bytes from the first token to the end of the last.
    func span(_ range: Range<Int>) -> Range<Int> {
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= tokens.count else { return 0..<0 }
        let low = Int(tokens[range.lowerBound].start)
        return low..<max(low, Int(tokens[range.upperBound - 1].end))
    }

    /// Skips a bracketed part: the token after its end, or the next one.
    func after(_ token: Int) -> Int {
        guard tokens.indices.contains(token) else { return token + 1 }
        let other = Int(partner[token])
        return other > token ? other + 1 : token + 1
    }

    private static func partners(of tokens: [CodeToken]) -> [Int32] {
        var partner = [Int32](repeating: -1, count: tokens.count)
        var open: [Int] = []
        for (i, token) in tokens.enumerated() where token.kind == .mark && token.end - token.start == 1 {
            switch token.mark {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): open.append(i)
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                let wanted =
                    token.mark == UInt8(ascii: ")")
                    ? UInt8(ascii: "(") : token.mark == UInt8(ascii: "]") ? UInt8(ascii: "[") : UInt8(ascii: "{")
                // A bracket that does not fit is skipped; one that was never closed is given up.
                if let at = open.suffix(8).lastIndex(where: { tokens[$0].mark == wanted }) {
                    partner[open[at]] = Int32(i)
                    partner[i] = Int32(open[at])
                    open.removeSubrange(at...)
                }
            default: break
            }
        }
        return partner
    }

    /// The innermost function whose parameters or body hold a token, among the 200 that begin last before it.
    func function(around token: Int) -> Function? {
        var low = 0
        var high = functions.count
        while low < high {
            let middle = (low + high) / 2
            if functions[middle].start <= token { low = middle + 1 } else { high = middle }
        }
        return functions[max(0, low - 200)..<low].last { $0.body.upperBound >= token }
    }

    /// C: `type name[…]` stands between the two tokens.
    func isStackArray(_ name: String, at token: Int, from start: Int) -> Bool {
        guard let places = arrays[name] else { return false }
        return places.contains { $0 < token && $0 >= start }
    }

    /// The closing brace of the block that a token stands in, within 3,000 tokens before it.
    func blockEnd(around token: Int) -> Int {
        var at = token - 1
        var steps = 0
        while at >= 0, steps < 3_000 {
            if isMark(at, "}"), Int(partner[at]) >= 0 {
                at = Int(partner[at]) - 1
                steps += 1
                continue
            }
            if isMark(at, "{") { return Int(partner[at]) > token ? Int(partner[at]) : tokens.count }
            at -= 1
            steps += 1
        }
        return tokens.count
    }

    private mutating func readArrays() {
        for i in tokens.indices where isMark(i, "[") && kind(i - 1) == .word {
            guard kind(i - 2) == .word || isMark(i - 2, ">") || isMark(i - 2, ","), !isWord(i - 2, "return"),
                !isWord(i - 2, "delete"), !isWord(i - 2, "new"), !isWord(i - 2, "case"), !isWord(i - 2, "else")
            else { continue }
            let end = after(i)
            guard isMark(end, ";") || isMark(end, "=") || isMark(end, ",") || isMark(end, "[") else { continue }
            if arrays[text(i - 1), default: []].count < 50 { arrays[text(i - 1), default: []].append(i - 1) }
        }
    }
}
