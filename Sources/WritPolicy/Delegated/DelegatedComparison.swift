// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Whether the grants of a derived link lie within those of the link above it.
///
/// A courtesy to whoever derives: what a link claims beyond its parent, no call gets, because each link is asked apart.
public enum DelegatedComparison: Sendable, Hashable {
    /// Proved: everything that the child grants, the parent grants.
    case within
    /// A call that the child would let pass and the parent does not grant: the number of the child's grant, from 1,
    /// and the call in a line.
    case outside(grant: Int, witness: String)
    /// Neither proved nor shown: the numbers of the child's grants.
    case undecided(grants: [Int])

    /// Compares the grants; the parent's denials and questions hold below it anyway.
    ///
    /// Takes a few thousand decisions at most.
    /// - Throws: what in one of the links cannot be used.
    public static func of(
        _ child: DelegatedAuthority, below parent: DelegatedAuthority
    ) throws(PolicyErrors) -> DelegatedComparison {
        var above = DelegatedAuthority(
            id: parent.id, notBefore: .min / 2, expires: .max / 2, environments: Posture.profiles)
        above.grants = parent.grants
        var below = DelegatedAuthority(
            id: child.id, notBefore: .min / 2, expires: .max / 2, environments: Posture.profiles)
        below.grants = child.grants
        below.denials = child.denials
        let (outer, inner) = (try PolicyLayer.delegated(above), try PolicyLayer.delegated(below))
        let (granting, claiming) = (PolicySet([outer]), PolicySet([inner]))
        var undecided: [Int] = []
        for (index, grant) in child.grants.enumerated() {
            let isCovered = parent.grants.enumerated().contains { place, wide in
                Containment.covers(outer.rules[place].matcher, inner.rules[index].matcher, .grant)
                    && ArgumentContainment.covers(wide.arguments, grant.arguments)
            }
            if isCovered { continue }
            for sample in try samples(of: grant, for: below) {
                if claiming.decide(sample).verdict == .allow, granting.decide(sample).verdict > .allow {
                    return .outside(grant: index + 1, witness: line(sample))
                }
            }
            undecided.append(index + 1)
        }
        return undecided.isEmpty ? .within : .undecided(grants: undecided)
    }

    private static func line(_ request: PolicyRequest) -> String {
        var text = Sampler.line(request)
        if request.call.tool.server == nil, request.operations.first?.kind == .toolOther {
            text += " by `\(Wording.short(request.call.tool.name))`"
        }
        let arguments = request.call.arguments
        if arguments != .object([]), arguments["command"] == nil { text += " with \(Wording.short(arguments.text))" }
        return text
    }

    /// Calls that the grant is likely to cover: each item of each list once, the others as they are.
    private static func samples(
        of grant: DelegatedAuthority.Capability, for link: DelegatedAuthority
    ) throws(PolicyErrors) -> [PolicyRequest] {
        // Of all operations that have such a tool, host or command, the plainest makes the clearest witness.
        var grant = grant
        if grant.match.actions == nil {
            let kind: WritCore.Operation.Kind? =
                if grant.match.commands != nil {
                    .shellExec
                } else if grant.match.hosts != nil {
                    .netConnect
                } else if grant.match.tools?.allSatisfy({ $0.value.hasPrefix("mcp:") }) == true {
                    .mcpCall
                } else {
                    nil
                }
            grant.match.actions = kind.map { [Marked($0.rawValue, DelegatedAuthority.mark)] }
        }
        var single: [DelegatedAuthority.Capability] = [grant]
        func vary(_ key: WritableKeyPath<PolicyDocument.Match, [Marked<String>]?>, _ items: [Marked<String>]) {
            for item in items.prefix(maximumItems) {
                var one = grant
                one.match[keyPath: key] = [item]
                single.append(one)
            }
        }
        let named = grant.match.actions?.map(\.value) ?? ["*"]
        let kinds = WritCore.Operation.Kind.allCases.filter { kind in
            named.contains { name in
                name == "*" || name == kind.rawValue || name.hasSuffix(".*") && kind.rawValue.hasPrefix(name.dropLast())
            }
        }
        vary(\.actions, kinds.map { Marked($0.rawValue, DelegatedAuthority.mark) })
        vary(\.tools, grant.match.tools ?? [])
        vary(\.commands, grant.match.commands ?? [])
        vary(\.paths, grant.match.paths ?? [])
        vary(\.hosts, grant.match.hosts ?? [])
        vary(\.packages, grant.match.packages ?? [])
        var probe = link
        probe.grants = single
        probe.denials = []
        let layer = try PolicyLayer.delegated(probe)
        let arguments = ArgumentSamples.of(grant.arguments)
        var out: [PolicyRequest] = []
        for rule in layer.rules where rule.isGrant {
            for request in Sampler(layer: layer).requests(for: rule).prefix(12) {
                for arguments in arguments {
                    var sample = request
                    if !grant.arguments.isEmpty { sample.call.arguments = arguments }
                    out.append(sample)
                    // A glob that crosses folders goes deeper than one that does not.
                    guard let path = sample.operations.first?.path, !path.isEmpty else { continue }
                    sample.operations[0].path = path + "/y/z"
                    out.append(sample)
                }
                if out.count > maximumSamples { return out }
            }
        }
        return out
    }

    private static let maximumItems = 64
    private static let maximumSamples = 4_000
}

/// Whether arguments that one capability accepts are accepted by another. A yes is proved.
enum ArgumentContainment {
    static func covers(_ outer: [ArgumentRule], _ inner: [ArgumentRule]) -> Bool {
        if outer.isEmpty { return true }
        guard outer.count == inner.count else { return false }
        return outer.allSatisfy { wide in
            guard let narrow = inner.first(where: { $0.name.utf8.elementsEqual(wide.name.utf8) }) else { return false }
            return wide.constraints.allSatisfy { wanted in
                narrow.constraints.contains { implies($0, wanted) }
            }
        }
    }

    private static func implies(_ narrow: ArgumentRule.Constraint, _ wide: ArgumentRule.Constraint) -> Bool {
        if wide == .anyValue || narrow == wide { return true }
        func has(_ values: [JSON], _ value: JSON) -> Bool { values.contains { ArgumentValue.isSame($0, value) } }
        let values: [JSON]
        switch (narrow, wide) {
        case (.range(let low, let high), .range(let least, let most)):
            return least.map { least in low.map { $0 >= least } ?? false } ?? true
                && most.map { most in high.map { $0 <= most } ?? false } ?? true
        case (.subset(let some), .subset(let all)): return some.allSatisfy { has(all, $0) }
        case (.notOneOf(let all), .notOneOf(let some)): return some.allSatisfy { has(all, $0) }
        case (.hostIn(let some), .hostIn(let all)):
            return some.allSatisfy { host in all.contains { Containment.covers(host: $0, host) } }
        case (.pathUnder(let below), .pathUnder(let above)):
            guard let below = PathFolder(below), let above = PathFolder(above), below.root == above.root else {
                return false
            }
            return above.rest.isEmpty || PathText.isUnder(below.rest, above.rest)
        case (.exact(let value), _): values = [value]
        case (.oneOf(let some), _): values = some
        default: return false
        }
        // A few values: each is tried, where the answer does not depend on the machine.
        switch wide {
        case .exact, .oneOf, .notOneOf, .range, .subset, .contains:
            let request = PolicyRequest(call: Call())
            return values.allSatisfy { value in
                var request = request
                request.call.arguments = ["x": value]
                do throws(ArgumentFault) {
                    return try ArgumentMatcher([ArgumentRule("x", [wide])]).fits(request, .grant)
                } catch {
                    return false
                }
            }
        case .pathUnder, .hostIn, .anyValue: return false
        }
    }
}

/// Arguments that constraints are likely to accept.
enum ArgumentSamples {
    private static let maximumValues = 40

    /// One argument varied at a time.
    static func of(_ rules: [ArgumentRule]) -> [JSON] {
        let candidates = rules.map { rule in
            Array((rule.constraints.flatMap(values) + ["x", 0]).prefix(maximumValues))
        }
        // The engine says which fit: for each argument the first that all of its constraints accept.
        let first = zip(rules, candidates).map { rule, values in values.first { fits(rule, $0) } ?? "x" }
        func object(_ values: [JSON]) -> JSON {
            .object(zip(rules, values).map { JSON.Member($0.name, $1) })
        }
        var out = [object(first)]
        for (index, values) in candidates.enumerated() {
            for value in values {
                var changed = first
                changed[index] = value
                out.append(object(changed))
            }
        }
        return out
    }

    private static func fits(_ rule: ArgumentRule, _ value: JSON) -> Bool {
        var request = PolicyRequest(call: Call(arguments: ["x": value]))
        request.roots = GivenReader.roots
        do throws(ArgumentFault) {
            return try ArgumentMatcher([ArgumentRule("x", rule.constraints)]).fits(request, .grant)
        } catch {
            return false
        }
    }

    private static func values(_ constraint: ArgumentRule.Constraint) -> [JSON] {
        switch constraint {
        case .exact(let value): return [value]
        case .oneOf(let values): return values
        case .notOneOf: return ["else"]
        case .range(let low, let high):
            let ends = [low, high].compactMap(\.self)
            let far: Int64 = 1_000_000
            let below = low == nil ? high.map { max($0, .min + far) - far } : nil
            let above = high == nil ? low.map { min($0, .max - far) + far } : nil
            return (ends + [below, above].compactMap(\.self)).map { .integer($0) }
        case .subset(let values): return [.array(values), []] + values.map { [$0] }
        case .contains(let value): return [[value], [value, "else"]]
        case .pathUnder(let folder):
            guard let folder = PathFolder(folder) else { return [] }
            let start =
                switch folder.root {
                case .none: folder.rest
                case .repo, .work: GivenReader.repo + folder.rest
                case .home: GivenReader.home + folder.rest
                case .tmp: "/tmp" + folder.rest
                }
            return [.string(start + "/x"), .string(start.isEmpty ? "/" : start), .string(start + "/x/y/z")]
        case .hostIn(let hosts):
            // Of a block its first address.
            return hosts.map { .string(String($0.replacing("*", with: "x").prefix { $0 != "/" })) }
        case .anyValue: return ["x", 0]
        }
    }
}
