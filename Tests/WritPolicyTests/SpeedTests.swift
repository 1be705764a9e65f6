// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore

@testable import WritPolicy

/// Figures for people, not a bar. They count in release:
/// `WRIT_SPEED=1 swift test -c release -Xswiftc -enable-testing --filter SpeedTests`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["WRIT_SPEED"] != nil)) struct SpeedTests {
    /// Rules of the kinds that policies have: by action, command, path, host and condition.
    static func policy(rules count: Int) -> String {
        var text = "version: \"2\"\nmetadata: {name: speed, revision: 1}\nrules:\n"
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

    private static let operations: [WritCore.Operation] = [
        Fixture.exec("git -C sub push origin feature"), WritCore.Operation(.gitPush, host: "git.example.com"),
        Fixture.exec("npm test -- --watch"), WritCore.Operation(.fileRead, path: "/srv/project/src/main.swift"),
        WritCore.Operation(.fileWrite, path: "/srv/project/out/log.txt"), Fixture.exec("tee out/log.txt"),
        WritCore.Operation(.netConnect, host: "api.example.org", port: 443),
        Fixture.exec("curl https://api.example.org"),
        WritCore.Operation(.fileDelete, path: "/srv/project/build/a.o"), Fixture.exec("rm build/a.o"),
    ]

    @Test func `500 rules load and decide on 10 operations`() throws {
        let bytes = Array(Self.policy(rules: 500).utf8)
        let clock = ContinuousClock()
        var loads: [Duration] = []
        var layer: PolicyLayer?
        for _ in 0..<9 {
            loads.append(
                try clock.measure {
                    layer = try PolicyLayer.load(.user, [.init(file: "speed.yaml", bytes: bytes)])
                })
        }
        let kept = Kept()
        var options = PolicyOptions(hash: Kept.digest)
        options.cache = kept.cache
        let source = PolicyLayer.Source(file: "speed.yaml", bytes: bytes)
        _ = try PolicyLayer.load(.user, [source], options: options)
        var cached: [Duration] = []
        for _ in 0..<25 {
            cached.append(try clock.measure { layer = try PolicyLayer.load(.user, [source], options: options) })
        }
        cached.sort()
        print("load of the same from the cache: best \(cached[0]), p50 \(cached[12])")
        let set = PolicySet([try #require(layer)])
        let request = Fixture.request(Self.operations, tool: "Bash")
        var decisions: [Duration] = []
        var verdicts: Set<Verdict> = []
        for _ in 0..<20_000 {
            decisions.append(clock.measure { verdicts.insert(set.decide(request).verdict) })
        }
        #expect(verdicts == [.allow])
        loads.sort()
        decisions.sort()
        print("load of 500 rules (\(bytes.count) bytes): p50 \(loads[4])")
        print(
            "decision on 10 operations: p50 \(decisions[10_000]), p99 \(decisions[19_800]), worst \(decisions[19_999])")
    }
}
