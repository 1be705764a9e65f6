// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// What each agent can enforce, for people: made from the adapters' tables, so that it cannot say anything else.
public enum CapabilityTable {
    /// What an event can do, in words; empty when it can only be watched.
    public static func abilities(of row: EventCapability) -> [String] {
        var words: [String] = []
        if row.canBlock { words.append("deny") }
        if row.canAsk { words.append("ask") }
        if row.canGrant { words.append("grant") }
        if row.canReplaceOutput { words.append("replace output") }
        if row.canAddContext { words.append("add context") }
        return words
    }

    /// What an agent can do at the moments that count, in words.
    public static func summary(of adapter: any AgentAdapter) -> [String] {
        rules.filter { mark($0, adapter) != "no" }.map(\.name)
    }

    /// An agent's table as JSON.
    public static func json(of adapter: any AgentAdapter) -> JSON {
        let events = adapter.events.map { row -> JSON in
            [
                "event": .string(row.event), "moment": .string(row.canonical.rawValue),
                "deny": .bool(row.canBlock), "ask": .bool(row.canAsk), "grant": .bool(row.canGrant),
                "replace_output": .bool(row.canReplaceOutput), "add_context": .bool(row.canAddContext),
                "on_timeout": .string(row.onTimeout.rawValue), "on_crash": .string(row.onCrash.rawValue),
                "installed": .bool(row.isInstalled), "limit": .string(row.limit),
            ]
        }
        return [
            "agent": .string(adapter.kind), "events": .array(events),
            "limits": .array(adapter.limits.map { .string($0) }),
            "levels": .array(levels(of: adapter.kind).map { .string($0.name) }),
        ]
    }

    private static func levels(of agent: String) -> [(name: String, places: [HookLayout.Place])] {
        guard let layout = HookLayout.of(agent) else { return [] }
        return [("user", layout.user), ("project", layout.project), ("managed", layout.managed)].filter {
            !$0.1.isEmpty
        }
    }

    /// A kind of rule, and what enforcing it takes.
    private struct Rule {
        var name: String
        var moment: Call.Event
        var can: @Sendable (EventCapability) -> Bool
    }

    private static let rules: [Rule] = [
        Rule(name: "deny a call", moment: .beforeTool) { $0.canBlock },
        Rule(name: "ask about a call", moment: .beforeTool) { $0.canAsk },
        Rule(name: "skip the host's prompt", moment: .beforeTool) { $0.canGrant },
        Rule(name: "refuse a prompt", moment: .prompt) { $0.canBlock },
        Rule(name: "redact output", moment: .afterTool) { $0.canReplaceOutput },
        Rule(name: "comment on output", moment: .afterTool) { $0.canAddContext || $0.canBlock },
        Rule(name: "keep it from ending", moment: .stop) { $0.canBlock },
        Rule(name: "refuse new settings", moment: .configChange) { $0.canBlock },
    ]

    /// `yes`, `no`, or `some`: not on every event of the moment that is installed.
    private static func mark(_ rule: Rule, _ adapter: any AgentAdapter) -> String {
        let rows = adapter.events.filter { $0.canonical == rule.moment && $0.isInstalled }
        let count = rows.count { rule.can($0) }
        return count == 0 ? "no" : count == rows.count ? "yes" : "some"
    }

    /// The generated part of the page about agents.
    public static var markdown: String {
        var text = "## Which kinds of rules hold where\n\n"
        text +=
            "`yes`: on every event of its kind that is installed; `some`: on some of them; `no`: the host has no way.\n"
        text += "An ask that cannot be asked is a refusal with its reason.\n\n"
        text += "| agent | " + rules.map(\.name).joined(separator: " | ") + " | a hook that is dead |\n"
        text += "| --- |" + String(repeating: " --- |", count: rules.count + 1) + "\n"
        for adapter in Agents.all {
            let before = adapter.events.filter { $0.canonical == .beforeTool && $0.isInstalled }
            let words = [
                before.allSatisfy { $0.onCrash == .blocks } ? "crash blocks" : "crash lets through",
                before.allSatisfy { $0.onTimeout == .blocks } ? "time-out blocks" : "time-out lets through",
            ]
            text += "| \(adapter.kind) | " + rules.map { mark($0, adapter) }.joined(separator: " | ")
            text += " | \(words.joined(separator: ", ")) |\n"
        }
        text += "\n## Agent by agent\n"
        for adapter in Agents.all { text += section(adapter) }
        return text
    }

    private static func section(_ adapter: any AgentAdapter) -> String {
        var text = "\n### \(adapter.kind)\n\n"
        for (name, places) in levels(of: adapter.kind) {
            let first = places.first?.path ?? ""
            let root = name == "user" ? "~/" : ""
            let more = places.count > 1 ? " and \(places.count - 1) more" : ""
            text += "- \(name): `\(root)\(first)`\(more)\n"
        }
        text += "\n| event | moment | can | installed | limit |\n| --- | --- | --- | --- | --- |\n"
        for row in adapter.events {
            let can = abilities(of: row)
            text +=
                "| `\(row.event)` | \(row.canonical.rawValue) | \(can.isEmpty ? "watch" : can.joined(separator: ", "))"
            text += " | \(row.isInstalled ? "yes" : "") | \(row.limit) |\n"
        }
        if !adapter.limits.isEmpty { text += "\n" }
        for limit in adapter.limits { text += "- \(limit)\n" }
        return text
    }
}
