// SPDX-License-Identifier: Apache-2.0

/// What one argument of a tool may be, in a writ: all constraints must hold.
///
/// A **grant** needs every named argument to be there and to fit for sure, and nothing beside the named ones. A
/// **restriction** is met by whatever may fit: an argument that is missing (the tool's own default may be it), a text
/// that may stand for the number, a path or URL that can be read in two ways; what else the call has does not matter.
public struct ArgumentRule: Sendable, Hashable {
    /// No regular expressions and no conditions: what they leave out cannot be seen at a glance.
    public enum Constraint: Sendable, Hashable {
        case exact(JSON)
        case oneOf([JSON])
        case notOneOf([JSON])
        /// Whole numbers, both ends included.
        case range(Int64?, Int64?)
        /// The argument is a list, and all its members are among these.
        case subset([JSON])
        /// The argument is a list that holds this.
        case contains(JSON)
        /// A path at or below a folder: absolute, or below `$repo`, `$home`, `$work` or `$tmp`.
        case pathUnder(String)
        /// A URL or host name whose host fits one of these patterns.
        case hostIn([String])
        case anyValue
    }

    /// A key of the call's arguments.
    public var name: String
    public var constraints: [Constraint]

    /// Creates a rule.
    public init(_ name: String, _ constraints: [Constraint]) {
        self.name = name
        self.constraints = constraints
    }
}
