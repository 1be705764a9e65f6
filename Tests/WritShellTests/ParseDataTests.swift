// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritShell

@Test func `the share of public scripts that is read`() {
    for (name, least) in [("real-scripts", 1.0), ("tree-sitter-bash", 1.0), ("oils-spec", 0.97)] {
        guard let rows = measuringRows("bash", name) else { return }
        var valid = 0
        var read = 0
        var invalid = 0
        var refused = 0
        for row in rows {
            guard let script = row["script"]?.string else { continue }
            let fails = ShellParser.parse(script).error != nil
            if row["label"]?.string == "valid" {
                valid += 1
                read += fails ? 0 : 1
            } else {
                invalid += 1
                refused += fails ? 1 : 0
            }
        }
        print("\(name): \(read) of \(valid) valid scripts read, \(refused) of \(invalid) invalid ones refused")
        #expect(Double(read) >= least * Double(valid))
    }
}

@Test func `every command of the command sets ends in a tree or an error`() {
    let sets = [
        "agent-multiswebench", "agent-sweagent-demos", "build-and-ci", "gtfobins", "guard-dcg", "guard-safety-net",
        "nl2bash",
    ]
    for name in sets {
        guard let rows = measuringRows("commands", name) else { return }
        var read = 0
        var stable = 0
        for row in rows {
            guard let command = row["command"]?.string else { continue }
            let outcome = ShellParser.parse(command)
            read += outcome.error == nil ? 1 : 0
            let text = ShellPrinter.print(outcome.script)
            stable += ShellPrinter.print(ShellParser.parse(text).script) == text ? 1 : 0
        }
        print("\(name): \(read) of \(rows.count) commands read, \(stable) printed stably")
        #expect(stable == rows.count)
        #expect(Double(read) >= 0.9 * Double(rows.count))
    }
}

@Test func `what is unknown of the commands of agents and builds`() {
    var total = 0
    var unknown = 0
    for name in ["agent-multiswebench", "agent-sweagent-demos", "build-and-ci"] {
        guard let rows = measuringRows("commands", name) else { return }
        for row in rows {
            guard let command = row["command"]?.string else { continue }
            let analysis = ShellAnalyzer.analyze(
                command, in: ShellContext(workingDirectory: "/home/dev/project", home: "/home/dev", keepsInput: false))
            total += 1
            // A script that nobody has read is known to be just that.
            if analysis.operations.contains(where: { $0.opaque != nil && $0.opaque != .unread }) { unknown += 1 }
        }
    }
    let share = (Double(unknown) * 1_000 / Double(max(1, total))).rounded() / 10
    print("computed, tainted, beyond a limit or no script: \(unknown) of \(total) commands, \(share) %")
    #expect(unknown * 10 <= total)
}
