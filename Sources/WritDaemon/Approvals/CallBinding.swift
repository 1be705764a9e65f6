// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritGuard
import WritPolicy

/// What an approval is bound to: a digest over all that makes a call this call. One byte more or less is another call.
enum CallBinding {
    /// SHA-256, hexadecimal, of the canonical JSON (keys sorted, no blanks) of tool, server, arguments, operations,
    /// folders, environment, session, agent, delegation, policies and gates. The operations hold what the call's names
    /// stand for now: where links lead, and what the scripts that can be read would do.
    static func digest(of request: PolicyRequest, policies: String, gates: [String]) -> String {
        let call = request.call
        let record = RequestRecord(request: request, verdict: .ask).json["request"]
        let facts = request.facts
        let json: JSON = [
            "v": 1, "event": .string(event(call.event)), "tool": .string(call.tool.name),
            "action": .string(call.tool.action.rawValue), "server": .string(call.tool.server ?? ""),
            "server_tool": .string(call.tool.serverTool ?? ""), "args": call.arguments,
            "prompt": .string(call.prompt ?? ""), "ops": record?["ops"] ?? .array([]),
            "command": .string(request.commandText), "cwd": .string(call.workingDirectory),
            "workspace": .string(call.workspace), "home": .string(call.home),
            "env": [
                "profile": .string(facts.environment.profile), "name": .string(facts.environment.name),
                "sandbox": .string(facts.environment.sandbox),
            ],
            "session": .string(call.session), "agent": .string(call.agent.kind),
            "agent_id": .string(call.agent.id ?? ""), "agent_type": .string(call.agent.type ?? ""),
            "writ": .string(facts.writ.id), "policies": .string(policies),
            "gates": .array(gates.sorted().map { .string($0) }),
        ]
        return Engines.digest(json.canonicalBytes)
    }

    /// Events that are about one and the same run of a call have one name.
    private static func event(_ event: Call.Event) -> String {
        event == .permissionRequest ? Call.Event.beforeTool.rawValue : event.rawValue
    }
}

/// Puts a call into words for the person who is asked about it.
enum ApprovalText {
    /// More of a call is not shown; it says how much is missing.
    static let maximumCall = 12_000
    private static let maximumItems = 40
    private static let maximumItem = 400

    static func shown(_ request: PolicyRequest, _ decision: Decision) -> Approval.Shown {
        let call = request.call
        var text = request.commandText
        if text.isEmpty { text = call.prompt ?? "" }
        if text.isEmpty { text = call.arguments.text }
        var shown = Approval.Shown(workingDirectory: call.workingDirectory)
        (shown.call, shown.hidden) = cut(text, to: maximumCall)
        let effects = request.operations.filter { $0.role == .executed }
        shown.operations = effects.prefix(maximumItems).map { cut(phrase($0), to: maximumItem).text }
        if effects.count > maximumItems { shown.operations.append("and \(effects.count - maximumItems) more") }
        shown.reasons = decision.reasons.filter { $0.verdict == .ask }.prefix(10).map {
            cut("\($0.rule): \($0.message)", to: maximumItem).text
        }
        shown.labels = request.session.labels.prefix(20).map { cut($0.name, to: 80).text }
        return shown
    }

    /// One effect: what is done to what.
    static func phrase(_ operation: WritCore.Operation) -> String {
        var words = [operation.kind.rawValue]
        if operation.kind == .shellExec || operation.kind == .shellBackground {
            words.append(operation.command.isEmpty ? operation.program : operation.command)
        }
        if !operation.path.isEmpty { words.append(operation.path) }
        if !operation.host.isEmpty {
            words.append(operation.port > 0 ? "\(operation.host):\(operation.port)" : operation.host)
        }
        if let package = operation.package { words.append("\(package.ecosystem):\(package.name) \(package.version)") }
        if !operation.remote.isEmpty || !operation.branch.isEmpty {
            words.append("\(operation.remote) \(operation.branch)")
        }
        let traits = Operation.Traits.names.filter { operation.traits.contains($0.trait) }.map(\.name)
        if !traits.isEmpty { words.append("(\(traits.joined(separator: ", ")))") }
        if let opaque = operation.opaque { words.append("[unknown: \(opaque.rawValue)]") }
        return words.joined(separator: " ")
    }

    private static func cut(_ text: String, to limit: Int) -> (text: String, hidden: Int) {
        guard text.utf8.count > limit else { return (text, 0) }
        var kept = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > limit { break }
            kept.append(scalar)
        }
        let short = String(kept)
        return (short, text.utf8.count - short.utf8.count)
    }

    /// Text from outside for a terminal: line ends stay, every other character that is not seen, or that steers a
    /// terminal or the direction of text, stands as its number. Long runs of blanks and empty lines cannot push
    /// anything out of sight.
    static func visible(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        var blanks = 0
        func isHidden(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: true
            case .spaceSeparator: scalar != " "
            case .nonspacingMark, .enclosingMark: (0xFE00...0xFE0F).contains(scalar.value) || scalar.value >= 0xE0100
            default: scalar.properties.isDefaultIgnorableCodePoint
            }
        }
        func flush() {
            line += blanks > 8 ? " ␠×\(blanks) " : String(repeating: " ", count: blanks)
            blanks = 0
        }
        for scalar in text.unicodeScalars {
            if scalar == "\n" {
                if blanks > 0 { flush() }
                lines.append(line)
                line = ""
            } else if scalar == " " {
                blanks += 1
            } else {
                flush()
                if isHidden(scalar) {
                    line += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
                } else {
                    line.unicodeScalars.append(scalar)
                }
            }
        }
        flush()
        lines.append(line)
        var shown: [String] = []
        var empty = 0
        for line in lines {
            empty = line.isEmpty ? empty + 1 : 0
            if empty < 3 { shown.append(line) } else if empty == 3 { shown.append("(more empty lines)") }
        }
        return shown
    }

    /// What is put on the person's terminal, the question at its end.
    static func question(_ approval: Approval, challenge: String, now: Int64) -> String {
        var lines = ["", "A call waits for you: \(approval.id)", ""]
        func field(_ name: String, _ values: [String]) {
            for (index, value) in values.enumerated() {
                let head = index == 0 ? name : ""
                lines.append("  " + head + String(repeating: " ", count: max(1, 12 - head.count)) + value)
            }
        }
        field("agent", [visible("\(approval.agent), session \(approval.session)").joined(separator: " ")])
        field("tool", [visible(approval.tool).joined(separator: " ")])
        field("in", [visible(approval.shown.workingDirectory).joined(separator: " ")])
        field("call", visible(approval.shown.call))
        if approval.shown.hidden > 0 { field("", ["… and \(approval.shown.hidden) bytes that are NOT shown here"]) }
        field("would", approval.shown.operations.flatMap(visible))
        field("asked by", approval.shown.reasons.flatMap(visible))
        if !approval.shown.labels.isEmpty {
            field("session has", [visible(approval.shown.labels.joined(separator: ", ")).joined(separator: " ")])
        }
        field("holds for", ["\(max(1, approval.lifetime / 60_000)) min after you agree, for this exact call, once"])
        if approval.usesLeft > 1 { lines[lines.count - 1] += " (\(approval.usesLeft) times by its gate)" }
        lines += ["", "To allow it, type  \(challenge)  and press Enter; anything else leaves it refused."]
        return lines.joined(separator: "\r\n") + "\r\n> "
    }
}
