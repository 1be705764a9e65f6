// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Compares what a skill says it is for with what its code does.
///
/// Words of name, description, tags and headings explain capabilities; so does the name of the host or of the program
/// that is used, where the declaration speaks of it. What is left is told, each capability once a file, by its weight;
/// credentials that are read and a way out that nothing explains weigh more together than both alone.
struct PurposeJudgement {
    let table: PurposeTable
    let declaration: SkillDeclaration
    private let above: Set<Capability>
    private let anywhere: Set<Capability>

    init(_ declaration: SkillDeclaration, table: PurposeTable) {
        self.table = table
        self.declaration = declaration
        above = table.explained(by: declaration.words)
        anywhere = above.union(table.explained(by: declaration.headingWords))
    }

    /// Uses that the declaration does not explain, in their order.
    func unexplained(_ uses: [Capability.Use]) -> [Capability.Use] {
        uses.filter { use in
            guard let weight = table.weights[use.capability] else { return false }
            if (weight.countsHeadings ? anywhere : above).contains(use.capability) { return false }
            return !names(use)
        }
    }

    /// The declaration speaks of the host or of the program.
    private func names(_ use: Capability.Use) -> Bool {
        let words = declaration.words.union(declaration.headingWords)
        if use.programs.contains(where: { !Self.common.contains($0) && words.contains($0.lowercased()) }) {
            return true
        }
        guard use.capability == .network || use.capability == .send else { return false }
        // `api.vendor.example` is explained by "vendor", and `vendor-stats.example` is another's.
        return use.object.lowercased().split(separator: ".").dropLast().contains { label in
            label.count >= 4
                && words.contains { word in
                    word == label || word.count >= 5 && !label.contains("-") && label.hasPrefix(word)
                }
        }
    }

    /// Programs whose names say nothing about what is done with them.
    private static let common: Set<String> = [
        "", "sh", "bash", "zsh", "python", "python3", "node", "ruby", "perl", "php", "pwsh", "powershell", "env", "cat",
        "find", "curl", "wget", "cp", "mv", "rm", "tee", "echo", "test", "printf", "make",
    ]

    /// What there is to say of one file.
    func findings(_ uses: [Capability.Use]) -> [Finding] {
        guard declaration.isReadable else { return [] }
        let open = unexplained(uses)
        var out: [Finding] = []
        let grants = declaration.tools.flatMap { $0.isEmpty ? nil : table.grants(of: $0) }
        for use in open where !out.contains(where: { $0.rule == Self.rule(use.capability) }) {
            guard let weight = table.weights[use.capability] else { continue }
            out.append(
                Finding(
                    scanner: "skill", rule: Self.rule(use.capability), category: "skill", severity: weight.severity,
                    confidence: weight.confidence, span: use.span, line: use.line,
                    message: "it \(weight.does)\(Self.with(use)), which nothing that \(title) declares explains",
                    remedy: "read the code before an agent runs it; if it belongs there, the description should say so"
                ))
        }
        if let use = uses.first(where: { isBeyond($0, grants) }), let weight = table.weights[use.capability] {
            let isExplained = !open.contains(use)
            out.append(
                Finding(
                    scanner: "skill", rule: "undeclared-tool", category: "skill",
                    severity: isExplained || weight.severity < .medium ? .low : .medium,
                    confidence: isExplained ? 0.35 : 0.6, span: use.span, line: use.line,
                    message:
                        "it \(weight.does)\(Self.with(use)), but \(title) asks for tools that cannot: \(Self.list(declaration.tools ?? []))",
                    remedy: "ask for the tools that are needed, or take the code out"))
        }
        return out
    }

    /// Everything of a skill together.
    ///
    /// - Parameter files: what each file does, by its path; the declaring file first.
    func whole(_ files: [(path: String, uses: [Capability.Use])]) -> [Finding] {
        let open = files.flatMap { file in unexplained(file.uses).map { (file.path, $0) } }
        func first(_ capabilities: Capability...) -> (path: String, use: Capability.Use)? {
            for capability in capabilities {
                if let found = open.first(where: { $0.1.capability == capability }) { return found }
            }
            return nil
        }
        var out: [Finding] = []
        func add(_ one: (path: String, use: Capability.Use), _ two: (path: String, use: Capability.Use), _ isSure: Bool)
        {
            guard let first = table.weights[one.use.capability], let second = table.weights[two.use.capability] else {
                return
            }
            func place(_ found: (path: String, use: Capability.Use)) -> String {
                let name = found.path.split(separator: "/").last.map(String.init) ?? found.path
                return "\(Self.shown(name)):\(found.use.line)"
            }
            out.append(
                Finding(
                    scanner: "skill", rule: "purpose-mismatch", category: "skill",
                    severity: isSure && declaration.isReadable ? .high : .medium,
                    confidence: isSure && declaration.isReadable ? 0.8 : 0.55, span: declaration.nameSpan,
                    line: declaration.nameLine,
                    message:
                        "it \(first.does)\(Self.with(one.use)) (\(place(one))) and \(second.does)\(Self.with(two.use)) (\(place(two))), and \(title) does not say so",
                    remedy: "do not install it before somebody has read the code"))
        }
        if let way = first(.stranger, .send, .network) {
            // Credentials that a skill is for have their own way out, which the declaration explains as well.
            let secrets: [(path: String, use: Capability.Use)] = files.flatMap { file in
                file.uses.filter { $0.capability == .credentials || $0.capability == .environment }
                    .map { (file.path, $0) }
            }
            if let secret = first(.credentials, .environment) {
                add(secret, way, secret.use.capability == .credentials || way.use.capability != .network)
            } else if way.use.capability != .network, let secret = secrets.first {
                add(secret, way, false)
            } else if let later = first(.persistence, .settings, .hooks) {
                add(later, way, later.use.capability == .persistence)
            }
        }
        return out
    }

    /// Tools of a declaration that are wider than what it is for.
    ///
    /// - Parameter runsCode: the skill has code of its own that a shell runs.
    func tools(runsCode: Bool) -> [Finding] {
        guard let tools = declaration.tools, !tools.isEmpty, declaration.isReadable,
            let grants = table.grants(of: tools)
        else { return [] }
        let isAll = grants.contains(.all)
        guard isAll, !runsCode, anywhere.isEmpty else { return [] }
        return [
            Finding(
                scanner: "skill", rule: "wide-tools", category: "skill", severity: .medium, confidence: 0.55,
                span: declaration.nameSpan, line: declaration.toolsLine,
                message:
                    "\(title) asks to run every command without a question, and neither its purpose nor its text needs one",
                remedy: "name the tools and commands that it needs")
        ]
    }

    /// The tools that are declared cannot do it.
    private func isBeyond(_ use: Capability.Use, _ grants: Set<PurposeTable.Grant>?) -> Bool {
        guard let grants, !grants.contains(.all), !grants.contains(.run) else { return false }
        switch use.capability {
        case .network: return false
        case .outside: return !grants.contains(.write)
        default: return true
        }
    }

    private var title: String {
        declaration.name.isEmpty ? "the file" : "`\(Self.shown(declaration.name))`"
    }

    /// What a message may show of a name: letters, digits and the signs of paths and hosts, at most 60 bytes.
    static func shown(_ text: String) -> String {
        let signs = Array("-._/~@:+*".utf8)
        let out = text.utf8.prefix(60).map { byte in byte.isWord || signs.contains(byte) ? byte : UInt8(ascii: "_") }
        return String(decoding: out, as: UTF8.self) + (text.utf8.count > 60 ? "…" : "")
    }

    static func rule(_ capability: Capability) -> String { "unexplained-\(capability.rawValue)" }

    private static func with(_ use: Capability.Use) -> String {
        use.object.isEmpty ? "" : " (`\(shown(use.object))`)"
    }

    private static func list(_ tools: [String]) -> String {
        tools.prefix(4).map { "`\(shown($0))`" }.joined(separator: ", ") + (tools.count > 4 ? ", …" : "")
    }
}
