// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Measures whole processes: the hook against `/bin/true` in interleaved pairs, the cold start, memory, and the batch
/// decision over a folder of commands when one is given; and what the engines' own benchmark says. Prints each figure
/// beside its limit.
@main
struct Bench {
    static func main() throws {
        var bin = ""
        var limitsPath = ""
        var engineBench = ""
        var data: String?
        var pairs = 500
        var arguments = CommandLine.arguments.dropFirst().makeIterator()
        while let argument = arguments.next() {
            switch argument {
            case "--bin": bin = arguments.next() ?? ""
            case "--limits": limitsPath = arguments.next() ?? ""
            case "--engine-bench": engineBench = arguments.next() ?? ""
            case "--data": data = arguments.next()
            case "--pairs": pairs = arguments.next().flatMap { Int($0) } ?? pairs
            default:
                print("unknown argument \(argument); see Benchmarks/run")
                exit(2)
            }
        }
        let limits =
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: limitsPath)))
            as? [String: Double] ?? [:]
        var report = Report(limits: limits)
        let home = NSTemporaryDirectory() + "writ-bench-\(getpid())"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        let run = Run(bin: bin, home: home)
        defer {
            _ = spawn([bin + "/writ", "daemon", "stop", "--home", home])
            // A folder left behind in the temporary folder harms nobody.
            try? FileManager.default.removeItem(atPath: home)
        }
        run.coldStart(&report)
        run.warmHook(pairs: pairs, &report)
        try run.agents(rounds: 100, &report)
        run.memory(&report)
        try run.hostileScripts(&report)
        try run.policies(&report)
        run.engines(engineBench, data, &report)
        if let data { try run.decisions(data, &report) }
        report.finish()
    }
}

struct Report {
    let limits: [String: Double]
    private var failed: [String] = []

    init(limits: [String: Double]) {
        self.limits = limits
    }

    mutating func add(_ name: String, _ value: Double) {
        let shown = String(format: "%10.2f", value)
        let padded = name.padding(toLength: 52, withPad: " ", startingAt: 0)
        guard let limit = limits[name] else {
            print("\(padded) \(shown)")
            return
        }
        let isKept = value <= limit
        if !isKept { failed.append(name) }
        print("\(padded) \(shown)   limit \(String(format: "%.2f", limit))  \(isKept ? "kept" : "MISSED")")
    }

    func finish() {
        guard !failed.isEmpty else { return }
        print("missed: \(failed.joined(separator: ", "))")
        exit(1)
    }
}

struct Run {
    let bin: String
    let home: String

    /// An id that no call had before: a call that comes twice is decided once, and would say little about the time.
    private static var fresh: String { "call-\(UInt64.random(in: 0 ... .max))" }

    private var payload: [UInt8] {
        Array(
            """
            {"session_id":"bench","transcript_path":"/tmp/t.jsonl","cwd":"\(home)","permission_mode":"default",\
            "hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"git status && ls -la src"},\
            "tool_use_id":"\(Self.fresh)"}
            """.utf8)
    }

    private func hook() -> Outcome {
        spawn([bin + "/writ-hook", "claude-code", "--home", home], input: payload)
    }

    func coldStart(_ report: inout Report) {
        var times: [Double] = []
        for _ in 0..<5 {
            _ = spawn([bin + "/writ", "daemon", "stop", "--home", home])
            let outcome = hook()
            guard outcome.status == 0 else {
                print("cold start: the hook answered with exit code \(outcome.status)")
                continue
            }
            times.append(outcome.microseconds / 1e3)
        }
        report.add("cold start to first verdict, best of five, ms", times.min() ?? .infinity)
    }

    func warmHook(pairs: Int, _ report: inout Report) {
        for _ in 0..<20 { _ = hook() }
        var hooks: [Double] = []
        var trues: [Double] = []
        for round in 0..<pairs {
            // Either goes first in turn, so that neither always finds the caches of the other.
            if round.isMultiple(of: 2) {
                trues.append(spawn(["/bin/true"]).microseconds)
                hooks.append(hook().microseconds)
            } else {
                hooks.append(hook().microseconds)
                trues.append(spawn(["/bin/true"]).microseconds)
            }
        }
        report.add("/bin/true median, us", trues.quantile(0.5))
        report.add("/bin/true p99, us", trues.quantile(0.99))
        report.add("hook warm median, us", hooks.quantile(0.5))
        report.add("hook warm p99, us", hooks.quantile(0.99))
        report.add("hook warm, median, times /bin/true", hooks.quantile(0.5) / trues.quantile(0.5))
        report.add("hook warm, p99, times /bin/true p99", hooks.quantile(0.99) / trues.quantile(0.99))
    }

    /// Whether an agent's hook takes longer than another's, and whether any does because others are installed: all agents
    /// in turn, and the first one in a home where it is alone against one where all are.
    func agents(rounds: Int, _ report: inout Report) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Conformance/agents").standardizedFileURL
        var hooks: [(agent: String, words: [String], payload: String)] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        where name.hasSuffix(".json") {
            let data = try Data(contentsOf: folder.appendingPathComponent(name))
            guard let file = try JSONSerialization.jsonObject(with: data) as? [String: Any],
                let agent = file["agent"] as? String, let vectors = file["vectors"] as? [[String: Any]],
                let vector = vectors.first(where: {
                    $0["moment"] as? String == "before_tool" && $0["tool"] as? String == "Bash"
                }), let event = vector["event"] as? String, let payload = vector["payload"]
            else { continue }
            let text = String(decoding: try JSONSerialization.data(withJSONObject: payload), as: UTF8.self)
            hooks.append((agent, [bin + "/writ-hook", agent, "--event", event, "--home"], text))
        }
        let all = home + "/all"
        try FileManager.default.createDirectory(atPath: all, withIntermediateDirectories: true)
        for hook in hooks { _ = spawn([bin + "/writ", "install", hook.agent, "--quiet", "--home", all]) }
        defer { _ = spawn([bin + "/writ", "daemon", "stop", "--home", all]) }
        var times = [[Double]](repeating: [], count: hooks.count)
        var alone: [Double] = []
        var beside: [Double] = []
        for round in -5..<rounds {
            for offset in hooks.indices {
                let index = (offset + round + 5) % hooks.count
                let text = hooks[index].payload.replacingOccurrences(of: "\"call-1\"", with: "\"\(Self.fresh)\"")
                let time = spawn(hooks[index].words + [all], input: Array(text.utf8)).microseconds
                if round >= 0 { times[index].append(time) }
            }
            for home in round.isMultiple(of: 2) ? [home, all] : [all, home] {
                let words = [bin + "/writ-hook", "claude-code", "--home", home]
                let time = spawn(words, input: payload).microseconds
                if round < 0 { continue }
                if home == all { beside.append(time) } else { alone.append(time) }
            }
        }
        let medians = times.map { $0.quantile(0.5) }
        for (hook, median) in zip(hooks, medians) { print(String(format: "  %10.2f us  %@", median, hook.agent)) }
        let middle = medians.quantile(0.5)
        report.add("hook of the slowest agent, times the median agent", (medians.max() ?? .infinity) / middle)
        report.add(
            "hook with \(hooks.count) agents installed, times one", beside.quantile(0.5) / alone.quantile(0.5))
    }

    func memory(_ report: inout Report) {
        let outcome = spawn([bin + "/writ", "daemon", "status", "--json", "--home", home])
        guard let status = try? JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any],
            let bytes = (status["resident_bytes"] as? NSNumber)?.doubleValue
        else {
            print("daemon status gave no memory figure")
            return
        }
        report.add("daemon at rest, MiB", bytes / 1_048_576)
    }

    /// Scripts of hostile size: what parsing adds to the start of the process.
    func hostileScripts(_ report: inout Report) throws {
        let line = "for f in src/*.c; do gcc -c \"$f\" -o \"build/${f%.c}.o\" || exit 1; done  # build all of it\n"
        let scripts: [(name: String, text: String)] = [
            ("nothing", "true"),
            ("1 MB script", String(repeating: line, count: (1 << 20) / line.utf8.count)),
            (
                "10,000 nested parentheses",
                String(repeating: "(", count: 10_000) + "a" + String(repeating: ")", count: 10_000)
            ),
            ("5 MB in one line", "echo " + String(repeating: "a b;echo ", count: 5 << 17)),
            ("a million semicolons", String(repeating: "a;", count: 1_000_000)),
        ]
        var start = Double.infinity
        for (name, text) in scripts {
            let path = home + "/script"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            var best = Double.infinity
            for _ in 0..<5 {
                let check = "exec \"$0\" shell check < \"$1\" 2>/dev/null"
                let outcome = spawn(["/bin/sh", "-c", check, bin + "/writ", path])
                best = min(best, outcome.microseconds / 1e3)
            }
            if name == "nothing" { start = best } else { report.add("parse \(name), best of five, ms", best - start) }
        }
    }

    /// 500 rules of a person's beside the built-in ones, as a daemon that starts loads them: from their source, and from
    /// the cache. The daemon says itself how long that took; the best of five of each.
    func policies(_ report: inout Report) throws {
        var text = "version: \"2\"\nmetadata: {name: bench, revision: 1}\nrules:\n"
        for index in 0..<500 {
            let rule =
                switch index % 5 {
                case 0:
                    "action: deny, match: {actions: [shell.exec], commands: ['tool\(index) run', 'git push --opt\(index)']}"
                case 1:
                    "action: ask, match: {actions: [file.write], paths: ['$repo/area\(index)/**', '**/*.k\(index)']}"
                case 2: "action: deny, match: {actions: [net.connect], hosts: ['*.zone\(index).example.com']}"
                case 3:
                    "action: deny, match: {actions: [shell.exec]}, when: 'op.argv.exists(a, a == \"--danger\(index)\")'"
                default:
                    "action: deny, match: {actions: [file.read]}, when: 'op.path.endsWith(\".s\(index)\") && !repo.trusted'"
                }
            text += "  - {name: r\(index), \(rule)}\n"
        }
        let folder = home + "/.config/writ/policies"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: folder + "/bench.yaml", atomically: true, encoding: .utf8)
        var best: [Bool: Double] = [:]
        for round in 0..<10 {
            let isCached = !round.isMultiple(of: 2)
            _ = spawn([bin + "/writ", "daemon", "stop", "--home", home])
            // The first time there is none yet.
            if !isCached { try? FileManager.default.removeItem(atPath: home + "/.local/state/writ/cache") }
            _ = hook()
            let outcome = spawn([bin + "/writ", "daemon", "status", "--json", "--home", home])
            guard let status = try? JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any],
                let time = (status["policies_loaded_in_us"] as? NSNumber)?.doubleValue
            else {
                print("daemon status gave no time of loading")
                continue
            }
            best[isCached] = min(best[isCached] ?? .infinity, time / 1e3)
        }
        report.add("start with 500 rules more, from source, ms", best[false] ?? .infinity)
        report.add("start with 500 rules more, from cache, ms", best[true] ?? .infinity)
    }

    /// The policy engine alone, which measures itself: `NAME: best N us, p50 N us, p99 N us` a line.
    /// What the engines' own benchmark says. What it does not say is missed, as what it says when it fails.
    func engines(_ program: String, _ data: String?, _ report: inout Report) {
        read(
            [program],
            ["load of 500 rules from source, p50", "load of 500 rules from the cache, p50"]
                + ["p50", "p99"].map { "decision of 500 rules on 10 operations, " + $0 }, &report)
        guard let data else { return }
        read([program, "commands", data], ["analysis of commands, p50", "analysis of commands, p99"], &report)
    }

    private func read(_ words: [String], _ names: [String], _ report: inout Report) {
        let outcome = spawn(words)
        var figures: [String: Double] = [:]
        for line in String(decoding: outcome.output, as: UTF8.self).split(separator: "\n") {
            let parts = line.components(separatedBy: ": ")
            guard parts.count == 2 else { continue }
            for figure in parts[1].components(separatedBy: ", ") {
                let words = figure.split(separator: " ")
                guard words.count == 3, words[2] == "us", let value = Double(words[1]) else { continue }
                figures["\(parts[0]), \(words[0])"] = value
            }
        }
        for name in names {
            report.add(name + ", us", outcome.status == 0 ? figures[name] ?? .infinity : .infinity)
        }
    }

    func decisions(_ folder: String, _ report: inout Report) throws {
        var lines: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".jsonl")
        {
            for line in try String(contentsOfFile: folder + "/" + name, encoding: .utf8).split(separator: "\n") {
                guard let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                    let command = row["command"] as? String
                else { continue }
                let request: [String: Any] = [
                    "id": lines.count, "agent": "claude-code", "tool": "Bash", "args": ["command": command],
                    "cwd": "/home/dev/project",
                ]
                lines.append(String(decoding: try JSONSerialization.data(withJSONObject: request), as: UTF8.self))
            }
        }
        // Through files: a batch answers while it is fed, and two full pipes would wait for each other.
        let input = home + "/calls.jsonl"
        let output = home + "/answers.jsonl"
        try (lines.joined(separator: "\n") + "\n").write(toFile: input, atomically: true, encoding: .utf8)
        var best: (Double, Double) = (.infinity, .infinity)
        for _ in 0..<5 {
            _ = spawn(["/bin/sh", "-c", "exec \"$0\" decide --jsonl < \"$1\" > \"$2\"", bin + "/writ", input, output])
            var micros: [Double] = []
            for line in try Data(contentsOf: URL(fileURLWithPath: output)).split(separator: 0x0A) {
                let answer = try JSONSerialization.jsonObject(with: line) as? [String: Any]
                if let value = (answer?["micros"] as? NSNumber)?.doubleValue { micros.append(value) }
            }
            best.0 = min(best.0, micros.quantile(0.5))
            best.1 = min(best.1, micros.quantile(0.99))
        }
        print("decide over \(lines.count) commands, best of five runs")
        report.add("decide p50, us", best.0)
        report.add("decide p99, us", best.1)
    }
}
