// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Arguments that delete, force, publish or carry code in some program or other: `shell/harmful-words.table`. They count
/// where nobody can say which program gets them.
enum HarmfulWords {
    private static let words: Set<String> = {
        var words: Set<String> = []
        for node in EmbeddedTable.nodes("shell/harmful-words.table") where node.keyword == "word" {
            for word in node.value.split(separator: " ") { words.insert(String(word)) }
        }
        return words
    }()

    /// `; & | < > ( ) $ ` newline`: a shell that got the word as code would take it apart there.
    static let signs: Set<UInt8> = [0x3B, 0x26, 0x7C, 0x3C, 0x3E, 0x28, 0x29, 0x24, 0x60, 0x0A]

    /// Whether the word, or what stands before its `=`, is one of the table; short options are looked at letter by
    /// letter, and several words in one by the first.
    static func holds(_ text: String) -> Bool {
        let word = text.prefix { $0 != "=" && $0 != " " }
        if words.contains(word.lowercased()) { return true }
        guard word.hasPrefix("-"), !word.hasPrefix("--"), word.utf8.count <= 5 else { return false }
        return word.dropFirst().contains { words.contains("-\($0)") }
    }
}
