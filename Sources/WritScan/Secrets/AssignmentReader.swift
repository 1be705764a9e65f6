// SPDX-License-Identifier: Apache-2.0

/// Reads the assignment around a telling word (`password`, `secret`, `token`, `key` …): the name it is part of, the
/// operator, the value; and judges whether that value is a credential. It works on bytes and knows no language, so it
/// reads code, configuration, JSON inside strings and command lines alike.
struct AssignmentReader {
    enum Kind: Hashable { case password, secret, token, key, weakKey }

    struct Candidate {
        var name: Range<Int>
        var value: Range<Int>
        var kind: Kind
        var isQuoted: Bool
        var confidence: Double
    }

    let bytes: UnsafeRawBufferPointer
    /// Names that were read already end before this offset: one name holds several telling words.
    var readUpTo = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Judges the assignment whose name holds the word that ends at `hitEnd`.
    mutating func candidate(wordStart: Int, wordEnd: Int) -> Candidate? {
        guard wordEnd > readUpTo else { return nil }
        var nameEnd = wordEnd
        let farthest = min(bytes.count, wordEnd + 40)
        while nameEnd < farthest, isName(bytes[nameEnd]) { nameEnd += 1 }
        guard nameEnd < farthest else { return nil }
        readUpTo = nameEnd
        guard let (op, valueStart) = operatorAfter(nameEnd) else { return nil }
        var nameStart = wordStart
        let nearest = max(0, wordStart - 60)
        while nameStart > nearest, isName(bytes[nameStart - 1]) { nameStart -= 1 }
        // `\nPASSWORD=` in an escaped text: the letter belongs to the escape.
        if nameStart > 0, bytes[nameStart - 1] == 0x5C, nameStart < wordStart, bytes[nameStart] == UInt8(ascii: "n") {
            nameStart += 1
        }
        // `AWS::ApiGateway::ApiKey` names a type.
        if bytes.byte(nameStart - 1) == UInt8(ascii: ":"), bytes.byte(nameStart - 2) == UInt8(ascii: ":") { return nil }
        // In `("password", "…")` the whole text is the name.
        if op == .pair, !bytes.byte(nameStart - 1).isQuote { return nil }
        guard mayHoldValue(valueStart) else { return nil }
        guard let kind = Self.kind(ofName: Array(bytes[nameStart..<nameEnd]), isCall: op == .call) else { return nil }
        return read(nameStart..<nameEnd, kind, op, valueStart)
    }

    /// A first look at the value, before the name costs anything: most are calls, variables and short words.
    private func mayHoldValue(_ start: Int) -> Bool {
        var at = start
        while at < start + 40, bytes.byte(at).isBlank { at += 1 }
        let first = bytes.byte(at)
        if first <= 0x20 || first == UInt8(ascii: "$") && !bytes.byte(at + 1).isQuote || first == UInt8(ascii: "{") {
            return false
        }
        // Four bytes without a blank or a bracket are the least that any kind takes, quote included.
        for i in at..<(at + 4) {
            let byte = bytes.byte(i)
            if byte <= 0x20 && i != at + 1 || byte == UInt8(ascii: "(") && i > at + 1 { return false }
        }
        return true
    }

    private enum Operator { case assign, colon, compare, pair, call, element, flag }

    private func isName(_ byte: UInt8) -> Bool {
        byte.isWord || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "$")
    }

    private func operatorAfter(_ nameEnd: Int) -> (Operator, Int)? {
        var at = nameEnd
        var isQuotedName = false
        if bytes.byte(at) == 0x5C { at += 1 }
        if bytes.byte(at).isQuote {
            isQuotedName = true
            at += 1
        }
        // `char password[32] = "…"`
        if !isQuotedName, bytes.byte(at) == UInt8(ascii: "[") {
            at += 1
            while at < nameEnd + 6, bytes.byte(at).isDigit { at += 1 }
            guard bytes.byte(at) == UInt8(ascii: "]") else { return nil }
        }
        while bytes.byte(at) == UInt8(ascii: "]") || (bytes.byte(at) == UInt8(ascii: ")") && at < nameEnd + 4) {
            at += 1
        }
        if isQuotedName, bytes.byte(at) == UInt8(ascii: "."), bytes.byte(at - 1) == UInt8(ascii: ")") {
            return typedInto(at + 1)
        }
        let blankStart = at
        while at < nameEnd + 40, bytes.byte(at).isBlank { at += 1 }
        let byte = bytes.byte(at)
        let next = bytes.byte(at + 1)
        switch byte {
        case UInt8(ascii: "="):
            if next == UInt8(ascii: "~") { return nil }
            if next == UInt8(ascii: "=") { return (.compare, at + (bytes.byte(at + 2) == byte ? 3 : 2)) }
            return (.assign, at + (next == UInt8(ascii: ">") ? 2 : 1))
        case UInt8(ascii: "!"):
            guard next == UInt8(ascii: "=") else { return nil }
            return (.compare, at + (bytes.byte(at + 2) == UInt8(ascii: "=") ? 3 : 2))
        case UInt8(ascii: ":"):
            if next == byte { return nil }
            if next == UInt8(ascii: "=") { return (.assign, at + 2) }
            // `name: String = "…"`: a type stands between.
            var type = at + 1
            while type < at + 4, bytes.byte(type).isBlank { type += 1 }
            let typeStart = type
            while type < typeStart + 40, bytes.byte(type).isWord || "?<>[]&.* ".utf8.contains(bytes.byte(type)) {
                type += 1
            }
            if type > typeStart, bytes.byte(type) == UInt8(ascii: "="), bytes.byte(type + 1) != UInt8(ascii: "="),
                bytes.byte(type - 1).isBlank
            {
                return (.assign, type + 1)
            }
            if isQuotedName, let value = memberValue(at + 1) { return (.assign, value) }
            return (.colon, at + 1)
        case UInt8(ascii: "{"):
            // `variable "db_password" {`
            return isQuotedName ? memberValue(at).map { (.assign, $0) } : nil
        case UInt8(ascii: ","):
            return isQuotedName ? (.pair, at + 1) : nil
        case UInt8(ascii: "("):
            return isQuotedName ? nil : (.call, at + 1)
        case UInt8(ascii: ">"):
            return (.element, at + 1)
        case UInt8(ascii: "|"), UInt8(ascii: "?"):
            guard next == byte else { return nil }
            return (.assign, at + 2)
        case UInt8(ascii: "v"):
            // `key="password" value="…"`
            guard isQuotedName, bytes.holds("value=", at: at) else { return nil }
            return (.assign, at + 6)
        case UInt8(ascii: "o"):
            guard bytes.holds("or ", at: at) else { return nil }
            return (.assign, at + 3)
        default:
            guard at > blankStart, !isQuotedName else { return nil }
            return (.flag, at)
        }
    }

    /// A test types a password into a form: `find("password").send_keys("…")`.
    private func typedInto(_ start: Int) -> (Operator, Int)? {
        for method: StaticString in ["send_keys(", "sendKeys(", "type(", "fill(", "setValue(", "fill_in("]
        where bytes.holds(method, at: start) {
            let value = start + method.utf8CodeUnitCount
            return bytes.byte(value).isQuote ? (.assign, value) : nil
        }
        return nil
    }

    /// Where the value stands in `{ "value": "…" }` or `{ default = "…" }`, the block that a name opens.
    private func memberValue(_ start: Int) -> Int? {
        var at = start
        while at < start + 8, bytes.byte(at).isBlank { at += 1 }
        guard bytes.byte(at) == UInt8(ascii: "{") else { return nil }
        let limit = min(bytes.count, at + 400)
        at += 1
        while at < limit, bytes[at] != UInt8(ascii: "}") {
            guard bytes[at].isLetter, !bytes.byte(at - 1).isWord else {
                at += 1
                continue
            }
            for key: StaticString in ["value", "default", "defaultValue", "Default"] where bytes.holds(key, at: at) {
                var value = at + key.utf8CodeUnitCount
                if bytes.byte(value).isQuote { value += 1 }
                while value < limit, bytes.byte(value).isBlank { value += 1 }
                guard bytes.byte(value) == UInt8(ascii: ":") || bytes.byte(value) == UInt8(ascii: "=") else { continue }
                value += 1
                while value < limit, bytes.byte(value).isBlank { value += 1 }
                if bytes.byte(value).isQuote { return value }
            }
            while at < limit, bytes[at].isWord { at += 1 }
        }
        return nil
    }

    private func read(_ name: Range<Int>, _ kind: Kind, _ op: Operator, _ start: Int) -> Candidate? {
        var at = start
        while at < start + 40, bytes.byte(at).isBlank { at += 1 }
        // String prefixes of several languages, and a call that only wraps the text.
        if "bBuUrRfF@$L".utf8.contains(bytes.byte(at)), bytes.byte(at + 1) == 0x22 || bytes.byte(at + 1) == 0x27 {
            at += 1
        }
        if bytes.byte(at) == UInt8(ascii: "("), bytes.byte(at + 1).isQuote { at += 1 }
        var isEscaped = false
        if bytes.byte(at) == 0x5C, bytes.byte(at + 1) == 0x22 || bytes.byte(at + 1) == 0x27 {
            isEscaped = true
            at += 1
        }
        let quote = bytes.byte(at)
        let limit = min(bytes.count, at + 1024)
        if quote.isQuote {
            guard op != .flag || isStatement(name, kind) else { return nil }
            var end = at + 1
            while end < limit {
                let byte = bytes[end]
                if byte == quote || byte == 0x0A { break }
                if byte == 0x5C {
                    if isEscaped { break }
                    end += 1
                }
                end += 1
            }
            guard end < bytes.count, end <= limit, bytes.byte(end) == quote || (isEscaped && bytes.byte(end) == 0x5C)
            else { return nil }
            // `"""` opens a text of many lines, not a value.
            guard end > at + 1 else { return nil }
            return judge(name, at + 1..<end, kind, op, isQuoted: true)
        }
        // `user: root, pass: …`, `# old password: …`: between other text only what can be no word or name counts.
        var isInText = false
        if !isPlainPlace(name, op, valueStart: at) {
            guard kind == .password, op == .colon, bytes.byte(at - 1).isBlank else { return nil }
            isInText = true
        }
        var end = at
        while end < limit {
            let byte = bytes[end]
            if byte <= 0x20 || byte.isQuote || ",;<>)}]|&\\".utf8.contains(byte) { break }
            end += 1
        }
        guard end > at, end < at + 1024 else { return nil }
        let after = bytes.byte(end)
        if isInText, !isSurelyPassword(at..<end, after) { return nil }
        if op == .element, !bytes.holds("</", at: end) { return nil }
        if after == UInt8(ascii: ")") || after == UInt8(ascii: "}") && op == .assign || after == UInt8(ascii: "]") {
            return nil
        }
        if after == UInt8(ascii: ";"), bytes.byte(name.lowerBound - 1) != UInt8(ascii: ";"),
            bytes.byte(name.lowerBound - 1) != 0x22
        {
            return nil
        }
        return judge(name, at..<end, kind, op, isQuoted: false)
    }

    /// A name and a quoted value with only a blank between: an option, a line of a configuration language, a definition of
    /// the C preprocessor, SQL.
    private func isStatement(_ name: Range<Int>, _ kind: Kind) -> Bool {
        if bytes.byte(name.lowerBound) == UInt8(ascii: "-") { return true }
        if isAfterWord(name.lowerBound, ["define", "WITH", "with", "ENCRYPTED"]) { return true }
        guard kind == .password else { return false }
        var at = name.lowerBound
        while at > 0, bytes[at - 1].isBlank { at -= 1 }
        return at == 0 || bytes[at - 1] == 0x0A
    }

    /// Letters with digits or signs among them, which no variable has, at the end of a clause.
    private func isSurelyPassword(_ value: Range<Int>, _ after: UInt8) -> Bool {
        guard value.count >= 6, after <= 0x20 || after == UInt8(ascii: ",") else { return false }
        var signs = 0
        var digits = 0
        for byte in bytes.part(value) {
            if "!@#%^&*+?$~".utf8.contains(byte) { signs += 1 } else if !byte.isWord { return false }
            if byte.isDigit { digits += 1 }
        }
        return signs > 0 && digits > 0 || digits >= 2 && ValueShape.wordiness(Array(bytes.part(value))) < 0.4
    }

    /// A value without quotes is a value only where configuration, a command line or a query is being written; in code
    /// it is an expression.
    private func isPlainPlace(_ name: Range<Int>, _ op: Operator, valueStart: Int) -> Bool {
        let before = bytes.byte(name.lowerBound - 1)
        switch op {
        case .flag:
            return bytes.byte(name.lowerBound) == UInt8(ascii: "-")
                || isAfterWord(name.lowerBound, ["ENV", "set", "setenv"])
        case .element:
            return before == UInt8(ascii: "<") || before == 0x22 || before == 0x3A
        case .compare, .pair, .call:
            return false
        case .assign, .colon:
            break
        }
        if before == UInt8(ascii: "?") || before == UInt8(ascii: "&") || before == UInt8(ascii: ";") { return true }
        // `//registry.acme.dev/:_authToken=…`
        if before == UInt8(ascii: ":"), bytes.byte(name.lowerBound) == UInt8(ascii: "_") {
            return !ValueShape.isUUID(Array(bytes.part(valueStart..<min(bytes.count, valueStart + 36))))
        }
        if bytes.byte(name.lowerBound) == UInt8(ascii: "-") { return true }
        // Only indentation, a list dash, `export` and the like stand before the name.
        var at = name.lowerBound
        while at > 0, name.lowerBound - at < 200, bytes[at - 1] != 0x0A {
            at -= 1
        }
        if at > 0, bytes[at - 1] != 0x0A { return false }
        var lead = Array(bytes[at..<name.lowerBound])
        while let last = lead.last,
            last.isBlank || last == UInt8(ascii: "-") || last.isQuote || last == UInt8(ascii: "#")
        {
            lead.removeLast()
        }
        while let first = lead.first, first.isBlank || first == UInt8(ascii: "+") || first == UInt8(ascii: "#") {
            lead.removeFirst()
        }
        if lead.isEmpty { return true }
        let word = String(decoding: lead, as: UTF8.self)
        return ["export", "set", "ENV", "ARG", "setx", "Environment=", "declare", "local", "\\n", "Cookie:"].contains(
            word)
    }

    private func isAfterWord(_ offset: Int, _ words: [String]) -> Bool {
        words.contains { word in
            let count = word.utf8.count
            guard offset > count, bytes.byte(offset - 1).isBlank else { return false }
            return Array(bytes.part(offset - 1 - count..<offset - 1)) == Array(word.utf8)
        }
    }

    private func judge(_ name: Range<Int>, _ range: Range<Int>, _ kind: Kind, _ op: Operator, isQuoted: Bool)
        -> Candidate?
    {
        var range = range
        // `Bearer …`, `Basic …` name a scheme, not a part of the secret.
        for scheme: StaticString in ["Bearer ", "bearer ", "Basic ", "Token ", "token "]
        where bytes.holds(scheme, at: range.lowerBound) {
            range = min(range.lowerBound + scheme.utf8CodeUnitCount, range.upperBound)..<range.upperBound
        }
        let value = Array(bytes.part(range))
        guard
            let confidence = Self.confidence(
                of: value, kind: kind, name: Array(bytes.part(name)), isQuoted: isQuoted)
        else { return nil }
        return Candidate(
            name: name, value: range, kind: kind, isQuoted: isQuoted,
            confidence: op == .compare || op == .call ? confidence * 0.8 : confidence)
    }
}
