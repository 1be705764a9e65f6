// SPDX-License-Identifier: Apache-2.0
internal import WritCore

extension PolicyDocument {
    /// Reads a policy of either dialect.
    ///
    /// - Parameters:
    ///   - bytes: the file, at most 1 MiB of UTF-8.
    ///   - file: its name for messages; its last part names a policy of dialect 1.0.
    /// - Returns: the document, and what its author should know.
    /// - Throws: every fault found, with places.
    public static func read(
        _ bytes: [UInt8], file: String
    ) throws(PolicyErrors) -> (document: PolicyDocument, notes: [PolicyNote]) {
        let (_, document, notes) = try reading(bytes, file: file, kept: nil)
        return (document, notes)
    }

    /// The same with the tree beside it.
    ///
    /// - Parameter kept: the tree of these bytes, when an earlier load has read it; then there are no notes.
    static func reading(
        _ bytes: [UInt8], file: String, kept: YAMLNode?
    ) throws(PolicyErrors) -> (root: YAMLNode, document: PolicyDocument, notes: [PolicyNote]) {
        if let kept {
            let diagnostics = Diagnostics(file: file)
            var reader = DocumentReader(file: file, diagnostics: diagnostics, escapedScalars: [])
            let document = reader.document(kept)
            try diagnostics.throwIfAny()
            guard let document else {
                throw PolicyErrors([PolicyError(.syntax, "the document cannot be read", file: file)])
            }
            return (kept, document, [])
        }
        let source = try YAMLReader.text(of: bytes, file: file)
        let isOne = Self.isDialectOne(source)
        let pass = EscapePass(source, rewriting: isOne)
        let root = try YAMLReader.read(pass.text, file: file, columns: isOne ? pass : nil)
        let diagnostics = Diagnostics(file: file)
        var reader = DocumentReader(file: file, diagnostics: diagnostics, escapedScalars: isOne ? [] : pass.scalars)
        let document = reader.document(root)
        if isOne, !pass.rewrites.isEmpty {
            diagnostics.note(
                "W101", "regex-escape-reinterpreted",
                "\(pass.rewrites.count) backslashes between double quotes are read as part of the pattern",
                at: pass.rewrites[0], hint: "write patterns between single quotes")
        }
        try diagnostics.throwIfAny()
        guard let document else {
            throw PolicyErrors([PolicyError(.syntax, "the document cannot be read", file: file)])
        }
        return (root, document, diagnostics.notes)
    }

    /// The dialect decides how the source is read, so it is looked for in the text: a top-level `version` of `1.0`.
    static func isDialectOne(_ source: String) -> Bool {
        for line in source.utf8.split(separator: 0x0A) {
            guard line.starts(with: "version".utf8) else { continue }
            var rest = line.dropFirst(7).drop { $0 == 0x20 }
            guard rest.first == UInt8(ascii: ":") else { continue }
            rest = rest.dropFirst().drop { $0 == 0x20 }
            let value = rest.prefix { $0 != UInt8(ascii: "#") }.filter {
                $0 != 0x20 && $0 != 0x0D && $0 != 0x22 && $0 != 0x27
            }
            return value == Array("1.0".utf8) || value == Array("1".utf8)
        }
        return false
    }
}

/// Turns YAML into a document, noting every fault on the way.
struct DocumentReader {
    let file: String
    let diagnostics: Diagnostics
    /// Double-quoted scalars with escapes; not accepted as patterns in dialect 2.
    let escapedScalars: Set<SourceMark>
    private var gateNames: Set<String> = []

    init(file: String, diagnostics: Diagnostics, escapedScalars: Set<SourceMark>) {
        self.file = file
        self.diagnostics = diagnostics
        self.escapedScalars = escapedScalars
    }

    private static let one = PolicySchema.Section(
        title: "the document",
        keys: [
            .init("version", .choice(["1.0"]), required: true, "The dialect."),
            .init("rules", .list(.section(PolicySchema.rule)), required: true, "Scanner rules."),
        ])

    private static let ruleOne = PolicySchema.Section(
        title: "a rule of dialect 1.0",
        keys: PolicySchema.rule.keys.filter {
            ["name", "action", "description", "severity", "scope", "config"].contains($0.name)
        } + [.init("scanner", .choice(PolicySchema.scanners), required: true, "The scanner.")])

    mutating func document(_ root: YAMLNode) -> PolicyDocument? {
        guard root.members != nil else {
            diagnostics.error(.wrongType, "a policy is a mapping, not \(root.typeName)", at: root.mark)
            return nil
        }
        guard let version = root["version"] else {
            diagnostics.error(
                .missingKey, "the document needs the key `version`", at: root.mark, hint: "`version: \"2\"`")
            return nil
        }
        switch version.text {
        case "1.0", "1": return one(root)
        case "2", "2.0": return two(root)
        default:
            diagnostics.error(
                .unsupportedVersion, "version \(quoted(version.text)) is not known", at: version.mark,
                hint: "`\"2\"`, or `\"1.0\"` for scanner rules")
            return nil
        }
    }

    private func baseName() -> String {
        let last = file.split(separator: "/").last.map(String.init) ?? file
        let stem = last.split(separator: ".").first.map(String.init) ?? last
        let clean = String(stem.map { Self.isNameCharacter($0) ? $0 : "-" })
        return clean.isEmpty ? "policy" : clean
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII
            && (character.isLetter || character.isNumber || character == "-" || character == "_" || character == ".")
    }

    private func empty(_ dialect: PolicyDocument.Dialect) -> PolicyDocument {
        PolicyDocument(
            dialect: dialect, file: file, name: baseName(), layer: nil, owner: "", revision: 0,
            defaults: .init(decision: nil, onError: nil), profiles: [], lists: [:], gates: [], rules: [], mcp: nil,
            egress: nil, budgets: [], flows: [], waivers: [], tests: [])
    }

    private mutating func one(_ root: YAMLNode) -> PolicyDocument {
        let fields = Fields(root, Self.one, diagnostics)
        var document = empty(.one)
        for node in fields.elements("rules") {
            let rule = Fields(node, Self.ruleOne, diagnostics)
            if let read = self.rule(rule) { document.rules.append(read) }
        }
        checkNames(&document)
        return document
    }

    private mutating func two(_ root: YAMLNode) -> PolicyDocument {
        let fields = Fields(root, PolicySchema.document, diagnostics)
        var document = empty(.two)
        if let node = fields.node("metadata") { metadata(node, into: &document) }
        if let node = fields.node("defaults") {
            let defaults = Fields(node, PolicySchema.defaults, diagnostics)
            document.defaults = .init(decision: defaults.verdict("decision"), onError: defaults.verdict("on_error"))
            if let node = defaults.node("variants") {
                let variants = Fields(node, PolicySchema.variants, diagnostics)
                document.defaults.variants = VariantLimits(
                    ask: variants.integer("ask", in: 1...15) ?? VariantLimits.usual.ask,
                    halt: variants.integer("halt", in: 1...15) ?? VariantLimits.usual.halt)
            }
        }
        document.profiles = fields.members("profiles").map(profile)
        for member in fields.members("lists") {
            let holder = YAMLNode(.mapping([member]), mark: member.keyMark)
            let section = PolicySchema.Section(
                title: "`lists`", keys: [.init(member.key, .list(.string), "")])
            document.lists[member.key] = Fields(holder, section, diagnostics).strings(member.key) ?? []
        }
        document.gates = fields.members("approvals").compactMap(gate)
        gateNames = Set(document.gates.map(\.name))
        for node in fields.elements("rules") {
            if let rule = rule(Fields(node, PolicySchema.rule, diagnostics)) { document.rules.append(rule) }
        }
        if let node = fields.node("mcp") { document.mcp = mcp(Fields(node, PolicySchema.mcp, diagnostics)) }
        if let node = fields.node("egress") { document.egress = egress(Fields(node, PolicySchema.egress, diagnostics)) }
        document.budgets = fields.elements("budgets").compactMap {
            budget(Fields($0, PolicySchema.budget, diagnostics))
        }
        document.flows = fields.elements("flows").compactMap { flow(Fields($0, PolicySchema.flow, diagnostics)) }
        document.waivers = fields.elements("waivers").compactMap {
            waiver(Fields($0, PolicySchema.waiver, diagnostics))
        }
        document.tests = fields.elements("tests").compactMap { test(Fields($0, PolicySchema.test, diagnostics)) }
        checkNames(&document)
        return document
    }

    // MARK: Sections

    private func metadata(_ node: YAMLNode, into document: inout PolicyDocument) {
        let metadata = Fields(node, PolicySchema.metadata, diagnostics)
        if let name = metadata.marked("name") {
            if isName(name, "a policy's name") { document.name = name.value }
        }
        if let layer = metadata.choice("layer").flatMap({ Layer(name: $0) }), let at = metadata.node("layer")?.mark {
            document.layer = Marked(layer, at)
        }
        document.owner = metadata.string("owner") ?? ""
        document.revision = metadata.integer("revision", in: 0...Int(Int32.max)) ?? 0
        _ = metadata.string("description")
    }

    private func profile(_ member: YAMLNode.Member) -> PolicyDocument.Profile {
        let fields = Fields(member.value, PolicySchema.profile, diagnostics)
        return .init(
            name: member.key, decision: fields.verdict("decision"), onError: fields.verdict("on_error"),
            writ: fields.choice("writ").flatMap { .init(rawValue: $0) },
            maximumRevocationAge: fields.duration("max_revocation_age"),
            hostsAskNatively: fields.choice("hosts_ask").map { $0 == "native" })
    }

    private func gate(_ member: YAMLNode.Member) -> PolicyDocument.Gate? {
        let fields = Fields(member.value, PolicySchema.gate, diagnostics)
        guard isName(Marked(member.key, member.keyMark), "a gate's name") else { return nil }
        let approvers = fields.strings("approvers") ?? []
        for approver in approvers {
            let parts = approver.value.split(separator: ":", maxSplits: 1)
            let isKnown = parts.count == 2 && ["role", "group", "user"].contains(parts[0]) && !parts[1].isEmpty
            if !isKnown {
                diagnostics.error(
                    .unknownValue, "\(quoted(approver.value)) names no approver", at: approver.mark,
                    hint: "`role:…`, `group:…` or `user:…`")
            }
        }
        if fields.has("approvers"), approvers.isEmpty {
            diagnostics.error(.unknownValue, "`approvers` is empty: nobody could agree", at: fields.mark)
        }
        return .init(
            name: member.key, approvers: approvers.map(\.value), count: fields.integer("count", in: 1...20) ?? 1,
            excludesDelegator: fields.choices("exclude")?.contains("delegator") ?? false,
            expires: fields.duration("expires") ?? 300, authentication: fields.choice("auth") ?? "any",
            channels: fields.choices("channel") ?? [], isForPattern: fields.choice("scope") == "pattern",
            maximumUses: fields.integer("max_uses", in: 1...10_000) ?? 1, mark: member.keyMark)
    }

    private func match(_ fields: Fields) -> PolicyDocument.Match {
        var match = PolicyDocument.Match()
        match.users = fields.strings("users")
        match.groups = fields.strings("groups")
        match.roles = fields.strings("roles")
        match.agents = fields.strings("agents")
        match.workflows = fields.strings("workflows")
        match.environment = fields.strings("environment")
        match.actions = fields.strings("actions")
        match.tools = fields.strings("tools")
        match.commands = fields.strings("commands")
        match.paths = fields.strings("paths")
        match.hosts = fields.strings("hosts")
        match.packages = fields.strings("packages")
        match.repos = fields.strings("repos")
        return match
    }

    private func optionalMatch(_ key: String, of fields: Fields) -> PolicyDocument.Match {
        guard let node = fields.node(key) else { return PolicyDocument.Match() }
        return match(Fields(node, PolicySchema.match, diagnostics))
    }

    /// A pattern, which in dialect 2 must not be at the mercy of YAML's escapes.
    private func patterns(_ key: String, of fields: Fields) -> [Marked<String>]? {
        guard let patterns = fields.strings(key) else { return nil }
        for pattern in patterns where escapedScalars.contains(pattern.mark) {
            diagnostics.error(
                .escapedPattern, "the pattern \(quoted(pattern.value)) has a backslash between double quotes",
                at: pattern.mark, hint: "write patterns between single quotes")
        }
        return patterns
    }

    private func condition(_ key: String, of fields: Fields) -> Marked<String>? {
        guard let condition = fields.marked(key) else { return nil }
        if escapedScalars.contains(condition.mark) {
            diagnostics.note(
                "W102", "escape-in-condition", "the condition has a backslash between double quotes",
                at: condition.mark,
                hint: "write conditions between single quotes")
        }
        return condition
    }

    private mutating func rule(_ fields: Fields) -> PolicyDocument.Rule? {
        let name = fields.marked("name")
        let word = fields.choice("action")
        let scanner = fields.choice("scanner")
        for key in ["scope", "config"] where scanner == nil && fields.has(key) {
            diagnostics.error(
                .conflictingKeys, "`\(key)` belongs to scanner rules", at: fields.keyMark(key),
                hint: "add `scanner`, or use `match` and `when`")
        }
        guard let name, isName(name, "a rule's name"), let word else { return nil }
        let gate = fields.marked("approval")
        var action: PolicyDocument.Rule.Action
        switch word {
        case "block": action = .deny
        case "annotate": action = .alert
        // Both spellings of consent: an allow that needs an approval is an ask.
        case "allow": action = gate == nil ? .allow : .ask
        default: action = .init(rawValue: word) ?? .deny
        }
        if let gate, action != .ask {
            diagnostics.error(
                .conflictingKeys, "`approval` needs `action: ask` or `action: allow`", at: gate.mark)
        }
        if scanner == nil, action == .redact {
            diagnostics.error(
                .conflictingKeys, "`redact` is an action of scanner rules", at: fields.mark,
                hint: "use `obligations: [{redact: […]}]`")
        }
        checkGate(gate)
        let examples = fields.node("examples").map { Fields($0, PolicySchema.examples, diagnostics) }
        return PolicyDocument.Rule(
            name: name.value, mark: name.mark, action: action, description: fields.string("description") ?? "",
            message: fields.string("message") ?? "", messageMark: fields.node("message")?.mark,
            severity: fields.severity("severity") ?? .medium, tags: fields.strings("tags")?.map(\.value) ?? [],
            expires: fields.date("expires"), match: optionalMatch("match", of: fields),
            when: condition("when", of: fields), unless: condition("unless", of: fields), gate: gate,
            limits: fields.node("limits").flatMap(limits),
            obligations: fields.elements("obligations").flatMap(obligations),
            examples: examples?.strings("match") ?? [], counterexamples: examples?.strings("no_match") ?? [],
            scanner: scanner.map { self.scanner($0, fields) }, onError: fields.verdict("on_error"))
    }

    private func limits(_ node: YAMLNode) -> PolicyDocument.Limits? {
        let fields = Fields(node, PolicySchema.limits, diagnostics)
        guard let count = fields.integer("count", in: 0...Int(Int32.max)) else { return nil }
        return .init(
            count: count, window: fields.duration("window"), per: fields.choice("per") ?? "session",
            then: fields.verdict("then") ?? .deny)
    }

    private func obligations(_ node: YAMLNode) -> [Obligation] {
        let fields = Fields(node, PolicySchema.obligation, diagnostics)
        var out: [Obligation] = []
        if let groups = fields.strings("redact") { out.append(.redact(groups: groups.map(\.value).sorted())) }
        if let scanners = fields.strings("scan") {
            for scanner in scanners where !PolicySchema.scanners.contains(scanner.value) {
                diagnostics.error(
                    .unknownValue, "unknown scanner \(quoted(scanner.value))", at: scanner.mark,
                    hint: Suggestion.hint(for: scanner.value, in: PolicySchema.scanners))
            }
            out.append(.scan(scanners: scanners.map(\.value).sorted()))
        }
        if let text = fields.string("annotate") { out.append(.annotate(text)) }
        if let profile = fields.string("sandbox") { out.append(.sandbox(profile: profile)) }
        if let bytes = fields.integer("max_bytes", in: 0...(1 << 40)) { out.append(.maxBytes(bytes)) }
        if let label = fields.string("taint") { out.append(.taint(label: label)) }
        if let channel = fields.string("notify") { out.append(.notify(channel: channel)) }
        if let node = fields.node("rate") {
            let rate = Fields(node, PolicySchema.rate, diagnostics)
            if let count = rate.integer("count", in: 0...Int(Int32.max)), let window = rate.duration("window") {
                out.append(.rate(count: count, seconds: window))
            }
        }
        return out
    }

    private func scanner(_ name: String, _ fields: Fields) -> PolicyDocument.Scanner {
        let node = fields.node("config") ?? YAMLNode(.mapping([]), mark: fields.mark)
        let config = Fields(node, PolicySchema.config, diagnostics)
        let ofToolCall = ["tool_name", "blocked_patterns", "allowed_patterns", "allowed_tools"]
        for key in ofToolCall where name != "tool_call" && config.has(key) {
            diagnostics.error(
                .conflictingKeys, "`\(key)` belongs to the scanner `tool_call`", at: config.keyMark(key))
        }
        let ofSupplyChain = ["check_typosquat", "check_reputation", "min_weekly_downloads"]
        for key in ofSupplyChain where name != "supply_chain" && config.has(key) {
            diagnostics.error(
                .conflictingKeys, "`\(key)` belongs to the scanner `supply_chain`", at: config.keyMark(key))
        }
        let phases = phases(name, fields)
        let scanner = PolicyDocument.Scanner(
            name: name, phases: phases, toolName: config.marked("tool_name"),
            blockedPatterns: patterns("blocked_patterns", of: config),
            allowedPatterns: patterns("allowed_patterns", of: config), allowedTools: config.strings("allowed_tools"),
            groups: config.strings("patterns"), minimumConfidence: config.number("min_confidence", in: 0...1),
            thresholds: thresholds(config, phases),
            minimumSeverity: config.severity("min_severity"), checksTyposquat: config.bool("check_typosquat"),
            checksReputation: config.bool("check_reputation"),
            minimumWeeklyDownloads: config.integer("min_weekly_downloads", in: 0...Int(Int32.max)),
            languages: config.strings("languages")?.map(\.value))
        if name == "tool_call", scanner.blockedPatterns == nil, scanner.allowedPatterns == nil,
            scanner.allowedTools == nil, !fields.has("match"), !fields.has("when")
        {
            diagnostics.error(
                .missingKey, "a `tool_call` rule needs `blocked_patterns`, `allowed_patterns` or `allowed_tools`",
                at: fields.mark)
        }
        return scanner
    }

    private func thresholds(_ config: Fields, _ phases: Set<Phase>) -> [Phase: Double] {
        guard let node = config.node("thresholds") else { return [:] }
        let fields = Fields(node, PolicySchema.thresholds, diagnostics)
        var out: [Phase: Double] = [:]
        for phase in Phase.allCases where fields.has(phase.rawValue) {
            guard phases.contains(phase) else {
                diagnostics.error(
                    .conflictingKeys, "`thresholds` names `\(phase.rawValue)`, which the rule does not look at",
                    at: fields.keyMark(phase.rawValue), hint: "add it to `scope`, or leave it out here")
                continue
            }
            out[phase] = fields.number(phase.rawValue, in: 0...1)
        }
        return out
    }

    private func phases(_ scanner: String, _ fields: Fields) -> Set<Phase> {
        guard let words = fields.choices("scope") else {
            switch scanner {
            case "tool_call": return [.toolCall]
            case "prompt_injection": return [.input, .toolResponse]
            case "supply_chain", "secrets": return [.toolCall, .output]
            case "code_vuln": return [.output]
            case "skill": return [.skill, .contextFile]
            default: return [.input, .toolResponse, .contextFile, .skill]
            }
        }
        return Set(
            words.flatMap { word in word == "any" ? Phase.allCases : [Phase(rawValue: word)].compactMap(\.self) })
    }

    private func mcp(_ fields: Fields) -> PolicyDocument.MCP {
        let servers = fields.members("servers").map { member in
            let server = Fields(member.value, PolicySchema.mcpServer, diagnostics)
            if server.has("url") == server.has("command") {
                diagnostics.error(
                    .conflictingKeys, "the server \(quoted(member.key)) needs either `url` or `command`",
                    at: member.keyMark)
            }
            return PolicyDocument.MCP.Server(
                name: member.key, url: server.string("url"), command: server.string("command"),
                identity: server.string("identity"))
        }
        return .init(
            servers: servers, unknownServer: fields.verdict("unknown_server"),
            pinsDefinitions: fields.choice("pin") == "definitions",
            onDefinitionChange: fields.verdict("on_definition_change") ?? .ask,
            hidesDenied: fields.bool("hide_denied") ?? false)
    }

    private func egress(_ fields: Fields) -> PolicyDocument.Egress {
        func entries(_ key: String) -> [PolicyDocument.Egress.Entry] {
            fields.elements(key).map { node in
                let entry = Fields(node, PolicySchema.egressEntry, diagnostics)
                var ports: [Int]?
                if let node = entry.node("ports") {
                    ports = []
                    for element in node.elements ?? [node] {
                        guard case .integer(let wide) = element.content, let port = Int(exactly: wide),
                            (1...65_535).contains(port)
                        else {
                            diagnostics.error(
                                .unknownValue, "\(quoted(element.text)) is no port", at: element.mark,
                                hint: "a whole number from 1 to 65535")
                            continue
                        }
                        ports?.append(port)
                    }
                }
                return .init(
                    hosts: entry.strings("hosts") ?? [], ports: ports,
                    methods: entry.strings("methods")?.map { $0.value.uppercased() })
            }
        }
        return .init(
            allowsByDefault: fields.choice("default") != "deny", allow: entries("allow"), deny: entries("deny"),
            allowsPrivateAddresses: fields.choice("private_addresses") != "deny")
    }

    private func budget(_ fields: Fields) -> PolicyDocument.Budget? {
        guard let name = fields.marked("name"), isName(name, "a budget's name") else { return nil }
        var match = optionalMatch("match", of: fields)
        if let actions = fields.strings("actions") {
            if match.actions != nil {
                diagnostics.error(
                    .conflictingKeys, "`actions` stands both in the budget and in its `match`",
                    at: fields.keyMark("actions"))
            }
            match.actions = actions
        }
        let isCount = fields.has("count")
        let isMeter = fields.has("meter") && fields.has("limit")
        if isCount == isMeter || (isCount && (fields.has("meter") || fields.has("limit"))) {
            diagnostics.error(
                .conflictingKeys, "a budget needs either `count`, or `meter` and `limit`", at: fields.mark)
        }
        return .init(
            name: name.value, mark: name.mark, per: fields.choice("per") ?? "session",
            count: fields.integer("count", in: 0...Int(Int32.max)), meter: fields.string("meter"),
            limit: fields.number("limit", in: 0...1e15), match: match, key: fields.marked("key"),
            outcome: fields.choice("outcome") ?? "any", window: fields.duration("window"),
            then: fields.verdict("then") ?? .deny)
    }

    private func flow(_ fields: Fields) -> PolicyDocument.Flow? {
        guard let name = fields.marked("name"), isName(name, "a flow's name"), let from = fields.strings("from"),
            let to = fields.node("to"), let action = fields.choice("action").flatMap(PolicyDocument.Rule.Action.init)
        else { return nil }
        let target = Fields(to, PolicySchema.flowTarget, diagnostics)
        var match = PolicyDocument.Match()
        match.actions = target.strings("actions")
        match.tools = target.strings("tools")
        match.commands = target.strings("commands")
        match.paths = target.strings("paths")
        match.hosts = target.strings("hosts")
        let gate = fields.marked("approval")
        checkGate(gate)
        if let gate, action != .ask {
            diagnostics.error(.conflictingKeys, "`approval` needs `action: ask`", at: gate.mark)
        }
        var clearedBy: Marked<String>?
        if let node = fields.node("clear") {
            clearedBy = Fields(node, PolicySchema.clearing, diagnostics).marked("approval")
            checkGate(clearedBy)
        }
        if from.isEmpty {
            diagnostics.error(.unknownValue, "`from` is empty: the flow never starts", at: fields.keyMark("from"))
        }
        return .init(
            name: name.value, mark: name.mark, from: from, to: match, when: condition("when", of: fields),
            unless: condition("unless", of: fields), action: action, gate: gate, within: reach(fields),
            clearedBy: clearedBy, message: fields.string("message") ?? "",
            severity: fields.severity("severity") ?? .high, tags: fields.strings("tags")?.map(\.value) ?? [])
    }

    private func reach(_ fields: Fields) -> PolicyDocument.Flow.Reach {
        guard let within = fields.marked("within") else { return .session }
        switch within.value {
        case "session": return .session
        case "task": return .task
        default:
            if let seconds = Moment.seconds(of: within.value) { return .seconds(seconds) }
            diagnostics.error(
                .badDuration, "`within` cannot be \(quoted(within.value))", at: within.mark,
                hint: "`session`, `task` or a duration such as `10m`")
            return .session
        }
    }

    private func waiver(_ fields: Fields) -> PolicyDocument.Waiver? {
        guard let rule = fields.marked("rule"), let until = fields.date("until") else { return nil }
        return .init(
            rule: rule, reason: fields.string("reason") ?? "", approvedBy: fields.string("approved_by") ?? "",
            until: until, match: optionalMatch("match", of: fields))
    }

    // MARK: Names

    private func isName(_ name: Marked<String>, _ what: String) -> Bool {
        let isGood = !name.value.isEmpty && name.value.count <= 100 && name.value.allSatisfy(Self.isNameCharacter)
        if !isGood {
            diagnostics.error(
                .badName, "\(quoted(name.value)) cannot be \(what)", at: name.mark,
                hint: "letters, digits, `-`, `_` and `.`, at most 100")
        }
        return isGood
    }

    private func checkGate(_ gate: Marked<String>?) {
        guard let gate, !gateNames.contains(gate.value) else { return }
        diagnostics.error(
            .unknownReference, "the gate \(quoted(gate.value)) is not defined under `approvals`", at: gate.mark,
            hint: Suggestion.nearest(to: gate.value, in: gateNames).map { "did you mean `\($0)`?" })
    }

    private func checkNames(_ document: inout PolicyDocument) {
        var seen: [String: SourceMark] = [:]
        let named =
            document.rules.map { ($0.name, $0.mark) } + document.budgets.map { ($0.name, $0.mark) }
            + document.flows.map { ($0.name, $0.mark) }
        for (name, mark) in named {
            if let first = seen[name] {
                diagnostics.error(
                    .duplicateName, "the name \(quoted(name)) is already used in line \(first.line)", at: mark)
            } else {
                seen[name] = mark
            }
        }
        for reserved in ["defaults", "profiles", "egress", "mcp"] {
            if let mark = seen[reserved] {
                diagnostics.error(.badName, "`\(reserved)` is a reserved name", at: mark)
            }
        }
        for waiver in document.waivers where seen[waiver.rule.value] == nil {
            diagnostics.error(
                .unknownReference, "the waiver names \(quoted(waiver.rule.value)), which this policy does not have",
                at: waiver.rule.mark,
                hint: Suggestion.nearest(to: waiver.rule.value, in: seen.keys).map { "did you mean `\($0)`?" })
        }
    }
}
