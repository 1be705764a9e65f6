// SPDX-License-Identifier: Apache-2.0

/// Why the ledger could not do its work. It never carries an entry's content.
public struct LedgerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure, for programs.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Another process has the ledger open for writing.
        case locked
        /// The operating system refused: full disk, read-only folder, missing permission.
        case storage
        /// What is on disk contradicts itself or its signature.
        case damaged
        /// The ledger is shorter than, or differs from, the checkpoint kept outside its folder.
        case rolledBack = "rolled_back"
        /// An entry is beyond the stated limits.
        case tooLarge = "too_large"
        /// The signing key can't be read.
        case key
        /// The index or the size asked for doesn't exist.
        case range
        /// The ledger was closed.
        case closed
    }

    /// What kind of failure.
    public let code: Code
    /// One line, lower case, no full stop.
    public let message: String
    /// The file or folder meant; nil where there is none.
    public let path: String?
    /// What the reader can do next.
    public let hint: String?

    /// Creates an error.
    public init(_ code: Code, _ message: String, path: String? = nil, hint: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.hint = hint
    }

    /// Path, message and hint in one line.
    public var description: String {
        (path.map { "\($0): " } ?? "") + message + (hint.map { " (\($0))" } ?? "")
    }
}
