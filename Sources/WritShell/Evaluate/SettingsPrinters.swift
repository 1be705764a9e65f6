// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Programs whose output is made for a shell to take over: `shell/settings.table`.
enum SettingsPrinters {
    /// Words after the program, by program; an empty list is the program however it is called.
    private static let table: [String: [[String]]] = {
        var table: [String: [[String]]] = [:]
        for node in EmbeddedTable.nodes("shell/settings.table") where node.keyword == "print" {
            for call in node.value.split(separator: "|") {
                let words = call.split(separator: " ").map { String($0) }
                guard let program = words.first else { continue }
                table[program, default: []].append(Array(words.dropFirst()))
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

    private static func begins(_ fields: [Value], _ words: [String]) -> Bool {
        var at = 1
        for word in words {
            guard at < fields.count, let text = fields[at].text,
                word.hasSuffix("*") ? text.hasPrefix(word.dropLast()) : text == word
            else { return false }
            at += 1
        }
        return true
    }
}
