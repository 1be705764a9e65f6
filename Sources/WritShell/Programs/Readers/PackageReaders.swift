// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Package managers that run what they fetch, or that take paths and URLs for packages.
let packageReaders: [String: ProgramReader] = [
    "npx": ProgramReader(read: readNpx),
    "pip": ProgramReader(read: readPip),
    "concurrently": ProgramReader { call in
        call.skipsTable = true
        for word in call.words {
            let isScript = ["npm:", "pnpm:", "yarn:", "bun:", "node:", "deno:"].contains { word.hasPrefix($0) }
            call.add(isScript ? .unread("a script of package.json") : .code(word, language: "sh"))
        }
    },
    "npm-pkg": ProgramReader { call in
        // `scripts.test=COMMAND`: what others run later, and some of it as soon as somebody installs.
        call.skipsTable = true
        call.add(.write(Value("package.json"), appends: false))
        for word in call.words where word.hasPrefix("scripts.") {
            guard let (_, command) = word.split(at: UInt8(ascii: "=")) else { continue }
            call.add(.code(command, language: "sh"))
        }
    },
    "uv-run": ProgramReader { call in
        // `-m MODULE`: what follows are its arguments.
        if call.has("-m") { call.tail = [] }
        guard let first = call.tail.first, let text = first.text else { return }
        if text.hasSuffix(".py") || call.has("-s") {
            call.add(.codeFile(first, language: "python"))
            call.tail = []
        } else if text == "-" {
            call.add(.codeInput(language: "python"))
            call.tail = []
        } else if Invocation.isURL(first) {
            call.add(.connect(first, method: "", traits: .download))
            call.add(.codeFile(first, language: "python"))
            call.tail = []
        }
    },
]

private func readNpx(_ call: inout Invocation) {
    guard let first = call.tail.first else { return }
    let isPython = ["uvx", "pipx", "uv"].contains(call.program)
    // With `-p` or `--from` the package is named apart from the program.
    let isNamedApart =
        call.has("-p") || call.has("--package") || call.has("--from") || call.has("--spec") || call.has("-c")
    var name = first
    if !isNamedApart {
        let ecosystem = isPython ? "pypi" : "npm"
        // Without `-y` npx runs an installed program, and asks before it installs one.
        let isLikelyInstalled = call.program == "npx" && !call.has("-y") && !call.has("--yes")
        if !call.has("--no-install"), !call.has("--no") {
            call.add(
                .package(.pkgInstall, ecosystem: ecosystem, name: first, traits: isLikelyInstalled ? .potential : []))
        }
        let reference = PackageReference(ecosystem: ecosystem, text: first.display)
        if first.text != nil, !reference.version.isEmpty {
            name = Value(reference.name, taints: first.taints, span: first.span)
        }
    }
    call.tail[0] = name
}

private func readPip(_ call: inout Invocation) {
    call.skipsTable = true
    for word in call.words {
        let known = word.knownPrefix
        if known.contains("://") {
            call.add(.connect(word, method: "", traits: .download))
            call.add(.package(.pkgInstall, ecosystem: "pypi", name: word, traits: .unverified))
            call.add(.unread("a package's build"))
        } else if known.hasPrefix(".") || known.hasPrefix("/") {
            call.add(.unread("a project's build"))
            call.add(.read(word))
        } else {
            call.add(.package(.pkgInstall, ecosystem: "pypi", name: word, traits: []))
        }
    }
    if !call.values("-r").isEmpty { call.add(.pkgInstall, "installs what a file names") }
}
