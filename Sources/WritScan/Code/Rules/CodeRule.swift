// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// One vulnerability pattern.
public struct CodeRule: Sendable {
    /// What makes the rule look at a place.
    enum Trigger: Sendable {
        /// A call whose qualified name matches a glob.
        case call(String)
        /// An import whose name matches a glob.
        case module(String)
        /// An assignment to a name that matches.
        case assignment(LazyPattern)
        /// A string constant that matches.
        case string(LazyPattern)
        /// Text that matches, comments taken out.
        case text(LazyPattern)
        /// A key in a configuration file, by its path.
        case entry(String)
        /// A block in a configuration file, by its path.
        case block(String)
    }

    enum Subject: Sendable, Hashable {
        case argument(Int), any, last, arguments, keyword(String), receiver, value, name, line, near, raw, function,
            block, file, path
    }

    enum Predicate: Sendable {
        case matches(LazyPattern), text(LazyPattern)
        case dynamic, built, untrusted, remote, constant, present, absent
        /// It begins with something that does not come from outside, such as the host of an address.
        case anchored
        /// It holds a range of addresses that lets in much of the internet.
        case wideRange
        /// An array in the function's own frame; memory that was freed; the call's last argument, and not constant.
        case onStack, freed, lone
        case atLeast(Int)
        /// The call that made the value has a name that matches.
        case made(LazyPattern)
    }

    struct Condition: Sendable {
        var subject: Subject
        var predicate: Predicate
    }

    /// Stable, such as `python-sql-built`.
    public let id: String
    public let category: String
    public let cwe: String
    public let severity: Severity
    /// How often the rule is right where it fires, before what flows there is weighed.
    public let confidence: Double
    public let languages: Set<CodeLanguage>
    public let message: String
    /// What to do instead.
    public let fix: String
    /// Examples in the rule's first language.
    public let matches: [String]
    public let noMatches: [String]

    var triggers: [Trigger]
    /// Every line must hold; a line holds when one of its conditions does.
    var when: [[Condition]]
    /// The rule is silent where one of these lines holds.
    var unless: [[Condition]]
    /// One of these must stand in the file for a text or string trigger to be tried.
    var words: [String]
}
