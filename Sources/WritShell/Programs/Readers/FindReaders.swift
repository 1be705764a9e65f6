// SPDX-License-Identifier: Apache-2.0
import WritCore

/// find, fd, xargs' relatives: programs that run others on the files they find.
let findReaders: [String: ProgramReader] = [
    "find": ProgramReader(read: readFind),
    "fd": ProgramReader(read: readFd),
    "parallel": ProgramReader(read: readParallel),
]

/// What find stands for with `{}`: anything below a root, by name when a single name test says so.
private func found(below root: Value, name: Value?) -> Value {
    var value = root
    if case .text(let text)? = value.pieces.last, text.hasSuffix("/") {
        value.pieces.append(.glob("**"))
    } else {
        value.pieces.append(.glob("/**"))
    }
    if let name {
        value.pieces.append(.text("/"))
        for piece in name.pieces {
            if case .text(let text) = piece, text.contains(where: { "*?[".contains($0) }) {
                value.pieces.append(.glob(text))
            } else {
                value.pieces.append(piece)
            }
        }
        value.taints.formUnion(name.taints)
    }
    return value
}

private func replacingBraces(_ words: some Sequence<Value>, by target: Value) -> [Value] {
    words.map { word in
        guard word.contains("{}") else { return word }
        var made = word
        made.pieces = []
        made.taints.formUnion(target.taints)
        for piece in word.pieces {
            guard case .text(let text) = piece, text.contains("{}") else {
                made.pieces.append(piece)
                continue
            }
            var rest = text[...]
            while let range = rest.firstRange(of: "{}") {
                if range.lowerBound > rest.startIndex { made.pieces.append(.text(String(rest[..<range.lowerBound]))) }
                made.pieces += target.pieces
                rest = rest[range.upperBound...]
            }
            if !rest.isEmpty { made.pieces.append(.text(String(rest))) }
        }
        return made
    }
}

private func readFind(_ call: inout Invocation) {
    call.skipsTable = true
    let arguments = call.arguments
    var index = 1
    while index < arguments.count, let text = arguments[index].text {
        if text == "-H" || text == "-L" || text == "-P" || text.hasPrefix("-O") {
            index += 1
        } else if text == "-D" {
            index += 2
        } else {
            break
        }
    }
    var roots: [Value] = []
    while index < arguments.count {
        if let first = arguments[index].knownPrefix.first, first == "-" || first == "(" || first == "!" || first == ")"
        {
            break
        }
        roots.append(arguments[index])
        index += 1
    }
    if roots.isEmpty { roots = [Value(".")] }

    var names: [Value] = []
    var hasAlternatives = false
    var actions: [(words: [Value], isPrompting: Bool)] = []
    var deletes = false
    // What holds nothing is no loss.
    var isEmptyOnly = false
    while index < arguments.count {
        let text = arguments[index].text ?? ""
        index += 1
        switch text {
        case "-exec", "-execdir", "-ok", "-okdir":
            var words: [Value] = []
            while index < arguments.count {
                let word = arguments[index]
                index += 1
                if word.text == ";" || word.text == "\\;" { break }
                if word.text == "+", words.last?.text == "{}" { break }
                words.append(word)
            }
            if !words.isEmpty { actions.append((words, text.hasPrefix("-ok"))) }
        case "-delete": deletes = true
        case "-fprint", "-fprint0", "-fls":
            if index < arguments.count { call.perform(.write, on: arguments[index], traits: [], detail: "") }
            index += 1
        case "-fprintf":
            if index < arguments.count { call.perform(.write, on: arguments[index], traits: [], detail: "") }
            index += 2
        case "-files0-from", "-newer", "-anewer", "-cnewer", "-samefile":
            if index < arguments.count, text == "-files0-from" {
                call.perform(.read, on: arguments[index], traits: [], detail: "")
            }
            index += 1
        case "-name", "-iname":
            if index < arguments.count { names.append(arguments[index]) }
            index += 1
        case "-empty": isEmptyOnly = true
        case "-o", "-or", ",", "!", "-not": hasAlternatives = true
        case "-path", "-ipath", "-wholename", "-regex", "-iregex", "-type", "-xtype", "-size", "-mtime", "-mmin",
            "-atime",
            "-amin", "-ctime", "-cmin", "-user", "-group", "-uid", "-gid", "-perm", "-maxdepth", "-mindepth", "-printf",
            "-links", "-inum", "-lname", "-ilname", "-fstype", "-used", "-regextype", "-context", "-newermt":
            index += 1
        default: continue
        }
    }
    let name = names.count == 1 && !hasAlternatives ? names[0] : nil
    for root in roots {
        call.add(.search(root))
        let target = found(below: root, name: name)
        if deletes { call.add(.delete(target, traits: isEmptyOnly && !hasAlternatives ? [] : .recursive)) }
        for action in actions {
            call.add(
                .run(replacingBraces(action.words, by: target), environment: [:], takesInput: false, isRemote: false))
        }
    }
}

private func readFd(_ call: inout Invocation) {
    // fd [options] [pattern] [path…] -x command…: the command takes all words to `;` or the end.
    var kept: [Value] = []
    var actions: [[Value]] = []
    var index = 0
    let words = call.arguments.dropFirst()
    let all = Array(words)
    while index < all.count {
        let text = all[index].text ?? ""
        if text == "-x" || text == "--exec" || text == "-X" || text == "--exec-batch" {
            var action: [Value] = []
            index += 1
            while index < all.count, all[index].text != ";", all[index].text != "\\;" {
                action.append(all[index])
                index += 1
            }
            if !action.isEmpty { actions.append(action) }
        } else {
            kept.append(all[index])
        }
        index += 1
    }
    // The table has told options and words apart, but took the command's words for its own: count again.
    let own = Set(actions.flatMap { $0 })
    let places = call.words.dropFirst().filter { !own.contains($0) }
    call.skipsTable = true
    let roots = places.isEmpty ? (call.values("--search-path") + call.values("--base-directory")) : Array(places)
    for root in roots.isEmpty ? [Value(".")] : roots {
        call.add(.search(root))
        for action in actions {
            var run = replacingBraces(action, by: found(below: root, name: nil))
            if run == action { run.append(found(below: root, name: nil)) }
            call.add(.run(run, environment: [:], takesInput: false, isRemote: false))
        }
    }
}

private func readParallel(_ call: inout Invocation) {
    // parallel [options] command… [::: values…]…; without `:::` the values are lines of the input.
    call.skipsTable = true
    let remote = call.has("-S") || call.has("--sshlogin") || call.has("--slf")
    var command: [Value] = []
    var groups: [[Value]] = []
    var isFile = false
    for word in call.tail {
        switch word.text {
        case ":::", ":::+":
            groups.append([])
            isFile = false
        case "::::", "::::+":
            groups.append([])
            isFile = true
        default:
            if groups.isEmpty {
                command.append(word)
            } else if isFile {
                call.add(.read(word))
                groups[groups.count - 1].append(.unknown(.output, taints: word.taints))
            } else {
                groups[groups.count - 1].append(word)
            }
        }
    }
    call.tail = []
    for file in call.values("-a") { call.add(.read(file)) }
    for host in call.values("-S") { call.add(.connect(host, method: "", traits: [])) }
    let isFed = groups.isEmpty
    if command.isEmpty {
        // The values are the command lines.
        if isFed { call.add(.codeInput(language: "sh")) }
        for value in groups.flatMap({ $0 }).prefix(50) { call.add(.code(value, language: "sh")) }
        return
    }
    func add(_ words: [Value]) {
        // parallel hands the joined words to a shell.
        let line = Value.joining(words)
        if remote {
            call.add(.run([Value("sh"), Value("-c"), line], environment: [:], takesInput: false, isRemote: true))
        } else {
            call.add(.code(line, language: "sh"))
        }
    }
    let first = groups.first ?? []
    if isFed {
        // parallel quotes what it fills in: a word that nobody knows, and not a piece of a script.
        let value = Value.unknown(.variable("{}"))
        let made = replacingBraces(command, by: value)
        add(made == command ? command + [value] : made)
        return
    }
    // `parallel sh -c 'x {}'`: joined, only the first word of the code is run; the whole of it is meant, and counts too.
    let isShellCode =
        command.count > 1 && command[1].text == "-c"
        && ["sh", "bash", "zsh", "dash"].contains(ProgramStore.baseName(command[0].display))
    for value in first.prefix(50) {
        var made = replacingBraces(command, by: value)
        if made == command { made.append(value) }
        add(made)
        if isShellCode, !remote {
            call.add(.run(made, environment: [:], takesInput: false, isRemote: false))
        }
    }
    if first.isEmpty { add(command) }
}
