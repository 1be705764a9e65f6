// SPDX-License-Identifier: Apache-2.0
import WritCore

/// The narrowest grants for what was denied for want of a rule, or approved again and again.
///
/// A proposal for a reviewer, never applied by itself: policy text with tests, and what else of the recorded calls it
/// would have allowed.
public struct PolicySuggestion: Sendable {
    /// A policy of the root's layer that holds the grants; empty when there is nothing to suggest.
    public var text: String
    /// How many recorded calls each grant rests on, by its name.
    public var support: [String: Int]
    /// Recorded calls whose verdict falls, those that the grants rest on among them.
    public var effect: PolicyDiff
    /// The grants do not load beside the present policy; nil when they do.
    public var fault: String?

    private struct Shape: Hashable, Comparable {
        let kind: WritCore.Operation.Kind
        let key: String
        let item: String

        static func < (left: Shape, right: Shape) -> Bool {
            (left.kind.rawValue, left.key, left.item) < (right.kind.rawValue, right.key, right.item)
        }
    }

    /// Looks through records.
    ///
    /// - Parameters:
    ///   - minimum: how often a shape of operation must have been denied or approved.
    public static func make(_ set: PolicySet, _ records: [RequestRecord], minimum: Int = 2) -> PolicySuggestion {
        var counts: [Shape: Int] = [:]
        var paths: [WritCore.Operation.Kind: [String: Int]] = [:]
        var samples: [Shape: WritCore.Operation] = [:]
        for record in records {
            let decision = set.decide(record.request)
            guard decision.verdict == .deny || decision.verdict == .ask else { continue }
            let deciding = decision.reasons.filter { $0.verdict == decision.verdict }
            // What a rule forbids is not a gap; only what no rule covers can be granted without taking a rule back.
            guard deciding.allSatisfy({ $0.rule.hasSuffix("/defaults") }),
                decision.verdict == .deny || record.wasApproved || record.verdict == .deny
            else { continue }
            for operation in record.request.operations where operation.role == .executed && !operation.isOpaque {
                guard let shape = shape(operation, record.request) else { continue }
                if shape.key == "paths" {
                    paths[operation.kind, default: [:]][shape.item, default: 0] += 1
                } else {
                    counts[shape, default: 0] += 1
                    samples[shape] = operation
                }
            }
        }
        for (kind, found) in paths {
            for (item, count) in folded(found) {
                let shape = Shape(kind: kind, key: "paths", item: item)
                counts[shape, default: 0] += count
                samples[shape] = WritCore.Operation(kind, path: item)
            }
        }
        let layer = set.root.map { set.layers[$0] }
        let level = layer?.layer ?? .user
        var writer = RuleWriter()
        var drafts: [RuleWriter.Draft] = []
        var tests = ""
        var support: [String: Int] = [:]
        for (shape, count) in counts.sorted(by: { $0.key < $1.key }) where count >= minimum {
            let name = writer.name("allow", shape.kind.rawValue, shape.item.replacing("$repo/", with: ""))
            support[name] = count
            drafts.append(
                .init(
                    name: name, action: "allow", match: [("actions", [shape.kind.rawValue]), (shape.key, [shape.item])])
            )
            if let operation = samples[shape] { tests += test(name, shape, operation) }
        }
        guard !drafts.isEmpty else {
            return PolicySuggestion(text: "", support: [:], effect: PolicyDiff(old: set, new: set), fault: nil)
        }
        let text = RuleWriter.document(name: "suggested", layer: level, drafts, tail: "\ntests:\n" + tests)
        let source = PolicyLayer.Source(file: "suggested.yaml", bytes: Array(text.utf8))
        do throws(PolicyErrors) {
            let extended = try PolicyLayer.load(
                level, (layer?.sources ?? []) + [source], options: layer?.options ?? PolicyOptions())
            let others = set.layers.enumerated().filter { $0.offset != set.root }.map(\.element)
            var effect = PolicyDiff(old: set, new: PolicySet(others + [extended], broken: set.broken))
            for record in records { effect.add(record) }
            return PolicySuggestion(text: text, support: support, effect: effect, fault: nil)
        } catch {
            return PolicySuggestion(
                text: text, support: support, effect: PolicyDiff(old: set, new: set), fault: error.description)
        }
    }

    /// What an operation has in common with others of its kind.
    private static func shape(_ operation: WritCore.Operation, _ request: PolicyRequest) -> Shape? {
        switch operation.kind {
        case .shellExec, .shellBackground:
            guard let command = command(operation) else { return nil }
            return Shape(kind: operation.kind, key: "commands", item: command)
        case .fileRead, .fileWrite, .fileSearch, .fileDelete:
            guard !operation.isPattern, PathText.isUnder(operation.path, request.roots.repo),
                request.roots.repo.count > 1
            else { return nil }
            return Shape(
                kind: operation.kind, key: "paths", item: "$repo" + operation.path.dropFirst(request.roots.repo.count))
        case .netConnect, .httpRequest, .browserNavigate:
            let host = HostText.normalized(operation.host)
            guard (try? HostPattern(host)) != nil, !HostText.isUnknown(host) else { return nil }
            return Shape(kind: operation.kind, key: "hosts", item: host)
        case .mcpCall, .mcpResource:
            guard request.call.tool.server != nil else { return nil }
            return Shape(kind: operation.kind, key: "tools", item: request.call.tool.canonicalName)
        case .pkgInstall:
            guard let package = operation.package, !package.name.isEmpty else { return nil }
            return Shape(kind: operation.kind, key: "packages", item: "\(package.ecosystem):\(package.name)")
        default: return nil
        }
    }

    /// The program with its sub-command, if the program has one.
    private static func command(_ operation: WritCore.Operation) -> String? {
        // Programs that run what they are given are not granted by name.
        let interpreters = [
            "sh", "bash", "zsh", "dash", "fish", "python", "python3", "perl", "ruby", "node", "deno", "php", "env",
            "xargs",
            "sudo", "su", "ssh", "eval", "exec", "nohup", "timeout", "docker", "npx", "awk", "find",
        ]
        guard !operation.program.isEmpty, !interpreters.contains(operation.program) else { return nil }
        var words = [operation.program]
        if let second = operation.arguments.dropFirst().first,
            second.utf8.allSatisfy({ (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x3A }),
            !second.hasPrefix("-")
        {
            words.append(second)
            if second == "run", operation.arguments.count > 2, !operation.arguments[2].hasPrefix("-") {
                words.append(operation.arguments[2])
            }
        }
        let text = words.joined(separator: " ")
        guard let pattern = try? CommandPattern(text), pattern.covers(operation) else { return nil }
        return text
    }

    /// Three files of a folder stand for the folder.
    private static func folded(_ paths: [String: Int]) -> [String: Int] {
        var folders: [String: (files: Int, count: Int)] = [:]
        func folder(_ path: String) -> String { path.split(separator: "/").dropLast().joined(separator: "/") }
        for (path, count) in paths {
            folders[folder(path), default: (0, 0)].files += 1
            folders[folder(path)]?.count += count
        }
        var out: [String: Int] = [:]
        for (path, count) in paths {
            let parent = folder(path)
            if let entry = folders[parent], entry.files >= 3, parent != "$repo" {
                out[parent + "/**"] = entry.count
            } else {
                out[path] = count
            }
        }
        return out
    }

    private static func test(_ name: String, _ shape: Shape, _ operation: WritCore.Operation) -> String {
        var given = "kind: \(shape.kind.rawValue)"
        var call = ""
        switch shape.key {
        case "commands": given += ", argv: [\(operation.arguments.map(RuleWriter.quoted).joined(separator: ", "))]"
        case "paths": given += ", path: \(RuleWriter.quoted(shape.item.replacing("**", with: "x")))"
        case "hosts": given += ", host: \(RuleWriter.quoted(shape.item))"
        case "packages":
            let package = operation.package
            given +=
                ", package: {ecosystem: \(RuleWriter.quoted(package?.ecosystem ?? "")), name: \(RuleWriter.quoted(package?.name ?? ""))}"
        default: call = ", call: {tool: \(RuleWriter.quoted(shape.item))}"
        }
        return
            "  - name: \(RuleWriter.quoted("granted: " + name))\n    given: {op: {\(given)}\(call)}\n    expect: {decision: allow, by: [\(name)]}\n"
    }
}
