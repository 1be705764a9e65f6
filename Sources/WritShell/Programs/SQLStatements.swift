// SPDX-License-Identifier: Apache-2.0

/// What SQL text does, by statement: enough to tell reading from changing from destroying, in the dialects of
/// PostgreSQL, MySQL, SQLite, SQL Server, Oracle, Cassandra and the warehouses.
public struct SQLStatements: Sendable, Hashable {
    /// One statement.
    public struct Statement: Sendable, Hashable {
        /// What it does.
        public var effect: Effect
        /// The table, database or other object, as written without quotes; empty when none is named.
        public var object: String
        /// In plain words: `drops table users`.
        public var detail: String
        /// A file or program outside the database that the statement reads, writes or runs; empty for none.
        public var outside: String
    }

    /// What a statement does, from harmless to worst.
    public enum Effect: String, Sendable, Hashable, CaseIterable {
        case read
        case write
        /// Rights, users, settings.
        case administer
        /// `DELETE` or `UPDATE` that every row matches.
        case writeAll
        case truncate
        case drop
        /// Reads or writes a file of the server or of this machine.
        case fileRead
        case fileWrite
        /// Runs a program: `COPY … PROGRAM`, `xp_cmdshell`, `\!`, `.shell`, `system`.
        case run
        /// Text that is no statement known here, or that is not complete.
        case unknown
    }

    /// In the order of the text.
    public let statements: [Statement]

    /// Reads SQL text. Linear; at most 10,000 statements are told apart, the rest counts as one unknown.
    ///
    /// A backslash before a quote ends the string in some dialects and not in others; such text is read both ways, and
    /// the statements of both count.
    public static func classify(_ text: String) -> SQLStatements {
        let plain = statements(of: text, hasEscapes: false)
        guard text.contains("\\'") else { return SQLStatements(statements: plain) }
        let escaped = statements(of: text, hasEscapes: true)
        return SQLStatements(statements: plain + escaped.filter { !plain.contains($0) })
    }

    private static func statements(of text: String, hasEscapes: Bool) -> [Statement] {
        var tokenizer = SQLTokenizer(text, hasEscapes: hasEscapes)
        var statements: [Statement] = []
        while let words = tokenizer.nextStatement() {
            guard statements.count < 10_000 else {
                statements.append(
                    Statement(effect: .unknown, object: "", detail: "more statements than are read", outside: ""))
                break
            }
            if !words.isEmpty { statements.append(contentsOf: read(words[...], depth: 0)) }
        }
        return statements
    }

    private static func read(_ words: ArraySlice<SQLTokenizer.Token>, depth: Int) -> [Statement] {
        let words = words.drop { $0.kind == .symbol && $0.text == "(" }
        guard let first = words.first else { return [] }
        func has(_ word: String) -> Bool { words.contains { $0.isWord(word) } }
        func index(of word: String) -> Int? { words.firstIndex { $0.isWord(word) } }
        func object(after keywords: [String]) -> String {
            var at = words.startIndex
            for keyword in keywords {
                guard let found = words[at...].firstIndex(where: { $0.isWord(keyword) }) else { return "" }
                at = found + 1
            }
            while at < words.endIndex,
                ["IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY", "TABLE", "LOW_PRIORITY", "QUICK", "IGNORE"]
                    .contains(where: { words[at].isWord($0) })
            { at += 1 }
            var name = ""
            while at < words.endIndex, words[at].kind != .symbol || words[at].text == "." {
                let isDot = words[at].text == "."
                if !name.isEmpty, !isDot, !name.hasSuffix(".") { break }
                name += words[at].text
                at += 1
            }
            return name
        }
        func one(_ effect: Effect, _ verb: String, _ object: String, outside: String = "") -> [Statement] {
            [
                Statement(
                    effect: effect, object: object, detail: object.isEmpty ? verb : "\(verb) \(object)",
                    outside: outside)
            ]
        }
        func literal(after keyword: String) -> String {
            guard let at = index(of: keyword) else { return "" }
            return words[(at + 1)...].first { $0.kind == .literal }?.text ?? ""
        }
        // Functions and procedures that leave the database, wherever they stand.
        var outer: [Statement] = []
        for word in words where word.kind == .word {
            switch word.text.uppercased() {
            case "XP_CMDSHELL", "SYS_EXEC", "SYS_EVAL", "DBMS_SCHEDULER", "SP_OACREATE", "SP_EXECUTE_EXTERNAL_SCRIPT",
                "LO_EXPORT_EXEC":
                outer += one(.run, "runs a program of the server through", word.text)
            case "LOAD_FILE", "PG_READ_FILE", "PG_READ_BINARY_FILE", "PG_LS_DIR", "LO_IMPORT", "READFILE", "READ_CSV",
                "READ_TEXT",
                "OPENROWSET", "UTL_FILE":
                outer += one(
                    .fileRead, "reads a file through", word.text,
                    outside: words.first { $0.kind == .literal }?.text ?? "")
            case "LO_EXPORT", "WRITEFILE":
                outer += one(
                    .fileWrite, "writes a file through", word.text,
                    outside: words.last { $0.kind == .literal }?.text ?? "")
            case "LOAD_EXTENSION": outer += one(.run, "loads a library through", word.text)
            default: break
            }
        }
        if has("OUTFILE") || has("DUMPFILE") {
            outer += one(
                .fileWrite, "writes a file", literal(after: has("OUTFILE") ? "OUTFILE" : "DUMPFILE"),
                outside: literal(after: has("OUTFILE") ? "OUTFILE" : "DUMPFILE"))
        }
        guard first.kind == .word else {
            return outer + one(.unknown, "is no statement known here", "")
        }
        switch first.text.uppercased() {
        case "SELECT":
            if has("INTO"), !has("OUTFILE"), !has("DUMPFILE") {
                return outer + one(.write, "fills", object(after: ["INTO"]))
            }
            return outer + one(.read, "reads", object(after: ["FROM"]))
        case "PRAGMA" where !words.contains(where: { $0.text == "=" }): return outer + one(.read, "reads", "")
        case "SHOW", "DESCRIBE", "DESC", "USE", "VALUES", "TABLE", "HELP", "START", "COMMIT", "ROLLBACK", "SAVEPOINT",
            "RELEASE", "FETCH",
            "CLOSE", "PRINT", "LIST", "GO":
            return outer + one(.read, "reads", "")
        case "BEGIN", "END", "DECLARE", "IF", "LOOP", "FOR", "WHILE", "ELSE", "ELSIF", "THEN", "CASE":
            // Blocks: the first statement inside them.
            let verbs: Set<String> = [
                "DROP", "TRUNCATE", "DELETE", "UPDATE", "INSERT", "ALTER", "CREATE", "EXECUTE", "COPY", "GRANT", "CALL",
            ]
            guard depth < 8,
                let at = words.dropFirst().firstIndex(where: {
                    $0.kind == .word && verbs.contains($0.text.uppercased())
                })
            else { return outer + one(.read, "reads", "") }
            return outer + read(words[at...], depth: depth + 1)
        case "EXPLAIN":
            // EXPLAIN ANALYZE runs the statement.
            guard has("ANALYZE"), depth < 8 else { return outer + one(.read, "explains", "") }
            let rest = words.dropFirst().drop {
                !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "CREATE"].contains($0.text.uppercased())
            }
            return outer + read(rest, depth: depth + 1)
        case "WITH":
            // The strongest statement inside counts: data can be changed in the parts too.
            for (verb, effect) in [("DELETE", Effect.write), ("UPDATE", .write), ("INSERT", .write), ("MERGE", .write)]
            where has(verb) {
                guard let at = index(of: verb), depth < 8 else { continue }
                if effect == .write { return outer + read(words[at...], depth: depth + 1) }
            }
            return outer + one(.read, "reads", "")
        case "DELETE":
            let table = object(after: has("FROM") ? ["FROM"] : ["DELETE"])
            return outer
                + (isLimited(words)
                    ? one(.write, "deletes rows of", table) : one(.writeAll, "deletes all rows of", table))
        case "UPDATE":
            let table = object(after: ["UPDATE"])
            return outer
                + (isLimited(words)
                    ? one(.write, "changes rows of", table) : one(.writeAll, "changes all rows of", table))
        case "INSERT", "REPLACE", "MERGE", "UPSERT":
            return outer + one(.write, "adds rows to", object(after: has("INTO") ? ["INTO"] : [first.text]))
        case "TRUNCATE": return outer + one(.truncate, "empties", object(after: ["TRUNCATE"]))
        case "DROP":
            let kind = words.dropFirst().first?.text.lowercased() ?? ""
            return outer + one(.drop, "drops \(kind)", object(after: ["DROP", kind]))
        case "ALTER":
            let kind = words.dropFirst().first?.text.lowercased() ?? ""
            let name = object(after: ["ALTER", kind])
            if has("DROP") { return outer + one(.drop, "drops a part of \(kind)", name) }
            if ["user", "role", "system", "database", "login"].contains(kind) {
                return outer + one(.administer, "changes \(kind)", name)
            }
            return outer + one(.write, "changes \(kind)", name)
        case "CREATE":
            let kind =
                words.dropFirst().first {
                    !["OR", "REPLACE", "TEMP", "TEMPORARY", "UNIQUE", "IF", "GLOBAL", "LOCAL"].contains(
                        $0.text.uppercased())
                }?
                .text.lowercased() ?? ""
            if ["user", "role", "login", "extension", "subscription", "server"].contains(kind) {
                return outer + one(.administer, "makes \(kind)", object(after: ["CREATE", kind]))
            }
            if kind == "function" || kind == "procedure",
                words.contains(where: { ["plpythonu", "plpython3u", "plperlu", "c"].contains($0.text.lowercased()) })
            {
                return outer + one(.run, "makes a \(kind) that can run programs:", object(after: ["CREATE", kind]))
            }
            return outer + one(.write, "makes \(kind)", object(after: ["CREATE", kind]))
        case "GRANT", "REVOKE", "SET", "RESET", "FLUSH", "KILL", "SHUTDOWN", "PURGE", "REINDEX", "VACUUM", "ANALYZE",
            "OPTIMIZE", "LOCK",
            "UNLOCK", "CLUSTER", "RENAME", "COMMENT", "PRAGMA", "BACKUP", "RESTORE", "DBCC", "CALL", "DO", "EXEC",
            "EXECUTE", "PREPARE",
            "DETACH", "NOTIFY", "LISTEN", "REFRESH", "CHECKPOINT", "DISCARD", "INSTALL", "CHANGE", "STOP", "REPAIR",
            "COPYDB":
            let word = first.text.uppercased()
            if word == "PURGE" || word == "DISCARD" && has("ALL") { return outer + one(.administer, "forgets", "") }
            if word == "FLUSH" || word == "SHUTDOWN" || word == "KILL" {
                return outer + one(.administer, first.text.lowercased() + "s", "")
            }
            if !outer.isEmpty { return outer }
            if word == "DO" || word == "EXEC" || word == "EXECUTE" || word == "CALL" || word == "PREPARE" {
                // The text inside may be any statement.
                let inner = words.dropFirst().filter { $0.kind == .literal }.map(\.text)
                if depth < 4, let text = inner.first {
                    var tokenizer = SQLTokenizer(text)
                    var all: [Statement] = []
                    while let statement = tokenizer.nextStatement(), all.count < 100 {
                        if !statement.isEmpty { all += read(statement[...], depth: depth + 1) }
                    }
                    if !all.isEmpty {
                        return all.map {
                            $0.effect == .unknown ? one(.administer, "runs code of the database", "")[0] : $0
                        }
                    }
                }
                return one(.administer, "runs code of the database", object(after: [first.text]))
            }
            return outer + one(.administer, "changes settings or rights:", first.text.lowercased())
        case "COPY", "UNLOAD":
            if has("PROGRAM") {
                return outer
                    + one(.run, "runs a program:", literal(after: "PROGRAM"), outside: literal(after: "PROGRAM"))
            }
            if let to = index(of: "TO") {
                let file = words[to...].first { $0.kind == .literal }?.text ?? ""
                return outer + one(file.isEmpty ? .read : .fileWrite, "writes a file", file, outside: file)
            }
            let file = literal(after: "FROM")
            return outer + one(.write, "fills", object(after: ["COPY"]))
                + (file.isEmpty ? [] : one(.fileRead, "reads a file", file, outside: file))
        case "LOAD":
            let file = literal(after: "INFILE")
            if file.isEmpty {
                return outer + one(.run, "loads a library", words.first { $0.kind == .literal }?.text ?? "")
            }
            return outer + one(.write, "fills", object(after: ["TABLE"]))
                + one(.fileRead, "reads a file", file, outside: file)
        case "ATTACH":
            let file = words.first { $0.kind == .literal }?.text ?? ""
            return outer + one(.fileWrite, "opens a database file", file, outside: file)
        case "SOURCE":
            return outer
                + one(
                    .fileRead, "runs a file of statements", words.dropFirst().first?.text ?? "",
                    outside: words.dropFirst().first?.text ?? "")
        case "SYSTEM": return outer + one(.run, "runs a program:", words.dropFirst().map(\.text).joined(separator: " "))
        default: return outer + one(.unknown, "is no statement known here:", first.text)
        }
    }

    /// Whether a `WHERE` or `LIMIT` says less than all rows. `WHERE 1`, `WHERE true` and `WHERE 1 = 1` say all.
    private static func isLimited(_ words: ArraySlice<SQLTokenizer.Token>) -> Bool {
        if words.contains(where: { $0.isWord("LIMIT") }) { return true }
        guard let at = words.lastIndex(where: { $0.isWord("WHERE") }) else { return false }
        let condition = words[(at + 1)...].prefix { !$0.isWord("RETURNING") && !$0.isWord("ORDER") }.filter {
            $0.text != "(" && $0.text != ")"
        }
        switch condition.count {
        case 0: return false
        case 1:
            return
                !(condition[0].isWord("TRUE") || (condition[0].text.allSatisfy(\.isNumber) && condition[0].text != "0"))
        case 3 where condition[1].text == "=":
            return condition[0].text.lowercased() != condition[2].text.lowercased()
                || condition[0].kind != condition[2].kind
        default:
            // `x OR 1 = 1` says all too.
            guard let or = condition.lastIndex(where: { $0.isWord("OR") }), condition.count - or == 4,
                condition[or + 2].text == "="
            else { return true }
            return condition[or + 1].text != condition[or + 3].text
        }
    }
}

/// Words, literals and symbols of SQL, comments left out.
struct SQLTokenizer {
    struct Token: Sendable, Hashable {
        enum Kind: Sendable, Hashable { case word, literal, symbol }
        var kind: Kind
        /// Without its quotes.
        var text: String

        func isWord(_ word: String) -> Bool {
            kind == .word && text.utf8.count == word.utf8.count && text.uppercased() == word.uppercased()
        }
    }

    private let bytes: [UInt8]
    private var at = 0
    private var isDone = false

    private let hasEscapes: Bool

    init(_ text: String, hasEscapes: Bool = false) {
        bytes = Array(text.utf8)
        self.hasEscapes = hasEscapes
    }

    /// The tokens to the next `;`, `\g` or `GO`; nil at the end. Lines of a client (`\! x`, `.shell x`) are statements.
    mutating func nextStatement() -> [Token]? {
        guard !isDone else { return nil }
        var tokens: [Token] = []
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            case UInt8(ascii: ";"):
                at += 1
                return tokens
            case UInt8(ascii: "-") where next == UInt8(ascii: "-"): skipLine()
            case UInt8(ascii: "#"):
                // A comment in MySQL, an operator in PostgreSQL. Read as code, unless a quote in it would hide what follows.
                if tokens.isEmpty || restOfLineHasOddQuotes { skipLine() } else { tokens.append(symbol()) }
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"): skipComment()
            case UInt8(ascii: "\\") where tokens.isEmpty, UInt8(ascii: ".") where tokens.isEmpty:
                return [clientCommand()].flatMap { $0 }
            case UInt8(ascii: "\\"):
                // `SELECT … \g file`, `\gexec`: the end of a statement.
                let command = clientCommand()
                return tokens + command.dropFirst()
            case UInt8(ascii: "'"): tokens.append(Token(kind: .literal, text: quoted(byte)))
            case UInt8(ascii: "\""), UInt8(ascii: "`"): tokens.append(Token(kind: .word, text: quoted(byte)))
            case UInt8(ascii: "["): tokens.append(Token(kind: .word, text: quoted(UInt8(ascii: "]"))))
            case UInt8(ascii: "$"):
                if let text = dollarQuoted() {
                    tokens.append(Token(kind: .literal, text: text))
                } else {
                    tokens.append(symbol())
                }
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"), UInt8(ascii: "@"), 0x80...:
                tokens.append(word())
            default: tokens.append(symbol())
            }
        }
        isDone = true
        return tokens
    }

    private var next: UInt8? { at + 1 < bytes.count ? bytes[at + 1] : nil }

    private var restOfLineHasOddQuotes: Bool {
        var count = 0
        var index = at
        while index < bytes.count, bytes[index] != 0x0A, index - at < 4096 {
            if bytes[index] == UInt8(ascii: "'") || bytes[index] == UInt8(ascii: "\"") { count += 1 }
            index += 1
        }
        return !count.isMultiple(of: 2)
    }

    private mutating func symbol() -> Token {
        defer { at += 1 }
        return Token(kind: .symbol, text: String(decoding: bytes[at...at], as: UTF8.self))
    }

    private mutating func word() -> Token {
        let start = at
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: "$"), 0x80...:
                at += 1
                continue
            default: break
            }
            break
        }
        return Token(kind: .word, text: String(decoding: bytes[start..<at], as: UTF8.self))
    }

    private mutating func quoted(_ close: UInt8) -> String {
        at += 1
        var text: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == close {
                // A doubled quote stands for itself.
                guard at < bytes.count, bytes[at] == close else { break }
                at += 1
            } else if hasEscapes, byte == 0x5C, close == UInt8(ascii: "'"), at < bytes.count,
                bytes[at] == close || bytes[at] == 0x5C
            {
                text.append(bytes[at])
                at += 1
                continue
            }
            text.append(byte)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func dollarQuoted() -> String? {
        var end = at + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "$"), end - at < 64 {
            let byte = bytes[end]
            let isName =
                byte == UInt8(ascii: "_") || (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A)
                || (byte >= 0x61 && byte <= 0x7A)
            guard isName else { return nil }
            end += 1
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else { return nil }
        let mark = Array(bytes[at...end])
        let start = end + 1
        var close = start
        while close + mark.count <= bytes.count {
            // The mark begins with `$`, so most positions fail at once.
            if bytes[close] == mark[0], bytes[close..<(close + mark.count)].elementsEqual(mark) {
                at = close + mark.count
                return String(decoding: bytes[start..<close], as: UTF8.self)
            }
            close += 1
        }
        at = bytes.count
        return String(decoding: bytes[min(start, bytes.count)...], as: UTF8.self)
    }

    private mutating func skipLine() {
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
    }

    private mutating func skipComment() {
        // `/*! … */` of MySQL is run, so only its frame is skipped.
        if at + 2 < bytes.count, bytes[at + 2] == UInt8(ascii: "!") {
            at += 3
            while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
            return
        }
        at += 2
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
                at += 2
                return
            }
            at += 1
        }
    }

    /// A line for the client: `\! id`, `\copy …`, `\o file`, `.shell id`, `.import f t`.
    private mutating func clientCommand() -> [Token] {
        let start = at
        skipLine()
        let line = String(decoding: bytes[start..<at], as: UTF8.self)
        let name = line.prefix { $0 != " " }
        let rest = String(line.dropFirst(name.count).drop { $0 == " " })
        func tokens(_ words: String...) -> [Token] {
            words.map { Token(kind: .word, text: $0) } + [Token(kind: .literal, text: rest)]
        }
        switch name {
        case "\\!", ".shell", ".system": return [Token(kind: .word, text: "SYSTEM"), Token(kind: .word, text: rest)]
        case let name where name.hasPrefix("\\!"):
            return [Token(kind: .word, text: "SYSTEM"), Token(kind: .word, text: name.dropFirst(2) + " " + rest)]
        case "\\copy":
            var inner = SQLTokenizer("COPY " + rest)
            return inner.nextStatement() ?? []
        case "\\o", "\\out", "\\w", "\\s", ".output", ".once", ".backup", ".save", ".dump", ".log", ".excel", "\\g",
            "\\gx":
            return rest.isEmpty
                ? tokens("SHOW")
                : rest.hasPrefix("|")
                    ? [Token(kind: .word, text: "SYSTEM"), Token(kind: .word, text: String(rest.dropFirst()))]
                    : tokens("COPY", "x", "TO")
        case "\\i", "\\ir", "\\include", ".read", ".restore":
            return [Token(kind: .word, text: "SOURCE"), Token(kind: .word, text: rest)]
        case ".import", ".open", ".load": return name == ".load" ? tokens("LOAD") : tokens("LOAD", "DATA", "INFILE")
        case "\\gexec", "\\e", "\\edit", ".edit":
            return [Token(kind: .word, text: "EXECUTE"), Token(kind: .word, text: rest)]
        default: return tokens("SHOW")
        }
    }
}
