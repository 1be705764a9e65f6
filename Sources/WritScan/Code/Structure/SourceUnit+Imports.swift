// SPDX-License-Identifier: Apache-2.0

/// What local names stand for.
extension SourceUnit {
    mutating func readImports() {
        for i in tokens.indices where tokens[i].kind == .word {
            switch language {
            case .python:
                guard i == 0 || tokens[i - 1].kind == .newline || isMark(i - 1, ";") || isMark(i - 1, ":") else {
                    continue
                }
                if isWord(i, "import") {
                    var at = i + 1
                    while at < tokens.count, kind(at) == .word {
                        let name = dotted(&at)
                        imports.append((name, i))
                        if isWord(at, "as"), kind(at + 1) == .word {
                            aliases[text(at + 1)] = name
                            at += 2
                        }
                        if isMark(at, ",") { at += 1 } else { break }
                    }
                } else if isWord(i, "from") {
                    var at = i + 1
                    guard kind(at) == .word else { continue }
                    let module = dotted(&at)
                    imports.append((module, i))
                    guard isWord(at, "import") else { continue }
                    at += 1
                    if isMark(at, "(") { at += 1 }
                    while kind(at) == .word {
                        let name = text(at)
                        imports.append((module + "." + name, i))
                        aliases[name] = module + "." + name
                        at += 1
                        if isWord(at, "as"), kind(at + 1) == .word {
                            aliases[text(at + 1)] = module + "." + name
                            at += 2
                        }
                        if isMark(at, ",") { at += 1 } else { break }
                    }
                }
            case .javascript, .typescript, .html:
                if isWord(i, "require"), isMark(i + 1, "("), kind(i + 2) == .string, isMark(i + 3, ")") {
                    let module = moduleName(i + 2)
                    imports.append((module, i))
                    guard isMark(i - 1, "=") else { continue }
                    // `const x = require("m").y` names the member.
                    let whole = isMark(i + 4, ".") && kind(i + 5) == .word ? module + "." + text(i + 5) : module
                    if kind(i - 2) == .word {
                        aliases[text(i - 2)] = whole
                    } else if isMark(i - 2, "}") {
                        members(from: Int(partner[i - 2]), to: i - 2, of: module)
                    }
                } else if isWord(i, "from"), kind(i + 1) == .string {
                    let module = moduleName(i + 1)
                    imports.append((module, i))
                    if kind(i - 1) == .word { aliases[text(i - 1)] = module }
                    if isMark(i - 1, "}") {
                        let open = Int(partner[i - 1])
                        members(from: open, to: i - 1, of: module)
                        if isMark(open - 1, ","), kind(open - 2) == .word { aliases[text(open - 2)] = module }
                    }
                }
            case .java, .kotlin, .scala, .csharp, .rust, .swift, .php:
                guard isWord(i, "import") || isWord(i, "using") || isWord(i, "use") else { continue }
                var at = i + 1
                if isWord(at, "static") { at += 1 }
                guard kind(at) == .word else { continue }
                imports.append((dotted(&at), i))
            case .go:
                guard isWord(i, "import") else { continue }
                var at = i + 1
                let end = isMark(at, "(") ? after(at) : at + 3
                while at < min(end, tokens.count) {
                    if kind(at) == .string {
                        let path = String(decoding: bytes.part(tokens[at].inner), as: UTF8.self)
                        imports.append((path, at))
                        if kind(at - 1) == .word, !isWord(at - 1, "import"), let last = path.split(separator: "/").last
                        {
                            aliases[text(at - 1)] = String(last)
                        }
                    }
                    at += 1
                }
            default: continue
            }
        }
    }

    func dotted(_ at: inout Int) -> String {
        var name = text(at)
        at += 1
        while isMark(at, ".") || isMark(at, text: "::") || isMark(at, "\\") {
            guard kind(at + 1) == .word, name.utf8.count < 200 else { break }
            name += "." + text(at + 1)
            at += 2
        }
        return name
    }

    func moduleName(_ token: Int) -> String {
        let name = String(decoding: bytes.part(tokens[token].inner), as: UTF8.self)
        return name.hasPrefix("node:") ? String(name.dropFirst(5)) : name
    }

    mutating func members(from open: Int, to close: Int, of module: String) {
        var at = open + 1
        while open >= 0, at < close {
            if kind(at) == .word {
                let name = text(at)
                if isMark(at + 1, ":") || isWord(at + 1, "as"), kind(at + 2) == .word {
                    aliases[text(at + 2)] = module + "." + name
                    at += 2
                } else {
                    aliases[name] = module + "." + name
                }
            }
            at += 1
        }
    }
}
