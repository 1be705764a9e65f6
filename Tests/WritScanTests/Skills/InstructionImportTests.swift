// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritScan

@Suite struct InstructionImportTests {
    @Test func `paths behind an @ are imports where hosts take them for some`() {
        let cases: [(text: String, paths: [String])] = [
            ("@a.md", ["/r/d/a.md"]), ("x @./a.md.\n", ["/r/d/a.md"]), ("(@a.md)", []), ("\t@../b/c.md, @~/n.md", ["/r/b/c.md", "/h/n.md"]),
            ("@/etc/x.md", ["/etc/x.md"]), ("me@a.md", []), ("@someone", []), ("`@a.md` @b.md", ["/r/d/b.md"]),
            ("```\n@a.md\n```\n@b.md", ["/r/d/b.md"]), ("@a.md @a.md", ["/r/d/a.md"]), ("@../../../../x.md", ["/x.md"]),
        ]
        for (text, paths) in cases {
            #expect(InstructionImports.paths(in: Array(text.utf8), of: "/r/d/CLAUDE.md", home: "/h") == paths, "\(text)")
        }
        let many = (0..<1_100).map { "@f\($0).md" }.joined(separator: " ")
        #expect(InstructionImports.paths(in: Array(many.utf8), of: "/r/A.md", home: "").count == InstructionImports.limit)
        #expect(InstructionImports.paths(in: Array("@~/a.md".utf8), of: "/r/A.md", home: "") == [])
    }
}

@Suite struct AgentSettingsTests {
    @Test func `settings that leave nobody to ask are found in every agent's spelling`() throws {
        let scanner = try SkillScanner()
        let cases: [(path: String, text: String, rule: String?)] = [
            (".amp/settings.json", #"{"amp.dangerouslyAllowAll": true}"#, "auto-approve"),
            ("opencode.json", #"{"permission": {"bash": "allow"}}"#, "auto-approve"),
            ("opencode.json", #"{"permission": "allow"}"#, "auto-approve"), ("opencode.json", #"{"permission": {"bash": "ask"}}"#, nil),
            (".gemini/settings.json", #"{"tools": {"approvalMode": "yolo"}}"#, "auto-approve"),
            (".codex/config.toml", "approval_policy = 'never'\n", "auto-approve"),
            (".vscode/settings.json", #"{"chat.tools.auto\u0041pprove" : true}"#, "auto-approve"),
            (".claude/settings.json", "{\"permissions\": {\"allow\": [\n  \"Bash(*)\"]}}", "auto-approve"),
            (".claude/settings.json", #"{"permissions": {"allow": ["Bash(npm test)"]}}"#, nil),
            ("config.yaml", "GOOSE_MODE: auto\n", "auto-approve"),
        ]
        for (path, text, rule) in cases {
            let found = scanner.scan(Array(text.utf8), path: path).filter { $0.rule == "auto-approve" }
            #expect(found.isEmpty == (rule == nil), "\(text): \(found)")
            #expect(found.allSatisfy { $0.line >= 1 })
        }
    }
}
