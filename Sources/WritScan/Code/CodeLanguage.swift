// SPDX-License-Identifier: Apache-2.0

/// A language that the `code` detector reads.
public enum CodeLanguage: String, Sendable, Hashable, CaseIterable {
    case python, javascript, typescript, java, kotlin, scala, go, c, cpp, csharp, php, ruby, rust, swift, shell, sql
    case dockerfile, terraform, yaml, html, json, solidity, apex, other

    /// Reads a name as people and tools write it (`C++`, `py`, `tsx`, `hcl`); nil for one that is not known.
    public init?(name: String) {
        let folded = String(
            decoding: name.utf8.map(\.lowercased).filter { $0 != 0x20 && $0 != 0x2D && $0 != 0x5F }, as: UTF8.self)
        guard let found = Self.names[folded] ?? Self(rawValue: folded) else { return nil }
        self = found
    }

    /// Reads it from a file's name.
    public init?(path: String) {
        let file = String(
            decoding: Array(path.utf8).split(separator: UInt8(ascii: "/")).last.map { $0.map(\.lowercased) } ?? [],
            as: UTF8.self)
        if file == "dockerfile" || file == "containerfile" || file.hasPrefix("dockerfile.")
            || file.hasSuffix(".dockerfile")
        {
            self = .dockerfile
            return
        }
        if ["gemfile", "rakefile", "podfile", "vagrantfile", "fastfile"].contains(file) {
            self = .ruby
            return
        }
        if [".bashrc", ".zshrc", ".profile", ".bash_profile", ".envrc"].contains(file) {
            self = .shell
            return
        }
        guard let dot = file.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        let ending = String(decoding: file.utf8[file.utf8.index(after: dot)...], as: UTF8.self)
        guard let found = Self.endings[ending] else { return nil }
        self = found
    }

    /// Guesses from the content: a `#!` line, `<?php`, or words that one language alone begins lines with.
    init(guessing bytes: UnsafeRawBufferPointer) {
        let head = String(decoding: bytes.part(0..<8_192), as: UTF8.self)
        if head.hasPrefix("#!") {
            let line = head.prefix { $0 != "\n" }
            for (word, language) in Self.interpreters where line.contains(word) {
                self = language
                return
            }
        }
        var scores: [CodeLanguage: Int] = [:]
        for line in head.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" }).prefix(200) {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            for (prefix, language, weight) in Self.signs where trimmed.hasPrefix(prefix) {
                scores[language, default: 0] += weight
            }
        }
        let best = scores.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
        self = if let best, best.value >= 2 { best.key } else { .other }
    }

    private static let names: [String: CodeLanguage] = [
        "py": .python, "python3": .python, "python2": .python, "js": .javascript, "jsx": .javascript,
        "node": .javascript,
        "vue": .javascript, "ts": .typescript, "tsx": .typescript, "kt": .kotlin, "golang": .go, "c++": .cpp,
        "cc": .cpp,
        "cxx": .cpp, "h": .c, "hpp": .cpp, "objectivec": .c, "objc": .c, "c#": .csharp, "cs": .csharp, "rb": .ruby,
        "rs": .rust, "bash": .shell, "sh": .shell, "zsh": .shell, "shellscript": .shell, "ksh": .shell,
        "docker": .dockerfile,
        "containerfile": .dockerfile, "hcl": .terraform, "tf": .terraform, "opentofu": .terraform, "kubernetes": .yaml,
        "k8s": .yaml, "yml": .yaml, "githubactions": .yaml, "workflow": .yaml, "ci": .yaml, "compose": .yaml,
        "htm": .html,
        "postgresql": .sql, "mysql": .sql, "plpgsql": .sql, "tsql": .sql, "sol": .solidity, "text": .other,
    ]
    private static let endings: [String: CodeLanguage] = [
        "py": .python, "pyi": .python, "pyw": .python, "js": .javascript, "jsx": .javascript, "mjs": .javascript,
        "cjs": .javascript, "vue": .javascript, "svelte": .javascript, "ts": .typescript, "tsx": .typescript,
        "mts": .typescript, "cts": .typescript, "java": .java, "kt": .kotlin, "kts": .kotlin, "scala": .scala,
        "sbt": .scala,
        "go": .go, "c": .c, "h": .c, "m": .c, "cc": .cpp, "cpp": .cpp, "cxx": .cpp, "hpp": .cpp, "hh": .cpp, "mm": .cpp,
        "cs": .csharp, "php": .php, "phtml": .php, "inc": .php, "rb": .ruby, "erb": .html, "rake": .ruby,
        "gemspec": .ruby,
        "rs": .rust, "swift": .swift, "sh": .shell, "bash": .shell, "zsh": .shell, "ksh": .shell, "sql": .sql,
        "tf": .terraform, "hcl": .terraform, "tfvars": .terraform, "yml": .yaml, "yaml": .yaml, "html": .html,
        "htm": .html,
        "json": .json, "sol": .solidity, "cls": .apex,
    ]
    private static let interpreters: [(String, CodeLanguage)] = [
        ("python", .python), ("node", .javascript), ("deno", .typescript), ("bun", .typescript), ("ruby", .ruby),
        ("php", .php), ("sh", .shell),
    ]
    private static let signs: [(String, CodeLanguage, Int)] = [
        ("<?php", .php, 6), ("<?=", .php, 3), ("def ", .python, 1), ("import ", .python, 1), ("from ", .python, 1),
        ("elif ", .python, 3), ("if __name__", .python, 6), ("except ", .python, 2), ("class ", .python, 0),
        ("const ", .javascript, 2), ("let ", .javascript, 1), ("var ", .javascript, 1), ("function ", .javascript, 2),
        ("export ", .javascript, 1), ("import {", .javascript, 3), ("module.exports", .javascript, 4),
        ("interface ", .typescript, 2), ("package ", .go, 2), ("func ", .go, 1), ("import (", .go, 4),
        ("import java", .java, 6),
        ("public class ", .java, 3), ("@Override", .java, 4), ("using System", .csharp, 6), ("namespace ", .csharp, 2),
        ("#include", .c, 4), ("#define", .c, 3), ("std::", .cpp, 4), ("template<", .cpp, 4), ("use std::", .rust, 6),
        ("fn ", .rust, 3), ("pub fn ", .rust, 4), ("impl ", .rust, 3), ("require '", .ruby, 4), ("end", .ruby, 1),
        ("import Foundation", .swift, 6), ("FROM ", .dockerfile, 3), ("RUN ", .dockerfile, 3),
        ("ENTRYPOINT ", .dockerfile, 3),
        ("resource \"", .terraform, 6), ("variable \"", .terraform, 4), ("provider \"", .terraform, 4),
        ("apiVersion:", .yaml, 5), ("jobs:", .yaml, 4), ("services:", .yaml, 3), ("kind:", .yaml, 2),
        ("SELECT ", .sql, 2),
        ("CREATE ", .sql, 3), ("GRANT ", .sql, 3), ("INSERT INTO ", .sql, 3), ("<html", .html, 4),
        ("<!DOCTYPE", .html, 4),
        ("pragma solidity", .solidity, 6),
    ]
}
