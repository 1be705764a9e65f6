// SPDX-License-Identifier: Apache-2.0
import WritCEL

/// Where checked policies are kept between loads.
///
/// A policy that was read, checked and compiled once by this very executable is not parsed, type-checked and tried on
/// its examples again: its tree is read back, and a condition is compiled when it is first asked. Whoever gives this
/// vouches that ``read`` yields only what ``write`` was given under the same key; anything else is to be nil, and the
/// policy is read from its source.
public struct PolicyCache: Sendable {
    /// The bytes kept under a key, a lower-case hexadecimal digest; nil when there are none that are whole.
    public var read: @Sendable (_ key: String) -> [UInt8]?
    /// Keeps bytes. Failing to is no fault: the next load reads the source.
    public var write: @Sendable (_ key: String, _ bytes: [UInt8]) -> Void
    /// What tells one build of Writ from another.
    public var build: String

    /// Creates a cache.
    public init(
        build: String, read: @escaping @Sendable (_ key: String) -> [UInt8]?,
        write: @escaping @Sendable (_ key: String, _ bytes: [UInt8]) -> Void
    ) {
        self.build = build
        self.read = read
        self.write = write
    }

    /// The name under which a source is kept: all that its checks depend on is in it.
    static func key(of source: PolicyLayer.Source, _ layer: Layer, _ options: PolicyOptions) -> String? {
        guard let cache = options.cache, let hash = options.hash else { return nil }
        let groups = options.detectorGroups.sorted().joined(separator: ",")
        let head = "2|\(cache.build)|\(layer.name)|\(options.expand != nil)|\(groups)|"
        return hash(Array(head.utf8) + source.bytes)
    }
}

/// What the engine must know about a condition before it is compiled.
struct ConditionFacts: Sendable, Hashable {
    var slots: [Int]
    var canTurnTrue: Bool
    var canTurnFalse: Bool
    /// Words of which an operation must have one; nil when nothing can be said.
    var keys: [UInt64]?
    /// See ``OperationMarks/needed(by:)``.
    var marks: [UInt64]
    /// It asks for nothing but ``marks``.
    var isAllMarks: Bool

    init(_ program: CELProgram) {
        slots = program.slots
        let polarity = LabelPolarity(program.ast)
        canTurnTrue = polarity.canTurnTrue
        canTurnFalse = polarity.canTurnFalse
        keys = ConditionKeys.of(program.ast)
        // One that costs more than it may fails before it asks anything.
        let canAsk = program.weight < Evaluation.conditionBudget
        let needed = canAsk ? OperationMarks.needed(by: program.ast) : (sets: [], isAll: false)
        marks = needed.sets
        isAllMarks = needed.isAll
    }

    init(
        slots: [Int], canTurnTrue: Bool, canTurnFalse: Bool, keys: [UInt64]?, marks: [UInt64], isAllMarks: Bool
    ) {
        self.slots = slots
        self.canTurnTrue = canTurnTrue
        self.canTurnFalse = canTurnFalse
        self.keys = keys
        self.marks = marks
        self.isAllMarks = isAllMarks
    }
}

/// The conditions of one document while it is compiled: taken down on the first load, given back on the next.
final class ConditionBook {
    private(set) var facts: [String: ConditionFacts]
    /// The document was checked by an earlier load.
    let isChecked: Bool

    init(checked facts: [String: ConditionFacts]? = nil) {
        self.facts = facts ?? [:]
        isChecked = facts != nil
    }

    func note(_ name: String, _ facts: ConditionFacts) {
        if !isChecked { self.facts[name] = facts }
    }
}

/// A checked policy as the cache keeps it.
struct CachedPolicy {
    var root: YAMLNode
    var notes: [PolicyNote]
    var facts: [String: ConditionFacts]

    init(root: YAMLNode, notes: [PolicyNote], facts: [String: ConditionFacts]) {
        self.root = root
        self.notes = notes
        self.facts = facts
    }

    var bytes: [UInt8] {
        var writer = PackedWriter()
        writer.node(root)
        writer.number(notes.count)
        for note in notes {
            for text in [note.code, note.name, note.message] { writer.text(text) }
            writer.number(note.at.map { $0.line + 1 } ?? 0)
            writer.number(note.at?.column ?? 0)
            writer.number(note.hint == nil ? 0 : 1)
            writer.text(note.hint ?? "")
        }
        writer.number(facts.count)
        for (name, fact) in facts.sorted(by: { $0.key < $1.key }) {
            writer.text(name)
            writer.number(
                (fact.canTurnTrue ? 1 : 0) | (fact.canTurnFalse ? 2 : 0) | (fact.keys == nil ? 0 : 4)
                    | (fact.isAllMarks ? 8 : 0))
            writer.number(fact.slots.count)
            for slot in fact.slots { writer.number(slot) }
            writer.number(fact.marks.count)
            for mark in fact.marks { writer.word(mark) }
            if let keys = fact.keys {
                writer.number(keys.count)
                for key in keys { writer.word(key) }
            }
        }
        return writer.bytes
    }

    /// Reads it back; nil when it is not whole.
    init?(_ bytes: [UInt8], file: String) {
        var reader = PackedReader(bytes)
        guard let root = reader.node(depth: 0), let noteCount = reader.count() else { return nil }
        self.root = root
        notes = []
        for _ in 0..<noteCount {
            guard let code = reader.text(), let name = reader.text(), let message = reader.text(),
                let line = reader.number(), let column = reader.number(), let hasHint = reader.number(),
                let hint = reader.text()
            else { return nil }
            notes.append(
                PolicyNote(
                    code, name, message, file: file, at: line == 0 ? nil : SourceMark(line: line - 1, column: column),
                    hint: hasHint == 0 ? nil : hint))
        }
        guard let factCount = reader.count() else { return nil }
        facts = [:]
        facts.reserveCapacity(factCount)
        for _ in 0..<factCount {
            guard let name = reader.text(), let flags = reader.number(), let slotCount = reader.count() else {
                return nil
            }
            var slots: [Int] = []
            for _ in 0..<slotCount {
                guard let slot = reader.number() else { return nil }
                slots.append(slot)
            }
            guard let marks = reader.words() else { return nil }
            var keys: [UInt64]?
            if flags & 4 != 0 {
                guard let words = reader.words() else { return nil }
                keys = words
            }
            facts[name] = ConditionFacts(
                slots: slots, canTurnTrue: flags & 1 != 0, canTurnFalse: flags & 2 != 0, keys: keys, marks: marks,
                isAllMarks: flags & 8 != 0)
        }
        guard reader.isAtEnd else { return nil }
    }
}

/// Numbers in seven bits a byte, texts with their length, trees depth first.
struct PackedWriter {
    private(set) var bytes: [UInt8] = []

    mutating func number(_ value: Int) {
        var rest = UInt64(bitPattern: Int64(value))
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func word(_ value: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }

    mutating func text(_ text: String) {
        number(text.utf8.count)
        bytes += text.utf8
    }

    mutating func node(_ node: YAMLNode) {
        let kind: Int =
            switch node.content {
            case .null: 0
            case .bool: 1
            case .integer: 2
            case .number: 3
            case .string: 4
            case .sequence: 5
            case .mapping: 6
            }
        let isPlain = node.string == node.text
        number(kind | (node.isQuoted ? 8 : 0) | (node.isDoubleQuoted ? 16 : 0) | (isPlain ? 32 : 0))
        number(node.mark.line)
        number(node.mark.column)
        if !isPlain { text(node.text) }
        switch node.content {
        case .null: break
        case .bool(let value): number(value ? 1 : 0)
        case .integer(let value): word(UInt64(bitPattern: value))
        case .number(let value): word(value.bitPattern)
        case .string(let value): text(value)
        case .sequence(let elements):
            number(elements.count)
            for element in elements { self.node(element) }
        case .mapping(let members):
            number(members.count)
            for member in members {
                text(member.key)
                number(member.keyMark.line)
                number(member.keyMark.column)
                self.node(member.value)
            }
        }
    }
}

/// Reads what ``PackedWriter`` wrote; everything else is nil.
struct PackedReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { at == bytes.count }

    mutating func number() -> Int? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.count, shift < 64 {
            let byte = bytes[at]
            at += 1
            value |= UInt64(byte & 127) << shift
            if byte & 128 == 0 { return Int(Int64(bitPattern: value)) }
            shift += 7
        }
        return nil
    }

    /// A number of things that follow, each at least a byte long.
    mutating func count() -> Int? {
        guard let count = number(), count >= 0, count <= bytes.count - at else { return nil }
        return count
    }

    mutating func word() -> UInt64? {
        guard bytes.count - at >= 8 else { return nil }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[at + index]) << UInt64(8 * index) }
        at += 8
        return value
    }

    /// Their number, then the words.
    mutating func words() -> [UInt64]? {
        guard let count = count() else { return nil }
        var words: [UInt64] = []
        for _ in 0..<count {
            guard let word = word() else { return nil }
            words.append(word)
        }
        return words
    }

    mutating func text() -> String? {
        guard let count = count() else { return nil }
        defer { at += count }
        return String(decoding: bytes[at..<(at + count)], as: UTF8.self)
    }

    mutating func node(depth: Int) -> YAMLNode? {
        guard depth <= YAMLReader.maximumDepth, let head = number(), let line = number(), let column = number() else {
            return nil
        }
        var text: String?
        if head & 32 == 0 {
            text = self.text()
            guard text != nil else { return nil }
        }
        let content: YAMLNode.Content
        switch head & 7 {
        case 0: content = .null
        case 1:
            guard let value = number() else { return nil }
            content = .bool(value != 0)
        case 2:
            guard let value = word() else { return nil }
            content = .integer(Int64(bitPattern: value))
        case 3:
            guard let value = word() else { return nil }
            content = .number(Double(bitPattern: value))
        case 4:
            guard let value = self.text() else { return nil }
            content = .string(value)
        case 5:
            guard let count = count() else { return nil }
            var elements: [YAMLNode] = []
            elements.reserveCapacity(count)
            for _ in 0..<count {
                guard let element = node(depth: depth + 1) else { return nil }
                elements.append(element)
            }
            content = .sequence(elements)
        case 6:
            guard let count = count() else { return nil }
            var members: [YAMLNode.Member] = []
            members.reserveCapacity(count)
            for _ in 0..<count {
                guard let key = self.text(), let line = number(), let column = number(),
                    let value = node(depth: depth + 1)
                else { return nil }
                members.append(.init(key: key, keyMark: SourceMark(line: line, column: column), value: value))
            }
            content = .mapping(members)
        default: return nil
        }
        if text == nil, case .string(let value) = content { text = value }
        return YAMLNode(
            content, mark: SourceMark(line: line, column: column), text: text ?? "", isQuoted: head & 8 != 0,
            isDoubleQuoted: head & 16 != 0)
    }
}
