// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Secrets in inline code: which variable of the environment is meant, and whether a secret in the arguments of a request
/// logs in or is sent as data.
extension InlineCode {
    /// A secret in an expression, with the keys it stands under from the outside in: `headers`, `Authorization`.
    struct Secret {
        var keys: [String]
        var value: Value

        /// It stands where a request logs in: a header for that, or an argument that holds credentials.
        func logsIn(_ language: String) -> Bool {
            guard let last = keys.last else { return false }
            if keys.contains(where: { Self.bodies.contains($0.lowercased()) }) { return false }
            if let first = keys.first?.lowercased(), Self.logins.contains(first) { return true }
            guard AuthenticationHeader.isOne(last) else { return false }
            // perl takes headers as plain pairs after the address.
            return language == "perl" && keys.count == 1
                || keys.dropLast().contains {
                    $0.lowercased().hasSuffix("header") || $0.lowercased().hasSuffix("headers")
                }
        }

        private static let bodies: Set<String> = [
            "data", "json", "body", "files", "form", "params", "query", "payload", "content", "searchparams", "file",
        ]
        private static let logins: Set<String> = [
            "auth", "authorization", "basic_auth", "basicauth", "http_basic_authentication", "userpwd", "bearer",
        ]
    }

    /// What a name that reads the environment stands for, and the place after it: one variable, or all of it. Nil when the
    /// name reads nothing of it.
    func environment(_ name: String, _ end: Int) -> (value: Value, end: Int)? {
        guard let root = environmentRoot(of: name) else { return nil }
        let tail = name.dropFirst(root.utf8.count).drop { $0 == "." }
        if language.name == "javascript", root.hasSuffix(".env"), !tail.isEmpty, tail != "toObject" {
            return (Self.variable(String(tail.prefix { $0 != "." })), end)
        }
        let isLookUp = tail.isEmpty || tail == "get" || tail == "fetch"
        if isLookUp, end + 1 < tokens.count, case .symbol(let open) = tokens[end], ["(", "[", "{"].contains(open) {
            var variable: Value?
            switch tokens[end + 1] {
            case .string(let text): variable = text.text.map(Self.variable) ?? .unknown(.variable("name"))
            case .name(let text) where open == "{": variable = Self.variable(text)
            case .name: variable = .unknown(.variable("name"))
            default: break
            }
            if let variable { return (variable, min(closing(end, open) + 1, tokens.count)) }
        }
        return (.unknown(.output, taints: .secret), end)
    }

    private func environmentRoot(of name: String) -> String? {
        if language.actions[name] == .environment { return name }
        var end = name.endIndex
        while let dot = name[..<end].lastIndex(of: ".") {
            if language.actions[String(name[..<dot])] == .environment { return String(name[..<dot]) }
            end = dot
        }
        return nil
    }

    private static func variable(_ name: String) -> Value {
        .unknown(.environment(name), taints: Evaluator.isSecretName(name) ? .secret : [])
    }

    /// What an expression inside a string stands for, as far as it is the environment or a variable: `os.environ['X']`,
    /// `process.env.X || ''`, `token.strip()`.
    func interpolated(_ code: String) -> Value? {
        let key = code.filter { $0 != " " }
        if let known = variables[key] { return known.value }
        var words: [Substring] = []
        var rest = key[...]
        while let start = rest.firstIndex(where: Self.isWord) {
            let word = rest[start...].prefix(while: Self.isWord)
            words.append(word)
            rest = rest[word.endIndex...]
        }
        for (index, word) in words.enumerated() {
            if let known = variables[String(word)], known.value.taints.contains(.secret) {
                return known.value.credentials.map { .unknown(.credential($0.last ?? ""), taints: .secret) }
                    ?? .unknown(.output, taints: .secret)
            }
            // The longest name that reads the environment, then what it is asked for.
            for length in stride(from: min(3, words.count - index), to: 0, by: -1) {
                let name = words[index..<(index + length)].joined(separator: ".")
                guard language.actions[name] == .environment else { continue }
                let asked = words[(index + length)...].first { $0 != "get" && $0 != "fetch" }
                guard let asked, asked.first?.isLetter == true || asked.hasPrefix("_") else {
                    return .unknown(.output, taints: .secret)
                }
                return Self.variable(String(asked))
            }
        }
        return nil
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == "$"
    }

    /// The secrets that stand between two places.
    func secrets(from start: Int, to end: Int) -> [Secret] {
        var frames: [(key: String?, isObject: Bool)] = [(nil, false)]
        var found: [Secret] = []
        func add(_ value: Value, _ keys: [String] = []) {
            if found.count < 64 {
                let outer = frames.compactMap(\.key).flatMap { $0.split(separator: "\n").map(String.init) }
                found.append(Secret(keys: outer + keys, value: value))
            }
        }
        var at = start
        while at < min(end, tokens.count) {
            let here = frames.count - 1
            switch tokens[at] {
            case .symbol("("), .symbol("["), .symbol("{"):
                if frames.count < 64 { frames.append((nil, tokens[at] == .symbol("{"))) }
            case .symbol(")"), .symbol("]"), .symbol("}"): if here > 0 { frames.removeLast() }
            case .symbol(","): frames[here].key = nil
            case .string(let text):
                if isKey(at, before: end) {
                    frames[here].key = text.display
                    at += 1
                } else {
                    let value = filled(text)
                    // `"Authorization: Bearer " . $token`: the header names itself.
                    let name = value.knownPrefix.prefix { $0 != ":" }
                    let key = frames[here].key
                    if name.utf8.count < value.knownPrefix.utf8.count, name.allSatisfy({ $0.isLetter || $0 == "-" }),
                        key.map({ $0.lowercased().hasSuffix("header") }) ?? true
                    {
                        frames[here].key = (key.map { $0 + "\n" } ?? "") + name
                    }
                    if value.taints.contains(.secret) { add(value) }
                }
            case .name(let word):
                if isKey(at, before: end) {
                    frames[here].key = word
                    at += 1
                    break
                }
                let (name, after) = dotted(at)
                if let access = environment(name, after) {
                    if access.value.taints.contains(.secret) { add(access.value) }
                    at = access.end
                    continue
                }
                if let variable = variables[name] ?? variables[String(name.prefix { $0 != "." })] {
                    // `{headers}` stands for `{headers: headers}`.
                    let own = frames[here].key == nil && frames[here].isObject ? [word] : []
                    for secret in variable.secrets { add(secret.value, own + secret.keys) }
                    if variable.secrets.isEmpty, variable.value.taints.contains(.secret) { add(variable.value, own) }
                }
                at = max(after, at + 1)
                continue
            case .number, .symbol, .command, .newline: break
            }
            at += 1
        }
        return found
    }

    /// The word at a place is followed by `:`, `=` or `=>`, and is neither a member nor a branch of `a ? b : c`.
    private func isKey(_ at: Int, before end: Int) -> Bool {
        guard at + 1 < min(end, tokens.count), case .symbol(let sign) = tokens[at + 1], [":", "=", "=>"].contains(sign)
        else { return false }
        return at == 0 || tokens[at - 1] != .symbol("?") && tokens[at - 1] != .symbol(".")
    }

    /// The place of the bracket that closes the one at `open`.
    private func closing(_ open: Int, _ bracket: String) -> Int {
        let close = bracket == "(" ? ")" : bracket == "[" ? "]" : "}"
        var level = 0
        for at in open..<min(tokens.count, open + 400) {
            if tokens[at] == .symbol(bracket) { level += 1 }
            if tokens[at] == .symbol(close) {
                level -= 1
                if level <= 0 { return at }
            }
        }
        return tokens.count
    }
}
