// SPDX-License-Identifier: Apache-2.0

/// The limits of the format. What is past one is refused, never cut.
public enum DelegationLimits {
    /// Bytes of one token.
    public static let tokenBytes = 16 << 10
    /// Bytes of a chain.
    public static let chainBytes = 64 << 10
    /// Bytes of a revocation list.
    public static let listBytes = 1 << 20
    /// Bytes of a file of anchors.
    public static let anchorBytes = 256 << 10
    /// Bytes of a token's header, decoded.
    public static let headerBytes = 512
    /// Links of a chain, the root among them.
    public static let links = 8
    /// How deep arrays and objects nest.
    public static let nesting = 16
    /// Seconds that two clocks may differ by, before `nbf` and `iat` and after `exp`.
    public static let skew: Int64 = 30
    /// Seconds that a proof of possession is good for, to both sides.
    public static let proofWindow: Int64 = 30
    /// The largest number a claim may have: what every reader of JSON keeps exactly (2^53 - 1).
    public static let number: Int64 = (1 << 53) - 1
    /// The latest time: the end of the year 9999.
    public static let time: Int64 = 253_402_300_799

    /// Bytes of names and ids.
    static let name = 256
    /// Bytes of what people wrote for people.
    static let prose = 1_024
    /// Bytes of a pattern or of a text within an argument's constraint.
    static let pattern = 512
    /// Members of a list of names.
    static let names = 32
    /// Members of a list of patterns or values.
    static let patterns = 128
    /// Grants, and so denials and questions.
    static let capabilities = 64
    /// Named arguments of a capability.
    static let arguments = 32
    /// Entries of a revocation list.
    static let revocations = 20_000
    /// Keys in a file of anchors.
    static let anchors = 256
}
