// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// What is known, before it runs, about one string of a running shell: all of it, parts of it, or nothing.
public struct Value: Sendable, Hashable {
    /// A run of the value.
    public enum Piece: Sendable, Hashable {
        case text(String)
        /// Anything may stand here, and why.
        case unknown(Unknown)
        /// A live glob character sequence (`*`, `?`, `[…]`), as matched against file names.
        case glob(String)
    }

    /// Why a run is not known.
    public enum Unknown: Sendable, Hashable {
        /// A variable that the environment holds, named.
        case environment(String)
        /// Output of a command.
        case output
        /// A positional parameter or a variable set in a way that was not followed.
        case variable(String)
        /// Past a limit.
        case limit
        /// Settings that a program prints for a shell to take over: `eval "$(ssh-agent)"`.
        case settings
        /// One credential in some form, after the variable that holds it or the tool that prints it.
        case credential(String)
    }

    public var pieces: [Piece]
    /// Where any of it comes from.
    public var taints: Operation.Taints
    /// The text of the script that it was made from.
    public var span: SourceSpan?

    /// Creates a value.
    public init(pieces: [Piece], taints: Operation.Taints = [], span: SourceSpan? = nil) {
        self.pieces = pieces
        self.taints = taints
        self.span = span
    }

    /// A known string.
    public init(_ text: String, taints: Operation.Taints = [], span: SourceSpan? = nil) {
        self.init(pieces: text.isEmpty ? [] : [.text(text)], taints: taints, span: span)
    }

    /// A string of which nothing is known.
    public static func unknown(_ why: Unknown, taints: Operation.Taints = [], span: SourceSpan? = nil) -> Value {
        Value(pieces: [.unknown(why)], taints: taints, span: span)
    }

    /// The string, when all of it is known and holds no live glob.
    public var text: String? {
        switch pieces.count {
        case 0: return ""
        case 1: if case .text(let text) = pieces[0] { return text } else { return nil }
        default:
            var whole = ""
            for piece in pieces {
                guard case .text(let text) = piece else { return nil }
                whole += text
            }
            return whole
        }
    }

    /// The string with `*` for what is not known and globs as they are: what a path matcher gets.
    public var pattern: String {
        pieces.reduce(into: "") { whole, piece in
            switch piece {
            case .text(let text): whole += text
            case .unknown: whole += "*"
            case .glob(let text): whole += text
            }
        }
    }

    /// The string with `…` for what is not known: what people see.
    public var display: String {
        pieces.reduce(into: "") { whole, piece in
            switch piece {
            case .text(let text): whole += text
            case .unknown: whole += "…"
            case .glob(let text): whole += text
            }
        }
    }

    /// The known text that it begins with.
    public var knownPrefix: String {
        var whole = ""
        for piece in pieces {
            guard case .text(let text) = piece else { break }
            whole += text
        }
        return whole
    }
}
