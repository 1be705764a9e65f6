// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Programs: what the tables say they do becomes operations.
extension Evaluator {
    private static let standardFolders: Set<String> = [
        "/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin", "/snap/bin",
        "/opt/local/bin", "/run/current-system/sw/bin",
    ]

    /// Runs a program by name or path.
    func runProgram(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        guard let name = fields.first?.text else { return }
        var fields = fields
        state.status = .unknown
        guard name.utf8.contains(0x2F) else {
            if let place = copies[name], place != name {
                fields[0] = Value(place, span: fields[0].span)
            } else if let fetched = fetchedProgram(name) {
                runScript(fetched.content, named: fetched.path, fields, &state, streams)
                return
            }
            runKnown(fields, &state, streams, isUnread: false)
            return
        }
        let place = resolve(fields[0], state)
        var base = PathText.name(place.path)
        let folder = String(place.path.dropLast(base.utf8.count + 1))
        if place.path == "/proc/self/exe" { base = "bash" }
        current.program = base
        if let written = files[place.path] {
            guard let program = written.program else {
                runScript(written.content, named: place.path, fields, &state, streams)
                return
            }
            base = program
        } else if base.hasPrefix("ld-linux") || base.hasPrefix("ld-musl") || base == "ld.so" {
            runLoaded(fields, &state, streams)
            return
        } else if !Self.standardFolders.contains(folder), place.path != "/proc/self/exe" {
            if remote == nil, let text = context.files?.contents(of: place.path) {
                runScript(Value(text), named: place.path, fields, &state, streams)
                return
            }
            noteFetched(place)
            let isFolderOfPrograms =
                folder.hasSuffix("/bin") || folder.hasSuffix("/sbin") || folder.hasSuffix("/.bin")
                || folder.hasSuffix("/libexec")
            if !isFolderOfPrograms || !ProgramTable.builtIn.contains(base) {
                fields[0] = Value(base, span: fields[0].span)
                runKnown(fields, &state, streams, isUnread: true)
                return
            }
        }
        fields[0] = Value(base, span: fields[0].span)
        runKnown(fields, &state, streams, isUnread: false)
    }

    /// `/lib64/ld-linux-x86-64.so.2 /bin/rm x`: the loader runs the program that stands in its arguments.
    private func runLoaded(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        note(Operation(.shellExec, traits: .escape, detail: "program loader"))
        var at = 1
        while at < fields.count, let text = fields[at].text, text.hasPrefix("-") {
            let isLoading = ["--preload", "--audit"].contains(text)
            if isLoading, at + 1 < fields.count { noteVariables(["LD_PRELOAD": fields[at + 1]], &state, streams) }
            at += ["--library-path", "--preload", "--audit", "--argv0", "--inhibit-rpath"].contains(text) ? 2 : 1
        }
        guard at < fields.count else { return }
        runNext(Array(fields[at...]), environment: [:], &state, streams)
    }

    /// A script that this session wrote and now runs by its path.
    private func runScript(
        _ content: Value, named path: String, _ fields: [Value], _ state: inout ShellState, _ streams: Streams
    ) {
        var language = "sh"
        if let text = content.literalText, text.hasPrefix("#!") {
            let line = text.dropFirst(2).prefix { $0 != "\n" }
            let words = line.split(whereSeparator: { $0 == " " || $0 == "/" || $0 == "\t" })
            let name = words.last { !$0.hasPrefix("-") && $0 != "env" } ?? "sh"
            language = Languages.name(of: String(name)) ?? String(name)
        } else if content.hasUnknown || !content.taints.isEmpty, content.text == nil {
            note(
                Operation(
                    .shellExec, opaque: content.taints.isEmpty ? .unread : .tainted,
                    detail: "a file that this command wrote", taints: content.taints))
            write(.unknown(.output, taints: content.taints), to: streams)
            return
        }
        note(Operation(.shellExec, traits: .interpreter, detail: "script", taints: content.taints))
        if !Languages.isShell(language) { write(.unknown(.output, taints: content.taints), to: streams) }
        runCode(
            content, language: language, name: fields[0], arguments: Array(fields.dropFirst()), &state, streams)
    }

    /// Runs a further program in place of the one at hand: one level deeper, without functions and aliases.
    func runNext(
        _ fields: [Value], environment: [String: Value], _ state: inout ShellState, _ streams: Streams
    ) {
        guard !fields.isEmpty else { return }
        let outer = current
        depth += 1
        begin(
            fields,
            span: fields[0].span.flatMap { baseSpan == nil ? $0 : nil }.map { first in
                SourceSpan(start: first.start, end: fields.last?.span?.end ?? first.end)
            } ?? outer.span)
        var copy = state
        for (name, value) in environment { copy.variables[name] = Variable(value, isExported: true) }
        if !environment.isEmpty { noteVariables(environment, &copy, streams) }
        dispatch(fields, &copy, streams, usesFunctions: false)
        state.status = copy.status
        depth -= 1
        current = outer
    }

    // MARK: - Effects

    private func runKnown(_ fields: [Value], _ state: inout ShellState, _ streams: Streams, isUnread: Bool) {
        var reading = ProgramTable.builtIn.effects(of: fields, input: InputFacts(isProvided: streams.input != nil))
        let program = fields[0].text ?? ""
        current.program = program.baseName
        let build = buildScripts(of: reading, fields, state)
        if let build { Self.replaceUnread(in: &reading, build) }
        // `aws ecr get-login-password | docker login --password-stdin`: what was asked for is used in its place.
        if Self.logsIn(reading), streams.input?.value.asCredential != nil, let last = operations.last,
            last.kind == .secretRead, last.path.isEmpty
        {
            operations.removeLast()
        }
        noteRun(reading, fields, streams, isUnread: isUnread)
        if !reading.isKnown { notePossible(fields, state) }
        // `sudo find . -exec /bin/sh \;`: a shell that gets nothing to run waits for whoever types.
        if isRaised, streams.input == nil, remote == nil,
            reading.effects.contains(where: {
                if case .codeInput(let language) = $0 { Languages.isShell(language) } else { false }
            })
        {
            note(Operation(.privilegeRaise, detail: "opens a shell with all rights"))
        }
        noteFetchedPackages(fields, state)
        var run = ProgramRun(fields: fields, state: state, streams: streams)
        for case .connect(let address, _, _) in reading.effects where !Publishers.supply(address) {
            run.strange = run.strange ?? address
        }
        var sent = Sent()
        let lastConnection = reading.effects.lastIndex { if case .connect = $0 { true } else { false } }
        if lastConnection != nil {
            for effect in reading.effects {
                switch effect {
                case .upload(let file):
                    sent.isThere = true
                    if let text = file.text, text == "-" || text == "/dev/stdin" {
                        sent.taints.formUnion(streams.input?.value.taints ?? [])
                    } else {
                        let content = noteRead(file, run.state, wantsContent: false)
                        sent.taints.formUnion(content.taints)
                    }
                case .uploadText(let value):
                    sent.isThere = true
                    sent.taints.formUnion(value.taints)
                case .authenticate(let value): sent.credentials.append(value)
                default: continue
                }
            }
            if let input = streams.input, Self.logsIn(reading), let credential = input.value.asCredential {
                sent.credentials.append(credential)
            } else if let input = streams.input {
                sent.taints.formUnion(input.value.taints.subtracting(.fetched))
                if Self.sendsInput.contains(current.program) { sent.isThere = true }
                if input.value.taints.contains(.secret) { sent.isThere = true }
            }
        }
        for (index, effect) in reading.effects.enumerated() {
            apply(
                effect, &run, sent: index == lastConnection ? sent : Sent(credentials: sent.credentials), &state)
        }
        noteFetchedFolders(reading, run)
        if let build {
            run.runsOther = true
            self.run(build, run.state, streams)
        }
        // A folder that is made can be entered: scripts that go on after a failed `mkdir` are not what is meant.
        if current.program == "mkdir", !run.writes.isEmpty, run.writes.allSatisfy({ !$0.path.startsUnknown }) {
            state.status = .success
        }
        if run.runsOther, run.output == nil, run.writes.isEmpty { return }
        if streams.captures || !run.writes.isEmpty { finish(&run, reading, &state) }
    }

    /// What is read now is not unread.
    private static func replaceUnread(in reading: inout ProgramReading, _ build: BuildScripts) {
        var isMakeFile = false
        reading.effects.removeAll { effect in
            switch effect {
            case .unread: return build.isWhole
            case .codeFile(_, "make"):
                isMakeFile = true
                return true
            default: return false
            }
        }
        if isMakeFile, !build.isWhole { reading.effects.append(.unread("the make file")) }
    }

    /// `docker login --password-stdin` and its like: what comes in is the password.
    private static func logsIn(_ reading: ProgramReading) -> Bool {
        reading.canonicalWords.count > 1 && reading.canonicalWords.last == "login"
    }

    /// Programs that send their standard input to the host they connect to.
    private static let sendsInput: Set<String> = ["nc", "ncat", "netcat", "socat", "telnet", "openssl", "ssh"]

    /// What a program at hand has done so far.
    private struct ProgramRun {
        let fields: [Value]
        /// The shell's state as the program sees it: its own directory.
        var state: ShellState
        let streams: Streams
        var contents: [Value] = []
        var reads: [Value] = []
        var writes: [(path: Value, appends: Bool)] = []
        var output: Effect.Output?
        var runsOther = false
        /// What it runs, it runs as another user.
        var raises = false
        /// Where packages come from that is neither a registry that everybody uses nor a known publisher.
        var strange: Value?
        var host: String?
    }

    /// Programs that print one credential when they are asked for one.
    private static let printsCredentials: Set<String> = [
        "printenv", "security", "pass", "gopass", "op", "vault", "gh", "glab", "gcloud", "az", "aws", "bw", "doppler",
        "secret-tool", "keyring", "lpass", "heroku", "fly", "flyctl", "kubectl", "oc", "chamber",
    ]

    /// What leaves with a connection.
    private struct Sent {
        var isThere = false
        var taints: Operation.Taints = []
        /// In their place in the protocol.
        var credentials: [Value] = []
    }

    /// Notes the run itself, with what makes it opaque.
    private func noteRun(_ reading: ProgramReading, _ fields: [Value], _ streams: Streams, isUnread: Bool) {
        var operation = Operation(.shellExec)
        operation.traits = reading.traits
        if isUnread {
            operation.opaque = .unread
            operation.detail = "a program outside the folders of the system"
        }
        if reading.hasUnknownCommand {
            operation.opaque = .computed
            operation.detail = "what the program is told to do is computed"
        }
        for effect in reading.effects {
            switch effect {
            case .unread(let what):
                operation.opaque = operation.opaque ?? .unread
                operation.detail = what
            case .codeInput:
                operation.traits.insert(.interpreter)
                if let input = streams.input?.value {
                    operation.taints = input.taints
                    if !input.isKnown {
                        let isFile = streams.input?.isFile == true
                        operation.opaque = input.taints.isEmpty ? (isFile ? .unread : .computed) : .tainted
                        operation.detail = isFile ? "code from a file" : "code from standard input"
                        inputInterpreters.append(operations.count)
                    }
                }
            case .code(let code, _):
                operation.traits.insert(.interpreter)
                operation.taints.formUnion(code.taints)
                if !code.taints.isEmpty, !code.isKnown {
                    operation.opaque = .tainted
                    operation.detail = "code that is fetched, decoded or secret"
                }
            case .codeFile: operation.traits.insert(.interpreter)
            default: continue
            }
        }
        if streams.inputHost != nil || streams.outputHost != nil,
            operation.traits.contains(.interpreter) || streams.inputHost != nil && streams.outputHost != nil
        {
            operation.traits.insert(.networkShell)
        }
        note(operation)
    }

    /// What an archive or a repository of a stranger is unpacked into.
    private func noteFetchedFolders(_ reading: ProgramReading, _ run: ProgramRun) {
        guard !run.writes.isEmpty, fetchedFolders.count < 16 else { return }
        let isStrange: Bool
        switch current.program {
        case "git": isStrange = reading.canonicalWords.last == "clone" && run.strange != nil
        case "tar", "gtar", "bsdtar", "unzip", "7z", "cpio", "unrar":
            let taints = run.contents.reduce(run.streams.input?.value.taints ?? []) { $0.union($1.taints) }
            isStrange = taints.isSuperset(of: .fetched)
        default: isStrange = false
        }
        guard isStrange else { return }
        for (path, _) in run.writes {
            let bytes = resolve(path, run.state).path.utf8
            guard bytes.first == UInt8(ascii: "/"),
                let end = bytes.lastIndex(where: { $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "/") })
            else { continue }
            fetchedFolders.append(String(decoding: bytes[...end], as: UTF8.self))
        }
    }

    /// A program that no table knows may read the files and reach the hosts that it is given.
    private func notePossible(_ fields: [Value], _ state: ShellState) {
        for (index, field) in fields.dropFirst().prefix(32).enumerated() {
            let text = field.display
            // `--output-certificate x.pem`, `-keyout x.key`: what is written is not read.
            let before = fields[index].display
            if before.hasPrefix("-"), before.holds("out"), !text.hasPrefix("-") { continue }
            guard text.utf8.contains(0x2F) || text.utf8.contains(0x2E) else { continue }
            if text.holds("://") {
                let start = text.utf8.lastIndex(of: 0x3D).map { text.index(after: $0) } ?? text.startIndex
                let endpoint = Endpoint(text: String(text.hasPrefix("-") ? text[start...] : text[...]))
                note(
                    Operation(
                        endpoint.isHTTP ? .httpRequest : .netConnect, host: endpoint.host, port: endpoint.port,
                        traits: .potential))
            } else if !text.hasPrefix("-"), text.holds("/") || text.holds(".") {
                let place = resolve(field, state)
                for one in classes(of: place) where one.kind == .secret {
                    note(
                        Operation(
                            .secretRead, path: place.path, isPattern: place.isPattern, traits: .potential,
                            detail: one.word))
                }
            }
        }
    }

    private func apply(_ effect: Effect, _ run: inout ProgramRun, sent: Sent, _ state: inout ShellState) {
        switch effect {
        case .read(let path):
            if let text = path.text, text == "-" || text == "/dev/stdin" { return }
            run.reads.append(path)
            run.contents.append(noteRead(path, run.state, wantsContent: run.streams.captures))
        case .write(let path, let appends):
            noteWrite(path, appends: appends, run.state)
            run.writes.append((path, appends))
        case .delete(let path, let traits): noteChange(.fileDelete, path, traits, run.state)
        case .mode(let path, let traits): noteChange(.fileMode, path, traits, run.state)
        case .search(let path):
            let place = resolve(path, run.state)
            note(Operation(.fileSearch, path: place.path, isPattern: place.isPattern))
            run.reads.append(path)
            // What lies in the folder is shown.
            if Self.showsContents.contains(current.program), remote == nil {
                if !place.isPattern, let one = classes(of: place).first(where: { $0.kind == .secret }) {
                    note(Operation(.secretRead, path: place.path, detail: one.word))
                    run.contents.append(.unknown(.output, taints: .secret))
                } else if !place.isPattern, PathText.isUnder(context.home, place.path), Self.huntsSecrets(run.fields) {
                    note(Operation(.secretRead, detail: "looks for credentials in everything below \(place.path)"))
                    run.contents.append(.unknown(.output, taints: .secret))
                }
            }
            run.contents.append(.unknown(.output))
        case .connect(let value, let method, let traits):
            let endpoint = Endpoint(value)
            run.host = endpoint.host
            var sent = sent
            var address = value
            if let (rest, user) = value.withoutUser, user.mayHoldSecret || !rest.mayHoldSecret {
                sent.credentials.append(user)
                address = rest
                if !rest.mayHoldSecret { address.taints.remove(.secret) }
            }
            var operation = Operation(
                endpoint.isHTTP || !method.isEmpty ? .httpRequest : .netConnect, host: endpoint.host,
                port: endpoint.port,
                method: method, traits: traits, taints: sent.taints.union(address.taints))
            operation.authenticate(with: sent.credentials)
            if sent.isThere || operation.taints.contains(.secret) { operation.traits.insert(.upload) }
            if endpoint.host.utf8.contains(0xE2) {
                operation.detail = "the host is computed"
                // Output in a name that is looked up leaves with the look-up.
                if value.pieces.contains(.unknown(.output)), !value.startsUnknown || value.pieces.count > 1 {
                    operation.traits.insert(.upload)
                }
            }
            note(operation)
        case .listen(let value):
            let endpoint = Endpoint(value)
            note(
                Operation(
                    .netListen, host: endpoint.host, port: endpoint.port == 0 ? Int(endpoint.host) ?? 0 : endpoint.port)
            )
        case .upload, .uploadText, .authenticate: break
        case .package(let kind, let ecosystem, let name, let traits):
            let text = name.display
            // `name@1.2`, `name==1.2`; a leading `@` is an npm scope.
            var package = Operation.Package(ecosystem: ecosystem, name: text)
            if let equals = text.firstPlace(of: "==") {
                package = .init(
                    ecosystem: ecosystem, name: String(text[..<equals.lowerBound]),
                    version: String(text[equals.upperBound...]))
            } else if let at = text.lastIndex(of: "@"), at != text.startIndex, !text.holds("://"),
                !text.hasPrefix("git@")
            {
                package = .init(
                    ecosystem: ecosystem, name: String(text[..<at]), version: String(text[text.index(after: at)...]))
            }
            var operation = Operation(kind, package: package, traits: traits)
            let isAddress = text.holds("://") && !text.hasPrefix("file:")
            if kind == .pkgInstall, let source = run.strange ?? (isAddress && !Publishers.supply(name) ? name : nil) {
                operation.detail = "from \(Endpoint(source.hasPrefix("git+") ? source.dropping(4) : source).host)"
            }
            note(operation)
        case .run(let words, let environment, let takesInput, let isRemote):
            run.runsOther = true
            let wasRaised = isRaised
            if run.raises { isRaised = true }
            defer { isRaised = wasRaised }
            var streams = run.streams
            if !takesInput { streams.input = nil }
            if isRemote {
                runRemote(words, on: run.host ?? "remote", environment, run.state, streams)
            } else {
                var inner = run.state
                runNext(words, environment: environment, &inner, streams)
                state.status = inner.status
            }
        case .runWithInputArguments(let words):
            run.runsOther = true
            runWithInput(words, run.fields, run.state, run.streams)
        case .code(let code, let language):
            if Languages.isShell(language) { run.runsOther = true }
            let wasRaised = isRaised
            if run.raises { isRaised = true }
            defer { isRaised = wasRaised }
            let place = run.fields.firstIndex(of: code)
            let rest = place.map { Array(run.fields[($0 + 1)...]) } ?? []
            var inner = run.state
            runCode(
                code, language: language, name: rest.first ?? run.fields[0], arguments: Array(rest.dropFirst()), &inner,
                run.streams)
        case .codeFile(let path, let language):
            if Languages.isShell(language) { run.runsOther = true }
            let place = run.fields.firstIndex(of: path)
            let rest = place.map { Array(run.fields[($0 + 1)...]) } ?? []
            var inner = run.state
            runFile(path, language: language, arguments: rest, &inner, run.streams)
        case .codeInput(let language):
            guard let input = run.streams.input, input.value.isKnown else {
                if run.streams.input != nil { run.output = run.output ?? .passesInput }
                return
            }
            if Languages.isShell(language) { run.runsOther = true }
            var inner = run.state
            var streams = run.streams
            streams.input = nil
            runCode(input.value, language: language, name: run.fields[0], arguments: [], &inner, streams)
        case .unread: break
        case .directory(let path): run.state.directories = [directory(path, run.state)]
        case .operation(var operation):
            if operation.kind == .privilegeRaise, operation.detail.hasPrefix("runs as another user") {
                run.raises = true
            }
            if operation.kind == .pkgInstall, let source = run.strange {
                operation.detail = "from \(Endpoint(source.hasPrefix("git+") ? source.dropping(4) : source).host)"
            }
            if !operation.path.isEmpty, operation.path.utf8.first != 0x2F {
                let place = resolve(Value(operation.path), run.state)
                operation.path = place.path
                if operation.kind == .gitDiscard, !discards(&operation, place) { return }
            }
            note(operation)
        case .output(let output): run.output = output
        }
    }

    /// `git checkout a b`, `git checkout a`: whether the last word, which may name a branch, is a file that is overwritten.
    private func discards(_ operation: inout Operation, _ place: Place) -> Bool {
        let isThere = place.isPattern || remote != nil ? nil : context.files?.exists(place.path)
        let isSole = operation.traits.contains(.potential)
        operation.traits.remove(.potential)
        if let isThere { return isThere }
        // Nobody sees the files: names that repositories give to their main branch are that branch.
        return !isSole && !Self.mainBranches.contains(PathText.name(place.path))
    }

    /// Programs that print what is in the files below a folder.
    private static let showsContents: Set<String> = ["grep", "egrep", "fgrep", "rg", "ag", "ack", "ugrep", "zgrep"]

    private static let mainBranches: Set<String> = ["main", "master", "trunk", "develop", "mainline"]

    func noteChange(_ kind: Operation.Kind, _ path: Value, _ traits: Operation.Traits, _ state: ShellState) {
        let place = resolve(path, state)
        var traits = traits
        // `find . -exec shred {} +`: every file below, and no version history helps.
        if kind == .fileDelete, ["shred", "srm", "wipe"].contains(current.program),
            [.glob("**"), .glob("/**")].contains(path.pieces.last)
        {
            traits.insert(.recursive)
        }
        note(Operation(kind, path: place.path, isPattern: place.isPattern, traits: traits, taints: path.taints))
        if kind == .fileDelete, traits.contains(.recursive) {
            noteSettings(Place(path: place.path + "/**", isPattern: true), traits: traits)
        }
        // Whose a file is does not change what it says.
        if kind == .fileMode, current.program == "chown" || current.program == "chgrp" { return }
        noteSettings(place, traits: traits)
    }

    /// The directory that a path names for what follows.
    func directory(_ path: Value, _ state: ShellState) -> Value {
        let place = resolve(path, state)
        if !place.isPattern { return Value(place.path) }
        if path.startsUnknown { return .unknown(.variable("PWD"), taints: path.taints) }
        var pieces: [Value.Piece] = []
        if path.pieces.first.map({ if case .text(let text) = $0 { text.utf8.first != 0x2F } else { true } }) == true {
            for piece in (state.directories.count == 1 ? state.directories[0] : .unknown(.variable("PWD"))).pieces {
                pieces.append(piece)
            }
            pieces.append(.text("/"))
        }
        return Value(pieces: pieces + path.pieces, taints: path.taints)
    }

    private func runRemote(
        _ words: [Value], on host: String, _ environment: [String: Value], _ state: ShellState, _ streams: Streams
    ) {
        let outer = remote
        remote = host
        var there = ShellState(directory: .unknown(.variable("PWD")))
        there.variables["HOME"] = Variable(.unknown(.environment("HOME")))
        let output = capturing {
            var streams = streams
            streams.captures = true
            runNext(words, environment: environment, &there, streams)
        }
        remote = outer
        write(output.tainted(.fetched), to: streams)
    }

    // MARK: - Input as arguments

    /// `xargs`: what comes in is split into arguments.
    private func runWithInput(_ words: [Value], _ fields: [Value], _ state: ShellState, _ streams: Streams) {
        var input = streams.input?.value ?? .unknown(.output)
        var replaced: String?
        var isNull = false
        for (index, field) in fields.enumerated() {
            guard let text = field.text else { continue }
            if index > 0, !words.isEmpty, field == words[0], !text.hasPrefix("-") { break }
            if text.hasPrefix("-a") || text.hasPrefix("--arg-file") {
                // The arguments are in a file, not on the input.
                let attached = text.hasPrefix("-a") ? text.dropFirst(2) : text.dropFirst(10).drop { $0 == "=" }
                let path = attached.isEmpty && index + 1 < fields.count ? fields[index + 1] : Value(String(attached))
                let place = resolve(path, state)
                input = files[place.path]?.content ?? .unknown(.output)
                if !place.isPattern, files[place.path] == nil, let text = context.files?.contents(of: place.path) {
                    input = Value(text)
                }
            }
            if text == "-I" || text == "-J" {
                replaced = index + 1 < fields.count ? fields[index + 1].text : "{}"
            } else if text.hasPrefix("-I") || text.hasPrefix("-i"), text.utf8.count > 2 {
                replaced = String(text.dropFirst(2))
            } else if text.hasPrefix("--replace="), text.utf8.count > 10 {
                replaced = String(text.dropFirst(10))
            } else if text == "-i" || text == "--replace" || text == "--replace=" {
                replaced = "{}"
            } else if text == "-0" || text == "--null" {
                isNull = true
            }
        }
        var items: [Value] = []
        if let text = input.text {
            let pieces = text.split { character in
                isNull
                    ? character == "\0"
                    : (replaced == nil ? character == " " || character == "\t" || character == "\n" : character == "\n")
            }
            items = pieces.prefix(64).map { Value(String($0).filter { $0 != "\"" && $0 != "'" }, taints: input.taints) }
            if pieces.count > 64 { items.append(.unknown(.limit, taints: input.taints)) }
        } else {
            items = [
                Value(
                    pieces: input.pieces.contains { if case .unknown = $0 { false } else { true } }
                        ? input.firstLinePieces : [.unknown(.output)], taints: input.taints)
            ]
        }
        var inner = streams
        inner.input = nil
        var copy = state
        let words = words.isEmpty ? [Value("echo")] : words
        guard let replaced else {
            runNext(words + items, environment: [:], &copy, inner)
            // `xargs sh -c` gets the first word of the input as code, where a whole line is meant.
            if words.last?.text == "-c", words.count > 1, let shell = words[0].text, Languages.isShell(shell.baseName),
                let line = input.text, line.contains(where: { $0 == " " })
            {
                var meant = state
                runNext(words + [Value(line, taints: input.taints)], environment: [:], &meant, inner)
            }
            return
        }
        let isCode = words.contains { $0.text == "-c" }
        for item in items.prefix(16) {
            var item = item
            // Names of files in code: each is a word that nobody knows, and not a piece of a script.
            if isCode, item.taints.isEmpty, item.knownPrefix.utf8.contains(0x2F) {
                item.pieces = item.pieces.map { $0 == .unknown(.output) ? .unknown(.variable(replaced)) : $0 }
            }
            let line = words.map { $0.replacing(replaced, with: item) }
            runNext(line, environment: [:], &copy, inner)
        }
    }

    // MARK: - Output

    /// Gives out what the program writes, and remembers what its files hold.
    private func finish(_ run: inout ProgramRun, _ reading: ProgramReading, _ state: inout ShellState) {
        let program = current.program
        var data =
            run.contents.isEmpty
            ? run.streams.input?.value ?? .unknown(.output) : Value.joined(run.contents, separator: "")
        var value = Value.unknown(.output)
        switch run.output {
        case .known(let known)?: value = known
        case .network?: value = .unknown(.output, taints: origin(of: reading))
        case .secret?:
            let isOne =
                Self.printsCredentials.contains(program)
                && run.fields.dropFirst().contains { !$0.hasPrefix("-") && !$0.contains("dump") }
            value = .unknown(isOne ? .credential(program) : .output, taints: .secret)
        case .decodes?:
            data.taints.formUnion(.decoded)
            value = .unknown(.output, taints: data.taints)
        case .passesInput?:
            value =
                TextModels.keepsLines.contains(program)
                ? data : data.asCredential ?? .unknown(.output, taints: data.taints)
        case .plain?, nil:
            if reading.effects.contains(where: {
                if case .connect(_, _, let traits) = $0 { traits.contains(.download) } else { false }
            }) {
                value.taints.formUnion(origin(of: reading))
            }
        }
        if value.taints.isSubset(of: .fetched), SettingsPrinters.print(run.fields) { value = .unknown(.settings) }
        if let text = TextModels.output(of: program, run.fields, data, state: run.state, context: context) {
            value = text.tainted(value.taints.subtracting(.fetched))
        }
        if run.streams.captures, !captures.isEmpty, !run.runsOther || run.output != nil {
            captures[captures.count - 1].append(value)
        }
        if run.writes.isEmpty { return }
        if ["cp", "mv", "ln", "install", "gcp", "gmv"].contains(program) {
            copyFiles(run.fields, run.state)
            return
        }
        let isConnected = reading.effects.contains { if case .connect = $0 { true } else { false } }
        let taints = value.taints.union(isConnected ? origin(of: reading) : [])
        for (path, appends) in run.writes {
            record(
                path, program == "tee" ? data : value.isKnown ? value : .unknown(.output, taints: taints),
                appends: appends, run.state)
        }
        if program == "dd", run.reads.count == 1, run.writes.count == 1 {
            copyProgram(run.reads[0], to: run.writes[0].path, run.state)
        }
    }

    /// Where what a program fetches comes from. Known publishers only count when every connection is to one.
    private func origin(of reading: ProgramReading) -> Operation.Taints {
        var isConnected = false
        for effect in reading.effects {
            guard case .connect(let value, _, let traits) = effect else { continue }
            isConnected = true
            if traits.contains(.unverified) || !Publishers.vouch(for: value) { return .fetched }
        }
        return isConnected && !reading.traits.contains(.unverified) ? .net : .fetched
    }

    /// `dd if=/bin/rm of=x`: the copy is that program.
    private func copyProgram(_ source: Value, to target: Value, _ state: ShellState) {
        let from = resolve(source, state)
        let to = resolve(target, state)
        guard !from.isPattern, !to.isPattern else { return }
        let base = PathText.name(from.path)
        guard Self.standardFolders.contains(String(from.path.dropLast(base.utf8.count + 1))) else { return }
        copies[PathText.name(to.path)] = base
        files[to.path] = WrittenFile(content: .unknown(.output), program: base)
    }

    /// A copied, moved or linked file keeps what it is: a renamed `rm` is `rm`.
    private func copyFiles(_ fields: [Value], _ state: ShellState) {
        let operands = fields.dropFirst().filter { $0.text?.hasPrefix("-") != true }
        guard operands.count >= 2, let target = operands.last else { return }
        for source in operands.dropLast().prefix(16) {
            let from = resolve(source, state)
            let to = resolve(target, state)
            guard !from.isPattern, !to.isPattern, files.count < 256 else { continue }
            if current.program == "ln", links.count < 64 { links[to.path] = from.path }
            let base = PathText.name(from.path)
            var copy = files[from.path]
            if copy == nil {
                let folder = String(from.path.dropLast(base.utf8.count + 1))
                if Self.standardFolders.contains(folder) {
                    copy = WrittenFile(content: .unknown(.output), program: base)
                } else if let text = context.files?.contents(of: from.path) {
                    copy = WrittenFile(content: Value(text))
                } else if let found = PathClasses.classify(
                    from.path, home: context.home, workspace: context.workspace ?? context.workingDirectory
                ).first(where: { $0.kind == .secret }) {
                    _ = found
                    copy = WrittenFile(content: .unknown(.output, taints: .secret))
                }
            }
            guard let copy else { continue }
            files[to.path] = copy
            files[to.path + (to.path == "/" ? "" : "/") + base] = copy
            if let program = copy.program { copies[PathText.name(to.path)] = program }
        }
    }
}

extension Value {
    /// Pieces up to the first line end: what one line out of many looks like.
    var firstLinePieces: [Piece] {
        var line: [Piece] = []
        for piece in pieces {
            if case .text(let text) = piece, let end = text.utf8.firstIndex(of: 0x0A) {
                if end > text.startIndex { line.append(.text(String(text[..<end]))) }
                break
            }
            line.append(piece)
        }
        return line
    }

    /// The value with a text in it replaced by another value.
    func replacing(_ needle: String, with other: Value) -> Value {
        if needle.isEmpty { return self }
        var result = Value(pieces: [], taints: taints, span: span)
        for piece in pieces {
            guard case .text(let text) = piece, text.contains(needle) else {
                result.append(piece)
                continue
            }
            var rest = Substring(text)
            while let found = String(rest).firstPlace(of: needle) {
                let head = String(rest)[..<found.lowerBound]
                result.append(text: String(head))
                result.append(other)
                rest = Substring(String(rest)[found.upperBound...])
            }
            result.append(text: String(rest))
        }
        return result
    }
}
