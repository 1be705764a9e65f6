// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Thrown when reading stops; what happened is in ``Reader/failure``. Empty, so that throwing costs a branch.
struct Stop: Error {}

/// The cursor of the recursive descent: bytes, place, pending here-documents and the limits.
///
/// Scripts are read without a separate token stream, because what a byte means depends on where it stands. Every
/// function leaves the cursor behind what it read. No function reads the same bytes twice, except where the shell itself
/// must guess (`((` may open arithmetic or two subshells) and that is charged to ``retries``.
struct Reader {
    struct Failure {
        var message: String
        /// In the original text.
        var at: Int
        /// Where the thing that is not closed was opened.
        var opened: Int?
        /// Limits end the whole reading; syntax faults in text that is read only when it expands do not.
        var isLimit = false
        /// Bash throws away the line and goes on with the next one.
        var dropsLine = false
    }

    // Safety: points into a buffer that outlives the reader (every reader lives inside a `withUnsafeBufferPointer`
    // closure), and is read only through `byte(_:)` and `text(_:_:)`, which check against `end`, itself never beyond
    // the buffer's count. Offsets are never negative.
    let base: UnsafePointer<UInt8>
    /// One past the last byte that may be read; lower than the buffer's end while a here-document's text is read.
    var end: Int
    var at = 0
    /// Where each byte stood in the original text, when bytes were dropped on the way.
    let places: [Int]?
    let dialect: ShellDialect
    let limits: ShellParser.Limits
    var stack: StackRoom

    var depth = 0
    var failure: Failure?
    var warnings: [Failure] = []
    /// Bytes that may still be read a second time.
    var retries: Int
    /// Places of `((` that turned out to open subshells.
    var openedSubshells: Set<Int> = []

    /// Here-documents whose text starts after the next newline.
    var pending: [PendingDocument] = []
    /// Texts of here-documents, in the order of their operators; see `DocumentFilling`.
    var documents: [Word?] = []
    /// Words of the commands that are being read, the outer ones' first.
    var gathered: [Word] = []
    /// Whether a `)` ends the commands being read (so a delimiter line may be followed by it).
    var insideSubstitution = false
    /// In zsh a `}` ends the commands of an open brace wherever it stands.
    var openBraces = 0

    init(
        _ buffer: UnsafeBufferPointer<UInt8>, places: [Int]?, dialect: ShellDialect, limits: ShellParser.Limits
    ) {
        base = buffer.baseAddress ?? UnsafePointer(Reader.nothing)
        end = buffer.count
        self.places = places
        self.dialect = dialect
        self.limits = limits
        retries = 1 << 20 + 4 * min(buffer.count, 1 << 40)
        stack = StackRoom()
    }

    /// A reader of text that was cut out of another's, with its share of the limits.
    init(_ buffer: UnsafeBufferPointer<UInt8>, places: [Int], inside outer: borrowing Reader) {
        base = buffer.baseAddress ?? UnsafePointer(Reader.nothing)
        end = buffer.count
        self.places = places
        dialect = outer.dialect
        limits = outer.limits
        stack = outer.stack
        retries = outer.retries
        depth = outer.depth
    }

    // Safety: one readable byte for empty buffers, allocated once and never written or freed.
    private nonisolated(unsafe) static let nothing: UnsafeMutablePointer<UInt8> = {
        let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return byte
    }()

    // MARK: Bytes

    /// The byte at an offset; 0 at the end (no script holds a NUL by now).
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 {
        offset < end ? base[offset] : 0
    }

    @inline(__always)
    var current: UInt8 { byte(at) }

    /// The bytes between two offsets as text.
    @inline(__always)
    func text(_ start: Int, _ stop: Int) -> String {
        let stop = min(stop, end)
        guard start < stop else { return "" }
        return String(decoding: UnsafeBufferPointer(start: base + start, count: stop - start), as: UTF8.self)
    }

    /// The offset behind continued lines (`\` and a newline) that stand at an offset.
    @inline(__always)
    func skipContinuations(_ start: Int) -> Int {
        var offset = start
        while byte(offset) == Byte.backslash, byte(offset + 1) == Byte.newline { offset += 2 }
        return offset
    }

    /// The end of the name that starts at an offset. Lines may be continued inside of it: see ``name(_:_:)``.
    @inline(__always)
    func nameEnd(_ start: Int) -> Int {
        var offset = start
        while true {
            while Byte.isName(byte(offset)) { offset += 1 }
            guard byte(offset) == Byte.backslash else { return offset }
            let next = skipContinuations(offset)
            guard next > offset, Byte.isName(byte(next)) else { return offset }
            offset = next
        }
    }

    /// The name between two offsets, without the continued lines in it.
    func name(_ start: Int, _ stop: Int) -> String {
        let name = text(start, stop)
        guard name.utf8.contains(Byte.backslash) else { return name }
        return String(decoding: name.utf8.filter { $0 != Byte.backslash && $0 != Byte.newline }, as: UTF8.self)
    }

    /// Where an offset lies in the original text.
    @inline(__always)
    func place(_ offset: Int) -> Int {
        guard let places else { return offset }
        return offset < places.count ? places[offset] : (places.last ?? 0)
    }

    @inline(__always)
    func span(_ start: Int, _ stop: Int) -> SourceSpan {
        SourceSpan(start: place(start), end: place(stop))
    }

    /// The first offset at or after `start` that holds `wanted`, or nil.
    func find(_ wanted: UInt8, from start: Int) -> Int? {
        var offset = start
        while offset < end {
            if base[offset] == wanted { return offset }
            offset += 1
        }
        return nil
    }

    // MARK: Faults

    @inline(never)
    mutating func fail(_ message: String, at offset: Int, opened: Int? = nil) -> Stop {
        failure = Failure(message: message, at: place(offset), opened: opened.map(place))
        return Stop()
    }

    /// Text for a message: control characters would act on the terminal of whoever reads it.
    func shown(_ start: Int, _ stop: Int) -> String {
        var shown = ""
        for scalar in text(start, stop).unicodeScalars {
            let isControl = scalar.value < 32 || (127..<160).contains(scalar.value)
            shown.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return shown
    }

    /// The fault of meeting something that cannot stand at the cursor.
    @inline(never)
    mutating func unexpected() -> Stop {
        if at >= end { return fail("unexpected end", at: at) }
        if current == Byte.newline { return fail("unexpected newline", at: at) }
        var stop = at
        if Byte.isMeta(current) {
            while stop < at + 3, Byte.isOperator(byte(stop)), byte(stop) != Byte.openParen,
                byte(stop) != Byte.closeParen
            {
                stop += 1
            }
            stop = max(stop, at + 1)
        } else {
            while stop < at + 20, stop < end, !Byte.isMeta(byte(stop)) { stop += 1 }
        }
        return fail("unexpected `\(shown(at, stop))`", at: at)
    }

    /// One level deeper; every call is paired with `depth -= 1`.
    mutating func enter() throws(Stop) {
        depth += 1
        if depth > limits.nesting || !stack.hasRoom() {
            failure = Failure(message: "nested too deep", at: place(at), isLimit: true)
            throw Stop()
        }
    }

    /// Keeps a fault that only matters when the text expands, and goes on; limits are not forgiven.
    mutating func forgive() throws(Stop) {
        if let failure {
            if failure.isLimit { throw Stop() }
            if warnings.count < 16 { warnings.append(failure) }
        }
        failure = nil
    }

    /// Charges reading the bytes since `start` again.
    mutating func chargeRetry(from start: Int) throws(Stop) {
        retries -= at - start
        if retries < 0 {
            failure = Failure(message: "too many readings of `((` are possible", at: place(start), isLimit: true)
            throw Stop()
        }
    }

    // MARK: Blanks

    /// Skips blanks, continued lines and a comment that starts there.
    @inline(__always)
    mutating func skipBlanks() {
        let byte = current
        if byte == Byte.space || byte == Byte.tab || byte == Byte.backslash || byte == Byte.hash { skipBlanksSlowly() }
    }

    private mutating func skipBlanksSlowly() {
        while true {
            switch current {
            case Byte.space, Byte.tab: at += 1
            case Byte.backslash where byte(at + 1) == Byte.newline: at += 2
            case Byte.hash:
                while at < end, base[at] != Byte.newline { at += 1 }
                return
            default: return
            }
        }
    }

    /// Skips blanks, comments and newlines; the texts of pending here-documents follow a newline.
    mutating func skipNewlines() throws(Stop) {
        while true {
            skipBlanks()
            guard current == Byte.newline else { return }
            try takeNewline()
        }
    }

    @inline(__always)
    mutating func takeNewline() throws(Stop) {
        at += 1
        if !pending.isEmpty { try readDocuments() }
    }

    // MARK: Reserved words

    /// The reserved word at the cursor and where it ends.
    @inline(__always)
    func reserved() -> (word: Reserved, end: Int)? {
        guard Byte.startsReserved(current) else { return nil }
        return reservedSlowly()
    }

    private func reservedSlowly() -> (word: Reserved, end: Int)? {
        var packed: UInt64 = 0
        var count = 0
        var offset = at
        while true {
            let next = byte(offset)
            if Byte.isReservedLetter(next) {
                count += 1
                if count > 8 { return nil }
                packed = packed << 8 | UInt64(next)
                offset += 1
            } else if next == Byte.backslash, byte(offset + 1) == Byte.newline {
                offset += 2
            } else {
                break
            }
        }
        guard count > 0, Byte.isMeta(byte(offset)), let word = Reserved(packed: packed) else { return nil }
        return (word, offset)
    }

    /// Takes a reserved word if it is the one at the cursor.
    mutating func take(_ word: Reserved) -> Bool {
        guard let found = reserved(), found.word == word else { return false }
        at = found.end
        return true
    }

    /// Takes the reserved word that must come, naming what it belongs to when it does not.
    mutating func expect(_ word: Reserved, of opener: String, opened: Int) throws(Stop) {
        if take(word) { return }
        if at >= end { throw fail("missing `\(word.rawValue)` for `\(opener)`", at: at, opened: opened) }
        throw unexpected()
    }
}

/// Words that mean something where a command may start.
enum Reserved: String {
    case `if`, then, `else`, elif, fi, `for`, `while`, until, `do`, done, `case`, esac, select, function, time, coproc
    case `in`
    case openBrace = "{"
    case closeBrace = "}"
    case bang = "!"
    case openTest = "[["

    /// From up to eight letters, the last in the lowest byte.
    init?(packed: UInt64) {
        switch packed {
        case 0x6966: self = .if
        case 0x7468_656e: self = .then
        case 0x656c_7365: self = .else
        case 0x656c_6966: self = .elif
        case 0x6669: self = .fi
        case 0x66_6f72: self = .for
        case 0x77_6869_6c65: self = .while
        case 0x75_6e74_696c: self = .until
        case 0x646f: self = .do
        case 0x646f_6e65: self = .done
        case 0x6361_7365: self = .case
        case 0x6573_6163: self = .esac
        case 0x7365_6c65_6374: self = .select
        case 0x6675_6e63_7469_6f6e: self = .function
        case 0x7469_6d65: self = .time
        case 0x636f_7072_6f63: self = .coproc
        case 0x696e: self = .in
        case 0x7b: self = .openBrace
        case 0x7d: self = .closeBrace
        case 0x21: self = .bang
        case 0x5b5b: self = .openTest
        default: return nil
        }
    }

    /// Ends a list of commands.
    var closes: Bool {
        switch self {
        case .then, .else, .elif, .fi, .do, .done, .esac, .closeBrace: true
        case .if, .for, .while, .until, .case, .select, .function, .time, .coproc, .in, .openBrace, .bang, .openTest:
            false
        }
    }
}

/// Bytes by name and by class.
enum Byte {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let bang = UInt8(ascii: "!")
    static let doubleQuote = UInt8(ascii: "\"")
    static let hash = UInt8(ascii: "#")
    static let dollar = UInt8(ascii: "$")
    static let percent = UInt8(ascii: "%")
    static let ampersand = UInt8(ascii: "&")
    static let singleQuote = UInt8(ascii: "'")
    static let openParen = UInt8(ascii: "(")
    static let closeParen = UInt8(ascii: ")")
    static let star = UInt8(ascii: "*")
    static let plus = UInt8(ascii: "+")
    static let comma = UInt8(ascii: ",")
    static let minus = UInt8(ascii: "-")
    static let slash = UInt8(ascii: "/")
    static let colon = UInt8(ascii: ":")
    static let semicolon = UInt8(ascii: ";")
    static let less = UInt8(ascii: "<")
    static let equals = UInt8(ascii: "=")
    static let greater = UInt8(ascii: ">")
    static let question = UInt8(ascii: "?")
    static let atSign = UInt8(ascii: "@")
    static let openBracket = UInt8(ascii: "[")
    static let backslash = UInt8(ascii: "\\")
    static let closeBracket = UInt8(ascii: "]")
    static let caret = UInt8(ascii: "^")
    static let underscore = UInt8(ascii: "_")
    static let backquote = UInt8(ascii: "`")
    static let openBrace = UInt8(ascii: "{")
    static let bar = UInt8(ascii: "|")
    static let closeBrace = UInt8(ascii: "}")
    static let tilde = UInt8(ascii: "~")

    // The sets below are spelled as numbers because they are tested for every byte and a stored constant would be
    // initialised lazily.

    /// End of text, blank, newline, `; & | ( ) < >`.
    @inline(__always)
    static func isMeta(_ byte: UInt8) -> Bool {
        byte < 64 ? metaLow & (1 << UInt64(byte)) != 0 : byte == bar
    }

    static var metaLow: UInt64 { 0x5800_0341_0000_0601 }

    /// `; & | ( ) < >`.
    static func isOperator(_ byte: UInt8) -> Bool {
        switch byte {
        case semicolon, ampersand, bar, openParen, closeParen, less, greater: true
        default: false
        }
    }

    /// Ends a run of plain bytes in an unquoted word: metacharacters, quotes, backslash, `$`.
    @inline(__always)
    static func endsRun(_ byte: UInt8) -> Bool {
        if byte < 64 { return (0x5800_03d5_0000_0601 as UInt64) & (1 << UInt64(byte)) != 0 }
        return byte == bar || byte == backslash || byte == backquote
    }

    @inline(__always)
    static func isNameStart(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == underscore
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }

    @inline(__always)
    static func isName(_ byte: UInt8) -> Bool {
        isNameStart(byte) || isDigit(byte)
    }

    /// `i t e f w u d c s { } [ !`.
    @inline(__always)
    static func startsReserved(_ byte: UInt8) -> Bool {
        if byte < 64 { return byte == bang }
        return byte < 128 && (0x28b8_0278_0800_0000 as UInt64) & (1 << UInt64(byte & 63)) != 0
    }

    @inline(__always)
    static func isReservedLetter(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "a") < 26 || byte == openBrace || byte == closeBrace || byte == openBracket || byte == bang
    }

    /// `@ * # ? - $ !`, the parameters that are one sign.
    @inline(__always)
    static func isSpecialParameter(_ byte: UInt8) -> Bool {
        switch byte {
        case atSign, star, hash, question, minus, dollar, bang: true
        default: false
        }
    }
}
