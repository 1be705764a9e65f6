// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritPolicy
import WritShell

/// What the documents show is true.
@Suite struct DocSnippetTests {
    private static let documents = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs")

    private func text(_ name: String) throws -> String {
        try String(contentsOf: Self.documents.appending(path: name), encoding: .utf8)
    }

    /// The fenced blocks that are whole policies, with the number of their first line.
    private func policies(in text: String) -> [(line: Int, text: String)] {
        var found: [(line: Int, text: String)] = []
        var block: [Substring]?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let lines = block {
                if line.hasPrefix("```") {
                    if lines.first?.hasPrefix("version:") == true {
                        found.append((index + 1 - lines.count, lines.joined(separator: "\n") + "\n"))
                    }
                    block = nil
                } else {
                    block = lines + [line]
                }
            } else if line == "```yaml" {
                block = []
            }
        }
        return found
    }

    @Test(arguments: [("policy.md", 12), ("approvals.md", 1), ("../README.md", 1)])
    func `every policy in a document loads, its examples match and its tests pass`(_ name: String, _ least: Int) throws {
        let snippets = policies(in: try text(name))
        #expect(snippets.count >= least)
        for (line, text) in snippets {
            do throws(PolicyErrors) {
                let layer = try PolicyLayer.load(
                    .user, [.init(file: "\(name)+\(line)", bytes: Array(text.utf8))], options: ShellOptions.all)
                for failure in PolicyTests.run(layer).failures { Issue.record("\(failure)") }
            } catch {
                for fault in error.errors { Issue.record("\(fault)") }
            }
        }
    }

    @Test func `the reference is the one that the schema prints`() throws {
        let printed = PolicySchema.reference
        if ProcessInfo.processInfo.environment["WRIT_GOLDEN"] == "rewrite" {
            try Data(printed.utf8).write(to: Self.documents.appending(path: "policy-reference.md"))
        }
        #expect(
            try text("policy-reference.md") == printed,
            "the schema has changed: rewrite the reference with `make golden` and read the difference")
    }
}

/// Options with the shell engine, as the executables have them.
enum ShellOptions {
    static let all = PolicyOptions(expand: { command in
        let place = ShellContext(workingDirectory: "/srv/project", workspace: "/srv/project", home: "/home/dev")
        return ShellAnalyzer.analyze(command, in: place).operations
    })
}
