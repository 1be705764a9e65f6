// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritAgents

@Suite struct PatchEnvelopeTests {
    @Test func `every part of a patch is read`() {
        let patch = PatchEnvelope(
            """
            *** Begin Patch
            *** Add File: src/new.py
            +x = 1
            +*** Delete File: not this one
            *** Update File: src/app.py
            *** Move to: ../../.ssh/authorized_keys
            @@ def main():
             keep
            -print('hi')
            +print('hello')
            @@
            -a
            *** End of File
            *** Delete File: old.txt
            *** End Patch
            """)
        #expect(patch.isWhole)
        #expect(
            patch.files == [
                .init(path: "src/new.py", change: .add(content: "x = 1\n*** Delete File: not this one\n")),
                .init(
                    path: "src/app.py", movedTo: "../../.ssh/authorized_keys",
                    change: .update([
                        .init(old: "keep\nprint('hi')", new: "keep\nprint('hello')"), .init(old: "a", new: ""),
                    ])),
                .init(path: "old.txt", change: .delete),
            ])
    }

    @Test(arguments: [
        "", "nothing", "*** Begin Patch\n*** End Patch", "*** Add File: a\n+x\n*** End Patch",
        "*** Begin Patch\n*** Rename File: a\n*** End Patch", "*** Begin Patch\n*** Update File: a\nno mark\n*** End Patch",
        "*** Begin Patch\n*** Move to: b\n*** End Patch", "*** Begin Patch\n*** Add File:\n+x\n*** End Patch",
    ])
    func `what cannot be read whole says so`(_ text: String) {
        #expect(!PatchEnvelope(text).isWhole)
    }

    @Test func `a path is never passed over`() {
        let patch = PatchEnvelope("*** Begin Patch\n*** Add File: a\n+x\n*** Move to: /etc/passwd\n  *** Delete File: b  \r\n*** Delete File:\u{301}c\n")
        #expect(patch.files.map(\.path).sorted() == ["/etc/passwd", "a", "b", "\u{301}c"])
    }

    @Test func `files past the limit are counted and not read`() {
        let text = "*** Begin Patch\n" + String(repeating: "*** Delete File: a\n", count: 5_000) + "*** End Patch"
        let patch = PatchEnvelope(text)
        #expect(patch.files.count == PatchEnvelope.maximumFiles)
        #expect(!patch.isWhole)
    }

    private func operations(_ patch: String) throws -> [WritCore.Operation] {
        let payload: JSON = [
            "hook_event_name": "PreToolUse", "session_id": "s", "cwd": "/proj/shop", "tool_name": "apply_patch",
            "tool_input": ["command": .string(patch)],
        ]
        let delivery = try Codex().decode(payload.bytes, in: HookContext(home: "/home/dana"))
        return ToolOperations.operations(of: delivery.call)
    }

    @Test func `a patch is the operations of all its files`() throws {
        #expect(
            try operations(
                "*** Begin Patch\n*** Update File: a\n*** Move to: ../b\n@@\n-x\n+y\n*** Delete File: c\n*** End Patch")
                == [
                    .init(.fileWrite, path: "/proj/shop/a"), .init(.fileDelete, path: "/proj/shop/a"),
                    .init(.fileWrite, path: "/proj/b"), .init(.fileDelete, path: "/proj/shop/c"),
                ])
        #expect(
            try operations("*** Begin Patch\n*** Delete File: ~/.bashrc\n*** End Patch")
                == [.init(.fileDelete, path: "/home/dana/.bashrc")])
        #expect(
            try operations("rubbish")
                == [.init(.fileWrite, isPattern: true, opaque: .unparsable, detail: "the patch cannot be read whole")])
    }

    @Test func `a patch in a command is a write`() throws {
        func operations(_ command: String) -> [WritCore.Operation] {
            ToolOperations.operations(
                of: Agents.call(
                    of: "exec_command", ["cmd": .string(command)], agent: "codex", workingDirectory: "/proj",
                    home: "/home/dana"))
        }
        let patch = "*** Begin Patch\n*** Add File: a/b\n+x\n*** End Patch"
        #expect(operations("apply_patch <<'EOF'\n\(patch)\nEOF") == [.init(.fileWrite, path: "/proj/a/b")])
        #expect(operations("cd sub && apply_patch <<EOF\n\(patch)\nEOF") == [.init(.fileWrite, path: "/proj/sub/a/b")])
        #expect(
            operations("cd $X && apply_patch <<EOF\n\(patch)\nEOF")
                == [.init(.fileWrite, path: "/**/a/b", isPattern: true)])
        #expect(operations("echo '\(patch)'") == [])
        let call = Agents.call(
            of: "exec_command", ["cmd": .string("apply_patch '\(patch)'")], agent: "codex", workingDirectory: "/proj",
            home: "/home/dana")
        #expect(ToolOperations.contents(of: call) == [.init(text: "x\n", path: "/proj/a/b")])
    }
}
