// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore

@testable import WritShell

/// How much of a public collection of program capabilities the tables know. The collection is not part of the
/// repository: `WRIT_CAPABILITIES` names its file (JSON lines with `source_path`, `note` and `command`); without it
/// the test does nothing.
@Suite struct ProgramCoverageTests {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["WRIT_CAPABILITIES"] != nil))
    func `programs with known escapes are in the table with their capabilities`() throws {
        let path = try #require(ProcessInfo.processInfo.environment["WRIT_CAPABILITIES"])
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var names: Set<String> = []
        var unknown: Set<String> = []
        var tried = 0
        var right = 0
        var misses: [String] = []
        var byCapability: [String: (tried: Int, right: Int)] = [:]
        for line in text.split(separator: "\n") {
            guard let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let source = row["source_path"] as? String, let note = row["note"] as? String,
                let command = row["command"] as? String
            else { continue }
            let name = source.split(separator: "/").last.map(String.init) ?? source
            let capability = String(note.prefix { $0 != ":" })
            names.insert(name)
            guard ProgramTable.builtIn.contains(name) else {
                unknown.insert(name)
                continue
            }
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
        print("programs known: \(names.count - unknown.count) of \(names.count)")
        print("rows whose capability shows: \(right) of \(tried)")
        for (capability, count) in byCapability.sorted(by: { $0.key < $1.key }) {
            print("  \(capability): \(count.right) of \(count.tried)")
        }
        for miss in misses { print("miss: \(miss)") }
        #expect(unknown.isEmpty, "\(unknown.sorted())")
        #expect(right * 100 >= tried * 85)
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
