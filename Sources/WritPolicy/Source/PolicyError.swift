// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// A place in a policy file, as editors count.
public struct SourceMark: Sendable, Hashable, Comparable {
    /// 1-based.
    public var line: Int
    /// 1-based, in Unicode scalars.
    public var column: Int

    /// Creates a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (left: SourceMark, right: SourceMark) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Why a policy was refused: one fault.
public struct PolicyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of fault; its raw value is stable and goes into JSON and SARIF.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case notUTF8, tooLarge, tooDeep, invisibleCharacter, syntax, manyDocuments, anchor, tag, duplicateKey
        case unknownKey, missingKey, wrongType, unknownValue, badName, duplicateName, unknownReference
        case badPattern, badGlob, badHost, badDuration, badDate, badCondition, escapedPattern, conflictingKeys
        case wrongLayer, unsupportedVersion, badSignature, rollback, exampleFailed, unreadable, tooMany
    }

    public let code: Code
    /// One line, lower case, no full stop, input in backticks.
    public let message: String
    /// The file as the caller named it.
    public let file: String
    public let at: SourceMark?
    /// What the reader can do next.
    public let hint: String?

    /// Creates an error.
    public init(_ code: Code, _ message: String, file: String, at: SourceMark? = nil, hint: String? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.at = at
        self.hint = hint
    }

    /// `file:line:column: message (hint)`.
    public var description: String {
        let place = at.map { "\(file):\($0.line):\($0.column)" } ?? file
        return "\(place): \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}

/// All faults of one policy, in the order of the file. Never empty.
public struct PolicyErrors: Error, Sendable, Hashable, CustomStringConvertible {
    public let errors: [PolicyError]

    /// Creates the collection; sorts by place.
    public init(_ errors: [PolicyError]) {
        // Invariant: at least one error.
        precondition(!errors.isEmpty, "an empty list of errors is no error")
        self.errors = errors.sorted {
            ($0.at ?? SourceMark(line: 0, column: 0)) < ($1.at ?? SourceMark(line: 0, column: 0))
        }
    }

    /// One line each.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// Something about a policy that its author should know; it loads all the same.
public struct PolicyNote: Sendable, Hashable, CustomStringConvertible {
    /// Stable, such as `W101`.
    public let code: String
    /// What the note is called, such as `regex-escape-reinterpreted`.
    public let name: String
    /// One line, lower case, no full stop.
    public let message: String
    public let file: String
    public let at: SourceMark?
    /// What the author can do.
    public let hint: String?

    /// Creates a note.
    public init(
        _ code: String, _ name: String, _ message: String, file: String, at: SourceMark? = nil, hint: String? = nil
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.file = file
        self.at = at
        self.hint = hint
    }

    /// `file:line:column: code name: message (hint)`.
    public var description: String {
        let place = at.map { "\(file):\($0.line):\($0.column)" } ?? file
        return "\(place): \(code) \(name): \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}

/// Where the faults and notes of one document collect, so that its author sees all of them at once.
final class Diagnostics {
    /// A hostile file must not turn into a hostile report.
    static let limit = 100

    let file: String
    private(set) var errors: [PolicyError] = []
    private(set) var notes: [PolicyNote] = []
    /// Items that lists have put into matches so far: few lines that name a long list make a large policy.
    private var items = 0
    private static let maximumItems = 100_000

    /// Counts items of a list that is named; false once there are too many, which is an error of the file.
    func takes(_ count: Int, at mark: SourceMark) -> Bool {
        let isOver = items > Self.maximumItems
        items += count
        if !isOver, items > Self.maximumItems {
            error(
                .tooMany, "lists make more than \(Self.maximumItems) items of this policy", at: mark,
                hint: "match what the items have in common")
        }
        return items <= Self.maximumItems
    }

    init(file: String) {
        self.file = file
    }

    func error(_ code: PolicyError.Code, _ message: String, at mark: SourceMark?, hint: String? = nil) {
        guard errors.count < Self.limit else { return }
        errors.append(PolicyError(code, message, file: file, at: mark, hint: hint))
    }

    func note(_ code: String, _ name: String, _ message: String, at mark: SourceMark?, hint: String? = nil) {
        guard notes.count < Self.limit else { return }
        notes.append(PolicyNote(code, name, message, file: file, at: mark, hint: hint))
    }

    func throwIfAny() throws(PolicyErrors) {
        if !errors.isEmpty { throw PolicyErrors(errors) }
    }
}

/// Text from a file, cut and cleaned so that an error message stays one short line.
func quoted(_ text: some StringProtocol) -> String {
    var out = ""
    for scalar in text.unicodeScalars.prefix(60) {
        let isPlain = scalar.value >= 0x20 && scalar.value != 0x7F && !InvisibleText.isInvisible(scalar)
        out.unicodeScalars.append(isPlain && scalar != "`" ? scalar : "?")
    }
    return "`\(out)\(text.unicodeScalars.count > 60 ? "…" : "")`"
}
