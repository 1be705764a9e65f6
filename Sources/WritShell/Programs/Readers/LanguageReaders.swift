// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Interpreters, compilers and build tools with arguments of their own shape.
let languageReaders: [String: ProgramReader] = [
    "python": ProgramReader(read: readPython),
    "php": ProgramReader { call in
        if let script = call.words.first { runConventional(script, after: script, in: &call) }
    },
    "perl": ProgramReader { call in
        call.skipsTable = true
        let scripts = call.values("-e")
        if !scripts.isEmpty {
            for word in call.words {
                call.add(.read(word))
                if call.has("-i") { call.add(.write(word, appends: false)) }
            }
        } else if let script = call.words.first {
            call.perform(.file("perl"), on: script, traits: [], detail: "")
        } else if !call.arguments.dropFirst().contains(where: {
            ["-v", "-V", "-h", "--version", "--help"].contains($0.text ?? "")
        }) {
            call.add(.codeInput(language: "perl"))
        }
    },
    "java": ProgramReader { call in
        call.skipsTable = true
        for argument in call.arguments.dropFirst() {
            let known = argument.knownPrefix
            if known.hasPrefix("-javaagent:") || known.hasPrefix("-agentpath:") || known.hasPrefix("-agentlib:") {
                call.add(.unread("loads an agent: \(argument.display)"))
            }
        }
        if let archive = call.values("-jar").last {
            call.add(.unread("the program \(archive.display)"))
            // The client of a build server is an archive whose sub-commands are known.
            if archive.display.contains("jenkins-cli"), let verb = call.words.first(where: { $0.hasPrefix("delete-") })
            {
                call.add(.resourceDelete, "deletes in a shared service: \(verb.display)", method: verb.display)
            }
        } else if let name = call.words.first {
            if name.text?.hasSuffix(".java") == true {
                call.add(.codeFile(name, language: "java"))
            } else {
                call.add(.unread("the class \(name.display)"))
            }
        }
    },
    "make": ProgramReader { call in
        call.skipsTable = true
        // Variables given as words override those of the file; SHELL runs everything.
        for word in call.words {
            guard let (name, value) = word.split(at: UInt8(ascii: "=")) else { continue }
            if ["SHELL", "MAKE", "CC", "CXX", ".SHELLFLAGS"].contains(name.display), value.text != "/bin/bash",
                value.text != "/bin/sh",
                value.text != "bash", value.text != "gcc", value.text != "clang"
            {
                call.add(.code(value, language: "sh"))
            }
        }
        if call.values("-f").isEmpty { call.add(.unread("the make file")) }
    },
    "cmake": ProgramReader { call in
        call.skipsTable = true
        if call.has("-E") {
            guard let command = call.words.first else { return }
            switch command.text {
            case "cat", "rm", "cp", "mkdir", "touch", "env", "time", "echo", "tar", "rename":
                let name = command.text == "rename" ? Value("mv") : command
                call.add(
                    .run(
                        [name] + arguments(after: command, in: call), environment: [:], takesInput: true,
                        isRemote: false))
            case "copy", "copy_if_different", "copy_directory":
                call.add(
                    .run(
                        [Value("cp")] + arguments(after: command, in: call), environment: [:], takesInput: true,
                        isRemote: false))
            case "remove", "remove_directory":
                call.add(
                    .run(
                        [Value("rm")] + arguments(after: command, in: call), environment: [:], takesInput: true,
                        isRemote: false))
            case "make_directory":
                call.add(
                    .run(
                        [Value("mkdir")] + arguments(after: command, in: call), environment: [:], takesInput: true,
                        isRemote: false))
            case "chdir":
                if call.words.count > 1 { call.add(.directory(call.words[1])) }
                let rest = Array(arguments(after: command, in: call).dropFirst())
                if !rest.isEmpty { call.add(.run(rest, environment: [:], takesInput: true, isRemote: false)) }
            case "create_symlink", "create_hardlink":
                call.add(
                    .run(
                        [Value("ln")] + arguments(after: command, in: call), environment: [:], takesInput: true,
                        isRemote: false))
            default: break
            }
            return
        }
        if !call.has("-P"), !call.has("--build"), !call.has("--install"),
            !(call.words.isEmpty && call.occurrences.isEmpty)
        {
            call.add(.unread("the CMake files"))
        }
    },
    "compiler": ProgramReader { call in
        for wrapper in call.values("-wrapper") {
            let words = (wrapper.text ?? "").split(separator: ",").map { Value(String($0), taints: wrapper.taints) }
            if words.isEmpty {
                call.add(.code(wrapper, language: "sh"))
            } else {
                call.add(.run(words, environment: [:], takesInput: true, isRemote: false))
            }
        }
    },
    "wrapper-words": ProgramReader { call in
        // concurrently and npm-run-all take whole command lines; a script file goes to its interpreter.
        guard let first = call.tail.first else { return }
        if ["concurrently", "run-s", "run-p", "npm-run-all"].contains(call.program) {
            for line in call.tail { call.add(.code(line, language: "sh")) }
            call.tail = []
        } else if let text = first.text, call.program == "nodemon" || call.program == "pm2" || call.program == "forever"
        {
            if text.hasSuffix(".js") || text.hasSuffix(".mjs") || text.hasSuffix(".ts") {
                call.add(.codeFile(first, language: "javascript"))
                call.tail = []
            } else if text.hasSuffix(".py") {
                call.add(.codeFile(first, language: "python"))
                call.tail = []
            }
        }
        for command in call.values("-x") + call.values("--exec") { call.add(.code(command, language: "sh")) }
    },
    "media": ProgramReader { call in
        // The last word of converters is what they write.
        let writers: Set<String> = [
            "ffmpeg", "convert", "magick", "montage", "composite", "sox", "ps2pdf", "pdftotext", "pdfunite",
            "wkhtmltopdf", "wkhtmltoimage", "qpdf", "tesseract",
        ]
        guard writers.contains(call.program), let last = call.words.last, call.words.count > 1 || call.has("-i") else {
            return
        }
        call.skipsTable = true
        for word in call.words.dropLast() { call.perform(.source, on: word, traits: .download, detail: "") }
        call.perform(.target, on: last, traits: [], detail: "")
    },
]

private func arguments(after word: Value, in call: Invocation) -> [Value] {
    guard let index = call.arguments.firstIndex(of: word) else { return [] }
    return Array(call.arguments[(index + 1)...])
}

/// `python manage.py flush`, `php artisan db:wipe`: scripts of frameworks, whose commands are known by their names.
private func runConventional(_ script: Value, after first: Value, in call: inout Invocation) {
    let name = ProgramStore.baseName(script.display)
    guard name == "manage.py" || name == "artisan", let place = call.arguments.firstIndex(of: first) else { return }
    call.add(
        .run([Value(name)] + call.arguments[(place + 1)...], environment: [:], takesInput: true, isRemote: false))
}

private func readPython(_ call: inout Invocation) {
    call.skipsTable = true
    let arguments = call.arguments
    if call.has("-c") { return }
    if let module = call.values("-m").last {
        // Everything after the module's name is the module's own.
        let index = arguments.firstIndex { argument in
            argument == module
                || (argument.knownPrefix.hasPrefix("-") && argument.knownPrefix.hasSuffix("m" + module.knownPrefix))
        }
        let rest = index.map { Array(arguments[($0 + 1)...]) } ?? []
        switch module.text {
        case "http.server", "SimpleHTTPServer", "CGIHTTPServer", "xmlrpc.server", "pydoc":
            if let at = rest.firstIndex(where: { $0.text == "-d" || $0.text == "--directory" }), at + 1 < rest.count {
                call.add(.search(rest[at + 1]))
                let folder = rest[at + 1].display
                let parts = folder.split(separator: "/")
                // All of a machine or a home, with what lies hidden there.
                let isHome = parts.first.map { ["home", "Users", "root"].contains($0) } ?? true
                if folder.hasPrefix("/"), isHome, parts.count < 3 {
                    call.add(.netListen, "opens this machine to others: \(folder)")
                }
            }
            call.add(
                .listen(rest.first { $0.text?.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } == true } ?? Value("8000")))
        case "json.tool", "base64", "tokenize", "ast", "dis", "gzip", "zipfile", "tarfile", "py_compile", "compileall",
            "site",
            "sysconfig", "platform", "calendar", "this", "ensurepip", "symtable", "mimetypes", "uuid", "locale":
            for word in rest where !word.hasPrefix("-") { call.add(.read(word)) }
        case "timeit": for word in rest where !word.hasPrefix("-") { call.add(.code(word, language: "python")) }
        case "pip", "pytest", "venv", "virtualenv", "mypy", "black", "ruff", "flake8", "pylint", "isort", "tox", "nox",
            "twine",
            "pdb", "poetry", "pipx", "uv", "coverage", "conda", "easy_install", "ipython", "yt_dlp", "mkdocs",
            "ansible", "pipenv",
            "flask", "uvicorn", "gunicorn", "jupyter", "streamlit", "unittest", "build", "django":
            let name = module.text == "yt_dlp" ? Value("yt-dlp") : module
            call.add(.run([name] + rest, environment: [:], takesInput: true, isRemote: false))
        case let name?: call.add(.unread("the Python module \(name)"))
        case nil: call.add(.code(.unknown(.output), language: "python"))
        }
        return
    }
    if let script = call.words.first {
        runConventional(script, after: script, in: &call)
        call.perform(.file("python"), on: script, traits: [], detail: "")
    } else if !arguments.dropFirst().contains(where: {
        ["-V", "--version", "-h", "--help", "-VV"].contains($0.text ?? "")
    }) {
        call.add(.codeInput(language: "python"))
    }
}
