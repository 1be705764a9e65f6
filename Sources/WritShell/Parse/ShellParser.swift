// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Which shell's grammar is read.
public enum ShellDialect: String, Sendable, Hashable, CaseIterable {
    case bash
    /// What bash reads when it is started as `sh`; a stricter `sh` accepts less, never more.
    case posix
    case zsh
}

/// Reads shell scripts into a ``ShellScript``.
///
/// Total: any bytes end in a tree, an error or both, in time and memory linear in the input. NUL bytes are dropped, as
/// bash drops them; bytes that are not UTF-8 become U+FFFD in the tree's strings, while spans count the original bytes.
public struct ShellParser {
    /// What the parser refuses to go beyond.
    public struct Limits: Sendable, Hashable {
        /// Most levels of commands, expansions and quotes inside one another. On a thread with little stack fewer
        /// are read (some 80 with 512 KiB), and the error is the same.
        public var nesting: Int
        /// Most bytes of a script.
        public var bytes: Int
        /// 200 levels and 64 MiB.
        public static let `default` = Limits()

        /// Creates limits.
        public init(nesting: Int = 200, bytes: Int = 64 << 20) {
            self.nesting = nesting
            self.bytes = bytes
        }
    }

    /// Reads a script given as text; spans count its UTF-8 bytes.
    public static func parse(
        _ source: String, dialect: ShellDialect = .bash, limits: Limits = .default
    ) -> ParseOutcome {
        parse(Array(source.utf8), dialect: dialect, limits: limits)
    }

    /// Reads a script given as bytes.
    public static func parse(
        _ source: [UInt8], dialect: ShellDialect = .bash, limits: Limits = .default
    ) -> ParseOutcome {
        guard source.count <= limits.bytes else {
            let error = ShellSyntaxError(
                message: "the script is longer than \(limits.bytes) bytes", offset: limits.bytes, line: 0, column: 0,
                isLimit: true)
            return ParseOutcome(script: ShellScript(), error: error, warnings: [])
        }
        if source.contains(0) {
            var kept: [UInt8] = []
            var places: [Int] = []
            kept.reserveCapacity(source.count)
            places.reserveCapacity(source.count + 1)
            for (place, byte) in source.enumerated() where byte != 0 {
                kept.append(byte)
                places.append(place)
            }
            places.append(source.count)
            return parse(kept, source: source, places: places, dialect: dialect, limits: limits)
        }
        return parse(source, source: source, places: nil, dialect: dialect, limits: limits)
    }

    private static func parse(
        _ bytes: [UInt8], source: [UInt8], places: [Int]?, dialect: ShellDialect, limits: Limits
    ) -> ParseOutcome {
        bytes.withUnsafeBufferPointer { buffer in
            var reader = Reader(buffer, places: places, dialect: dialect, limits: limits)
            let script = reader.readScript()
            var lines = LineTable(source)
            return ParseOutcome(
                script: script, error: reader.failure.map { lines.error($0) },
                warnings: reader.warnings.map { lines.error($0) })
        }
    }
}

/// What a script was read as.
public struct ParseOutcome: Sendable, Hashable {
    /// Everything up to the error, or the whole script. A shell that reads line by line runs that part before it
    /// stumbles, so it counts even when there is an error.
    public var script: ShellScript
    /// Why the rest was not read; nil when the whole script was.
    public var error: ShellSyntaxError?
    /// Faults that a shell finds only when it expands the text, such as a stray quote inside backquotes or inside a
    /// here-document; the tree holds a ``Parameter/unreadable(_:span:)`` there, or the part before the fault. At most 16.
    public var warnings: [ShellSyntaxError]

    /// Creates an outcome.
    public init(script: ShellScript, error: ShellSyntaxError? = nil, warnings: [ShellSyntaxError] = []) {
        self.script = script
        self.error = error
        self.warnings = warnings
    }
}

/// Why a script cannot be read, and where.
public struct ShellSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line, lower case, no full stop, input in backquotes. Carries at most a few bytes of the script.
    public let message: String
    /// Byte offset into the script.
    public let offset: Int
    /// 1-based.
    public let line: Int
    /// 1-based, in bytes.
    public let column: Int
    /// The script may be right, but is larger or deeper than is read.
    public let isLimit: Bool

    /// Creates an error.
    public init(message: String, offset: Int, line: Int, column: Int, isLimit: Bool = false) {
        self.isLimit = isLimit
        self.message = message
        self.offset = offset
        self.line = line
        self.column = column
    }

    public var description: String { "\(line):\(column): \(message)" }
}

extension Parameter {
    /// A `${…}` (or a tail of a here-document) whose form no shell rule explains: a bad substitution in bash, or zsh
    /// syntax that the tree has no place for. Its name is empty; the text is kept for people and for what expands in it.
    public static func unreadable(_ text: Word, span: SourceSpan) -> Parameter {
        Parameter(
            name: "", operation: .fallback(operator: "?", treatsEmptyAsUnset: false, text), span: span)
    }

    /// A `$((…)…)` that is neither arithmetic nor commands; told apart from `${…}` by the operator. Bash runs nothing of
    /// it; `source` keeps how it stood, for printing, because a comment or a line end in it decides how it is read.
    static func unreadableParentheses(_ text: Word, source: String, span: SourceSpan) -> Parameter {
        Parameter(
            name: "", index: Word(parts: [.quoted(source)], span: span),
            operation: .fallback(operator: "(", treatsEmptyAsUnset: false, text), span: span)
    }

    /// Whether this came from ``unreadable(_:span:)`` or its like: its value cannot be known.
    public var isUnreadable: Bool { name.isEmpty }
}

/// Where the lines of a text begin, for messages; built only when there is a message.
private struct LineTable {
    let source: [UInt8]
    var starts: [Int] = []

    init(_ source: [UInt8]) {
        self.source = source
    }

    mutating func place(_ offset: Int) -> (line: Int, column: Int) {
        if starts.isEmpty {
            starts = [0]
            for (place, byte) in source.enumerated() where byte == UInt8(ascii: "\n") { starts.append(place + 1) }
        }
        // The last line that starts at or before the offset.
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return (low + 1, offset - starts[low] + 1)
    }

    mutating func error(_ failure: Reader.Failure) -> ShellSyntaxError {
        let at = place(failure.at)
        var message = failure.message
        if let opened = failure.opened { message += " opened at line \(place(opened).line)" }
        return ShellSyntaxError(
            message: message, offset: failure.at, line: at.line, column: at.column, isLimit: failure.isLimit)
    }
}
