// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Programs whose output is made for a shell to take over: `shell/settings.table`.
enum SettingsPrinters {
    /// A word of a call, or how one begins.
    private struct Expected {
        let text: String
        let isBeginning: Bool

        init(_ word: Substring) {
            isBeginning = word.hasSuffix("*")
            text = String(isBeginning ? word.dropLast() : word)
        }
    }

    /// Words after the program, by program; an empty list is the program however it is called.
    private static let table: [String: [[Expected]]] = {
        var table: [String: [[Expected]]] = [:]
        for node in EmbeddedTable.nodes("shell/settings.table") where node.keyword == "print" {
            for call in node.value.split(separator: "|") {
                let words = call.split(separator: " ")
                guard let program = words.first else { continue }
                table[String(program), default: []].append(words.dropFirst().map { Expected($0) })
            }
        }
        return table
    }()

    /// Whether a command prints such settings.
    static func print(_ fields: [Value]) -> Bool {
        guard let program = fields.first?.text?.baseName else { return false }
        for key in [program, "*"] {
            for words in table[key] ?? [] where begins(fields, words) { return true }
        }
        return false
    }

    private static func begins(_ fields: [Value], _ words: [Expected]) -> Bool {
        var at = 1
        for word in words {
            guard at < fields.count, let text = fields[at].text,
                word.isBeginning ? text.hasPrefix(word.text) : text == word.text
            else { return false }
            at += 1
        }
        return true
    }
}
