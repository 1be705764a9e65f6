// SPDX-License-Identifier: Apache-2.0
import WritCore

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

    /// Everything that a text with a fault could be read as: the statements before the fault, and then, because the
    /// shell at hand may have its own idea of where the fault is, each line behind them by itself.
    ///
    /// - Returns: nil for what is not to be read so: texts beyond a limit.
    static func scripts(
        in text: String, _ outcome: ParseOutcome, _ error: ShellSyntaxError, dialect: ShellDialect
    ) -> [ShellScript]? {
        if isCloser(text) { return [] }
        guard text.utf8.count <= maximumBytes, !limits.contains(where: { error.message.hasPrefix($0) }) else {
            return nil
        }
        if let whole = completed(text, error, dialect: dialect) { return [whole] }
        var scripts = [outcome.script]
        let bytes = Array(text.utf8)
        let start = min(bytes.count, max(0, outcome.script.statements.last?.span.end ?? 0))
        let lines = bytes[start...].split(separator: 0x0A)
        guard lines.count <= maximumLines else { return nil }
        for line in lines {
            if let script = script(String(decoding: line, as: UTF8.self), dialect) {
                scripts.append(script)
                continue
            }
            for piece in line.split(whereSeparator: { separators.contains($0) }) {
                if let script = script(String(decoding: piece, as: UTF8.self), dialect) { scripts.append(script) }
            }
        }
        return scripts
    }

    private static let maximumLines = 1_000
    /// `; & | ( ) { }`
    private static let separators: Set<UInt8> = [0x3B, 0x26, 0x7C, 0x28, 0x29, 0x7B, 0x7D]
    private static let limits = ["nested too deep", "the script is longer", "too many readings"]

    private static func script(_ text: String, _ dialect: ShellDialect) -> ShellScript? {
        let outcome = ShellParser.parse(text, dialect: dialect)
        guard let error = outcome.error else { return outcome.script }
        return completed(text, error, dialect: dialect)
    }

    /// The script that the text begins, with whatever it leaves open closed; nil when that is not what ails it.
    private static func completed(_ text: String, _ error: ShellSyntaxError, dialect: ShellDialect) -> ShellScript? {
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
