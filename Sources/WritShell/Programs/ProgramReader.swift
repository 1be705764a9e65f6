// SPDX-License-Identifier: Apache-2.0

/// What lines of a table cannot say about a program.
struct ProgramReader: Sendable {
    /// Looks at the arguments and adds effects; ``Invocation/skipsTable`` keeps the table's word lines out.
    var read: @Sendable (inout Invocation) -> Void
    /// For options before a sub-command.
    var global: @Sendable (inout Invocation) -> Void = { _ in }
}

/// All readers by the names that tables use.
enum ProgramReaders {
    static let named: [String: ProgramReader] = {
        var all: [String: ProgramReader] = [:]
        for family in [
            findReaders, fileReaders, shellReaders, gitReaders, networkReaders, archiveReaders, languageReaders,
            packageReaders, cloudReaders, systemReaders,
        ] { all.merge(family) { first, _ in first } }
        return all
    }()
}
