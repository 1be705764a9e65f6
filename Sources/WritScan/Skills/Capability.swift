// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// What code can do that whoever installs it would want to know beforehand. The raw values are the words of
/// `inspect/purposes.table`.
enum Capability: String, Sendable, Hashable, CaseIterable {
    case network, send, stranger, credentials, environment, persistence, settings, hooks, outside, push, publish, deploy
    case privilege, system, signal, listen, history, agents

    /// One thing that one piece of code does.
    struct Use: Sendable, Hashable {
        var capability: Capability
        /// With whom or with what: a host, a path, a program; empty when nothing is known.
        var object: String
        /// The programs through which it happens.
        var programs: [String]
        var span: SourceSpan
        var line: Int
    }

    /// Where a piece of code stands in its file.
    struct Place {
        var span: SourceSpan
        /// Of its first line, 1-based.
        var line: Int
        /// As it stands in the file; operations of a shell's text have their places in it.
        var text: [UInt8]
        var isShell: Bool
    }

    /// What the operations of one piece of code amount to, each once for an object, in their order.
    ///
    /// Localhost, addresses of examples and whatever only might happen do not count: a skill full of them is a skill
    /// full of documentation.
    static func uses(of operations: [Operation], at place: Place) -> [Use] {
        var out: [Use] = []
        for operation in operations where operation.role == .executed {
            guard !operation.traits.contains(.potential), !operation.traits.contains(.dryRun) else { continue }
            for (capability, object) in read(operation) {
                if let index = out.firstIndex(where: { $0.capability == capability && $0.object == object }) {
                    if !out[index].programs.contains(operation.program) {
                        out[index].programs.append(operation.program)
                    }
                    continue
                }
                // A piece of code with more than this is judged by what it does first.
                guard out.count < 64 else { return out }
                let (span, line) = located(operation, object, place)
                out.append(
                    Use(
                        capability: capability, object: object, programs: [operation.program], span: span, line: line))
            }
        }
        // A place that makes something start later is told as that, and not again as a file.
        let told = Set(out.filter { [.persistence, .settings, .hooks].contains($0.capability) }.map(\.object))
        return out.filter { $0.capability != .outside || !told.contains($0.object) }
    }

    /// The operation's own line where it is known: by its place in a shell's text, otherwise where its object is written.
    private static func located(_ operation: Operation, _ object: String, _ place: Place) -> (SourceSpan, Int) {
        var found: Range<Int>?
        if place.isShell, let span = operation.span, span.start < span.end, span.end <= place.text.count {
            found = span.start..<span.end
        } else if let last = object.split(separator: "/").last, last.utf8.count >= 4 {
            let word = Array(last.utf8)
            let start = place.text.indices.first { place.text[$0...].starts(with: word) }
            found = start.map { $0..<($0 + word.count) }
        }
        guard let found else { return (place.span, place.line) }
        let line = place.line + place.text[..<found.lowerBound].count { $0 == 0x0A }
        let start = place.span.start + found.lowerBound
        return (SourceSpan(start: start, end: place.span.start + found.upperBound), line)
    }

    private static func read(_ operation: Operation) -> [(Capability, String)] {
        switch operation.kind {
        case .netConnect, .httpRequest:
            if CommandJudgement.metadata.contains(operation.host) { return [(.credentials, operation.host)] }
            guard isElsewhere(operation.host) else { return [] }
            if CommandJudgement.isAnonymous(host: operation.host) { return [(.stranger, operation.host)] }
            if operation.traits.contains(.upload) { return [(.send, operation.host)] }
            return operation.traits.contains(.published) ? [] : [(.network, operation.host)]
        case .netListen: return [(.listen, operation.host)]
        case .secretRead:
            if operation.detail == "environment" || operation.detail.hasPrefix("shows the whole") {
                return [(.environment, "")]
            }
            // A project's own `.env` is what its tools are for; the person's keys are not.
            guard operation.path.hasPrefix("/"), !PathText.isUnder(operation.path, ExamplePlace.project) else {
                return []
            }
            return [(.credentials, shown(operation.path))]
        case .configWrite: return settings(operation)
        case .gitPush: return [(.push, "")]
        case .pkgPublish: return [(.publish, operation.package?.name ?? "")]
        case .deployApply, .resourceDelete, .resourceWrite: return [(.deploy, "")]
        case .privilegeRaise: return [(.privilege, "")]
        case .systemChange: return [(.system, "")]
        case .processSignal: return [(.signal, "")]
        case .gitDiscard, .gitRewrite: return [(.history, "")]
        case .agentSpawn: return [(.agents, "")]
        case .fileWrite, .fileDelete:
            guard isOutside(operation.path) else { return [] }
            return [(.outside, shown(operation.path))]
        case .fileRead, .fileSearch, .fileMode, .shellExec, .shellBackground, .mcpCall, .mcpResource, .gitCommit,
            .gitFetch, .gitConfig, .pkgInstall, .browserNavigate, .memoryWrite, .toolOther:
            return []
        }
    }

    private static func settings(_ operation: Operation) -> [(Capability, String)] {
        let path = shown(operation.path)
        if startsLater.contains(where: { operation.detail.hasPrefix($0) }) { return [(.persistence, path)] }
        if operation.detail.hasPrefix("git-hook") { return [(.hooks, path)] }
        // Logs and notes beside an agent's settings are no settings.
        if operation.detail.hasPrefix("agent"), CommandJudgement.isSettings(operation.path) {
            return [(.settings, path)]
        }
        return []
    }

    private static let startsLater = [
        "shell-startup", "cron", "service", "ssh", "auth", "login", "loader", "replaces scheduled jobs",
        "a service starts by itself",
    ]

    /// Another machine that is no stand-in.
    private static func isElsewhere(_ host: String) -> Bool {
        guard !host.isEmpty, host.contains("."), !host.contains("…"), !host.contains("$"), !host.contains("*"),
            !host.contains("<"), !host.contains("{")
        else { return false }
        if host.hasPrefix("127.") || host.hasPrefix("10.") || host.hasPrefix("192.168.") || host.hasPrefix("0.") {
            return false
        }
        let labels = host.split(separator: ".").map { $0.lowercased() }
        guard let last = labels.last, !["local", "localhost", "internal", "test", "invalid", "example"].contains(last)
        else { return false }
        return !labels.contains { label in
            label == "example" || label.hasPrefix("your") || label.hasPrefix("my-") || label == "xxx"
                || label == "mysite" || label == "domain" || label == "company" || label == "hostname"
        }
    }

    /// Neither the project nor a place where things are put aside.
    private static func isOutside(_ path: String) -> Bool {
        guard path.hasPrefix("/"), !PathText.isUnder(path, ExamplePlace.project) else { return false }
        return !["/tmp", "/dev", "/var/tmp", "/proc/self", ExamplePlace.home + "/.cache"].contains {
            PathText.isUnder(path, $0)
        }
    }

    private static func shown(_ path: String) -> String {
        for (prefix, text) in [(ExamplePlace.project + "/", ""), (ExamplePlace.home + "/", "~/")]
        where path.hasPrefix(prefix) { return text + path.dropFirst(prefix.count) }
        return path
    }
}
