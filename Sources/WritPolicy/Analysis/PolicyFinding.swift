// SPDX-License-Identifier: Apache-2.0

/// Something that static analysis found out about a policy.
public struct PolicyFinding: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong. The raw value is stable.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// No call can match the rule.
        case neverMatches = "never-matches"
        /// Another rule says at least as much wherever this one applies.
        case shadowed
        /// A grant whose every call is denied by another rule.
        case deadGrant = "dead-grant"
        /// A grant and a restriction meet. Legal; a note.
        case conflict
        /// Actions that no rule of the root speaks of. A note.
        case gap
        /// A grant, an egress entry or a profile that opens more than anyone means to.
        case tooWide = "too-wide"
        /// A gate that nobody can satisfy.
        case unsatisfiableGate = "unsatisfiable-gate"
        /// A pattern that does not mean what it looks like.
        case regexTrap = "regex-trap"
        /// A key that has no effect where it stands.
        case withoutEffect = "without-effect"
        /// A rule that the host cannot honour.
        case unenforceable
        /// A list, gate or waiver that nothing uses.
        case unused
    }

    public enum Level: Int, Sendable, Hashable, Comparable {
        case note, warning

        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    public var kind: Kind
    public var level: Level
    /// `<layer>/<policy>/<rule>`, or the section.
    public var subject: String
    /// The rule that shadows, kills or meets it.
    public var other: String?
    /// One line, lower case, no full stop.
    public var message: String
    public var hint: String?
    public var file: String
    public var at: SourceMark?
    /// A call that shows it, in a line; the engine was asked about it before the finding was made.
    public var witness: String?
    /// The call itself, for replay.
    public var request: PolicyRequest?

    public var description: String {
        let place = at.map { "\(file):\($0.line):\($0.column)" } ?? file
        var text = "\(place): \(kind.rawValue): \(message)"
        if let witness { text += "; for example \(witness)" }
        return text + (hint.map { " (\($0))" } ?? "")
    }
}
