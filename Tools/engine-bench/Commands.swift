// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritShell

/// The analysis of commands, from text to operations, without policy and detectors.
enum Commands {
    /// Five rounds over all commands of a folder; prints the fastest round's figures.
    static func measure(_ folder: String) throws {
        var commands: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".jsonl")
        {
            let text = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
            for line in text.split(separator: UInt8(ascii: "\n")) {
                if let command = try JSON(parsing: Array(line))["command"]?.string { commands.append(command) }
            }
        }
        guard !commands.isEmpty else {
            print("no commands in \(folder)")
            exit(2)
        }
        var operations = 0
        var best: [Duration] = []
        for _ in 0..<5 {
            var next = commands.startIndex
            let times = EngineBench.measure(commands.count) {
                operations += ShellAnalyzer.analyze(commands[next], in: .example).operations.count
                next += 1
            }
            .sorted()
            if best.isEmpty || times[times.count / 2] < best[best.count / 2] { best = times }
        }
        precondition(operations > 0, "commands do something")
        EngineBench.report("analysis of commands", best)
        print("\(commands.count) commands")
    }
}
