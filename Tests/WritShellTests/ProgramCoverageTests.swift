// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore

@testable import WritShell

/// How much of a public collection of program capabilities the tables know. The collection is not part of the
/// repository; where it is not at hand the test says so and ends.
@Suite struct ProgramCoverageTests {
    @Test func `programs with known escapes are in the table with their capabilities`() {
        guard let rows = measuringRows("commands", "gtfobins") else { return }
        var names: Set<String> = []
        var tried = 0
        var right = 0
        var misses: [String] = []
        var byCapability: [String: (tried: Int, right: Int)] = [:]
        for row in rows {
            guard let source = row["source_path"]?.string, let note = row["note"]?.string,
                let command = row["command"]?.string
            else { continue }
            let name = source.split(separator: "/").last.map(String.init) ?? source
            let capability = String(note.prefix { $0 != ":" })
            names.insert(name)
            guard ProgramTable.builtIn.contains(name) else { continue }
            tried += 1
            byCapability[capability, default: (0, 0)].tried += 1
            if lines(of: command).contains(where: { shows(capability, in: reading(of: $0, naming: name)) }) {
                right += 1
                byCapability[capability, default: (0, 0)].right += 1
            } else {
                misses.append(
                    "\(name) | \(capability) | \(command.prefix(120).replacingOccurrences(of: "\n", with: "⏎"))")
            }
        }
        let unknown = names.filter { !ProgramTable.builtIn.contains($0) }
        let interpreters = names.filter {
            ProgramTable.builtIn.effects(of: [Value($0)]).traits.contains(.interpreter)
        }
        print("programs known: \(names.count - unknown.count) of \(names.count), interpreters: \(interpreters.count)")
        print("rows whose capability shows: \(right) of \(tried)")
        for (capability, count) in byCapability.sorted(by: { $0.key < $1.key }) {
            print("  \(capability): \(count.right) of \(count.tried)")
        }
        for miss in misses { print("miss: \(miss)") }
        #expect(unknown.isEmpty, "\(unknown.sorted())")
        #expect(interpreters.count <= 40, "\(interpreters.sorted())")
        #expect(interpreters.isDisjoint(with: ["cat", "tar", "find", "sed", "git", "vim"]))
        #expect(right * 100 >= tried * 85)
    }

    /// Names that the collection gives as further names of others, which its rows therefore lack.
    @Test func `other names of programs with known escapes are in the table`() {
        let names = [
            "nawk", "vi", "view", "rview", "rvim", "vimdiff", "ex", "more", "egrep", "fgrep", "zgrep", "bzcat", "zcat",
            "lzma", "unxz", "gunzip", "bunzip2", "python3", "nodejs", "ncat", "netcat", "nc.openbsd", "nc.traditional",
            "pip3", "sha256sum", "ash", "rbash", "ksh", "mksh", "sudoedit", "uncompress", "xzcat", "lp",
        ]
        #expect(names.filter { !ProgramTable.builtIn.contains($0) } == [])
    }

    /// The simple commands of a text, without a shell: split at line ends, `|`, `;` and `&&` outside quotes.
    private func lines(of command: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var quote: Character?
        for character in command {
            if let open = quote {
                part.append(character)
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
                part.append(character)
            } else if "|;\n&".contains(character) {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        parts.append(part)
        return parts
    }

    private func reading(of line: String, naming name: String) -> [Effect] {
        var words = Value(line).splitIntoWords()
        while let first = words.first?.text, first.contains("="), !first.hasPrefix("-") { words.removeFirst() }
        guard words.first?.text == name else { return [] }
        // Redirections are the evaluator's.
        words = words.filter { $0.text.map { !$0.hasPrefix(">") && !$0.hasPrefix("<") && !$0.hasPrefix("2>") } ?? true }
        return ProgramTable.builtIn.effects(of: words).effects
    }

    private func shows(_ capability: String, in effects: [Effect]) -> Bool {
        effects.contains { effect in
            switch (capability, effect) {
            case (_, .code), (_, .codeFile), (_, .codeInput), (_, .run), (_, .runWithInputArguments):
                // Code says for itself what it does once it is read.
                true
            case ("file-read", .read), ("file-read", .search), ("file-read", .upload), ("file-write", .write),
                ("file-write", .delete),
                ("upload", .upload), ("upload", .uploadText), ("download", .connect), ("reverse-shell", .connect),
                ("bind-shell", .listen), ("shell", .unread), ("command", .unread), ("inherit", .unread),
                ("library-load", .unread),
                ("privilege-escalation", .mode), ("privilege-escalation", .write), ("command", .package),
                ("shell", .package),
                ("upload", .listen), ("download", .package):
                true
            case ("upload", .connect(_, _, let traits)): traits.contains(.upload)
            case (let capability, .operation(let operation)):
                switch operation.kind {
                case .shellExec:
                    ["shell", "command", "inherit", "file-read", "file-write", "download", "upload", "reverse-shell"]
                        .contains(capability)
                case .privilegeRaise: ["shell", "privilege-escalation"].contains(capability)
                case .secretRead: capability == "file-read"
                case .systemChange: ["privilege-escalation", "command"].contains(capability)
                case .netListen: ["download", "upload", "file-write"].contains(capability)
                default: false
                }
            default: false
            }
        }
    }
}
