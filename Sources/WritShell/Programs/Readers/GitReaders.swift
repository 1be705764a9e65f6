// SPDX-License-Identifier: Apache-2.0
import WritCore

/// git: settings that run programs, remotes that are programs, refspecs that overwrite.
let gitReaders: [String: ProgramReader] = [
    "git": ProgramReader(read: readGlobal, global: readGlobal),
    "git-config": ProgramReader(read: readConfig),
    "git-clone": ProgramReader(read: readClone),
    "git-fetch": ProgramReader(read: readFetch),
    "git-push": ProgramReader(read: readPush),
    "git-checkout": ProgramReader(read: readCheckout),
    "git-merge": ProgramReader(read: readMerge),
    "forge-api": ProgramReader(read: readForgeAPI),
    "vcs": ProgramReader(
        read: { _ in },
        global: { call in
            // hg --config alias.x='!cmd' and hooks
            for setting in call.values("--config") {
                guard let (key, value) = setting.split(at: UInt8(ascii: "=")) else { continue }
                if value.hasPrefix("!") { call.add(.code(value.dropping(1), language: "sh")) }
                if key.hasPrefix("hooks.") || key.hasPrefix("extensions.") || key.display == "ui.ssh" {
                    call.add(.code(value, language: "sh"))
                }
            }
        }),
]

/// What a setting of git does once it is set.
enum GitSetting {
    /// Its value is a shell command.
    case command
    /// Its value names a file or directory of programs or settings.
    case programs
    /// Its value is a command when it begins with `!`.
    case bangCommand
    /// It sends traffic elsewhere or drops a check.
    case trust
    case plain

    init(_ key: String) {
        let lowered = key.lowercased()
        let parts = lowered.split(separator: ".")
        guard let section = parts.first, let name = parts.last, parts.count >= 2 else {
            self = .plain
            return
        }
        switch (section, name) {
        case ("core", "pager"), ("core", "editor"), ("core", "sshcommand"), ("core", "fsmonitor"), ("core", "askpass"),
            ("core", "gitproxy"), ("core", "alternaterefscommand"), ("diff", "external"), ("diff", "command"),
            ("diff", "textconv"),
            ("difftool", "cmd"), ("difftool", "path"), ("mergetool", "cmd"), ("mergetool", "path"), ("merge", "driver"),
            ("filter", "clean"), ("filter", "smudge"), ("filter", "process"), ("gpg", "program"),
            ("gpg", "defaultkeycommand"),
            ("sequence", "editor"), ("sendemail", "sendmailcmd"), ("sendemail", "tocmd"), ("sendemail", "cccmd"),
            ("uploadpack", "packobjectshook"), ("interactive", "difffilter"), ("browser", "cmd"), ("man", "cmd"),
            ("trailer", "command"), ("trailer", "cmd"), ("remote", "uploadpack"), ("remote", "receivepack"),
            ("hook", "command"),
            ("guitool", "cmd"), ("imap", "tunnel"), ("tar", "command"), ("web", "browser"):
            self = .command
        case ("pager", _): self = .command
        case ("alias", _), ("credential", "helper"), ("submodule", "update"): self = .bangCommand
        case ("core", "hookspath"), ("init", "templatedir"), ("include", "path"), ("includeif", "path"),
            ("core", "worktree"),
            ("core", "attributesfile"):
            self = .programs
        case ("url", "insteadof"), ("url", "pushinsteadof"), ("protocol", "allow"), ("http", "proxy"),
            ("http", "sslverify"),
            ("https", "proxy"), ("safe", "directory"), ("safe", "barerepository"), ("remote", "vcs"),
            ("remote", "proxy"),
            ("http", "extraheader"), ("http", "sslcainfo"), ("transfer", "fsckobjects"),
            ("receive", "denynonfastforwards"):
            self = .trust
        default: self = .plain
        }
    }

    var isCommand: Bool {
        if case .command = self { true } else { false }
    }

    var actsLater: Bool {
        switch self {
        case .command, .programs, .bangCommand, .trust: true
        case .plain: false
        }
    }
}

/// fsmonitor and pagers take booleans too; an empty value and `cat` switch them off.
private func isUsual(_ value: Value) -> Bool {
    guard let text = value.text?.lowercased() else { return false }
    return ["", "true", "false", "cat", "less", "0", "1", "on", "off", "yes", "no"].contains(text)
}

private func runs(_ setting: GitSetting, _ key: String, _ value: Value, in call: inout Invocation) {
    switch setting {
    case .command:
        if isUsual(value) { return }
        call.add(.code(value, language: "sh"))
    case .bangCommand:
        if value.hasPrefix("!") {
            call.add(.code(value.dropping(1), language: "sh"))
        } else if value.text == nil {
            call.add(.code(.unknown(.output), language: "sh"))
        } else if key.lowercased().hasPrefix("alias."), call.arguments.first != nil {
            call.add(.run([Value("git")] + value.splitIntoWords(), environment: [:], takesInput: true, isRemote: false))
        } else if value.hasPrefix("/") || value.hasPrefix(".") {
            call.add(.code(value, language: "sh"))
        }
    case .programs:
        call.perform(.read, on: value, traits: [], detail: "")
        call.add(.unread("hooks or settings in \(value.display)"))
    case .trust, .plain: break
    }
}

private func readSetting(_ setting: Value, in call: inout Invocation) {
    let (key, value) = setting.split(at: UInt8(ascii: "=")) ?? (setting, Value("true"))
    let name = key.display
    let kind = GitSetting(name)
    if key.text == nil {
        call.add(.gitConfig, "sets a computed name for this command")
        call.add(.code(.unknown(.output), language: "sh"))
        return
    }
    guard kind.actsLater, !(kind.isCommand && isUsual(value)) else { return }
    var traits: Operation.Traits = []
    if case .trust = kind { traits = .unverified }
    call.add(.gitConfig, "sets \(name) for this command", traits: traits)
    runs(kind, name, value, in: &call)
}

private func readGlobal(_ call: inout Invocation) {
    for setting in call.values("-c") { readSetting(setting, in: &call) }
    for setting in call.values("--config-env") {
        guard let (key, _) = setting.split(at: UInt8(ascii: "=")) else { continue }
        let name = key.display
        let kind = GitSetting(name)
        guard kind.actsLater else { continue }
        call.add(.gitConfig, "sets \(name) for this command")
        runs(kind, name, .unknown(.environment(setting.display)), in: &call)
    }
}

private func readConfig(_ call: inout Invocation) {
    var words = call.words
    if call.has("--list") || call.has("--get") { return }
    if call.has("--edit") { return call.add(.gitConfig, "opens the settings in an editor") }
    var isUnset = call.has("--unset")
    switch words.first?.text {
    case "list", "get", "get-color", "get-colorbool": return
    case "set": words.removeFirst()
    case "unset", "remove-section", "rename-section":
        words.removeFirst()
        isUnset = true
    case "edit": return call.add(.gitConfig, "opens the settings in an editor")
    default: break
    }
    guard let key = words.first else { return }
    let name = key.display
    if isUnset { return call.add(.gitConfig, "unsets \(name)") }
    guard words.count > 1 else { return }
    let kind = key.text == nil ? GitSetting.command : GitSetting(name)
    let traits: Operation.Traits = call.has("--global") || call.has("--system") ? .wide : []
    guard kind.actsLater else { return call.add(.gitConfig, "sets \(name)", traits: traits) }
    let detail: String
    switch kind {
    case .trust:
        let isOff = ["false", "0", "no", "off"].contains(words[1].display.lowercased())
        detail =
            isOff && name.lowercased().hasSuffix("sslverify")
            ? "sets \(name), which switches a check of the network off"
            : "sets \(name), which changes whom git trusts"
    default: detail = "sets \(name), which runs programs later"
    }
    call.add(.gitConfig, detail, traits: traits)
    call.add(.configWrite, detail)
    switch kind {
    case .command, .bangCommand: runs(kind, name, words[1], in: &call)
    case .programs, .trust, .plain: break
    }
}

/// Adds what reaching a repository does: a connection, a program behind `ext::`, or reading a local directory.
private func reach(_ remote: Value, traits: Operation.Traits, in call: inout Invocation) {
    let known = remote.knownPrefix
    if known.hasPrefix("ext::") {
        // git writes blanks in such commands as `%20` or `% `.
        let command = remote.dropping(5)
        if let text = command.text {
            let plain = percentDecoded(text)
            call.add(.code(Value(plain, taints: remote.taints, span: remote.span), language: "sh"))
        } else {
            call.add(.code(command, language: "sh"))
        }
    } else if known.hasPrefix("fd::") {
        return
    } else if Invocation.isURL(remote), !known.hasPrefix("file:") {
        call.add(.connect(remote, method: "", traits: traits))
    } else if isRemotePath(known) {
        call.add(.connect(remote, method: "", traits: traits))
    } else if known.contains("/") || known.hasPrefix(".") {
        call.add(.read(known.hasPrefix("file://") ? remote.dropping(7) : remote))
    } else if known.contains("::") {
        call.add(.unread("the transport \(known.prefix { $0 != ":" }) of git"))
    } else if remote.isUnknown {
        call.add(.connect(remote, method: "", traits: traits))
    }
}

private func percentDecoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%"), let next = rest.first else {
            bytes.append(byte)
            continue
        }
        if rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
            bytes.append(code)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(next)
            rest = rest.dropFirst()
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// `user@host:path` or `host:path`, and not a path with a slash before its first colon.
func isRemotePath(_ text: String) -> Bool {
    guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else { return false }
    let host = text[..<colon]
    let path = text[text.index(after: colon)...]
    // A single letter before a backslash is a drive of Windows.
    return !host.contains("/") && !path.hasPrefix(":") && !(host.utf8.count == 1 && path.hasPrefix("\\"))
}

private func readClone(_ call: inout Invocation) {
    call.skipsTable = true
    guard let source = call.words.first else { return }
    call.add(.gitFetch, "clones", traits: .download)
    if call.words.count > 1 {
        call.add(.write(call.words[1], appends: false))
    } else if let text = source.text {
        var name = text.split(whereSeparator: { $0 == "/" || $0 == ":" }).last.map(String.init) ?? text
        if name.hasSuffix(".git") { name = String(name.dropLast(4)) }
        call.add(.write(Value(name, taints: source.taints, span: source.span), appends: false))
    } else {
        call.add(.write(.unknown(.output), appends: false))
    }
    reach(source, traits: .download, in: &call)
    for setting in call.values("-c") { readSetting(setting, in: &call) }
}

private func readFetch(_ call: inout Invocation) {
    call.skipsTable = true
    let verb = call.canonicalWords.last ?? ""
    let detail = verb == "pull" ? "pulls" : verb == "fetch" ? "fetches" : "asks a remote"
    let remote = call.words.first
    let branch = call.words.count > 1 ? call.words[1].display : ""
    call.add(.gitFetch, detail, remote: remote?.display ?? "", branch: branch)
    if let remote { reach(remote, traits: .download, in: &call) }
}

private func readPush(_ call: inout Invocation) {
    call.skipsTable = true
    var words = call.words[...]
    let remote = call.values("--repo").last ?? words.popFirst()
    if let remote { reach(remote, traits: .upload, in: &call) }
    var traits = call.traits.union(.upload)
    if call.has("-n") || call.has("--dry-run") { traits.insert(.dryRun) }
    if call.has("-f") { traits.insert(.force) }
    let name = remote?.display ?? ""
    var details: [String] = []
    if call.has("--force-with-lease") || call.has("--force-if-includes") {
        traits.insert(.force)
        if !call.has("-f") { details.append("only when nobody else has pushed") }
    }
    if call.has("--mirror") {
        return call.add(.gitPush, "overwrites all branches", traits: traits.union([.force, .wide]), remote: name)
    }
    if call.has("--all") { traits.insert(.wide) }
    if call.has("--prune") {
        traits.formUnion([.irreversible, .wide])
        details.append("deletes branches that are not here")
    }
    if call.has("-d") {
        for word in words {
            call.add(
                .gitPush, "deletes a branch", traits: traits.union(.irreversible), remote: name,
                branch: branchName(word))
        }
        if words.isEmpty { call.add(.gitPush, "deletes a branch", traits: traits.union(.irreversible), remote: name) }
        return
    }
    if words.isEmpty { return call.add(.gitPush, details.joined(separator: ", "), traits: traits, remote: name) }
    for word in words {
        var each = traits
        var spec = word
        var texts = details
        if spec.hasPrefix("+") {
            each.insert(.force)
            spec = spec.dropping(1)
        }
        if let (source, target) = spec.split(at: UInt8(ascii: ":")) {
            if source.pieces.isEmpty, !target.pieces.isEmpty {
                each.insert(.irreversible)
                texts = ["deletes a branch"]
            }
            if source.contains("*") { each.insert(.wide) }
            spec = target.pieces.isEmpty ? source : target
        }
        call.add(.gitPush, texts.joined(separator: ", "), traits: each, remote: name, branch: branchName(spec))
    }
}

private func branchName(_ spec: Value) -> String {
    let text = spec.display
    return text.hasPrefix("refs/heads/") ? String(text.dropFirst(11)) : text
}

private func readCheckout(_ call: inout Invocation) {
    call.skipsTable = true
    // With these git refuses paths.
    if call.has("-b") || call.has("-B") || call.has("--patch") || call.has("-t") || call.has("--track")
        || call.has("-d") || call.has("--detach") || call.has("--orphan")
    {
        return
    }
    let words = call.words
    var files: ArraySlice<Value> = []
    if call.hasTerminator {
        // Where the terminator stood is lost in `words`; count from the arguments.
        let after = call.arguments.drop { $0.text != "--" }.dropFirst()
        files = words.suffix(after.count)
    } else if words.count == 2, let name = words[1].text, canBeBranch(name), !isCommitExpression(words[0].display) {
        // Overwritten is only what is there: where no file has the name, git refuses. Who can see the files tells.
        return discard(words[1...], path: name, in: &call)
    } else if words.count > 1 {
        files = words.dropFirst()
    } else if let only = words.first {
        // One word is a branch, unless it can only be a path.
        if isPath(only.display) {
            files = words[...]
        } else if !call.has("-f"), let name = only.text, canBeBranch(name) {
            // A reference goes before a file of its name, and whether there is one is not known here.
            return discard(words[...], path: name, traits: .potential, in: &call)
        }
    }
    discard(files, in: &call)
}

private func discard(
    _ files: ArraySlice<Value>, path: String = "", traits: Operation.Traits = [], in call: inout Invocation
) {
    guard !files.isEmpty else { return }
    let names = files.prefix(3).map(\.display).joined(separator: " ")
    call.add(
        .operation(
            Operation(
                .gitDiscard, path: path, traits: traits.union(call.traits),
                detail: "throws away changes of files: \(names)")))
}

/// No branch is called so: marks that names of references cannot hold, or the ending of a source or text file.
private func isPath(_ text: String) -> Bool {
    if text == "." || text.hasPrefix("./") || text.hasPrefix("../") || text.hasPrefix("/") || text.hasPrefix(":")
        || text.contains("*") || text.hasSuffix("/")
    {
        return true
    }
    let name = text.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return false }
    return fileEndings.contains(name[name.index(after: dot)...].lowercased())
}

private let fileEndings: Set<String> = [
    "c", "cc", "cfg", "cpp", "cs", "css", "csv", "env", "erb", "ex", "exs", "go", "gradle", "h", "hpp", "html", "ini",
    "java", "js", "json", "jsx", "kt", "lock", "lua", "m", "md", "mjs", "php", "pl", "proto", "py", "rb", "rs", "rst",
    "scala", "scss", "sh", "sql", "svelte", "swift", "toml", "ts", "tsx", "txt", "vue", "xml", "yaml", "yml",
]

/// The word reads as the name of a branch, and git would take it for a file all the same.
private func canBeBranch(_ text: String) -> Bool {
    !text.isEmpty && text != "-" && !isPath(text) && !isCommitExpression(text)
}

/// `HEAD`, `HEAD~2`, `stash@{0}`, `a1b2c3d`: what is restored from it is a file.
private func isCommitExpression(_ text: String) -> Bool {
    text.hasPrefix("HEAD") || text == "@" || text.utf8.contains { $0 == 0x7E || $0 == 0x5E || $0 == 0x7B }
        || text.utf8.count >= 7 && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66 }
}

private func readMerge(_ call: inout Invocation) {
    call.skipsTable = true
    switch call.canonicalWords.last {
    case "apply", "am":
        let isCheck = call.arguments.contains { $0.text == "--check" || $0.text == "--stat" || $0.text == "--numstat" }
        for word in call.words { call.perform(.read, on: word, traits: [], detail: "") }
        if !isCheck { call.add(.write(Value(pieces: [.glob("*")]), appends: false)) }
    default:
        // What was there before comes back.
        if call.has("--abort") { return }
        call.add(.gitCommit)
    }
}

/// What is said about an issue or a change, and not the thing itself: comments, labels, reactions, assignees.
private func isRemark(_ endpoint: String) -> Bool {
    let segments = endpoint.split(separator: "/").map { $0.prefix { $0 != "?" } }
    guard segments.contains("issues") || segments.contains("pulls") || segments.contains("merge_requests") else {
        return false
    }
    return segments.dropFirst(3).contains {
        ["comments", "labels", "reactions", "assignees", "requested_reviewers", "lock", "notes"].contains($0)
    }
}

/// Keys, hooks, members, secrets and protections: who gets in, and what is sent out by itself.
private func givesAccess(_ endpoint: String) -> Bool {
    endpoint.split(separator: "/").contains { segment in
        [
            "keys", "gpg_keys", "ssh_signing_keys", "deploy_keys", "hooks", "collaborators", "memberships", "members",
            "invitations", "protection", "protected_branches", "rulesets", "secrets", "access_tokens", "installations",
        ].contains(String(segment.prefix { $0 != "?" }))
    }
}

private func readForgeAPI(_ call: inout Invocation) {
    guard let endpoint = call.words.first else { return }
    call.skipsTable = true
    let method = call.method?.name.display.uppercased() ?? ""
    let host = call.canonicalWords.first == "glab" ? "gitlab.com/api/v4/" : "api.github.com/"
    var url = endpoint
    if !Invocation.isURL(endpoint) {
        url = endpoint.hasPrefix("/") ? endpoint.dropping(1) : endpoint
        url.pieces.insert(.text(host), at: 0)
        if let text = url.text { url.pieces = [.text(text)] }
    }
    call.add(.connect(url, method: method, traits: []))
    let shown = endpoint.display
    switch method {
    case "", "GET", "HEAD": break
    case "DELETE" where isRemark(shown):
        call.add(.resourceWrite, "takes a remark back through the forge's interface: \(shown)", method: "DELETE")
    case "DELETE": call.add(.resourceDelete, "deletes through the forge's interface: \(shown)", method: "DELETE")
    default:
        let isMerge = shown.hasSuffix("/merge") || shown.hasSuffix("/merges")
        let what = isMerge ? "merges a pull request" : "changes through the forge's interface"
        let isQuery =
            shown == "graphql"
            && !(call.values("-f") + call.values("-F") + call.values("--input")).contains { value in
                value.text == nil || value.contains("mutation") || value.hasPrefix("query=@")
            } && !call.has("--input")
        if givesAccess(shown) {
            call.add(.deployApply, "gives access through the forge's interface: \(shown)", method: method)
        } else if !isQuery {
            call.add(.resourceWrite, "\(what): \(shown)", method: method)
        }
    }
}
