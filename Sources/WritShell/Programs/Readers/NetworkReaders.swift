// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Programs that talk to other machines in ways of their own.
let networkReaders: [String: ProgramReader] = [
    "curl": ProgramReader(read: readCurl),
    "wget": ProgramReader(read: readWget),
    "download": ProgramReader { call in
        call.skipsTable = true
        for url in call.words {
            call.add(.connect(url, method: "", traits: call.traits.union(.download)))
            if !call.has("-o") { call.add(.write(fileName(url, orElse: "index.html"), appends: false)) }
        }
    },
    "httpie": ProgramReader(read: readHTTPie),
    "nc": ProgramReader(read: readNetcat),
    "socat": ProgramReader(read: readSocat),
    "ssh": ProgramReader(read: readSSH),
    "ssh-options": ProgramReader(read: { call in readSSHOptions(&call) }),
    "copy": ProgramReader(read: readCopy),
    "rclone": ProgramReader(read: readRclone),
    "host-port": ProgramReader { call in
        guard let host = call.words.first else { return }
        call.skipsTable = true
        let port = call.words.count > 1 ? [call.words[1]] : []
        call.add(.connect(.joining([host] + port, with: ":"), method: "", traits: []))
    },
    "tftp": ProgramReader { call in
        guard let host = call.words.first(where: { !$0.hasPrefix("/") }) ?? call.words.first else { return }
        call.skipsTable = true
        let arguments = call.arguments
        let isPut = arguments.contains { $0.text == "-p" || $0.text == "put" }
        let isGet = !isPut && arguments.contains { ["-g", "-r", "-l", "get"].contains($0.text) }
        call.add(.connect(host, method: "", traits: isGet ? .download : []))
        for (index, argument) in arguments.enumerated() where argument.text == "put" || argument.text == "-l" {
            if index + 1 < arguments.count, isPut { call.send(file: arguments[index + 1]) }
        }
        for (index, argument) in arguments.enumerated() where !isPut && ["-r", "-l", "get"].contains(argument.text) {
            if index + 1 < arguments.count { call.add(.write(arguments[index + 1], appends: false)) }
        }
    },
    "dig": ProgramReader { call in
        call.skipsTable = true
        for word in call.words {
            if word.hasPrefix("@") { call.add(.connect(word.dropping(1), method: "", traits: [])) }
            guard !word.hasPrefix("@"), let text = word.text else {
                if word.text == nil { call.add(.connect(word, method: "", traits: [])) }
                continue
            }
            let isType = !text.contains(".") && text == text.uppercased() && text.utf8.count <= 10
            if !isType { call.add(.connect(word, method: "", traits: [])) }
        }
        for name in call.values("-q") + call.values("-x") { call.add(.connect(name, method: "", traits: [])) }
    },
    "lookup": ProgramReader { call in
        guard call.program == "getent" else {
            call.skipsTable = true
            for word in call.words {
                let text = word.text ?? ""
                if ["status", "query", "flush-caches", "statistics"].contains(text) { continue }
                call.add(.connect(word, method: "", traits: []))
            }
            return
        }
        call.skipsTable = true
        switch call.words.first?.text {
        case "hosts", "ahosts", "ahostsv4", "ahostsv6":
            for word in call.words.dropFirst() { call.add(.connect(word, method: "", traits: [])) }
        case let base?: call.add(.read(Value("/etc/\(base)")))
        case nil: break
        }
    },
    "openssl-client": ProgramReader { call in
        // What stands on its input goes to the other side.
        if !call.has("-connect") { return }
        call.send(text: .unknown(.output))
        call.dropSentText()
    },
    "ssh-keygen": ProgramReader { call in
        guard let file = call.values("-f").last else { return }
        if call.has("-y") || call.has("-l") {
            call.add(.read(file))
            if call.has("-y") { call.add(.secretRead, "reads a private key: \(file.display)") }
        } else if !call.has("-R"), !call.has("-F") {
            call.add(.write(file, appends: false))
        }
    },
]

/// The last segment of a URL's path, where downloads go.
private func fileName(_ url: Value, orElse name: String) -> Value {
    guard var text = url.text?[...] else { return Value(pieces: [.glob("*")]) }
    if let range = text.firstRange(of: "://") { text = text[range.upperBound...] }
    if let end = text.firstIndex(where: { $0 == "?" || $0 == "#" }) { text = text[..<end] }
    guard let slash = text.lastIndex(of: "/") else { return Value(name) }
    let last = text[text.index(after: slash)...]
    return Value(last.isEmpty ? name : String(last), taints: url.taints, span: url.span)
}

private func readCurl(_ call: inout Invocation) {
    call.skipsTable = true
    let isToFile = call.has("-O")
    let method = call.method?.name.display.uppercased() ?? ""
    for data in call.values("--data-urlencode") {
        // `name@file` and `@file` name files; `name=text`, `=text` and `text` do not.
        if let (name, file) = data.split(at: UInt8(ascii: "@")), !name.contains("=") {
            call.send(file: file)
        } else {
            call.send(text: data)
        }
    }
    if call.has("-G") { call.method = (Value("GET"), true) }
    for url in call.words {
        call.perform(.source, on: url, traits: call.traits.union(.download), detail: "")
        if !Invocation.isURL(url) {
            // curl takes bare hosts; only `source` would read them as files.
            call.replaceLastRead(by: url, method: call.method?.name.display.uppercased() ?? "")
        }
        if isToFile { call.add(.write(fileName(url, orElse: "curl_response"), appends: false)) }
        if method == "DELETE" || (!method.isEmpty && isDeletion(url)) {
            call.add(.resourceDelete, "deletes over HTTP: \(url.display)", method: method)
        }
    }
}

/// Addresses whose last part says that what they name is deleted, in interfaces that take POST for it.
private func isDeletion(_ url: Value) -> Bool {
    let text = url.display.lowercased()
    let path = text.prefix { $0 != "?" && $0 != "#" }
    return [
        "/dodelete", "/_delete_by_query", "/delete", "/purge", "/truncate", "/_forcemerge?only_expunge", "/clear",
        "/destroy",
    ]
    .contains { path.hasSuffix($0) }
}

private func readWget(_ call: inout Invocation) {
    call.skipsTable = true
    let isNamed = call.has("-O") || call.has("--spider")
    for url in call.words {
        call.add(
            .connect(url, method: call.method?.name.display.uppercased() ?? "", traits: call.traits.union(.download)))
        if !isNamed {
            if call.has("-r") || call.has("-i") {
                call.add(.write(Value(pieces: [.glob("**")]), appends: false))
            } else {
                let name = fileName(url, orElse: "index.html")
                let folder = call.values("-P").last
                call.add(.write(folder.map { .joining([$0, name], with: "/") } ?? name, appends: false))
            }
        }
    }
}

private func readHTTPie(_ call: inout Invocation) {
    call.skipsTable = true
    var words = call.words[...]
    var method = ""
    if let first = words.first?.text, words.count > 1, !first.isEmpty,
        first.utf8.allSatisfy({ $0 >= 0x41 && $0 <= 0x5A })
    {
        method = first
        words = words.dropFirst()
    }
    guard let url = words.popFirst() else { return }
    var traits: Operation.Traits = [.download]
    if call.values("--verify").contains(where: { $0.text == "no" || $0.text == "false" }) { traits.insert(.unverified) }
    let headers = words.filter { item in
        guard let (name, value) = item.split(at: UInt8(ascii: ":")) else { return false }
        return !name.contains("=") && !name.contains("@") && !value.hasPrefix("=")
    }
    for header in headers { call.authenticate(header: header) }
    let items = words.filter { ($0.contains("=") || $0.contains("@")) && !headers.contains($0) }
    if method.isEmpty, !items.isEmpty { method = "POST" }
    call.add(.connect(url, method: method, traits: traits))
    for item in items {
        if let (_, file) = item.split(at: UInt8(ascii: "@")),
            !item.contains("=") || item.contains("=@") || item.contains(":=@")
        {
            call.send(file: file)
        } else {
            call.send(text: item)
        }
    }
}

private func readNetcat(_ call: inout Invocation) {
    call.skipsTable = true
    let programs = call.values("-e")
    let scripts = call.values("-c")
    let isShell = !programs.isEmpty || !scripts.isEmpty
    if call.has("-l") {
        call.add(.listen(call.values("-p").last ?? call.words.last ?? Value("*")))
        if isShell { call.add(.shellExec, "ties a program to a port", traits: .networkShell) }
    } else if let host = call.words.first {
        if call.has("-U") { return }
        let port = call.words.count > 1 ? [call.words[1]] : []
        let whole = Value.joining([host] + port, with: ":")
        let traits: Operation.Traits = isShell ? .networkShell : call.has("-z") ? [] : .upload
        call.add(.connect(whole, method: "", traits: traits))
    }
    for program in programs {
        let words = program.splitIntoWords()
        if !words.isEmpty { call.add(.run(words, environment: [:], takesInput: true, isRemote: false)) }
    }
    for script in scripts { call.add(.code(script, language: "sh")) }
}

private func readSocat(_ call: inout Invocation) {
    call.skipsTable = true
    struct Address {
        var kind: String
        var rest: Value
    }
    let addresses = call.words.prefix(2).map { word -> Address in
        if word.text == "-" || word.text == "stdio" { return Address(kind: "stdio", rest: word) }
        guard let (kind, rest) = word.split(at: UInt8(ascii: ":")) else {
            return Address(
                kind: word.hasPrefix("/") || word.hasPrefix(".") ? "gopen" : word.display.lowercased(), rest: word)
        }
        return Address(kind: kind.display.lowercased(), rest: rest)
    }
    func withoutOptions(_ value: Value) -> Value { value.split(at: UInt8(ascii: ","))?.before ?? value }
    let isProgram = addresses.contains { ["exec", "system", "shell"].contains($0.kind) }
    let isNetwork = addresses.contains { isSocket($0.kind) }
    let isOneWay = call.has("-u")
    for (index, address) in addresses.enumerated() {
        let rest = withoutOptions(address.rest)
        switch address.kind {
        case "exec":
            let words = rest.splitIntoWords()
            if !words.isEmpty { call.add(.run(words, environment: [:], takesInput: true, isRemote: false)) }
        case "system", "shell": call.add(.code(rest, language: "sh"))
        case "open", "gopen", "file", "create", "creat":
            let isSource = index == 0 && isOneWay
            if isSource, isNetwork {
                call.send(file: rest)
            } else if isSource {
                call.add(.read(rest))
            } else {
                if address.kind == "file", isOneWay == false { call.add(.read(rest)) }
                call.add(.write(rest, appends: address.rest.contains("append")))
            }
        case let kind where isListener(kind):
            call.add(.listen(rest))
            if isProgram { call.add(.shellExec, "ties a program to a port", traits: .networkShell) }
        case let kind where isSocket(kind):
            call.add(.connect(rest, method: "", traits: isProgram ? .networkShell : []))
        default: break
        }
    }
}

private func isSocket(_ kind: String) -> Bool {
    ["tcp", "udp", "ssl", "openssl", "sctp", "ip", "socks", "proxy", "dtls"].contains { kind.hasPrefix($0) }
}

private func isListener(_ kind: String) -> Bool {
    isSocket(kind) && (kind.contains("listen") || kind.hasSuffix("-l") || kind.contains("recv"))
}

/// `-o` options of ssh that run programs or drop checks; returns traits for the connection.
@discardableResult
private func readSSHOptions(_ call: inout Invocation) -> Operation.Traits {
    var traits: Operation.Traits = []
    for option in call.values("-o") {
        let separator = option.contains("=") ? UInt8(ascii: "=") : UInt8(ascii: " ")
        guard let (name, value) = option.split(at: separator) else {
            if option.text == nil { call.add(.code(.unknown(.output), language: "sh")) }
            continue
        }
        let key = name.display.lowercased().split(separator: " ").first.map(String.init) ?? ""
        switch key {
        case "proxycommand", "localcommand", "knownhostscommand", "match", "ssh_command", "sshcommand":
            if value.text != "none" { call.add(.code(value, language: "sh")) }
        case "pkcs11provider", "securitykeyprovider": call.add(.unread("loads a library"))
        case "stricthostkeychecking":
            if ["no", "off", "accept-new"].contains(value.text?.lowercased() ?? "no") { traits.insert(.unverified) }
        case "userknownhostsfile": if value.text == "/dev/null" { traits.insert(.unverified) }
        case "proxyjump": call.add(.connect(value, method: "", traits: []))
        case "identityfile", "include": call.add(.read(value))
        case "remoteforward", "localforward", "dynamicforward": call.add(.listen(value))
        default: break
        }
    }
    return traits
}

private func readSSH(_ call: inout Invocation) {
    call.skipsTable = true
    let traits = readSSHOptions(&call)
    // Options may follow the host; the command begins at the first word after it.
    guard let host = call.words.first else { return }
    for jump in call.values("-J") { call.add(.connect(jump, method: "", traits: [])) }
    call.add(.connect(host, method: "", traits: traits))
    let arguments = call.arguments
    guard let hostIndex = arguments.firstIndex(of: host) else { return }
    // From the host on: skip further options and their values, then everything is the command.
    var index = hostIndex + 1
    while index < arguments.count, let text = arguments[index].text, text.hasPrefix("-"), text.utf8.count > 1 {
        if text == "--" {
            index += 1
            break
        }
        let takesValue = text.utf8.count == 2 && "FioJEILDRWSOQPbBcelmpw".contains(text.dropFirst())
        index += takesValue ? 2 : 1
    }
    if index < arguments.count {
        call.add(
            .run(
                [Value("sh"), Value("-c"), .joining(arguments[index...])], environment: [:], takesInput: true,
                isRemote: true))
    } else if !call.has("-N"), !call.has("-W") {
        call.add(.shellExec, "an interactive shell on another machine")
    }
}

private func readCopy(_ call: inout Invocation) {
    call.skipsTable = true
    let traits = readSSHOptions(&call)
    guard call.words.count > 1, let target = call.words.last else {
        for word in call.words {
            if isRemotePath(word.knownPrefix) || Invocation.isURL(word) {
                call.add(.connect(word, method: "", traits: traits))
            }
        }
        return
    }
    func isRemote(_ value: Value) -> Bool { isRemotePath(value.knownPrefix) || Invocation.isURL(value) }
    let sources = call.words.dropLast()
    if isRemote(target) {
        call.add(.connect(target, method: "", traits: traits.union(.upload)))
        for source in sources {
            if isRemote(source) {
                call.add(.connect(source, method: "", traits: traits))
            } else {
                call.send(file: source)
            }
        }
    } else {
        for source in sources {
            if isRemote(source) {
                call.add(.connect(source, method: "", traits: traits.union(.download)))
            } else {
                call.add(.read(source))
            }
        }
        call.add(.write(target, appends: false))
    }
    let more = call.traits
    if call.has("--delete") {
        if isRemote(target) {
            call.add(.resourceDelete, "deletes at the destination what the source has not: \(target.display)")
        } else {
            call.add(.delete(target, traits: more.union(.recursive)))
        }
    }
    if call.has("--remove-source-files") {
        for source in sources where !isRemote(source) { call.add(.delete(source, traits: more.union(.recursive))) }
    }
}

private func readRclone(_ call: inout Invocation) {
    call.skipsTable = true
    func isRemote(_ value: Value) -> Bool {
        value.knownPrefix.firstIndex(of: ":").map { !value.knownPrefix[..<$0].contains("/") } ?? false
    }
    let verb = call.canonicalWords.last ?? ""
    let deletes = ["delete", "deletefile", "purge", "rmdir", "rmdirs", "cleanup", "dedupe"].contains(verb)
    if deletes {
        for word in call.words {
            if isRemote(word) {
                call.add(.connect(word, method: "", traits: []))
                call.add(
                    .resourceDelete, "deletes remote files: \(word.display)", traits: call.traits.union(.recursive))
            } else {
                call.add(.delete(word, traits: call.traits.union(.recursive)))
            }
        }
        return
    }
    guard let target = call.words.last else { return }
    let sources = verb == "rcat" ? [] : call.words.dropLast()
    if isRemote(target) {
        call.add(.connect(target, method: "", traits: .upload))
        for source in sources {
            if isRemote(source) { call.add(.connect(source, method: "", traits: [])) } else { call.send(file: source) }
        }
    } else if verb != "cat" {
        for source in sources {
            if isRemote(source) || Invocation.isURL(source) {
                call.add(.connect(source, method: "", traits: .download))
            } else {
                call.add(.read(source))
            }
        }
        call.add(.write(target, appends: false))
    }
    if verb == "sync" || verb == "bisync" {
        if isRemote(target) {
            call.add(
                .resourceDelete, "deletes at the destination what the source has not: \(target.display)",
                traits: call.traits)
        } else {
            call.add(.delete(target, traits: call.traits.union(.recursive)))
        }
    }
    if verb == "move" || verb == "moveto" {
        for source in sources {
            if isRemote(source) {
                call.add(.resourceDelete, "deletes remote files: \(source.display)")
            } else {
                call.add(.delete(source, traits: call.traits.union(.recursive)))
            }
        }
    }
}
