// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// What a policy document of dialect 2 may hold, as data.
///
/// The loader refuses every key that is not here, and the JSON Schema for editors and the reference are printed from
/// it, so that the three cannot disagree.
public enum PolicySchema {
    /// The shape of a value.
    public indirect enum Shape: Sendable, Hashable {
        case string, bool, integer, number, duration, date, condition, any
        /// One of these words.
        case choice([String])
        /// A list, or one value in its place.
        case list(Shape)
        case section(Section)
        /// Free keys.
        case map(Shape)
    }

    /// One key of a section.
    public struct Key: Sendable, Hashable {
        public let name: String
        public let shape: Shape
        public let isRequired: Bool
        /// One sentence for the reference and for editors.
        public let summary: String

        init(_ name: String, _ shape: Shape, required: Bool = false, _ summary: String) {
            self.name = name
            self.shape = shape
            self.isRequired = required
            self.summary = summary
        }
    }

    /// A mapping with a closed set of keys.
    public struct Section: Sendable, Hashable {
        /// `a rule`, `a budget` …, for messages.
        public let title: String
        public let keys: [Key]
    }

    static let decisions = ["allow", "ask", "deny"]
    static let stops = ["ask", "deny", "halt"]
    static let severities = ["info", "low", "medium", "high", "critical"]
    static let layers = ["organization", "team", "project", "user"]
    /// The scanners that rules can name.
    public static let scanners = [
        "tool_call", "prompt_injection", "supply_chain", "secrets", "code_vuln", "unicode", "skill", "pii",
    ]
    static let scopes = ["input", "tool_call", "tool_response", "output", "context_file", "skill", "any"]
    static let ruleActions = ["allow", "ask", "deny", "block", "halt", "alert", "annotate", "log", "redact"]
    static let counted = ["call", "session", "task", "writ", "agent", "user", "repo"]

    public static let metadata = Section(
        title: "`metadata`",
        keys: [
            Key("name", .string, required: true, "The policy's name; part of every rule's id."),
            Key("layer", .choice(layers), "Where the policy belongs; must agree with where it is loaded from."),
            Key("owner", .string, "Whom to ask about it."),
            Key("description", .string, "What it is for."),
            Key("revision", .integer, "Grows with every change; an older signed revision is refused."),
        ])

    public static let defaults = Section(
        title: "`defaults`",
        keys: [
            Key("decision", .choice(decisions), "What happens to an operation that no rule covers."),
            Key("on_error", .choice(["ask", "deny"]), "What happens when a rule or a scanner fails."),
            Key("variants", .section(variants), "What trying a refused effect in other words leads to."),
        ])

    public static let variants = Section(
        title: "`variants`",
        keys: [
            Key("ask", .integer, "From this other spelling of a refused effect on a person is asked; 3 when missing."),
            Key("halt", .integer, "From this one on the session is stopped; 5 when missing."),
        ])

    public static let profile = Section(
        title: "a profile",
        keys: [
            Key("decision", .choice(decisions), "Replaces `defaults.decision` in this environment."),
            Key("on_error", .choice(["ask", "deny"]), "Replaces `defaults.on_error` in this environment."),
            Key("writ", .choice(["required", "optional", "ignored"]), "Whether a call needs a delegation."),
            Key("max_revocation_age", .duration, "A revocation list older than this denies."),
            Key("hosts_ask", .choice(["native", "broker"]), "Who asks the person: the agent's host, or Writ."),
        ])

    public static let gate = Section(
        title: "an approval gate",
        keys: [
            Key("approvers", .list(.string), required: true, "`role:…`, `group:…` or `user:…`."),
            Key("count", .integer, "How many distinct people must agree; 1 when missing."),
            Key("exclude", .list(.choice(["delegator"])), "Who may not approve; the agent never may."),
            Key("expires", .duration, required: true, "How long an approval can be used."),
            Key("auth", .choice(["any", "mfa", "webauthn"]), "How strongly an approver must be authenticated."),
            Key("channel", .list(.choice(["cli", "dashboard", "chat"])), "Where the question may be put."),
            Key("scope", .choice(["call", "pattern"]), "This call alone, or calls of the same shape."),
            Key("max_uses", .integer, "How often an approval can be used; 1 when missing."),
        ])

    public static let match = Section(
        title: "`match`",
        keys: [
            Key("users", .list(.string), "The delegating person; `*` stands for any text."),
            Key("groups", .list(.string), "A group of that person."),
            Key("roles", .list(.string), "A role of that person."),
            Key("agents", .list(.string), "The agent's kind or id."),
            Key("workflows", .list(.string), "The task's workflow."),
            Key("environment", .list(.string), "The profile, or the environment's name."),
            Key("actions", .list(.string), "Canonical actions: `file.write`, `shell.exec`, `git.*` …"),
            Key("tools", .list(.string), "Tool names; `mcp:server/tool` for MCP, `*` stays within a part."),
            Key("commands", .list(.string), "A program with its sub-command words: `git push`."),
            Key("paths", .list(.string), "Path globs: `$repo/src/**`, `**/.env`."),
            Key("hosts", .list(.string), "Host names (`*.` in front), addresses or CIDR blocks."),
            Key("packages", .list(.string), "`ecosystem:name`; `*` stands for any text."),
            Key("repos", .list(.string), "The repository's remote: `git.acme.example/team/*`."),
        ])

    public static let limits = Section(
        title: "`limits`",
        keys: [
            Key("count", .integer, required: true, "How many calls are granted."),
            Key("window", .duration, "In how long a time; for good when missing."),
            Key("per", .choice(counted), "Counted for what; the session when missing."),
            Key("then", .choice(stops), "What happens to the next call; `deny` when missing."),
        ])

    public static let rate = Section(
        title: "`rate`",
        keys: [
            Key("count", .integer, required: true, "How many calls."),
            Key("window", .duration, required: true, "In how long a time."),
        ])

    public static let obligation = Section(
        title: "an obligation",
        keys: [
            Key("redact", .list(.string), "Detector groups whose findings are replaced by placeholders."),
            Key("scan", .list(.string), "Scanners that must pass the content."),
            Key("annotate", .string, "Text that is added for the model to read."),
            Key("sandbox", .string, "The sandbox profile that the grant is valid in."),
            Key("max_bytes", .integer, "The response is cut to this many bytes."),
            Key("rate", .section(rate), "No faster than this."),
            Key("taint", .string, "A label that the session gets."),
            Key("notify", .string, "Who is told."),
        ])

    public static let examples = Section(
        title: "`examples`",
        keys: [
            Key("match", .list(.string), "Commands that the rule must match; checked when the policy loads."),
            Key("no_match", .list(.string), "Commands that it must not match."),
        ])

    public static let thresholds = Section(
        title: "`thresholds`",
        keys: Phase.allCases.map { Key($0.rawValue, .number, "From 0 to 1; the phase must be in the rule's `scope`.") })

    public static let config = Section(
        title: "`config`",
        keys: [
            Key("tool_name", .string, "The tool whose calls are searched."),
            Key("blocked_patterns", .list(.string), "RE2; a hit anywhere fires."),
            Key("allowed_patterns", .list(.string), "RE2; a sub-command that no pattern matches fires."),
            Key("allowed_tools", .list(.string), "A tool that is not listed fires."),
            Key("patterns", .list(.string), "Detector groups: `api_keys`, `private_keys` …"),
            Key(
                "min_confidence", .number,
                "Findings below it do not count. When missing, what the scanner was calibrated to, else 0.5."),
            Key("thresholds", .section(thresholds), "`min_confidence` for single phases, above as below it."),
            Key("min_severity", .choice(severities), "Findings below it do not count."),
            Key("check_typosquat", .bool, "Look for names near to those of well-known packages."),
            Key("check_reputation", .bool, "Look the package up in the local index."),
            Key("min_weekly_downloads", .integer, "Fewer downloads, or an unknown number, count as suspicious."),
            Key("languages", .list(.string), "Languages whose code is looked at; all when missing."),
        ])

    public static let rule = Section(
        title: "a rule",
        keys: [
            Key("name", .string, required: true, "Unique in its layer: letters, digits, `-`, `_`, `.`."),
            Key("action", .choice(ruleActions), required: true, "What the rule does when it matches."),
            Key("description", .string, "For the people who keep the policy."),
            Key("message", .string, "What the agent is told: what is wrong, and what to do instead."),
            Key("severity", .choice(severities), "For audit and reports; never changes a decision."),
            Key("tags", .list(.string), "`owasp:…` and the like; categories in reports."),
            Key("expires", .date, "From then on the rule is not applied."),
            Key("match", .section(match), "Who, what and where: all keys must match, one item of each."),
            Key("when", .condition, "A condition that must be true as well."),
            Key("unless", .condition, "A condition that must not be true."),
            Key("approval", .string, "The gate that must agree."),
            Key("limits", .section(limits), "How often the rule grants."),
            Key("obligations", .list(.section(obligation)), "What must be done for the grant to hold."),
            Key("examples", .section(examples), "Commands that prove the rule, checked when the policy loads."),
            Key("scanner", .choice(scanners), "The scanner whose findings the rule answers."),
            Key("scope", .list(.choice(scopes)), "Which content a scanner rule looks at."),
            Key("config", .section(config), "Settings of the scanner."),
            Key("on_error", .choice(["ask", "deny"]), "What happens when the scanner or the condition fails."),
        ])

    public static let mcpServer = Section(
        title: "an MCP server",
        keys: [
            Key("url", .string, "Where it is."),
            Key("command", .string, "How it is started."),
            Key("identity", .string, "Who it must prove to be."),
        ])

    public static let mcp = Section(
        title: "`mcp`",
        keys: [
            Key("servers", .map(.section(mcpServer)), "The servers that agents may talk to."),
            Key("unknown_server", .choice(decisions), "What happens to a call of any other server."),
            Key("pin", .choice(["none", "definitions"]), "Whether tool definitions are pinned by hash."),
            Key("on_definition_change", .choice(decisions), "What happens when a pinned tool has changed."),
            Key("hide_denied", .bool, "Tools that no call could use are left out of lists."),
        ])

    public static let egressEntry = Section(
        title: "an egress entry",
        keys: [
            Key("hosts", .list(.string), required: true, "Host names, addresses, CIDR blocks."),
            Key("ports", .list(.integer), "All when missing."),
            Key("methods", .list(.string), "HTTP methods; all when missing."),
        ])

    public static let egress = Section(
        title: "`egress`",
        keys: [
            Key("default", .choice(["allow", "deny"]), "What happens to hosts that no entry names."),
            Key("allow", .list(.section(egressEntry)), "Hosts that may be reached."),
            Key("deny", .list(.section(egressEntry)), "Hosts that may not; stronger than `allow`."),
            Key("private_addresses", .choice(["allow", "deny"]), "Loopback, link-local and private networks."),
        ])

    public static let budget = Section(
        title: "a budget",
        keys: [
            Key("name", .string, required: true, "Unique in its layer."),
            Key("per", .choice(counted), required: true, "Counted for what."),
            Key("count", .integer, "How many operations."),
            Key("meter", .string, "What is summed instead: `cost_usd`, `tokens`, `bytes_out` …"),
            Key("limit", .number, "Up to how much of the meter."),
            Key("actions", .list(.string), "Only these actions count."),
            Key("match", .section(match), "Only matching operations count."),
            Key("key", .string, "A field whose every value has a count of its own: `op.command_hash`."),
            Key("outcome", .choice(["any", "succeeded", "failed"]), "Only calls that ended so count."),
            Key("window", .duration, "In how long a time; for good when missing."),
            Key("then", .choice(stops), required: true, "What happens beyond it."),
        ])

    public static let flowTarget = Section(
        title: "`to`",
        keys: [
            Key("actions", .list(.string), "Canonical actions."),
            Key("tools", .list(.string), "Tool names."),
            Key("commands", .list(.string), "A program with its sub-command words."),
            Key("paths", .list(.string), "Path globs."),
            Key("hosts", .list(.string), "Host names, addresses, CIDR blocks."),
        ])

    public static let clearing = Section(
        title: "`clear`", keys: [Key("approval", .string, required: true, "The gate that may remove the label.")])

    public static let flow = Section(
        title: "a flow",
        keys: [
            Key("name", .string, required: true, "Unique in its layer."),
            Key("from", .list(.string), required: true, "Labels of the session, or tools it has used."),
            Key("to", .section(flowTarget), required: true, "What may not follow."),
            Key("when", .condition, "A condition that must be true as well."),
            Key("unless", .condition, "A condition that must not be true."),
            Key("action", .choice(["alert", "ask", "deny", "halt"]), required: true, "What happens."),
            Key("approval", .string, "The gate that must agree, for `ask`."),
            Key("within", .string, "`session`, `task`, or for how long a label counts."),
            Key("clear", .section(clearing), "How the label can be removed."),
            Key("message", .string, "What the agent is told."),
            Key("severity", .choice(severities), "For audit and reports."),
            Key("description", .string, "For the people who keep the policy."),
            Key("tags", .list(.string), "Categories in reports."),
        ])

    public static let waiver = Section(
        title: "a waiver",
        keys: [
            Key("rule", .string, required: true, "A rule, flow or budget of this layer."),
            Key("reason", .string, required: true, "Why."),
            Key("approved_by", .string, required: true, "Who agreed."),
            Key("until", .date, required: true, "From then on the rule applies again."),
            Key("match", .section(match), "Only for matching operations."),
        ])

    public static let expectation = Section(
        title: "`expect`",
        keys: [
            Key(
                "decision", .choice(["allow", "ask", "deny", "halt"]),
                "The verdict. Required, unless a column says it."),
            Key("by", .list(.string), "Rules that must be among the verdict's reasons; `defaults` for no rule."),
            Key("obligations", .list(.string), "Obligations that must be among the decision's."),
            Key("gate", .string, "The gate that is asked."),
        ])

    public static let test = Section(
        title: "a test",
        keys: [
            Key("name", .string, required: true, "What the test shows."),
            Key(
                "given", .map(.any),
                "The call: `command`, `op`, `ops`, `call`, `session` … Required, unless there are `columns`."),
            Key("expect", .section(expectation), "The decision. Required, unless there are `columns`."),
            Key(
                "columns", .list(.string),
                "Of a table: paths into `given` (`command`, `op.path`), keys of `expect`, or `name` for the row's."),
            Key(
                "rows", .list(.list(.any)),
                "A list of cells for each call, in the order of `columns`; `~` leaves what `given` and `expect` say."),
        ])

    public static let document = Section(
        title: "the document",
        keys: [
            Key("version", .choice(["1.0", "2"]), required: true, "The dialect."),
            Key("metadata", .section(metadata), "Name, layer, owner, revision."),
            Key("defaults", .section(defaults), "What happens where no rule says anything."),
            Key("profiles", .map(.section(profile)), "Settings by environment."),
            Key("lists", .map(.list(.string)), "Named constants: `list:name` in `match`, `lists.name` in conditions."),
            Key("approvals", .map(.section(gate)), "Gates: who can agree to what."),
            Key("rules", .list(.section(rule)), "Grants, consents, restrictions and scanner rules."),
            Key("mcp", .section(mcp), "Servers and their definitions."),
            Key("egress", .section(egress), "Hosts that may be reached."),
            Key("budgets", .list(.section(budget)), "How much may be done."),
            Key("flows", .list(.section(flow)), "What may not follow what."),
            Key("waivers", .list(.section(waiver)), "Exceptions for a time, with a name and a reason."),
            Key("tests", .list(.section(test)), "Calls with the decision that they must get."),
        ])
}
