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

/// Reads files that instruct agents: what they ask for, what they declare, what they hide.
///
/// Whole files, whole folders. Shell code in fences is given to `shell`, which says what it does.
public struct SkillScanner: Sendable {
    /// What a script does; the caller passes the shell engine.
    public typealias ShellReader = @Sendable (String) -> [Operation]

    private let table: SkillTable
    private let shell: ShellReader?

    /// Creates a scanner.
    ///
    /// - Throws: when the embedded table is missing or damaged; the caller closes.
    public init(shell: ShellReader? = nil) throws {
        table = try SkillTable.embedded()
        self.shell = shell
    }

    /// Everything found, file by file.
    public func scan(files: [SkillFile]) -> [SkillFinding] {
        var out: [SkillFinding] = []
        let paths = Set(files.map(\.path))
        for file in files {
            out += scan(file.bytes, path: file.path).map { SkillFinding(path: file.path, finding: $0) }
            if file.path.hasSuffix(".pyc") || file.path.hasSuffix(".pyo") {
                out.append(SkillFinding(path: file.path, finding: Self.bytecode(file.path, paths)))
            }
        }
        return out
    }

    private static func bytecode(_ path: String, _ paths: Set<String>) -> Finding {
        let name = path.split(separator: "/").last.map { $0.prefix { $0 != "." } } ?? ""
        let hasSource = paths.contains { $0.hasSuffix("/\(name).py") || $0 == "\(name).py" }
        return Finding(
            scanner: "skill", rule: "bytecode", category: "skill", severity: hasSource ? .medium : .high,
            confidence: hasSource ? 0.6 : 0.9,
            message: hasSource
                ? "compiled bytecode lies beside its source and can differ from it"
                : "compiled bytecode without source",
            remedy: "delete it; it is made again from the source")
    }

    /// The lines over which facts are put together.
    private static let reach = 14

    /// Everything found in one file.
    public func scan(_ bytes: [UInt8], path: String? = nil) -> [Finding] {
        var pass = Pass(table: table)
        bytes.withUnsafeBytes { source in
            pass.read(source, base: nil)
        }
        for text in Unveiler().unveil(bytes, path: path).texts where text.hiding != .plain {
            // An HTML comment was read with its lines; what was decoded was not.
            if text.hiding == .htmlComment && text.depth == 0 { continue }
            text.text.withUnsafeBytes { pass.read($0, base: text.place) }
        }
        bytes.withUnsafeBytes { pass.padding($0) }
        if let shell { readShell(bytes, shell, &pass) }
        if let path, path.hasSuffix(".json") || path.hasSuffix(".jsonc") || path.hasSuffix(".toml") {
            AgentSettings.read(bytes, path: path, into: &pass.findings)
        }
        pass.findings.sort { ($0.span.start, $0.rule) < ($1.span.start, $1.rule) }
        return pass.findings
    }

    private func readShell(_ bytes: [UInt8], _ shell: ShellReader, _ pass: inout Pass) {
        for block in ShellBlocks.blocks(in: bytes).prefix(200) {
            let operations = shell(block.script)
            let readsSecret = operations.contains { $0.kind == .secretRead }
            let sends = operations.contains { $0.traits.contains(.upload) || $0.traits.contains(.networkShell) }
            guard readsSecret, sends else { continue }
            pass.find(
                "exfiltration", .critical, 0.98, block.span, block.line,
                "a command reads a credential and sends data out",
                "do not install this; rotate what it could read if it ran")
        }
    }

    struct Pass {
        let table: SkillTable
        var findings: [Finding] = []

        init(table: SkillTable) {
            self.table = table
        }

        mutating func find(
            _ rule: String, _ severity: Severity, _ confidence: Double, _ span: SourceSpan, _ line: Int,
            _ message: String,
            _ remedy: String
        ) {
            guard findings.count < 200 else { return }
            // One finding of a rule for a place.
            if findings.contains(where: { $0.rule == rule && abs($0.line - line) < SkillScanner.reach }) { return }
            findings.append(
                Finding(
                    scanner: "skill", rule: rule, category: "skill", severity: severity, confidence: confidence,
                    span: span,
                    line: line, message: message, remedy: remedy))
        }

        /// Reads a text line by line; facts of neighbouring lines are put together.
        mutating func read(_ bytes: UnsafeRawBufferPointer, base: SourceSpan?) {
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
                        line, base != nil)
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
