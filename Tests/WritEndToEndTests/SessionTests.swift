// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritLedger

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

extension EndToEnd {
    @Suite struct Sessions {
        @Test func `a halted session stays halted after the daemon was killed`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let halt = try machine.hook().run(machine.bash("halting-tool", id: "t1", session: "bad"))
            #expect(try JSON(parsing: halt.output)["continue"] == false)
            #expect(try machine.hook().heard(machine.bash("ls", id: "t2", session: "bad")).word == "deny")
            #expect(try machine.hook().heard(machine.bash("ls", id: "t3", session: "good")) == .silence)
            let daemon = try #require(machine.daemon)
            kill(daemon, SIGKILL)
            machine.waitUntilGone(daemon)
            #expect(try machine.hook().heard(machine.bash("ls", id: "t4", session: "bad")).word == "deny")
            #expect(try machine.hook().heard(machine.bash("ls", id: "t5", session: "good")) == .silence)
        }

        @Test func `what a session has touched outlives the daemon`() throws {
            let machine = try Machine()
            defer { machine.end() }
            func labels(_ session: String) throws -> [String] {
                _ = try machine.hook().run(machine.bash("ls", session: session))
                let last = try machine.entries().last { $0.session == session }
                return last?.record["request"]?["state"]?["labels"]?.array?.compactMap { $0["name"]?.string } ?? []
            }
            #expect(try labels("reader") == [])
            let fetch: JSON = ["url": "https://docs.example.com/a", "prompt": "sum up"]
            let page = machine.event(
                "PostToolUse",
                [
                    .init("tool_name", "WebFetch"), .init("tool_input", fetch), .init("tool_response", "a page"),
                    .init("tool_use_id", "t1"),
                ], session: "reader")
            #expect(try machine.hook().heard(page) == .silence)
            #expect(try labels("reader") == ["prototyping", "untrusted"])
            let daemon = try #require(machine.daemon)
            kill(daemon, SIGKILL)
            machine.waitUntilGone(daemon)
            #expect(try labels("reader") == ["prototyping", "untrusted"])
            #expect(try labels("other") == [])
        }

        @Test func `a script that the agent wrote is read when it runs it, also after the daemon was killed`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let path = machine.workspace + "/step.sh"
            let input: JSON = ["file_path": .string(path), "content": "#!/bin/sh\nforbidden-tool\n"]
            #expect(try machine.hook().heard(machine.tool("Write", input, id: "t1")) == .silence)
            try machine.write("#!/bin/sh\nforbidden-tool\n", to: path)
            #expect(try machine.hook().heard(machine.bash("sh step.sh", id: "t2")).word == "deny")
            let daemon = try #require(machine.daemon)
            kill(daemon, SIGKILL)
            machine.waitUntilGone(daemon)
            #expect(try machine.hook().heard(machine.bash("sh step.sh", id: "t3")).word == "deny")
        }
    }
}
