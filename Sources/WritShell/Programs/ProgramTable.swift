// SPDX-License-Identifier: Apache-2.0
import Synchronization
public import WritCore
import WritResources

/// What is known about a program's standard input.
public struct InputFacts: Sendable, Hashable {
    /// Something other than the terminal is there: a pipe, a file, a here-document.
    public var isProvided: Bool

    /// Creates facts.
    public init(isProvided: Bool = false) {
        self.isProvided = isProvided
    }
}

/// What a table says about one command line.
public struct ProgramReading: Sendable, Hashable {
    /// In the order: directories, connections, files and operations, data sent, next programs and code, output.
    /// Without an ``Effect/output(_:)`` the output is of no interest.
    public var effects: [Effect] = []
    /// The program is in the table.
    public var isKnown = false
    /// The program and its sub-commands, options left out: `git push`, `aws s3 rm`.
    public var canonicalWords: [String] = []
    /// How many options the table does not know, or that are computed.
    public var unknownOptions = 0
    /// The sub-command is computed while it runs: nothing is known of the effects.
    public var hasUnknownCommand = false
    /// What is so about running the program whatever its arguments, such as ``WritCore/Operation/Traits/interpreter``.
    public var traits: Operation.Traits = []
}

/// The semantics of programs: which effects a command line has.
public struct ProgramTable: Sendable {
    private let store: ProgramStore

    /// The one embedded in the executable. A program's lines are read when it is first asked for.
    public static let builtIn = embedded()

    /// A fresh one, with nothing read yet.
    static func embedded() -> ProgramTable {
        ProgramTable(
            store: ProgramStore(
                tables: Resource.all(under: "programs/").filter { $0.name.hasSuffix(".table") }.map {
                    ($0.name, $0.bytes)
                }))
    }

    private init(store: ProgramStore) {
        self.store = store
    }

    /// Reads tables, all of them at once.
    ///
    /// - Parameter tables: names for messages, and texts in the format of `docs/programs.md`.
    /// - Throws: the first fault, with its line.
    public init(tables: [(name: String, text: String)]) throws(ProgramTableFault) {
        store = ProgramStore(owning: tables.map { ($0.name, Array($0.text.utf8)) })
        try store.loadAll()
    }

    /// Names of all programs, aliases included, sorted.
    public var names: [String] { store.names.sorted() }

    /// Whether a program with this name or path is in the table.
    public func contains(_ program: String) -> Bool {
        store.definition(of: program) != nil
    }

    /// The effects that a command line has.
    ///
    /// - Parameter arguments: the program's name or path first; its base name counts, without version and `.exe`.
    ///   Whether a path names the program that its base name suggests is for the caller to judge.
    public func effects(of arguments: [Value], input: InputFacts = InputFacts()) -> ProgramReading {
        guard let name = arguments.first?.text else {
            var reading = ProgramReading()
            reading.hasUnknownCommand = true
            return reading
        }
        let base = ProgramStore.baseName(name)
        guard let definition = store.definition(of: base) else {
            return ProgramReading(canonicalWords: [base])
        }
        var invocation = Invocation(
            program: store.isListed(base) ? base : definition.name, arguments: arguments, input: input,
            definition: definition)
        invocation.read()
        return ProgramReading(
            effects: invocation.effects, isKnown: true, canonicalWords: invocation.canonicalWords,
            unknownOptions: invocation.unknownOptions, hasUnknownCommand: invocation.hasUnknownCommand,
            traits: definition.traits)
    }

    /// An example of a table that does not hold.
    public struct ExampleFailure: Sendable, Hashable, CustomStringConvertible {
        /// The table's name.
        public let table: String
        /// 1-based.
        public let line: Int
        /// The command line of the example.
        public let command: String
        /// What the example says.
        public let expected: String
        /// What the table says.
        public let actual: String

        /// Place, command, expectation and reading, a line each.
        public var description: String { "\(table):\(line): \(command)\n  expected \(expected)\n  actual   \(actual)" }
    }

    /// Reads every table and tries every example.
    ///
    /// - Throws: the first fault of a table.
    public func verifyExamples() throws(ProgramTableFault) -> [ExampleFailure] {
        try store.loadAll()
        var failures: [ExampleFailure] = []
        for (table, example) in try store.allExamples() {
            let arguments = Value(example.command).splitIntoWords()
            let summary = EffectSummary.lines(effects(of: arguments).effects)
            let holds: Bool
            if example.mustMatch {
                let wanted = example.expected.isEmpty ? [] : EffectSummary.split(example.expected)
                // Output is compared only where the example speaks of it.
                let isAboutOutput = wanted.contains { $0.hasPrefix("output ") }
                holds = wanted == summary.filter { isAboutOutput || !$0.hasPrefix("output ") }
            } else {
                holds = !summary.contains { $0.hasPrefix(example.expected) }
            }
            if !holds {
                failures.append(
                    ExampleFailure(
                        table: table, line: example.line, command: example.command,
                        expected: (example.mustMatch ? "" : "nothing like ") + example.expected,
                        actual: summary.joined(separator: " ; ")))
            }
        }
        return failures
    }
}

/// The lines of the tables and the definitions made of them so far.
final class ProgramStore: Sendable {
    private struct Place: Sendable {
        var table: Int
        var start: Int
        var end: Int
        var line: Int
        /// The first name of the program.
        var name: String
    }

    private struct Index: Sendable {
        var programs: [String: Place] = [:]
        var shared: [String: Place] = [:]
        var faults: [ProgramTableFault] = []
    }

    /// Where a table's bytes are.
    private enum Bytes: Sendable {
        case owned([UInt8])
        /// Of an embedded resource, which lives as long as the process.
        case embedded(Embedded)

        struct Embedded: @unchecked Sendable {
            // Sendable because the memory is constant data of the executable: nobody writes or frees it.
            let buffer: UnsafeRawBufferPointer
        }
    }

    private let tables: [(name: String, bytes: Bytes)]
    private let index: Index
    private let made = Mutex<[String: ProgramDefinition]>([:])

    var names: [String] { Array(index.programs.keys) }

    convenience init(tables: [(String, UnsafeRawBufferPointer)]) {
        self.init(tables.map { ($0.0, .embedded(.init(buffer: $0.1))) })
    }

    convenience init(owning tables: [(String, [UInt8])]) {
        self.init(tables.map { ($0.0, .owned($0.1)) })
    }

    private init(_ tables: [(name: String, bytes: Bytes)]) {
        self.tables = tables
        var index = Index()
        for (number, table) in tables.enumerated() {
            switch table.bytes {
            case .owned(let bytes): bytes.withUnsafeBytes { Self.scan($0, table.name, number, &index) }
            case .embedded(let embedded): Self.scan(embedded.buffer, table.name, number, &index)
            }
        }
        self.index = index
    }

    /// Finds where programs and shared lines begin and end, without reading what is in them.
    private static func scan(_ bytes: UnsafeRawBufferPointer, _ table: String, _ number: Int, _ index: inout Index) {
        var at = 0
        var line = 0
        var open: (names: [String], isShared: Bool, start: Int, line: Int)?
        func close(_ end: Int) {
            guard let found = open, let first = found.names.first else { return }
            let place = Place(table: number, start: found.start, end: end, line: found.line, name: first)
            if found.isShared {
                index.shared[first] = place
            } else {
                for name in found.names {
                    if let other = index.programs.updateValue(place, forKey: name) {
                        index.faults.append(
                            .init(
                                table: table,
                                message: "`\(name)` is also at line \(other.line) of another table or this one",
                                line: found.line))
                    }
                }
            }
        }
        while at < bytes.count {
            line += 1
            var end = at
            while end < bytes.count, bytes[end] != 0x0A { end += 1 }
            // Only lines at the margin matter here.
            if end > at, bytes[at] != 0x20, bytes[at] != 0x23 {
                close(at)
                let words = String(decoding: bytes[at..<end], as: UTF8.self).split(separator: " ").map(String.init)
                switch words.first {
                case "program"?: open = (Array(words.dropFirst()), false, at, line)
                case "shared"?: open = (Array(words.dropFirst()), true, at, line)
                default:
                    open = nil
                    index.faults.append(.init(table: table, message: "expected `program` or `shared`", line: line))
                }
            }
            at = end + 1
        }
        close(bytes.count)
    }

    private func nodes(_ place: Place) throws(ProgramTableFault) -> Outline.Node {
        let bytes: [UInt8] =
            switch tables[place.table].bytes {
            case .owned(let bytes): Array(bytes[place.start..<place.end])
            case .embedded(let embedded): Array(embedded.buffer[place.start..<place.end])
            }
        do {
            guard let node = try Outline(parsing: bytes).nodes.first else {
                throw ProgramTableFault(table: tables[place.table].name, message: "empty", line: place.line)
            }
            return node
        } catch let fault as Outline.Fault {
            throw ProgramTableFault(
                table: tables[place.table].name, message: fault.message, line: fault.line + place.line - 1)
        } catch let fault as ProgramTableFault {
            throw fault
        } catch {
            throw ProgramTableFault(table: tables[place.table].name, message: "unreadable", line: place.line)
        }
    }

    private func make(_ place: Place, withExamples: Bool) throws(ProgramTableFault) -> ProgramDefinition {
        let table = tables[place.table].name
        let linesOf = { @Sendable (name: String) -> [Outline.Node]? in
            guard let shared = self.index.shared[name] else { return nil }
            // A fault inside shared lines shows as a missing name; `loadAll` reports it properly.
            do { return try self.nodes(shared).children } catch { return nil }
        }
        let compiler = ProgramCompiler(
            table: table, offset: place.line - 1, shared: linesOf, readsExamples: withExamples)
        return try compiler.definition(nodes(place), name: place.name)
    }

    func loadAll() throws(ProgramTableFault) {
        if let fault = index.faults.first { throw fault }
        for place in index.shared.values { _ = try nodes(place) }
        for (name, place) in index.programs where name == place.name {
            let definition = try make(place, withExamples: true)
            try Self.loadCommands(of: definition)
            made.withLock { $0[name] = definition }
        }
    }

    private static func loadCommands(of definition: ProgramDefinition) throws(ProgramTableFault) {
        // As deep as the outline is, which has a limit.
        for command in commands(of: definition) { try loadCommands(of: command.get()) }
    }

    /// Each once, whatever number of names it has.
    private static func commands(of definition: ProgramDefinition) -> [ProgramDefinition.Later] {
        var seen: Set<ObjectIdentifier> = []
        return definition.commands.values.filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    func allExamples() throws(ProgramTableFault) -> [(String, ProgramExample)] {
        var all: [(String, ProgramExample)] = []
        func collect(_ definition: ProgramDefinition, _ table: String) throws(ProgramTableFault) {
            all += definition.examples.map { (table, $0) }
            for command in Self.commands(of: definition) { try collect(command.get(), table) }
        }
        for (name, place) in index.programs where name == place.name {
            let definition = try make(place, withExamples: true)
            try collect(definition, tables[place.table].name)
        }
        return all.sorted { ($0.0, $0.1.line) < ($1.0, $1.1.line) }
    }

    /// The definition for a name or path; nil when the table has none.
    func definition(of program: String) -> ProgramDefinition? {
        let base = Self.baseName(program)
        if let known = made.withLock({ $0[base] }) { return known }
        guard let place = place(of: base) else { return nil }
        let isListed = isListed(base)
        if let known = made.withLock({ $0[place.name] }) {
            // Under its own name from now on; what is no name of the table could be anything, and is not kept.
            if isListed { made.withLock { $0[base] = known } }
            return known
        }
        let definition: ProgramDefinition
        do {
            definition = try make(place, withExamples: false)
        } catch {
            // A faulty table makes its program an unknown one, which callers treat as the stricter case.
            return nil
        }
        made.withLock { made in
            made[place.name] = definition
            if isListed { made[base] = definition }
        }
        return definition
    }

    /// The table has the name as it is, not only without version or suffix.
    func isListed(_ base: String) -> Bool {
        index.programs[base] != nil
    }

    private func place(of base: String) -> Place? {
        if let place = index.programs[base] { return place }
        // Every other spelling of a known name has a dot or a dash in it, or a version at its end.
        let mayBeSpelling = base.utf8.contains { $0 == 0x2E || $0 == 0x2D }
        guard mayBeSpelling || base.utf8.last.map({ $0 >= 0x30 && $0 <= 0x39 }) == true else { return nil }
        var name = base[...]
        let lowered = base.lowercased()
        for suffix in [".exe", ".cmd", ".bat", ".com"] where lowered.hasSuffix(suffix) {
            name = base.dropLast(suffix.utf8.count)
            if let place = index.programs[String(name)] ?? index.programs[name.lowercased()] { return place }
        }
        // ld-linux-x86-64.so.2, ld-musl-aarch64.so.1
        if name.hasPrefix("ld-linux") || name.hasPrefix("ld-musl") || name.hasPrefix("ld-2.") {
            return index.programs["ld.so"]
        }
        // python3.11, gcc-12, ruby2.7, llvm-ar-15
        let bare = name.utf8.reversed().drop { ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2E }
        var stem = String(decoding: Array(bare.reversed()), as: UTF8.self)
        if stem.utf8.count != name.utf8.count, !stem.isEmpty {
            if let place = index.programs[stem] { return place }
            if stem.hasSuffix("-") {
                stem = String(stem.dropLast())
                if let place = index.programs[stem] { return place }
            }
        }
        // x86_64-linux-gnu-gcc
        if name.contains("-linux-"), let dash = stem.lastIndex(of: "-") {
            return index.programs[String(stem[stem.index(after: dash)...])]
        }
        return nil
    }

    static func baseName(_ program: String) -> String {
        let utf8 = program.utf8
        guard let slash = utf8.lastIndex(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }) else {
            return program
        }
        return String(program[utf8.index(after: slash)...])
    }
}
