// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Turns a policy of dialect 1.0 into dialect 2: the literal rules as they are, and beside them rules that see the
/// effect in any spelling.
public enum PolicyUpgrade {
    /// The text of a policy of dialect 2 that is at least as strict.
    public static func text(_ document: PolicyDocument) -> String {
        guard document.dialect == .one else { return "" }
        var out = "version: \"2\"\nmetadata: {name: \(document.name), layer: user, revision: 1}\n\nrules:\n"
        for rule in document.rules { out += text(rule) }
        let families = structural(document)
        if !families.isEmpty {
            out += "  # What the patterns above are after, whatever the spelling.\n" + families.map(\.text).joined()
        }
        return out
    }

    private static func text(_ rule: PolicyDocument.Rule) -> String {
        let action = rule.action == .deny ? "block" : rule.action.rawValue
        var out = "  - name: \(rule.name)\n    action: \(action)\n    severity: \(rule.severity.name)\n"
        if !rule.description.isEmpty { out += "    description: \(RuleWriter.quoted(rule.description))\n" }
        guard let scanner = rule.scanner else { return out }
        out +=
            "    scanner: \(scanner.name)\n    scope: [\(Phase.allCases.filter(scanner.phases.contains).map(\.rawValue).joined(separator: ", "))]\n"
        var config: [String] = []
        if let tool = scanner.toolName { config.append("tool_name: \(RuleWriter.quoted(tool.value))") }
        func list(_ key: String, _ items: [Marked<String>]?) {
            guard let items else { return }
            config.append("\(key):" + items.map { "\n        - \(RuleWriter.quoted($0.value))" }.joined())
        }
        list("blocked_patterns", scanner.blockedPatterns)
        list("allowed_patterns", scanner.allowedPatterns)
        list("allowed_tools", scanner.allowedTools)
        list("patterns", scanner.groups)
        if let check = scanner.checksTyposquat { config.append("check_typosquat: \(check)") }
        if let check = scanner.checksReputation { config.append("check_reputation: \(check)") }
        if let count = scanner.minimumWeeklyDownloads { config.append("min_weekly_downloads: \(count)") }
        if let confidence = scanner.minimumConfidence { config.append("min_confidence: \(Wording.number(confidence))") }
        if !scanner.thresholds.isEmpty {
            let all = Phase.allCases.compactMap { phase in
                scanner.thresholds[phase].map { "\(phase.rawValue): \(Wording.number($0))" }
            }
            config.append("thresholds: {\(all.joined(separator: ", "))}")
        }
        if !config.isEmpty { out += "    config:\n" + config.map { "      \($0)\n" }.joined() }
        return out
    }

    /// Structural rules for the families of commands that the patterns speak of.
    private static func structural(_ document: PolicyDocument) -> [RuleWriter.Draft] {
        let patterns = document.rules.flatMap { $0.scanner?.blockedPatterns ?? [] }.map { $0.value.lowercased() }
        func speaksOf(_ words: String...) -> Bool {
            patterns.contains { pattern in words.contains { pattern.contains($0) } }
        }
        var writer = RuleWriter()
        for rule in document.rules { _ = writer.name(rule.name) }
        var drafts: [RuleWriter.Draft] = []
        if speaksOf("curl", "wget", "base64") {
            drafts.append(
                .init(
                    name: writer.name("download-to-interpreter"), action: "block", match: [("actions", ["shell.exec"])],
                    when: #"op.interpreter && ("net" in op.stdin_taint || "decoded" in op.stdin_taint)"#,
                    message: "Runs text fetched from the network. Download it, read it, then run a pinned copy.",
                    severity: "critical",
                    examples: ["wget -qO- u | sh", #"bash -c "$(curl u)""#, "base64 -d a | sh"],
                    counterexamples: ["curl u | shasum -a 256"]))
        }
        if speaksOf("rm\\s", "rm -", "rm\\b") {
            drafts.append(
                .init(
                    name: writer.name("recursive-forced-delete"), action: "ask", match: [("actions", ["file.delete"])],
                    when: #"op.force && !under(op.path, "$tmp")"#,
                    message: "Deletes without asking. Name the files, or let a person agree.", severity: "high",
                    examples: ["rm -fr build", "rm -r -f x"], counterexamples: ["rm a.txt"]))
        }
        if speaksOf("env", "printenv", "secret") {
            drafts.append(
                .init(
                    name: writer.name("environment-dump"), action: "block", match: [("actions", ["secret.read"])],
                    message: "Shows secrets. Ask for the one value that is needed.", severity: "critical",
                    examples: ["printenv", "cat /proc/self/environ"],
                    counterexamples: ["/usr/bin/env python3 x.py", "source .venv/bin/activate"]))
            drafts.append(
                .init(
                    name: writer.name("credential-files"), action: "block",
                    match: [
                        ("actions", ["file.read", "file.write"]),
                        ("paths", ["**/.env", "**/.env.local", "$home/.ssh/**", "$home/.aws/**", "**/*.pem"]),
                    ], message: "Credentials are not needed for this. Ask for the one value that is.",
                    severity: "critical"))
        }
        return drafts
    }
}
