// SPDX-License-Identifier: Apache-2.0
import WritCore
public import WritDelegation

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A writ's link in words for people, the same on the terminal of who issues it and of who looks at it.
public enum DelegationText {
    private static let maximumItems = 40

    /// The link's fields, each with its lines; characters that steer a terminal stand there as numbers.
    public static func fields(of link: Delegation, now: Int64) -> [(name: String, lines: [String])] {
        var fields: [(name: String, lines: [String])] = []
        func add(_ name: String, _ lines: [String]) {
            let shown = lines.prefix(maximumItems).flatMap(ApprovalText.visible)
            let more = lines.count > maximumItems ? ["and \(lines.count - maximumItems) more"] : []
            if !shown.isEmpty { fields.append((name, shown + more)) }
        }
        let workflow = link.task.workflow.isEmpty ? "" : " (\(link.task.workflow))"
        let origin = link.task.origin.isEmpty ? "" : ", from \(link.task.origin)"
        add("task", ["\(link.task.id)\(workflow)\(origin)"])
        add("intent", link.task.intent.isEmpty ? [] : [link.task.intent])
        add("for", ["\(link.principal.subject)\(by(link.principal))"])
        let agent = [link.agent.kind, link.agent.id, link.agent.instance].filter { !$0.isEmpty }
        add("agent", [agent.isEmpty ? "any" : agent.joined(separator: ", ")])
        add("profile", [link.environments.joined(separator: ", ")])
        add("until", ["\(moment(link.expires)) (\(life(link, now)))"])
        add("may", link.grants.isEmpty ? ["nothing"] : link.grants.map(phrase))
        add("never", link.denials.map(phrase))
        add("asks", link.questions.map { phrase($0.capability) + ($0.gate.map { ", by the gate \($0)" } ?? "") })
        let budgets = [
            link.budgets.calls.map { "\($0) calls" }, link.budgets.writes.map { "\($0) writes" },
            link.budgets.costCents.map { "\($0) US cents" },
        ].compactMap { $0 }
        add("at most", budgets.isEmpty ? [] : [budgets.joined(separator: ", ")])
        add("sub-agents", [subagents(link)])
        let revisions = link.minimumRevisions.sorted { $0.key < $1.key }.map { "\($0.key) from revision \($0.value)" }
        add("policies", revisions)
        return fields
    }

    /// The fields as lines with aligned names.
    public static func lines(of link: Delegation, now: Int64) -> [String] {
        fields(of: link, now: now).flatMap { aligned($0.name, $0.lines) }
    }

    /// The links of a chain's text as far as they can be read, whether or not anybody has signed them.
    public static func unverified(_ text: String) -> [Delegation] {
        var links: [Delegation] = []
        for token in text.split(separator: DelegationChain.separator, maxSplits: DelegationLimits.links) {
            let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 3, let payload = StrictBase64.urlBytes(parts[1]),
                payload.count <= DelegationLimits.tokenBytes
            else { return links }
            do {
                links.append(try Delegation(claims: JSON(parsing: payload, maximumDepth: DelegationLimits.nesting)))
            } catch {
                // Why it cannot be read is what verifying says.
                return links
            }
        }
        return links
    }

    static func aligned(_ name: String, _ values: [String]) -> [String] {
        values.enumerated().map { index, value in
            let head = index == 0 ? name : ""
            return "  " + head + String(repeating: " ", count: max(1, 12 - head.count)) + value
        }
    }

    /// One capability in a line.
    static func phrase(_ capability: Delegation.Capability) -> String {
        var parts: [String] = []
        func add(_ word: String, _ values: [String]) {
            if !values.isEmpty { parts.append((word.isEmpty ? "" : word + " ") + values.joined(separator: ", ")) }
        }
        add("", capability.actions)
        add(capability.actions.isEmpty ? "run" : "of", capability.commands)
        add("use", capability.tools)
        add("in", capability.paths)
        add("at", capability.hosts)
        add("package", capability.packages)
        if !capability.arguments.isEmpty {
            parts.append(
                "with " + capability.arguments.map { "\($0.name) \(text($0.constraints))" }.joined(separator: ", "))
        }
        return parts.isEmpty ? "everything" : parts.joined(separator: " ")
    }

    private static func text(_ constraints: [ArgumentRule.Constraint]) -> String {
        constraints.map { constraint in
            func list(_ values: [JSON]) -> String { values.map(\.text).joined(separator: ", ") }
            return switch constraint {
            case .exact(let value): "= \(value.text)"
            case .oneOf(let values): "one of \(list(values))"
            case .notOneOf(let values): "none of \(list(values))"
            case .range(let low, let high): "from \(low.map(String.init) ?? "any") to \(high.map(String.init) ?? "any")"
            case .subset(let values): "only \(list(values))"
            case .contains(let value): "with \(value.text)"
            case .pathUnder(let folder): "below \(folder)"
            case .hostIn(let hosts): "at \(hosts.joined(separator: ", "))"
            case .anyValue: "any"
            }
        }.joined(separator: " and ")
    }

    private static func subagents(_ link: Delegation) -> String {
        let levels = link.maximumDepth - link.depth
        guard levels > 0 else { return "none" }
        let who =
            link.delegates.isEmpty
            ? "reading and running only" : link.delegates.joined(separator: ", ") + ", and no others"
        return "\(levels) level\(levels == 1 ? "" : "s") deep, 30 min at a time, \(who)"
    }

    private static func by(_ principal: Delegation.Principal) -> String {
        principal.identityProvider.isEmpty ? "" : " (by \(principal.identityProvider))"
    }

    private static func life(_ link: Delegation, _ now: Int64) -> String {
        guard link.expires > now else { return "has ended" }
        if link.notBefore > now + DelegationLimits.skew { return "from \(moment(link.notBefore)) on" }
        let minutes = (link.expires - now + 59) / 60
        return minutes >= 60 ? "\(minutes / 60) h \(minutes % 60) min" : "\(minutes) min"
    }

    /// Local time to the minute.
    static func moment(_ seconds: Int64) -> String {
        var value = time_t(seconds)
        var parts = tm()
        localtime_r(&value, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min))"
    }

    // MARK: - Questions

    /// What is put on the person's terminal before a writ is issued.
    static func question(
        _ link: Delegation, folder: String?, replaces: [String], challenge: String, now: Int64
    ) -> String {
        var lines = ["", "A writ for an agent, in your name", ""]
        lines += self.lines(of: link, now: now)
        lines += aligned(
            "where",
            [folder.map { "every session in " + ApprovalText.visible($0).joined(separator: " ") } ?? "not bound yet"])
        lines += aligned("replaces", replaces.map { "\(Delegations.short($0)), which has ended" })
        lines += ["", "What no line above grants is denied, and whatever policies refuse stays refused."]
        return asked(lines, "To issue it", challenge)
    }

    /// What is put on the person's terminal before a writ is bound or taken off.
    static func question(_ what: String, _ link: Delegation?, challenge: String, now: Int64) -> String {
        let lines = ["", ApprovalText.visible(what).joined(separator: " "), ""]
        return asked(lines + (link.map { self.lines(of: $0, now: now) } ?? []), "To do it", challenge)
    }

    private static func asked(_ lines: [String], _ act: String, _ challenge: String) -> String {
        let end = ["", "\(act), type  \(challenge)  and press Enter; anything else changes nothing."]
        return (lines + end).joined(separator: "\r\n") + "\r\n> "
    }
}
