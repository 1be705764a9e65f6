// SPDX-License-Identifier: Apache-2.0
import WritCore

/// How the text of a language is told apart into tokens, and what its calls do.
struct InlineLanguage: Sendable {
    /// What a call does, as the table says it.
    enum Action: String, Sendable {
        case shell, process, open, read, write, delete, mode, search, move, connect, send, socket, listen, eval, decode
        case environment, signal, duplicate, sql, rights
        case deleteTree = "delete-tree"
    }

    var name: String
    var lineComments: [String]
    var blockComment: (open: String, close: String)?
    /// The operator that joins strings.
    var joiner: String
    /// `'…'` knows only `\'` and `\\`.
    var singleQuotesAreRaw = false
    /// `$x` in double quotes.
    var interpolatesVariables = false
    /// What opens an expression inside a string: `#{`, `${`.
    var interpolation: String?
    var hasTripleQuotes = false
    /// Backquotes run a command.
    var runsBackquotes = false
    /// Backquotes hold a string in which nothing is special.
    var hasRawBackquotes = false
    /// Names carry `$`, `@`, `%`.
    var hasSigils = false
    /// `system "x"` needs no parentheses.
    var callsWithoutParentheses = false
    var hasRegularExpressions = false
    var actions: [String: Action] = [:]

    static func named(_ name: String) -> InlineLanguage? {
        all[name]
    }

    private static let all: [String: InlineLanguage] = {
        var all: [String: InlineLanguage] = [
            "python": InlineLanguage(name: "python", lineComments: ["#"], joiner: "+", hasTripleQuotes: true),
            "javascript": InlineLanguage(
                name: "javascript", lineComments: ["//"], blockComment: ("/*", "*/"), joiner: "+", interpolation: "${",
                hasRegularExpressions: true),
            "perl": InlineLanguage(
                name: "perl", lineComments: ["#"], joiner: ".", singleQuotesAreRaw: true, interpolatesVariables: true,
                runsBackquotes: true, hasSigils: true, callsWithoutParentheses: true, hasRegularExpressions: true),
            "ruby": InlineLanguage(
                name: "ruby", lineComments: ["#"], joiner: "+", singleQuotesAreRaw: true, interpolation: "#{",
                runsBackquotes: true, hasSigils: true, callsWithoutParentheses: true, hasRegularExpressions: true),
            "php": InlineLanguage(
                name: "php", lineComments: ["//", "#"], blockComment: ("/*", "*/"), joiner: ".",
                singleQuotesAreRaw: true,
                interpolatesVariables: true, runsBackquotes: true, hasSigils: true, callsWithoutParentheses: true),
            "go": InlineLanguage(
                name: "go", lineComments: ["//"], blockComment: ("/*", "*/"), joiner: "+", singleQuotesAreRaw: true,
                hasRawBackquotes: true),
            "lua": InlineLanguage(name: "lua", lineComments: ["--"], blockComment: ("--[[", "]]"), joiner: ".."),
        ]
        for node in EmbeddedTable.nodes("shell/inline-calls.table") where node.keyword == "language" {
            for line in node.children {
                guard let action = Action(rawValue: line.keyword) else {
                    preconditionFailure("unknown action \(line.keyword) in the table of inline calls")
                }
                for call in line.value.split(separator: " ") { all[node.value]?.actions[String(call)] = action }
            }
        }
        return all
    }()
}
