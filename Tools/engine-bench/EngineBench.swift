// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritPolicy

/// Measures engines alone, in release; `make bench` runs it and reads its lines.
///
/// - `writ-engine-bench [ROUNDS]`: loading 500 rules, from source and from the cache, and deciding on ten operations.
/// - `writ-engine-bench commands FOLDER`: the analysis of each `command` in a folder's `.jsonl` files.
/// - `writ-engine-bench secrets FOLDER`: all secret rules over a folder's files in memory.
/// - `writ-engine-bench traffic FOLDER [COUNT]`: makes a ledger of so many decisions (100,000) for `writ policy diff
///   --traffic FOLDER`.
@main
struct EngineBench {
    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        if words.first == "traffic", words.count > 1 {
            return try Traffic.write(words.count > 2 ? Int(words[2]) ?? 100_000 : 100_000, to: words[1])
        }
        if words.first == "secrets", words.count > 1 { return try Secrets.measure(words[1]) }
        if words.first == "commands", words.count > 1 { return try Commands.measure(words[1]) }
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20_000
        let source = PolicyLayer.Source(file: "bench.yaml", bytes: Array(policy(rules: 500).utf8))
        let kept = Kept()
        var cached = PolicyOptions(hash: digest)
        cached.cache = PolicyCache(
            build: "1", read: { _ in kept.entry.withLock { $0 } },
            write: { _, bytes in kept.entry.withLock { $0 = bytes } })
        var layer = try PolicyLayer.load(.user, [source], options: cached)
        let loads = min(max(rounds / 800, 1), 25)
        report("load of 500 rules from source", try measure(loads) { layer = try PolicyLayer.load(.user, [source]) })
        report(
            "load of 500 rules from the cache",
            try measure(loads * 4) { layer = try PolicyLayer.load(.user, [source], options: cached) })
        let set = PolicySet([layer])
        let request = PolicyRequest(
            call: Call(
                agent: AgentIdentity(kind: "bench"), tool: Tool(name: "Bash", action: .shellExec),
                workingDirectory: "/srv/project", workspace: "/srv/project", home: "/home/dev"),
            phase: .toolCall, operations: operations)
        var verdicts: Set<Verdict> = []
        let decisions = measure(rounds) { verdicts.insert(set.decide(request).verdict) }
        report("decision of 500 rules on 10 operations", decisions)
        precondition(verdicts == [.allow], "no rule of the benchmark applies")
        try delegated(layer, request, rounds)
    }

    /// The same under a writ of three links.
    private static func delegated(_ layer: PolicyLayer, _ request: PolicyRequest, _ rounds: Int) throws {
        func link(_ index: Int) throws -> PolicyLayer {
            var link = DelegatedAuthority(
                id: "link-\(index)", notBefore: 0, expires: 1, environments: ["prototyping", "production"])
            link.grants = [
                .init(actions: ["file.read", "file.search"], paths: ["/srv/project/**"]),
                .init(actions: ["file.write", "file.delete"], paths: ["$repo/out/**", "$repo/build/**"]),
                .init(actions: ["shell.exec"], commands: ["git push", "npm test", "tee", "curl", "rm"]),
                .init(actions: ["git.push", "net.connect"], hosts: ["git.example.com", "*.example.org"]),
                .init(tools: ["mcp:git/create_pull_request"], arguments: [.init("base", [.oneOf(["main", "dev"])])]),
            ]
            link.denials = [.init(actions: ["pkg.publish"])]
            link.questions = [.init(.init(tools: ["mcp:git/merge_*"]))]
            link.calls = 300
            return try .delegated(link)
        }
        var chain: [PolicyLayer] = []
        report("three links as layers", try measure(200) { chain = try (0..<3).map(link) })
        var set = PolicySet([layer])
        report("joined with 500 rules", measure(100) { set = PolicySet([layer] + chain) })
        var verdicts: Set<Verdict> = []
        report(
            "decision of 500 rules on 10 operations under three links",
            measure(rounds) { verdicts.insert(set.decide(request).verdict) })
        precondition(verdicts == [.allow], "the links of the benchmark grant its operations")
    }

    /// Rules of the kinds that policies have: by command, path, host and condition.
    static func policy(rules count: Int) -> String {
        var text = "version: \"2\"\nmetadata: {name: bench, revision: 1}\nrules:\n"
        for index in 0..<count {
            let rule =
                switch index % 5 {
                case 0:
                    "action: deny, match: {actions: [shell.exec], commands: ['tool\(index) run', 'git push --opt\(index)']}"
                case 1:
                    "action: ask, match: {actions: [file.write, file.delete], paths: ['$repo/area\(index)/**', '**/*.k\(index)']}"
                case 2:
                    "action: deny, match: {actions: [net.connect], hosts: ['*.zone\(index).example.com', 10.\(index % 250).0.0/16]}"
                case 3:
                    "action: deny, match: {actions: [shell.exec, file.read]}, when: 'op.argv.exists(a, a == \"--danger\(index)\")'"
                default:
                    "action: deny, match: {actions: [file.read]}, when: 'op.path.endsWith(\".s\(index)\") && !repo.trusted'"
                }
            text += "  - {name: r\(index), \(rule)}\n"
        }
        return text
    }

    private static func exec(_ command: String) -> WritCore.Operation {
        let words = command.split(separator: " ").map(String.init)
        return WritCore.Operation(.shellExec, program: words.first ?? "", arguments: words, command: command)
    }

    static let operations: [WritCore.Operation] = [
        exec("git -C sub push origin feature"), WritCore.Operation(.gitPush, host: "git.example.com"),
        exec("npm test -- --watch"), WritCore.Operation(.fileRead, path: "/srv/project/src/main.swift"),
        WritCore.Operation(.fileWrite, path: "/srv/project/out/log.txt"), exec("tee out/log.txt"),
        WritCore.Operation(.netConnect, host: "api.example.org", port: 443), exec("curl https://api.example.org"),
        WritCore.Operation(.fileDelete, path: "/srv/project/build/a.o"), exec("rm build/a.o"),
    ]

    static func measure(_ count: Int, _ body: () throws -> Void) rethrows -> [Duration] {
        let clock = ContinuousClock()
        var times: [Duration] = []
        times.reserveCapacity(count)
        for _ in 0..<count { times.append(try clock.measure(body)) }
        return times
    }

    static func report(_ name: String, _ times: [Duration]) {
        let sorted = times.sorted()
        func text(_ share: Double) -> String {
            let (seconds, attoseconds) = sorted[min(Int(Double(sorted.count) * share), sorted.count - 1)].components
            let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
            return "\(Double(nanoseconds / 100) / 10) us"
        }
        print("\(name): best \(text(0)), p50 \(text(0.5)), p99 \(text(0.99))")
    }

    /// Tells sources apart; a digest only in this program.
    @Sendable static func digest(_ bytes: [UInt8]) -> String {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(value, radix: 16)
    }
}

/// A cache with one entry, in memory.
final class Kept: Sendable {
    let entry = Mutex<[UInt8]?>(nil)
}
