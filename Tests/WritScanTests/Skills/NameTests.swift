// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritScan

struct NameCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// `rule target`, or nothing for an honest name.
    let target: String?
    var testDescription: String { name }
}

@Suite struct NameTests {
    private let names: TrustedNames

    init() throws {
        names = try TrustedNames.embedded()
    }

    @Test(arguments: [
        NameCase(name: "skil-creator", target: "skill-creator"), NameCase(name: "frontend-desing", target: "frontend-design"),
        NameCase(name: "code-reveiw", target: "code-review"), NameCase(name: "rnarketing-p1an", target: nil),
        NameCase(name: "brainstorm1ng", target: "brainstorming"), NameCase(name: "pdf-official", target: "pdf"),
        NameCase(name: "d0cx", target: "docx"), NameCase(name: "systematic-debuggіng", target: "systematic-debugging"),
        NameCase(name: "pdf", target: nil), NameCase(name: "pdb", target: nil), NameCase(name: "docs", target: nil),
        NameCase(name: "xls", target: nil), NameCase(name: "code-review", target: nil), NameCase(name: "review-code", target: nil),
        NameCase(name: "front-end-design", target: nil), NameCase(name: "pdf-tools", target: nil), NameCase(name: "notes", target: nil),
        NameCase(name: "LinkedIn_Post_Writer", target: nil), NameCase(name: "react-devtooIs", target: "react-devtools"),
        NameCase(name: "übersetzer", target: nil),
    ])
    func `a skill's name that is a slip away from a well-known one`(_ c: NameCase) {
        #expect(names.likeness(ofSkill: c.name)?.target == c.target)
    }

    @Test func `every well-known name is itself`() {
        for name in ["pdf", "docx", "skill-creator", "webapp-testing"] { #expect(names.likeness(ofSkill: name) == nil) }
        for name in ["github", "filesystem", "sequential-thinking", "postgres", "time", "git"] {
            #expect(names.likeness(ofServer: name) == nil)
        }
    }

    private func found(_ text: String, _ path: String = ".mcp.json", origin: String? = nil) throws -> [String] {
        try SkillScanner(origin: origin).scan(Array(text.utf8), path: path)
            .filter { $0.rule == "name-look-alike" || $0.rule == "claimed-publisher" }.map { "\($0.line) \($0.rule) \($0.severity.name)" }
    }

    @Test func `servers that look like well-known ones`() throws {
        #expect(try found(#"{"mcpServers": {"githib": {"command": "npx", "args": ["-y", "helper-mcp"]}}}"#) == ["1 name-look-alike medium"])
        #expect(
            try found(
                "{\"mcpServers\": {\n \"files\": {\"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocoI/server-filesystem\"]}}}".replacing(
                    "coI", with: "c0l"))
                == ["2 name-look-alike high"])
        #expect(try found(#"{"servers": {"files": {"command": "uvx", "args": ["mcp-server-fetcn"]}}}"#) == ["1 name-look-alike high"])
        #expect(try found("[mcp_servers.postgress]\ncommand = \"npx\"\nargs = [\"pg-mcp\"]\n", ".codex/config.toml") == ["2 name-look-alike medium"])
    }

    @Test func `a publisher's name at another address`() throws {
        #expect(try found(#"{"mcpServers": {"github": {"type": "http", "url": "https://github-mcp.tools.dev/sse"}}}"#) == ["1 claimed-publisher medium"])
        for honest in [
            #"{"mcpServers": {"github": {"url": "https://api.githubcopilot.com/mcp/"}}}"#,
            #"{"mcpServers": {"github": {"url": "http://localhost:8080/mcp"}}}"#,
            #"{"mcpServers": {"github": {"url": "https://mcp.ourcompany.internal/x"}}}"#,
            #"{"mcpServers": {"github": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-github"]}}}"#,
            #"{"mcpServers": {"github": {"url": "${GITHUB_MCP_URL}"}}}"#,
            // A slip in the label of the real one.
            #"{"mcpServers": {"githib": {"url": "https://api.githubcopilot.com/mcp/"}}}"#,
        ] {
            #expect(try found(honest) == [], "\(honest)")
        }
    }

    @Test func `a skill that says it is a publisher's`() throws {
        let text = "---\nname: docs-helper\ndescription: The official Anthropic skill for documents.\n---\n"
        #expect(try found(text, "skills/docs-helper/SKILL.md") == ["2 claimed-publisher low"])
        #expect(try found(text, ".claude/plugins/cache/anthropics/docs-helper/SKILL.md") == [])
        #expect(try found("---\nname: api\ndescription: Follows the official GitHub documentation.\n---\n", "skills/api/SKILL.md") == [])
        #expect(try found("---\nname: api\ndescription: Reads mail.\nauthor: Anthropic\n---\n", "skills/api/SKILL.md") == ["2 claimed-publisher low"])
    }

    @Test func `a publisher's own repository speaks for its skills`() throws {
        let text = "---\nname: docs-helper\ndescription: The official Anthropic skill for documents.\n---\n"
        for origin in [
            "https://github.com/anthropics/skills.git", "https://github.com/Anthropics/skills",
            "git@github.com:anthropics/skills.git", "ssh://git@github.com/anthropics/skills",
            "https://token@github.com/anthropics/skills/",
        ] {
            #expect(try found(text, "skills/docs-helper/SKILL.md", origin: origin) == [], "\(origin)")
        }
        for origin in [
            "https://github.com/someone/anthropics", "https://github.com/openai/skills", "https://git.example/anthropics/skills",
            "https://github.com@git.example/anthropics/skills", "https://git.example/github.com/anthropics/skills",
            "/srv/github.com/anthropics/skills", "github.com/anthropics/skills", "file:///github.com/anthropics/skills",
            "git@github.com.example:anthropics/skills", "https://github.com/anthropics", "",
        ] {
            #expect(try found(text, "skills/docs-helper/SKILL.md", origin: origin) == ["2 claimed-publisher low"], "\(origin)")
        }
        // It says nothing about where a server is.
        let server = #"{"mcpServers": {"github": {"url": "https://github-mcp.tools.dev/sse"}}}"#
        #expect(try found(server, origin: "https://github.com/github/x") == ["1 claimed-publisher medium"])
    }

    @Test func `packages that servers are started from`() {
        func packages(_ command: String) -> [String] {
            let words = command.split(separator: " ").map { "\"\($0)\"" }
            let text = "{\"mcpServers\": {\"a\": {\"command\": \(words[0]), \"args\": [\(words.dropFirst().joined(separator: ","))]}}}"
            return SkillScanner.serverPackages(in: Array(text.utf8), path: ".mcp.json").map { "\($0.package.ecosystem) \($0.package.name) \($0.line)" }
        }
        #expect(packages("npx -y @scope/tool@1.2.3 --flag") == ["npm @scope/tool 1"])
        #expect(packages("uvx --from tool-server==2.0 run-it") == ["pypi tool-server 1"])
        #expect(packages("uvx mcp-server-time --local") == ["pypi mcp-server-time 1"])
        #expect(packages("pnpm dlx tool") == ["npm tool 1"])
        #expect(packages("node server.js") == [])
        #expect(packages("npx -y https://x.dev/a.tgz") == [])
    }
}
