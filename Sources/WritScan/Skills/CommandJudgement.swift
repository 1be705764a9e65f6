// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// What operations of a command say about whoever wrote it down.
struct CommandJudgement {
    var rule: String
    var severity: Severity
    var confidence: Double
    var message: String
    var remedy: String

    /// The judgements of one command or script, worst first, one for a rule.
    ///
    /// - Parameters:
    ///   - isAutomatic: it runs without anybody asking for it; a publisher's installer is worth a look there.
    ///   - plantsCode: its text holds a command that runs what it fetches or decodes, or settings that approve calls.
    static func of(
        _ operations: [Operation], isAutomatic: Bool, plantsCode: Bool = false
    ) -> [CommandJudgement] {
        var out: [CommandJudgement] = []
        func add(_ rule: String, _ severity: Severity, _ confidence: Double, _ message: String, _ remedy: String) {
            if let index = out.firstIndex(where: { $0.rule == rule }) {
                if out[index].severity >= severity { return }
                out.remove(at: index)
            }
            out.append(
                CommandJudgement(
                    rule: rule, severity: severity, confidence: confidence, message: message, remedy: remedy))
        }
        // An installer that anybody may have put there is worse than one with a name; in a text that a person reads first
        // only the former is stopped.
        let isAnonymous = operations.contains { Self.isAnonymous(host: $0.host) }
        // One variable that goes to a service is how services are called, and a copy of a database is a backup.
        let readsSecret = operations.contains {
            $0.kind == .secretRead && !$0.detail.hasPrefix("environment ")
                && !$0.detail.hasPrefix("copies a whole database")
        }
        // A token that a tool prints is for logging in with it.
        let readsFile = operations.contains {
            $0.kind == .secretRead && !$0.path.isEmpty || $0.detail == "environment"
                || $0.detail.hasPrefix("shows the whole")
        }
        let asksMetadata = operations.contains { metadata.contains($0.host) }
        for operation in operations where operation.role == .executed {
            let isPublished = operation.traits.contains(.published)
            let isNet = operation.taints.contains(.net)
            if operation.traits.contains(.networkShell) {
                add(
                    "network-shell", .critical, 0.97, "a shell is tied to the network", "do not run it")
            }
            if operation.kind == .shellExec, operation.traits.contains(.interpreter), isNet, !isPublished {
                let isSure = isAutomatic || isAnonymous
                add(
                    "download-and-run", isSure ? .critical : .medium, isSure ? 0.95 : 0.4,
                    "text fetched from the network is run unread",
                    "do not run it; download it to a file and read it first")
            } else if operation.kind == .shellExec, isNet, !isPublished, operation.opaque == .tainted {
                let isSure = isAutomatic || isAnonymous
                add(
                    "download-and-run", isSure ? .critical : .medium, isSure ? 0.92 : 0.4,
                    "a program is fetched and run unread", "do not run it; check its hash first")
            } else if operation.kind == .shellExec, isNet, isPublished, isAutomatic {
                add(
                    "download-and-run", .medium, 0.45, "a publisher's installer is fetched and run without a question",
                    "pin a version and check its hash")
            }
            if operation.kind == .shellExec, operation.traits.contains(.interpreter),
                operation.taints.contains(.decoded)
            {
                add(
                    "decoded-code", .critical, 0.95, "encoded text is decoded and run",
                    "do not run it; decode it and read it first")
            }
            let goesOut =
                operation.traits.contains(.upload) || operation.kind == .netConnect || operation.kind == .httpRequest
            if asksMetadata, operation.traits.contains(.upload), isNet, !metadata.contains(operation.host) {
                add(
                    "exfiltration", .critical, 0.93, "the machine's cloud identity is read and sent to another machine",
                    "do not install this; rotate what it could read if it ran")
            }
            if goesOut, operation.taints.contains(.secret), readsSecret, !operation.traits.contains(.authenticates) {
                add(
                    "exfiltration", .critical, 0.97, "a credential is read and sent to another machine",
                    "do not install this; rotate what it could read if it ran")
            } else if readsFile, operation.traits.contains(.upload), !operation.traits.contains(.authenticates) {
                add(
                    "exfiltration", .critical, 0.93, "a command reads a credential and sends data out",
                    "do not install this; rotate what it could read if it ran")
            }
            let isFetched = isNet || ["curl", "wget", "fetch"].contains(operation.program)
            if operation.kind == .configWrite,
                isAutomatic || isFetched || plantsCode || operation.taints.contains(.decoded)
            {
                persistence(operation, isAutomatic: isAutomatic, add)
            }
        }
        return out
    }

    static let metadata: Set<String> = ["169.254.169.254", "metadata.google.internal", "100.100.100.200"]

    private static let settings = [
        "settings.json", "settings.local.json", "hooks.json", "mcp.json", ".claude.json", "config.toml", "CLAUDE.md",
        "AGENTS.md", "GEMINI.md", "SKILL.md", ".cursorrules", ".mdc", "config.yaml", "opencode.json",
    ]

    /// A file that an agent obeys, among all that lies in its folders.
    static func isSettings(_ path: String) -> Bool { settings.contains { path.hasSuffix($0) } }

    /// An address without a name that answers for it: numbers, paste sites, shorteners, tunnels, file drops.
    static func isAnonymous(host: String) -> Bool {
        guard !host.isEmpty, host != "localhost", !host.hasPrefix("127."), host != "::1" else { return false }
        if host.utf8.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") }) {
            return !host.hasPrefix("10.") && !host.hasPrefix("192.168.")
        }
        return anonymous.contains { host == $0 || host.hasSuffix("." + $0) }
    }

    private static let anonymous = [
        "pastebin.com", "paste.ee", "rentry.co", "rentry.org", "hastebin.com", "glot.io", "transfer.sh", "0x0.st",
        "ghostbin.com", "bit.ly", "tinyurl.com", "t.co", "is.gd", "goo.gl", "cutt.ly", "rb.gy", "shorturl.at",
        "gist.githubusercontent.com", "paste.c-net.org", "dpaste.com", "dpaste.org", "ix.io", "sprunge.us",
        "termbin.com",
        "ngrok.io", "ngrok.app", "ngrok-free.app", "ngrok-free.dev", "trycloudflare.com", "loca.lt", "serveo.net",
        "webhook.site", "requestbin.com", "pipedream.net", "oast.fun", "oast.pro", "oast.me", "oastify.com",
        "interact.sh", "burpcollaborator.net", "file.io", "anonfiles.com", "catbox.moe", "gofile.io", "duckdns.org",
        "workers.dev", "pages.dev", "repl.co", "glitch.me", "onion",
    ]

    private static func persistence(
        _ operation: Operation, isAutomatic: Bool,
        _ add: (String, Severity, Double, String, String) -> Void
    ) {
        let words = [
            "shell-startup", "cron", "service", "ssh", "auth", "login", "loader", "agent", "git-hook",
            "replaces scheduled jobs", "a service starts by itself",
        ]
        guard words.contains(where: { operation.detail.hasPrefix($0) }) else { return }
        // Logs and notes beside an agent's settings are no settings.
        if operation.detail.hasPrefix("agent"), !isSettings(operation.path) { return }
        add(
            "persistence", .high, 0.9,
            "it makes something act later by itself (\(operation.detail.prefix(40)))", "remove it")
    }
}
