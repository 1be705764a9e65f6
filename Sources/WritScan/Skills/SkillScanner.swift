// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// One file of a skill, a rules folder or an agent's configuration.
public struct SkillFile: Sendable, Hashable {
    /// Path below the folder that is scanned.
    public var path: String
    public var bytes: [UInt8]

    /// Creates a file.
    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// A finding and the file it is in.
public struct SkillFinding: Sendable, Hashable {
    public var path: String
    public var finding: Finding
}

/// A name under which a file offers something to an agent.
public struct DeclaredName: Sendable, Hashable {
    /// What bears it. Names of different kinds do not stand in each other's way.
    public enum Kind: String, Sendable, Hashable {
        case skill, agent, command, server

        /// By the path of a Markdown file; nil for others.
        init?(path: String) {
            let parts = path.lowercased().split(separator: "/")
            guard let name = parts.last, name.hasSuffix(".md") else { return nil }
            if name == "skill.md" {
                self = .skill
            } else if parts.dropLast().contains("agents") || name.hasSuffix(".agent.md") {
                self = .agent
            } else if parts.dropLast().contains("commands") {
                self = .command
            } else {
                return nil
            }
        }
    }

    public var kind: Kind
    public var name: String
    /// 1-based.
    public var line: Int
    /// What stands behind the name: equal for copies of the same.
    public var content: [UInt8]
}

/// Reads files that instruct agents: what they ask for, what they declare, what they hide.
///
/// Whole files, whole folders. Shell code in fences is given to `shell`, which says what it does.
public struct SkillScanner: Sendable {
    /// What a script does; the caller passes the shell engine.
    public typealias ShellReader = @Sendable (String) -> [Operation]

    private let table: SkillTable
    private let purposes: PurposeTable
    private let names: TrustedNames
    private let shell: ShellReader?
    private let origin: String?

    /// Creates a scanner.
    ///
    /// - Parameter origin: the URL of the remote `origin` of the repository that the files lie in, where it is known. It
    ///   is what its git says: a folder that came with a `.git` of its own can say anything.
    /// - Throws: when an embedded table is missing or damaged; the caller closes.
    public init(shell: ShellReader? = nil, origin: String? = nil) throws {
        table = try SkillTable.embedded()
        purposes = try PurposeTable.embedded()
        names = try TrustedNames.embedded()
        self.shell = shell
        self.origin = origin
    }

    /// Everything found, file by file.
    public func scan(files: [SkillFile]) -> [SkillFinding] {
        var out: [SkillFinding] = []
        for file in files {
            let rest = Self.rest(of: file.path, in: files)
            out += scan(file.bytes, path: file.path, beside: rest).map { SkillFinding(path: file.path, finding: $0) }
            if file.path.hasSuffix(".pyc") || file.path.hasSuffix(".pyo") {
                let name = file.path.split(separator: "/").last.map { $0.prefix { $0 != "." } } ?? ""
                let source = files.first { $0.path.hasSuffix("/\(name).py") || $0.path == "\(name).py" }
                out.append(
                    SkillFinding(
                        path: file.path,
                        finding: Bytecode.finding(path: file.path, content: file.bytes, source: source?.bytes)))
            }
        }
        return out
    }

    /// The lines over which facts are put together.
    private static let reach = 14

    /// The other files that a file is to be judged with: for a `SKILL.md` what lies below its folder and is another's,
    /// for a file below it the `SKILL.md`.
    private static func rest(of path: String, in files: [SkillFile]) -> [SkillFile] {
        guard let owner = owner(of: path, in: files) else { return [] }
        if owner.path != path { return [owner] }
        return files.filter { $0.path != path && self.owner(of: $0.path, in: files)?.path == path }
    }

    /// The `SKILL.md` in the nearest folder above.
    private static func owner(of path: String, in files: [SkillFile]) -> SkillFile? {
        var folder = path[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if let found = files.first(where: { $0.path.lowercased() == folder.lowercased() + "/skill.md" }) {
                return found
            }
        }
        return files.first { $0.path.lowercased() == "skill.md" }
    }

    /// The file says what a skill is for.
    public static func declaresSkill(_ path: String) -> Bool {
        path.split(separator: "/").last?.lowercased() == "skill.md"
    }

    /// The file is code that a skill may bring along, in a language that is read.
    public static func isScript(_ path: String) -> Bool { ScriptForm([], path: path) != nil }

    /// Everything found in one file.
    ///
    /// - Parameter rest: the other files of its skill, for comparing what the skill says it is for with what it does:
    ///   its `SKILL.md` for a script, its scripts for a `SKILL.md`. What another file does is told where the skill
    ///   declares itself, and only together with what else it does.
    public func scan(_ bytes: [UInt8], path: String? = nil, beside rest: [SkillFile] = []) -> [Finding] {
        var pass = Pass(table: table)
        bytes.withUnsafeBytes { source in
            pass.read(source, base: nil)
        }
        for text in Unveiler().unveil(bytes, path: path).texts where text.hiding != .plain {
            // An HTML comment was read with its lines; what was decoded was not.
            if text.hiding == .htmlComment && text.depth == 0 { continue }
            // A value of a document is in plain sight.
            text.text.withUnsafeBytes { pass.read($0, base: text.place, isHidden: text.hiding != .stringValue) }
        }
        bytes.withUnsafeBytes { pass.padding($0) }
        if let shell { readCode(bytes, path, shell, &pass) }
        if let path, [".json", ".jsonc", ".toml", ".yaml", ".yml"].contains(where: { path.hasSuffix($0) }) {
            AgentSettings.read(bytes, path: path, into: &pass.findings)
        }
        pass.findings += declared(bytes, path, rest, pass.uses)
        pass.findings.sort { ($0.span.start, $0.rule) < ($1.span.start, $1.rule) }
        return pass.findings
    }

    /// What a file's name and purpose have to do with what it does.
    private func declared(
        _ bytes: [UInt8], _ path: String?, _ rest: [SkillFile], _ uses: [Capability.Use]
    ) -> [Finding] {
        let path = path ?? ""
        var out: [Finding] = []
        if [".json", ".jsonc", ".json5", ".toml", ".yaml", ".yml"].contains(where: { path.hasSuffix($0) }) {
            out += bytes.withUnsafeBytes { NameJudgement.findings(servers: $0, path: path, names) }
        }
        let own = SkillDeclaration(bytes)
        if let own { out += NameJudgement.findings(own, path: path, origin: origin, names) }
        if Self.declaresSkill(path) || rest.isEmpty {
            guard let own else { return out }
            let judgement = PurposeJudgement(own, table: purposes)
            out += judgement.findings(uses)
            let others = rest.map { file in (file.path, self.uses(of: file)) }
            out += judgement.whole([(path.isEmpty ? "the text" : path, uses)] + others)
            out += judgement.tools(runsCode: !uses.isEmpty || !others.isEmpty)
        } else if let owner = rest.first(where: { Self.declaresSkill($0.path) }),
            let declaration = SkillDeclaration(owner.bytes)
        {
            out += PurposeJudgement(declaration, table: purposes).findings(uses)
        }
        return out
    }

    /// What a file's code does.
    private func uses(of file: SkillFile) -> [Capability.Use] {
        guard let shell else { return [] }
        var pass = Pass(table: table)
        readCode(file.bytes, file.path, shell, &pass)
        return pass.uses
    }

    /// The names under which a file offers something to an agent: of a skill, an agent's definition or a command its own,
    /// of settings those of their MCP servers. Empty for other files.
    public static func declaredNames(in bytes: [UInt8], path: String) -> [DeclaredName] {
        if let kind = DeclaredName.Kind(path: path) {
            guard let declaration = SkillDeclaration(bytes), !declaration.name.isEmpty else { return [] }
            return [
                DeclaredName(
                    kind: kind, name: declaration.name, line: declaration.nameLine, content: bytes)
            ]
        }
        guard [".json", ".jsonc", ".toml"].contains(where: { path.hasSuffix($0) }) else { return [] }
        return bytes.withUnsafeBytes { source in
            var lines = LineCounter()
            return ConfiguredServers.read(source, path: path).sorted { $0.span.start < $1.span.start }.map { server in
                let what = (server.command + [server.url]).joined(separator: "\n")
                return DeclaredName(
                    kind: .server, name: server.name, line: lines.line(of: server.span.start, in: source),
                    content: Array(what.utf8))
            }
        }
    }

    /// The name among others that one could be mistaken for: a slip of one letter, letters that look alike.
    public static func lookAlike(of name: String, among names: Set<String>) -> String? {
        let lower = Dictionary(names.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        guard lower[name.lowercased()] == nil else { return nil }
        let ranks = lower.mapValues { _ in 1 }
        guard name.utf8.count <= 64,
            let found = LookAlike.find(name.lowercased(), among: ranks, known: KnownNames(ranks.keys)),
            found.trick == .homoglyph || found.trick == .typo && min(found.target.utf8.count, name.utf8.count) >= 5
        else { return nil }
        return lower[found.target]
    }

    /// Scripts that a text for an agent names, relative to whatever it means; each once, at most 200.
    public static func scripts(namedIn bytes: [UInt8]) -> [String] {
        var out: [String] = []
        var seen: Set<String> = []
        let words = bytes.prefix(1 << 20).split { byte in
            !(byte.isWord || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "-"))
        }
        for word in words where word.count >= 4 && word.count < 256 && word.contains(UInt8(ascii: ".")) {
            var name = String(decoding: word, as: UTF8.self)
            while name.hasPrefix("./") { name.removeFirst(2) }
            guard out.count < 200, isScript(name), !name.contains(".."), seen.insert(name).inserted else { continue }
            out.append(name)
        }
        return out
    }

    /// Packages that MCP servers of settings are started from by a runner that fetches them (`npx`, `uvx` …).
    public static func serverPackages(in bytes: [UInt8], path: String) -> [(package: Operation.Package, line: Int)] {
        bytes.withUnsafeBytes { source in
            var lines = LineCounter()
            return ConfiguredServers.read(source, path: path).sorted { $0.span.start < $1.span.start }
                .compactMap { server in
                    let line = lines.line(of: server.span.start, in: source)
                    return server.package.map { (Operation.Package(ecosystem: $0.ecosystem, name: $0.name), line) }
                }
        }
    }

    /// Files that the commands of settings name, relative to whatever the host starts them in.
    public static func references(in bytes: [UInt8], path: String) -> [String] {
        bytes.withUnsafeBytes { ConfiguredCommands.references($0, path: path) }
    }

    /// The file makes programs run, whether or not an agent reads it: a package's manifest, tasks of an editor.
    public static func configuresCommands(_ path: String) -> Bool { ConfiguredCommands.runs(path) }

    /// Commands alone that a file makes run by itself: for settings that instruct no agent, such as a package's
    /// manifest. Empty for other files.
    public func scan(commandsOf bytes: [UInt8], path: String) -> [Finding] {
        guard let shell else { return [] }
        var pass = Pass(table: table)
        if ConfiguredCommands.isGitHook(path) {
            readScript(bytes, path, shell, &pass)
        } else if ConfiguredCommands.runs(path) {
            readSettings(bytes, path, shell, &pass)
            if path.hasSuffix(".json") { AgentSettings.read(bytes, path: path, into: &pass.findings) }
        }
        return pass.findings
    }

    /// Code that is given to the shell engine: scripts, fences, spans in a line, commands of settings.
    private func readCode(_ bytes: [UInt8], _ path: String?, _ shell: ShellReader, _ pass: inout Pass) {
        let name = path?.lowercased() ?? ""
        if ["json", "jsonc", "json5", "toml", "yaml", "yml", "hook"].contains(where: { name.hasSuffix("." + $0) }) {
            readSettings(bytes, name, shell, &pass)
            return
        }
        if ScriptForm(bytes, path: name) != nil || ConfiguredCommands.isGitHook(name) {
            readScript(bytes, name, shell, &pass)
            return
        }
        if bytes.starts(with: Array("---".utf8)) { readSettings(bytes, name + ".md", shell, &pass) }
        let blocks = ShellBlocks.blocks(in: bytes)
        for block in blocks.prefix(Self.blocks) {
            let operations = shell(block.script)
            if !block.isWhole {
                let text = Array(bytes[block.span.start..<block.span.end])
                let place = Capability.Place(
                    span: block.span, line: block.line, text: text, isShell: block.script.utf8.elementsEqual(text))
                pass.use(Capability.uses(of: operations, at: place), around: block.span, bytes)
            }
            // What changes no settings and is of no concern costs nothing more.
            guard
                operations.contains(where: { $0.kind == .configWrite })
                    || !CommandJudgement.of(operations, isAutomatic: block.isAutomatic).isEmpty
            else { continue }
            var around = pass.facts(around: block.span, in: bytes)
            if block.isWhole { around.before = around.all }
            let plantsCode = ["fetchrun", "decoderun", "approve"].contains { pass.has(around.all, $0) }
            let judgements = CommandJudgement.of(
                operations, isAutomatic: block.isAutomatic, plantsCode: plantsCode)
            for found in judgements {
                var (severity, confidence) = (found.severity, found.confidence)
                if pass.has(around.before, "mention") {
                    // What a text shows as a warning is not what it asks for.
                    (severity, confidence) = (min(severity, .medium), min(confidence, 0.4))
                } else if pass.has(around.all, "conceal"), confidence < 0.9 {
                    (severity, confidence) = (.critical, 0.93)
                }
                pass.find(found.rule, severity, confidence, block.span, block.line, found.message, found.remedy)
            }
        }
        if blocks.count > Self.blocks { pass.limit("more than \(Self.blocks) pieces of code") }
    }

    /// Pieces of code of one file that are analysed.
    private static let blocks = 400

    private func readScript(_ bytes: [UInt8], _ path: String, _ shell: ShellReader, _ pass: inout Pass) {
        guard let form = ScriptForm(bytes, path: path) ?? (ConfiguredCommands.isGitHook(path) ? .shell : nil) else {
            return
        }
        guard bytes.count <= 1 << 20 else { return pass.limit("a script of over 1 MiB") }
        let text = String(decoding: bytes, as: UTF8.self)
        let isAutomatic = ConfiguredCommands.isGitHook(path)
        let operations = shell(form.command(for: text))
        let place = Capability.Place(
            span: SourceSpan(start: 0, end: bytes.count), line: 1, text: bytes, isShell: form == .shell)
        pass.uses += Capability.uses(of: operations, at: place)
        for found in CommandJudgement.of(operations, isAutomatic: isAutomatic) {
            // An agent starts a script unread, so that what it fetches nobody has seen; an installer of a shell script is
            // less unusual than a program that runs what it fetches.
            let isUnread = found.rule == "download-and-run" && found.confidence < 0.5
            pass.find(
                found.rule, isUnread ? .high : found.severity,
                isUnread ? (form == .shell ? 0.6 : 0.9) : found.confidence, SourceSpan(start: 0, end: bytes.count), 1,
                found.message, found.remedy)
        }
    }

    private func readSettings(_ bytes: [UInt8], _ path: String, _ shell: ShellReader, _ pass: inout Pass) {
        bytes.withUnsafeBytes { source in
            let (commands, isCut) = ConfiguredCommands.read(source, path: path)
            for command in commands {
                let text = command.isPowerShell ? ScriptForm.powerShell.command(for: command.text) : command.text
                var lines = LineCounter()
                let line = lines.line(of: command.span.start, in: source)
                let operations = shell(text)
                let place = Capability.Place(span: command.span, line: line, text: [], isShell: false)
                pass.uses += Capability.uses(of: operations, at: place)
                for found in CommandJudgement.of(operations, isAutomatic: true) {
                    pass.find(
                        found.rule, found.severity, found.confidence, command.span, line,
                        "\(found.message), by the setting `\(KeyPath.name(command.key))`",
                        found.remedy)
                }
            }
            if isCut { pass.limit("more settings than are read") }
        }
    }

    struct Pass {
        let table: SkillTable
        var findings: [Finding] = []
        /// What the code does, in its order.
        var uses: [Capability.Use] = []

        init(table: SkillTable) {
            self.table = table
        }

        /// Notes what a piece of code in a text does, unless the text shows it as a warning.
        mutating func use(_ found: [Capability.Use], around span: SourceSpan, _ bytes: [UInt8]) {
            guard !found.isEmpty, uses.count < 1_000, !has(facts(around: span, in: bytes).before, "mention") else {
                return
            }
            uses += found
        }

        /// Something was not looked at: that is said.
        mutating func limit(_ what: String) {
            findings.append(
                Finding(
                    scanner: "skill", rule: "skill-limit", category: "skill", severity: .medium, confidence: 0.9,
                    message: "not all of it was looked at: \(what)", remedy: "read it before an agent does"))
        }

        /// Facts of the four lines before a place, and of those with the place and the four lines after it.
        func facts(around span: SourceSpan, in bytes: [UInt8]) -> (before: UInt64, all: UInt64) {
            var start = span.start
            var lines = 0
            while start > 0, span.start - start < 600 {
                if bytes[start - 1] == 0x0A {
                    lines += 1
                    if lines > 4 { break }
                }
                start -= 1
            }
            var end = span.end
            lines = 0
            while end < bytes.count, end - span.end < 600, lines < 4 {
                if bytes[end] == 0x0A { lines += 1 }
                end += 1
            }
            func facts(_ from: Int, _ to: Int) -> UInt64 {
                bytes[from..<min(to, from + 16_384)].map(\.lowercased).withUnsafeBytes { table.facts(in: $0) }
            }
            let before = facts(start, span.start)
            return (before, before | facts(span.start, end))
        }

        func has(_ facts: UInt64, _ name: String) -> Bool { facts & table.fact(name) != 0 }

        mutating func find(
            _ rule: String, _ severity: Severity, _ confidence: Double, _ span: SourceSpan, _ line: Int,
            _ message: String,
            _ remedy: String
        ) {
            guard findings.count < 200 else { return }
            // One finding of a rule for a place.
            let found = Finding(
                scanner: "skill", rule: rule, category: "skill", severity: severity, confidence: confidence, span: span,
                line: line, message: message, remedy: remedy)
            if let near = findings.firstIndex(where: { $0.rule == rule && abs($0.line - line) < SkillScanner.reach }) {
                if findings[near].confidence < confidence { findings[near] = found }
                return
            }
            findings.append(found)
        }

        /// Reads a text line by line; facts of neighbouring lines are put together.
        mutating func read(_ bytes: UnsafeRawBufferPointer, base: SourceSpan?, isHidden: Bool = false) {
            var recent: [(facts: UInt64, start: Int, end: Int)] = []
            var at = 0
            var line = 0
            var folded: [UInt8] = []
            while at <= bytes.count {
                var end = at
                folded.removeAll(keepingCapacity: true)
                while end < bytes.count, bytes[end] != 0x0A, end - at < 4096 {
                    folded.append(bytes[end].lowercased)
                    end += 1
                }
                line += 1
                let facts = folded.isEmpty ? 0 : folded.withUnsafeBytes { table.facts(in: $0) }
                recent.append((facts, at, end))
                if recent.count > SkillScanner.reach { recent.removeFirst() }
                if facts != 0 {
                    let span = base ?? SourceSpan(start: recent.first(where: { $0.facts != 0 })?.start ?? at, end: end)
                    judge(
                        facts, recent.suffix(4).reduce(0) { $0 | $1.facts }, recent.reduce(0) { $0 | $1.facts }, span,
                        line, isHidden)
                }
                at = end < bytes.count && bytes[end] != 0x0A ? end : end + 1
            }
        }

        private mutating func judge(
            _ own: UInt64, _ near: UInt64, _ around: UInt64, _ span: SourceSpan, _ line: Int, _ isHidden: Bool
        ) {
            func has(_ set: UInt64, _ names: String...) -> Bool {
                names.allSatisfy { set & table.fact($0) != 0 }
            }
            let isWarning = has(near, "warning") && !isHidden
            let leaves = has(near, "send") && (has(near, "url") || has(near, "paste"))
            if has(around, "credential"), has(own, "send") || has(own, "url"), leaves, !isWarning,
                has(around, "encode") || has(around, "collect") || has(near, "credential")
            {
                find(
                    "exfiltration", .critical, 0.96, span, line, "credentials are read and sent to another machine",
                    "do not install this; rotate what it could read if it ran")
            }
            if has(near, "credential", "sendwords", "url"), has(own, "sendwords") || has(own, "url"), !isWarning {
                find(
                    "exfiltration-instruction", .critical, 0.93, span, line,
                    "the agent is told to send credentials to an address", "do not install this")
            }
            if has(own, "decoderun"), !isWarning {
                find(
                    "decoded-code", .critical, 0.95, span, line, "encoded text is decoded and run",
                    "do not run it; decode it and read it first")
            }
            if has(own, "fetchrun"), has(near, "paste") || (has(own, "rawip") && !has(own, "localip")), !isWarning {
                find(
                    "download-and-run", .critical, 0.95, span, line,
                    "code from an anonymous address is downloaded and run", "install from a source that can be checked")
            } else if has(own, "fetchrun") {
                find(
                    "download-and-run", .medium, 0.3, span, line, "a download is run at once without being checked",
                    "pin a version and check its hash")
            }
            if has(near, "passworded", "runthis"), has(near, "url") {
                find(
                    "archive-with-password", .critical, 0.96, span, line,
                    "a program from an archive with a password, which no scanner reads, is to be run", "do not run it")
            }
            if has(near, "paste", "runthis") || has(near, "paste", "requirement"), has(near, "url"), !isWarning {
                find(
                    "command-from-paste", .high, 0.93, span, line,
                    "a command is to be copied from an anonymous page and run",
                    "do not run it")
            }
            if has(own, "send"), has(near, "collect", "paste"), !isWarning {
                find(
                    "machine-data-sent", .high, 0.92, span, line,
                    "data about this machine is sent to an anonymous page",
                    "do not run it")
            }
            if has(own, "dnsquery"), has(around, "encode") || has(around, "credential"), !isWarning {
                find(
                    "dns-exfiltration", .critical, 0.93, span, line, "data leaves in the names of DNS queries",
                    "do not run it")
            }
            if has(around, "plant", "write", "approve"), has(own, "approve"), !isWarning {
                find(
                    "settings-planted", .critical, 0.94, span, line,
                    "settings or instructions that approve every call are written into the project",
                    "do not install this; remove the settings")
            }
            if has(own, "conceal"),
                has(around, "send") || has(around, "sendwords") || has(around, "credential") || has(around, "role"),
                !isWarning, has(around, "url") || has(around, "credential")
            {
                find(
                    "concealment", .critical, 0.93, span, line, "the agent is told to keep something from the user",
                    "do not install this")
            }
            if has(own, "concealuser"), has(around, "implant"), !isWarning {
                find(
                    "concealment", .high, 0.88, span, line,
                    "something is to be put into files or messages without the user's knowledge", "do not install this")
            }
            if has(near, "override"), has(near, "role") || has(near, "credential") || has(near, "conceal") || isHidden,
                !isWarning
            {
                find(
                    "override", .critical, 0.95, span, line, "the agent is told to drop its instructions",
                    "do not install this")
            }
            if has(own, "shellnet"), !isWarning {
                find("network-shell", .high, 0.9, span, line, "a shell is tied to the network", "do not run it")
            }
            if has(own, "registry"), !has(own, "trustedregistry"), !isWarning {
                find(
                    "foreign-registry", .medium, 0.55, span, line,
                    "packages come from a registry that is not the public one",
                    "check who runs it")
            }
            if has(own, "persist"), has(around, "fetchrun") || has(around, "decoderun") || has(around, "send"),
                !isWarning
            {
                find(
                    "persistence", .high, 0.8, span, line, "something is installed that starts by itself", "remove it")
            }
            if has(own, "credential", "encode"), !isWarning || isHidden {
                find(
                    "credential-encoded", .high, 0.9, span, line, "a credential is read and encoded",
                    "do not run it; nothing honest needs this")
            }
        }

        /// Long runs of blank lines or blanks push text out of sight.
        mutating func padding(_ bytes: UnsafeRawBufferPointer) {
            var run = 0
            var newlines = 0
            var lines = 1
            var start = 0
            for (index, byte) in bytes.enumerated() {
                if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
                    if run == 0 { start = index }
                    run += 1
                    if byte == 0x0A {
                        newlines += 1
                        lines += 1
                    }
                    continue
                }
                if newlines >= 200 || run - newlines >= 2_000 {
                    find(
                        "padding", .high, 0.95, SourceSpan(start: start, end: index), lines,
                        "\(newlines) blank lines push the text that follows out of sight",
                        "remove the padding and read on")
                }
                run = 0
                newlines = 0
            }
        }
    }
}
