// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// Names that nothing answers to, and comparisons of text that hold for more than they look like.
extension PolicyAnalysis {
    /// Programs that run code from their arguments, files or another machine. What `env` or `xargs` start is an operation
    /// of its own, so they are not among them.
    private static let runners: Set<String> = [
        "sudo", "doas", "su", "eval", "sh", "bash", "zsh", "dash", "ksh", "fish", "pwsh", "powershell", "python",
        "python2", "python3", "node",
        "deno",
        "bun", "ruby", "perl", "php", "lua", "tclsh", "osascript", "ssh", "busybox",
    ]

    static func runsAnything(_ command: CommandPattern) -> Bool {
        command.words.isEmpty && command.optionWords.isEmpty && command.program.isLiteral
            && runners.contains(command.program.text)
    }

    /// In a grant, a part of a text stands for whatever is put around it.
    mutating func textTraps(_ rule: CompiledRule, _ layer: PolicyLayer) {
        guard rule.isGrant, let condition = rule.when else { return }
        for (path, function, text) in Self.partialTexts(in: condition.program.ast) {
            let example: String
            switch (function, path) {
            case ("contains", "op.path"), ("contains", "op.host"), ("contains", "op.command"): example = "x\(text)x"
            case ("startsWith", "op.command"), ("startsWith", "op.host"): example = "\(text)x"
            case ("startsWith", "op.path"):
                if text.hasSuffix("/") { continue }
                example = "\(text)x"
            case ("endsWith", "op.host"):
                if text.hasPrefix(".") { continue }
                example = "x\(text)"
            case ("endsWith", "op.command"): example = "x; \(text)"
            default: continue
            }
            let hint =
                switch path {
                case "op.path": "`under(op.path, …)`, or `match: {paths: […]}`"
                case "op.host": "`host_in(op.host, […])`, or `match: {hosts: […]}`"
                default: "`match: {commands: […]}`"
                }
            add(
                .regexTrap, rule, layer,
                "the grant \(quoted(rule.name)) takes \(quoted(example)) for \(quoted(text)): `\(path).\(function)`",
                hint: hint)
        }
    }

    private static func partialTexts(in expression: CELExpression) -> [(path: String, function: String, text: String)] {
        var out: [(path: String, function: String, text: String)] = []
        if case .memberCall(let target, let name, let arguments) = expression.kind, let path = target.path,
            case .constant(.string(let text))? = arguments.first?.kind, !text.isEmpty
        {
            out.append((path, name, text))
        }
        // Behind `!` more text that matches means fewer grants.
        if case .not = expression.kind { return out }
        return out + expression.children.flatMap(partialTexts)
    }

    /// Tools that no agent has, and environments that are no profile.
    mutating func names(_ rule: CompiledRule, _ layer: PolicyLayer) {
        for tool in rule.matcher.tools ?? [] where tool.isLiteral && !tool.source.contains(":") {
            guard !Self.tools.contains(tool.source),
                let near = Suggestion.nearest(to: tool.source, in: Self.tools.sorted())
            else { continue }
            add(
                .neverMatches, rule, layer, "no agent that is known has a tool \(quoted(tool.source))",
                hint: "did you mean `\(near)`?")
        }
        let profiles =
            ["prototyping", "guarded", "production"]
            + layers.flatMap { $0.documents.flatMap { $0.profiles.map(\.name) } }
        for environment in rule.matcher.environment ?? [] where !profiles.contains(where: environment.matches) {
            add(
                .neverMatches, rule, layer,
                "\(quoted(environment.text)) is no profile, and nothing gives a machine another environment",
                hint: Suggestion.hint(for: environment.text, in: profiles))
        }
    }

    /// Names that hosts give their tools, besides those of MCP servers.
    private static let tools: Set<String> = ToolAliases.shellTools.union(ToolAliases.table.map(\.name)).union([
        "Read", "Write", "Edit", "MultiEdit", "NotebookEdit", "Glob", "Grep", "LS", "WebFetch", "WebSearch", "Task",
        "Agent", "Skill", "TodoWrite", "AskUserQuestion", "KillShell",
    ])

    /// Flows that wait for a label which nothing sets.
    mutating func labels(_ layer: PolicyLayer) {
        var known = SessionState.Label.known
        for other in layers {
            for rule in other.rules {
                for case .taint(let label) in rule.obligations { known.insert(label) }
            }
        }
        for document in layer.documents {
            for flow in document.flows {
                let unset = flow.from.filter { label in
                    !label.value.contains { $0 == ":" || $0 == "*" || $0 == "?" || $0.isUppercase }
                        && !known.contains(label.value)
                }
                guard let first = unset.first, unset.count == flow.from.count else { continue }
                section(
                    .neverMatches, document, layer, flow.name,
                    "the flow \(quoted(flow.name)) starts at \(quoted(first.value)), which nothing sets",
                    at: first.mark,
                    hint: Suggestion.hint(for: first.value, in: known.sorted()))
            }
        }
    }

    /// Lists that nothing names, and budgets that cannot do their work.
    mutating func lists(_ layer: PolicyLayer) {
        for document in layer.documents {
            for (name, items) in document.lists.sorted(by: { $0.key < $1.key }) where !document.names(list: name) {
                section(
                    .unused, level: .note, document, layer, name, "nothing uses the list \(quoted(name))",
                    at: items.first?.mark)
            }
            for budget in document.budgets {
                if let meter = budget.meter {
                    section(
                        .unenforceable, level: .note, document, layer, budget.name,
                        "nothing on this machine measures \(quoted(meter)), so that \(quoted(budget.name)) never runs out",
                        at: budget.mark)
                } else if budget.count == 0 {
                    section(
                        .withoutEffect, document, layer, budget.name,
                        "the budget \(quoted(budget.name)) is used up before the first call", at: budget.mark,
                        hint: "a rule says the same in plain words")
                }
            }
        }
    }

    /// Hosts that `egress` opens and closes again.
    mutating func egress(_ layer: PolicyLayer) {
        for document in layer.documents {
            guard let egress = document.egress else { continue }
            let closed = egress.deny.filter { $0.ports == nil && $0.methods == nil }.flatMap(\.hosts)
            for host in egress.allow.flatMap(\.hosts) {
                guard let other = closed.first(where: { Containment.covers(host: $0.value, host.value) }) else {
                    continue
                }
                section(
                    .deadGrant, document, layer, "egress",
                    "the egress entry \(quoted(host.value)) opens nothing: \(quoted(other.value)) is denied",
                    at: host.mark)
            }
        }
    }
}

extension PolicyDocument {
    /// Some match or condition of the document names the list.
    fileprivate func names(list name: String) -> Bool {
        let reference = "list:\(name)"
        let matches = rules.map(\.match) + flows.map(\.to) + budgets.map(\.match) + waivers.compactMap(\.match)
        for match in matches {
            let keys = [
                match.users, match.groups, match.roles, match.agents, match.workflows, match.environment, match.actions,
                match.tools, match.commands, match.paths, match.hosts, match.packages, match.repos,
            ]
            if keys.contains(where: { $0?.contains { $0.value == reference } == true }) { return true }
        }
        let entries = (egress?.allow ?? []) + (egress?.deny ?? [])
        if entries.contains(where: { $0.hosts.contains { $0.value == reference } }) { return true }
        let conditions =
            rules.flatMap { [$0.when, $0.unless] } + flows.flatMap { [$0.when, $0.unless] } + budgets.map(\.key)
        // `lists` as a whole, or by a computed name, may be any of them.
        return conditions.contains { condition in
            guard let text = condition?.value, text.contains("lists") else { return false }
            return text.contains("lists.\(name)") || text.contains("lists[")
        }
    }
}
