// SPDX-License-Identifier: Apache-2.0

/// Text that stops before its command does, or that only ends one: a line out of a script.
///
/// A shell that is given such text as a whole (`-c`) refuses it and runs nothing of it. What it would run if the rest
/// followed is read all the same, because a person or another tool may have meant just that.
enum Fragments {
    /// More text than this is not completed.
    private static let maximumBytes = 64 << 10
    private static let maximumClosers = 16

    /// The text is one word that ends or parts a compound command. Alone it is a fault in every shell.
    static func isCloser(_ text: String) -> Bool {
        let word = text.filter { !$0.isWhitespace && $0 != ";" }
        return ["done", "fi", "esac", "else", "then", "do", "in", ")", "}", "))", "]]", ""].contains(word)
            && text.contains { !$0.isWhitespace }
    }

    /// The script that the text begins, with whatever it leaves open closed; nil when that is not what ails it.
    static func completed(_ text: String, _ error: ShellSyntaxError, dialect: ShellDialect) -> ShellScript? {
        guard text.utf8.count <= maximumBytes else { return nil }
        var text = text
        var message = error.message
        for _ in 0..<maximumClosers {
            guard let closer = closer(for: message) else { return nil }
            text += closer
            let outcome = ShellParser.parse(text, dialect: dialect)
            guard let next = outcome.error else { return outcome.script }
            message = next.message
        }
        return nil
    }

    /// What must follow, by the fault that its absence is.
    private static let closers: [(fault: String, closer: String)] = [
        ("unterminated single quote", "'"), ("unterminated `$'`", "'"), ("unterminated double quote", "\""),
        ("unterminated backquote", "`"), ("unclosed `$(`", "\n)"), ("unclosed `$[`", "]"), ("unclosed `${`", "}"),
        ("unclosed `((`", "))"), ("unclosed `[[`", " ]]"), ("unclosed `[`", "]"), ("unclosed `(` of", ")"),
        ("unclosed `(`", "\n)"),
        ("unclosed `{`", "\n}"), ("missing `then`", "\nthen :"), ("missing `do`", "\ndo :"),
        ("missing `done`", "\ndone"), ("missing `fi`", "\nfi"), ("missing `esac`", "\nesac"),
        ("missing `}`", "\n}"), ("missing `in`", "\nin"), ("unexpected end", "\n:"),
    ]

    private static func closer(for message: String) -> String? {
        // `missing `do`` is also how the message for `done` begins, but for the backquote.
        closers.first { message.hasPrefix($0.fault) }?.closer
    }
}
