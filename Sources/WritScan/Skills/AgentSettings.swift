// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Settings of agents and editors that let code run or calls pass without a question.
enum AgentSettings {
    /// A key, the values that matter (empty means any), and what it does.
    private struct Rule: Sendable {
        var key: String
        var values: [String]
        var rule: String
        var severity: Severity
        var confidence: Double
        var message: String
    }

    private static let rules: [Rule] = [
        .init(
            key: "chat.tools.autoapprove", values: ["true"], rule: "auto-approve", severity: .critical,
            confidence: 0.97,
            message: "every tool call of the editor's agent is approved without a question"),
        .init(
            key: "chat.tools.global.autoapprove", values: ["true"], rule: "auto-approve", severity: .critical,
            confidence: 0.97, message: "every tool call of the editor's agent is approved without a question"),
        .init(
            key: "chat.tools.terminal.autoapprove", values: [], rule: "auto-approve", severity: .high, confidence: 0.9,
            message: "terminal commands of the editor's agent are approved without a question"),
        .init(
            key: "enableallprojectmcpservers", values: ["true"], rule: "auto-approve", severity: .high,
            confidence: 0.95,
            message: "every MCP server that a repository names is started without a question"),
        .init(
            key: "defaultmode", values: ["\"bypasspermissions\""], rule: "auto-approve", severity: .critical,
            confidence: 0.97, message: "the agent asks for no permission at all"),
        .init(
            key: "skipdangerousmodepermissionprompt", values: ["true"], rule: "auto-approve", severity: .critical,
            confidence: 0.97, message: "the warning of the mode without permissions is turned off"),
        .init(
            key: "dangerouslydisablesandbox", values: ["true"], rule: "auto-approve", severity: .critical,
            confidence: 0.97, message: "the agent's sandbox is turned off"),
        .init(
            key: "autoapproveall", values: ["true"], rule: "auto-approve", severity: .critical, confidence: 0.97,
            message: "every call is approved without a question"),
        .init(
            key: "approval_policy", values: ["\"never\""], rule: "auto-approve", severity: .high, confidence: 0.9,
            message: "the agent never asks for approval"),
        .init(
            key: "sandbox_mode", values: ["\"danger-full-access\""], rule: "auto-approve", severity: .critical,
            confidence: 0.95, message: "the agent's sandbox is turned off"),
        .init(
            key: "autoapprove", values: ["[\"*\"", "true"], rule: "auto-approve", severity: .high,
            confidence: 0.93, message: "every tool of a server is approved without a question"),
        .init(
            key: "alwaysallow", values: ["[\"*\""], rule: "auto-approve", severity: .high, confidence: 0.93,
            message: "every tool of a server is approved without a question"),
        .init(
            key: "chat.tools.edits.autoapprove", values: [], rule: "auto-approve", severity: .high, confidence: 0.85,
            message: "edits by the editor's agent are approved without a question"),
        .init(
            key: "permissionmode", values: ["\"bypasspermissions\"", "bypasspermissions"], rule: "auto-approve",
            severity: .critical, confidence: 0.97, message: "the agent asks for no permission at all"),
        .init(
            key: "dangerouslyskippermissions", values: ["true"], rule: "auto-approve", severity: .critical,
            confidence: 0.97, message: "the agent asks for no permission at all"),
        .init(
            key: "amp.dangerouslyallowall", values: ["true"], rule: "auto-approve", severity: .critical,
            confidence: 0.97, message: "every call is approved without a question"),
        .init(
            key: "approvalmode", values: ["\"yolo\""], rule: "auto-approve", severity: .critical, confidence: 0.95,
            message: "every call is approved without a question"),
        .init(
            key: "defaultapprovalmode", values: ["\"yolo\""], rule: "auto-approve", severity: .critical,
            confidence: 0.95, message: "every call is approved without a question"),
        .init(
            key: "yolomodetoggled", values: ["true"], rule: "auto-approve", severity: .critical, confidence: 0.95,
            message: "every call is approved without a question"),
        .init(
            key: "allowalltools", values: ["true"], rule: "auto-approve", severity: .critical, confidence: 0.95,
            message: "every call is approved without a question"),
        .init(
            key: "kiroagent.trustedcommands", values: ["[\"*\""], rule: "auto-approve", severity: .critical,
            confidence: 0.95, message: "every command is run without a question"),
        .init(
            key: "windsurf.cascadecommandsallowlist", values: ["[\"*\""], rule: "auto-approve", severity: .critical,
            confidence: 0.95, message: "every command is run without a question"),
        .init(
            key: "goose_mode", values: ["auto", "\"auto\""], rule: "auto-approve", severity: .high, confidence: 0.85,
            message: "the agent never asks for approval"),
        .init(
            key: "autonomymode", values: ["\"auto-high\"", "\"full\""], rule: "auto-approve", severity: .high,
            confidence: 0.85, message: "the agent never asks for approval"),
        .init(
            key: "permission", values: ["\"allow\"", "{\"*\":\"allow\""], rule: "auto-approve", severity: .high,
            confidence: 0.85, message: "every tool is approved without a question"),
        .init(
            key: "bash", values: ["\"allow\"", "{\"*\":\"allow\""], rule: "auto-approve", severity: .high,
            confidence: 0.8, message: "every command is run without a question"),
        .init(
            key: "allow", values: ["[\"bash(*)\"", "[\"bash\"", "[\"*\""], rule: "auto-approve", severity: .high,
            confidence: 0.8, message: "every command is run without a question"),
        .init(
            key: "trust", values: ["true"], rule: "auto-approve", severity: .medium, confidence: 0.6,
            message: "a server's calls are not confirmed"),
        .init(
            key: "runon", values: ["\"folderopen\""], rule: "runs-on-open", severity: .critical, confidence: 0.95,
            message: "a task runs as soon as the folder is opened"),
        .init(
            key: "task.allowautomatictasks", values: ["true", "\"on\""], rule: "runs-on-open", severity: .high,
            confidence: 0.9, message: "tasks may run as soon as the folder is opened"),
        .init(
            key: "security.workspace.trust.enabled", values: ["false"], rule: "auto-approve", severity: .high,
            confidence: 0.9, message: "the editor trusts every folder"),
        .init(
            key: "php.validate.executablepath", values: [], rule: "program-from-settings", severity: .high,
            confidence: 0.85, message: "a setting names a program that the editor runs"),
        .init(
            key: "python.defaultinterpreterpath", values: ["\"./", "\"${workspacefolder}/."],
            rule: "program-from-settings", severity: .low, confidence: 0.3,
            message: "a setting names a program that the editor runs"),
        .init(
            key: "git.path", values: [], rule: "program-from-settings", severity: .high, confidence: 0.85,
            message: "a setting names a program that the editor runs"),
        .init(
            key: "anthropic_base_url", values: [], rule: "model-redirected", severity: .high, confidence: 0.85,
            message: "the agent's traffic, key included, goes to another address"),
        .init(
            key: "openai_base_url", values: [], rule: "model-redirected", severity: .high, confidence: 0.85,
            message: "the agent's traffic, key included, goes to another address"),
        .init(
            key: "ld_preload", values: [], rule: "code-in-environment", severity: .critical, confidence: 0.95,
            message: "an environment variable loads code into every program"),
        .init(
            key: "node_options", values: ["\"--require", "\"-r", "\"--import"], rule: "code-in-environment",
            severity: .high, confidence: 0.9, message: "an environment variable loads code into every program"),
    ]

    /// Reads `"key": value` and `key = value` pairs wherever they stand, so that comments and broken JSON hide nothing.
    ///
    /// Letters that JSON spells with escapes are letters: what programs read is what counts.
    static func read(_ bytes: [UInt8], path: String, into findings: inout [Finding]) {
        let spelt = spelt(bytes)
        (spelt ?? bytes).withUnsafeBytes { source in
            var lines = LineCounter()
            var at = 0
            while at < source.count, findings.count < 200 {
                guard isKeyByte(source[at]) else {
                    at += 1
                    continue
                }
                let start = at
                while at < source.count, isKeyByte(source[at]), at - start < 128 { at += 1 }
                let keyEnd = at
                var value = at
                if source.byte(value) == 0x22 || source.byte(value) == 0x27 { value += 1 }
                while source.byte(value).isBlank { value += 1 }
                guard source.byte(value) == UInt8(ascii: ":") || source.byte(value) == UInt8(ascii: "=") else {
                    continue
                }
                value += 1
                while source.byte(value).isBlank || source.byte(value) == 0x0A || source.byte(value) == 0x0D {
                    value += 1
                }
                let key = source.part(start..<keyEnd).map(\.lowercased)
                let text = beginning(source, value)
                for rule in rules where key.elementsEqual(rule.key.utf8) {
                    guard rule.values.isEmpty || rule.values.contains(where: { text.hasPrefix($0) }) else { continue }
                    findings.append(
                        Finding(
                            scanner: "skill", rule: rule.rule, category: "agent_settings", severity: rule.severity,
                            confidence: rule.confidence, span: SourceSpan(start: start, end: keyEnd),
                            line: lines.line(of: start, in: source), message: rule.message,
                            remedy: "remove the setting, or keep it in your own settings and not in the repository"))
                }
                at = max(keyEnd, value)
            }
        }
    }

    /// The first 40 letters of a value: lower case, no blanks, one sort of quotes.
    private static func beginning(_ source: UnsafeRawBufferPointer, _ start: Int) -> String {
        var out: [UInt8] = []
        for byte in source.part(start..<start + 80) where out.count < 40 && byte > 0x20 {
            out.append(byte == 0x27 ? 0x22 : byte.lowercased)
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The text with `\u0041` and its like as letters; nil where there are none.
    private static func spelt(_ bytes: [UInt8]) -> [UInt8]? {
        var out: [UInt8]?
        var at = 0
        bytes.withUnsafeBytes { source in
            while at < source.count {
                if source[at] == 0x5C, source.holds("\\u00", at: at), let high = Hex.value(source.byte(at + 4)),
                    let low = Hex.value(source.byte(at + 5)), isKeyByte(high << 4 | low)
                {
                    if out == nil { out = Array(source.prefix(at)) }
                    out?.append(high << 4 | low)
                    at += 6
                } else {
                    out?.append(source[at])
                    at += 1
                }
            }
        }
        return out
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        byte.isWord || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
