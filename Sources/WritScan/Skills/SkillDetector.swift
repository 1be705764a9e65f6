// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// ``SkillScanner`` for one file: the scanner `skill`. In other content
/// only settings that make programs run have findings.
public struct SkillDetector: Detector {
    public let scanner = "skill"
    private let skills: SkillScanner

    /// Creates a detector.
    public init(skills: SkillScanner) {
        self.skills = skills
    }

    public func findings(in request: ScanRequest, _ context: ScanContext) throws -> [Finding] {
        switch request.phase {
        case .skill: return Array(skills.scan(request.text, path: request.path).prefix(context.findingLimit))
        case .contextFile:
            guard let path = request.path, InstructionFiles.isInstruction(path) else { return [] }
            return Array(skills.scan(request.text, path: path).prefix(context.findingLimit))
        case .toolResponse:
            // Settings that instruct no agent but make programs run are looked at wherever they lie.
            guard let path = request.path else { return [] }
            return Array(skills.scan(commandsOf: request.text, path: path).prefix(context.findingLimit))
        case .input, .toolCall, .output: return []
        }
    }
}

/// Which files instruct agents or configure them.
public enum InstructionFiles {
    private static let names: Set<String> = [
        "agents.md", "agent.md", "agents.override.md", "claude.md", "claude.local.md", "gemini.md", "qwen.md",
        "skill.md",
        ".cursorrules", ".windsurfrules", ".clinerules", ".goosehints", "copilot-instructions.md", "memory.md",
        "global_rules.md", ".mcp.json", "mcp.json", "mcp_config.json", "mcp-config.json", "cline_mcp_settings.json",
        "claude_desktop_config.json", "managed-mcp.json", ".claude.json", "gemini-extension.json", "opencode.json",
        "opencode.jsonc", "hooks.json", "managed-settings.json",
    ]
    private static let suffixes = [
        ".mdc", ".instructions.md", ".prompt.md", ".agent.md", ".chatmode.md", ".rules",
    ]
    private static let folders = [
        ".claude/", ".cursor/", ".codex/", ".gemini/", ".copilot/", ".windsurf/", ".kiro/", ".opencode/", ".qwen/",
        ".clinerules/", ".cline/", ".amp/", ".factory/", ".agents/", ".github/instructions/", ".github/prompts/",
        ".github/agents/", ".github/chatmodes/", ".github/skills/", ".vscode/", "skills/", ".aws/amazonq/", ".codeium/",
    ]

    /// The path is one of the maps of instruction, skill, hook and MCP files of the agents that are known.
    public static func isInstruction(_ path: String) -> Bool {
        let lower = path.lowercased()
        let name = lower.split(separator: "/").last.map(String.init) ?? lower
        if names.contains(name) || suffixes.contains(where: { name.hasSuffix($0) }) { return true }
        return folders.contains { lower.hasPrefix($0) || lower.contains("/" + $0) }
    }
}
