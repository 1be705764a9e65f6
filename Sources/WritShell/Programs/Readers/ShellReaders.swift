// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Shells, and programs that put a lock or a socket before a command.
let shellReaders: [String: ProgramReader] = [
    "shell": ProgramReader(read: readShell),
    "powershell": ProgramReader(read: readPowerShell),
    "cmd": ProgramReader { call in readSlash(&call, language: "cmd") },
    "flock": ProgramReader { call in
        // A number is a descriptor that is open already.
        if let first = call.words.first?.text, !first.isEmpty, first.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            call.skipsTable = true
        }
        // flock FILE -c COMMAND: here the option stands after the file.
        guard call.tail.count > 1, call.tail[0].text == "-c" || call.tail[0].text == "--command" else { return }
        call.add(.code(call.tail[1], language: "sh"))
        call.tail = []
    },
    "env": ProgramReader { call in
        // A lone `-` is `-i`.
        if call.tail.first?.text == "-" { call.tail.removeFirst() }
        // -S puts the words of its value before those that follow.
        let split = call.values("-S").flatMap { $0.splitIntoWords() }
        guard !split.isEmpty || call.has("-S") else { return }
        var words = split[...]
        while let first = words.first, first.knownPrefix.hasPrefix("-") { words = words.dropFirst() }
        while let first = words.first, let (name, value) = call.assignment(first) {
            call.environment[name] = value
            words = words.dropFirst()
        }
        let whole = Array(words) + call.tail
        call.tail = []
        if !whole.isEmpty { call.add(.run(whole, environment: call.environment, takesInput: true, isRemote: false)) }
    },
    "lock-arguments": ProgramReader { call in
        // setlock FILE, envdir DIR, envuidgid USER: one word before the program.
        let name = ProgramStore.baseName(call.arguments.first?.display ?? "")
        guard name != "stdbuf", !call.tail.isEmpty else { return }
        if name == "setlock" { call.perform(.write, on: call.tail[0], traits: [], detail: "") }
        call.tail.removeFirst()
    },
    "setarch": ProgramReader { call in
        // setarch [ARCH] [options] PROGRAM: options may follow the architecture.
        while let first = call.tail.first, let text = first.text {
            let isArchitecture = [
                "x86_64", "i386", "i486", "i586", "i686", "linux32", "linux64", "aarch64", "armv7l", "uname26",
            ]
            .contains(text)
            guard isArchitecture || text.hasPrefix("-") else { break }
            call.tail.removeFirst()
        }
    },
    "socket": ProgramReader { call in
        if call.has("-s"), call.has("-p") {
            call.add(.netListen, "gives a program to whoever connects", traits: .networkShell)
        }
        guard call.words.count > 1, !call.has("-s") else { return }
        let host = call.words[0]
        let port = call.words[1]
        call.skipsTable = true
        call.add(
            .connect(.joining([host, port], with: ":"), method: "", traits: call.has("-p") ? [.networkShell] : []))
    },
]

private func readShell(_ call: inout Invocation) {
    call.skipsTable = true
    let language = call.program == "csh" || call.program == "tcsh" ? "csh" : "sh"
    // Without it a shell that somebody made set-user-ID gives the raised rights back.
    if call.has("-p") { call.add(.privilegeRaise, "keeps the rights of a raised user") }
    let isInteractive = call.has("-i")
    if call.has("-c") {
        // `-c` takes the first word after all options, wherever it stands among them.
        if let script = call.words.first {
            call.add(.code(script, language: language))
        }
    } else if call.words.isEmpty, call.has("--version") || call.has("--help") {
        return
    } else if call.has("-s") || call.words.isEmpty {
        call.add(.codeInput(language: language))
    } else if let script = call.words.first {
        call.perform(.file(language), on: script, traits: [], detail: "")
    }
    if isInteractive, call.has("-c") == false, !call.words.isEmpty { call.add(.codeInput(language: language)) }
}

private func readSlash(_ call: inout Invocation, language: String) {
    // Everything after the switch is the command line.
    call.skipsTable = true
    let arguments = call.arguments
    guard
        let at = arguments.firstIndex(where: { argument in
            guard let text = argument.text?.lowercased() else { return false }
            return text.hasPrefix("/c") || text.hasPrefix("/k") || text.hasPrefix("/r")
        })
    else {
        call.add(.codeInput(language: language))
        return
    }
    var rest = Array(arguments[(at + 1)...])
    if arguments[at].knownPrefix.utf8.count > 2 { rest.insert(arguments[at].dropping(2), at: 0) }
    call.add(.code(.joining(rest), language: language))
}

private func readPowerShell(_ call: inout Invocation) {
    call.skipsTable = true
    let arguments = call.arguments
    var index = 1
    while index < arguments.count {
        guard let word = arguments[index].text else { break }
        guard let first = word.first, first == "-" || first == "/" || first == "–" else { break }
        let name = word.dropFirst().lowercased()
        let value = index + 1 < arguments.count ? arguments[index + 1] : nil
        // Any prefix of a parameter's name stands for it.
        if !name.isEmpty, "command".hasPrefix(name) {
            call.add(.code(.joining(arguments[(index + 1)...]), language: "powershell"))
            return
        }
        if name == "ec" || (!name.isEmpty && "encodedcommand".hasPrefix(name)) {
            guard let value else { return }
            if let text = value.text, let bytes = PowerShellText.bytes(base64: text) {
                let script = PowerShellText.string(bytes)
                call.add(
                    .code(Value(script, taints: value.taints.union(.decoded), span: value.span), language: "powershell")
                )
            } else {
                call.add(.code(.unknown(.output, taints: .decoded), language: "powershell"))
            }
            return
        }
        if !name.isEmpty, "file".hasPrefix(name) {
            if let value { call.perform(.file("powershell"), on: value, traits: [], detail: "") }
            return
        }
        let takesValue = [
            "ex", "ep", "exec", "executionpolicy", "w", "windowstyle", "wd", "workingdirectory", "version", "v",
            "inputformat", "outputformat", "configurationname", "custompipename", "settingsfile",
        ].contains(name)
        index += takesValue ? 2 : 1
    }
    if index < arguments.count {
        // Windows PowerShell takes plain words as a command, pwsh as a file.
        if let text = arguments[index].text, text.hasSuffix(".ps1") {
            call.add(.codeFile(arguments[index], language: "powershell"))
        } else {
            call.add(.code(.joining(arguments[index...]), language: "powershell"))
        }
    } else {
        call.add(.codeInput(language: "powershell"))
    }
}
