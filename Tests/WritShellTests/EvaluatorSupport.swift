// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritShell

/// Where the commands of the evaluator's tests run.
func testContext(
    files: KnownFiles? = nil, environment: [String: String] = [:], dialect: ShellDialect = .bash,
    isCaseInsensitive: Bool = false
) -> ShellContext {
    ShellContext(
        workingDirectory: "/proj/app", workspace: "/proj/app", home: "/home/ana", user: "ana", environment: environment,
        dialect: dialect, files: files, isCaseInsensitive: isCaseInsensitive)
}

/// One line for an operation: kind, target, traits, taints, what is opaque.
func line(_ operation: Operation) -> String {
    var words = [operation.kind.rawValue]
    if operation.kind == .shellExec { words.append(operation.program) }
    if !operation.path.isEmpty { words.append(operation.path) }
    if !operation.host.isEmpty {
        words.append(operation.port > 0 ? "\(operation.host):\(operation.port)" : operation.host)
    }
    if let package = operation.package { words.append("\(package.ecosystem)/\(package.name)") }
    for (trait, name) in Operation.Traits.names where operation.traits.contains(trait) { words.append(name) }
    for (taint, name) in Operation.Taints.names where operation.taints.contains(taint) { words.append("<\(name)") }
    if let opaque = operation.opaque { words.append("opaque:\(opaque.rawValue)") }
    if operation.kind == .secretRead || operation.kind == .configWrite || operation.kind == .systemChange {
        words.append("(\(operation.detail.split(separator: " ").first.map { String($0) } ?? ""))")
    }
    return words.joined(separator: " ")
}

/// The lines of all operations of a command.
func lines(_ command: String, _ context: ShellContext = testContext()) -> [String] {
    ShellAnalyzer.analyze(command, in: context).operations.map(line)
}

/// A command with the lines that its analysis must and must not have; a line stands for every line that starts with it.
struct EffectCase: Sendable {
    let command: String
    let has: [String]
    let hasNot: [String]

    init(_ command: String, _ has: String..., not hasNot: [String] = []) {
        self.command = command
        self.has = has
        self.hasNot = hasNot
    }

    /// What does not hold, in words.
    func faults(_ context: ShellContext = testContext()) -> [String] {
        let found = lines(command, context)
        let missing = has.filter { wanted in !found.contains { $0 == wanted || $0.hasPrefix(wanted + " ") } }
        let present = hasNot.filter { unwanted in
            found.contains {
                $0 == unwanted || $0.hasPrefix(unwanted + " ") || unwanted == "opaque" && $0.contains("opaque:")
            }
        }
        if missing.isEmpty, present.isEmpty { return [] }
        return ["\(command)\n  missing \(missing)\n  unwanted \(present)\n  found \(found)"]
    }
}
