// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Simple commands: their words, what precedes them, where their streams go, and what their name stands for.
extension Evaluator {
    /// Most combinations of values that one command is tried with.
    private static let combinationLimit = 12

    func runSimple(
        _ assignments: [Assignment], _ words: [Word], _ command: Command, _ state: inout ShellState, _ streams: Streams
    ) {
        var names: Set<String> = []
        if let first = words.first { Self.collectNames(first.parts, into: &names) }
        guard !names.isEmpty, !assumesUnset else {
            runChoices(assignments, words, command, &state, streams)
            return
        }
        // `${x+y}rm`: which program it is depends on a variable that nobody has seen, so both are looked at.
        let before = state
        metUndecided = false
        runChoices(assignments, words, command, &state, streams)
        guard metUndecided else { return }
        var copy = before
        var other = streams
        other.captures = false
        assumesUnset = true
        runChoices(assignments, words, command, &copy, other)
        assumesUnset = false
    }

    private func runChoices(
        _ assignments: [Assignment], _ words: [Word], _ command: Command, _ state: inout ShellState, _ streams: Streams
    ) {
        guard state.hasChoices, let combinations = combinations(assignments, words, command.redirections, state) else {
            runOnce(assignments, words, command, &state, streams)
            return
        }
        // What a condition decided is decided alike in the whole command: it is walked once for each combination.
        var joined: ShellState?
        for pinned in combinations {
            var copy = pinned
            runOnce(assignments, words, command, &copy, streams)
            if joined == nil { joined = copy } else { joined?.join(copy) }
        }
        if let joined { state = joined }
    }

    // MARK: - Choices

    private func combinations(
        _ assignments: [Assignment], _ words: [Word], _ redirections: [Redirection], _ state: ShellState
    ) -> [ShellState]? {
        var names: Set<String> = []
        for word in words { Self.collectNames(word.parts, into: &names) }
        for redirection in redirections {
            Self.collectNames(redirection.target.parts, into: &names)
            if let document = redirection.document { Self.collectNames(document.parts, into: &names) }
        }
        for assignment in assignments {
            switch assignment.value {
            case .word(let word): if let word { Self.collectNames(word.parts, into: &names) }
            case .array(let elements): for element in elements { Self.collectNames(element.value.parts, into: &names) }
            }
        }
        var results = [state]
        for name in names.sorted() {
            guard case .choice(let values)? = state.variables[name]?.content else { continue }
            if results.count * values.count > Self.combinationLimit { continue }
            results = results.flatMap { base in
                values.map { value in
                    var copy = base
                    copy.variables[name]?.content = .scalar(value)
                    return copy
                }
            }
        }
        if state.directories.count > 1, results.count * state.directories.count <= Self.combinationLimit * 2,
            !words.isEmpty
        {
            results = results.flatMap { base in
                state.directories.map { directory in
                    var copy = base
                    copy.directories = [directory]
                    return copy
                }
            }
        }
        return results.count > 1 ? results : nil
    }

    private static func collectNames(_ parts: [Word.Part], into names: inout Set<String>, depth: Int = 0) {
        if depth > 16 { return }
        for part in parts {
            switch part {
            case .literal, .quoted, .command, .process: continue
            case .doubleQuoted(let inner): collectNames(inner, into: &names, depth: depth + 1)
            case .arithmetic(let word): collectNames(word.parts, into: &names, depth: depth + 1)
            case .pattern(_, let words): for word in words { collectNames(word.parts, into: &names, depth: depth + 1) }
            case .parameter(let parameter):
                names.insert(parameter.name)
                switch parameter.operation {
                case .fallback(_, _, let word), .trim(_, let word), .replace(_, let word, nil):
                    collectNames(word.parts, into: &names, depth: depth + 1)
                case .replace(_, let word, let other?):
                    collectNames(word.parts + other.parts, into: &names, depth: depth + 1)
                case .none, .length, .slice, .changeCase, .transform, .names: continue
                }
            }
        }
    }

    // MARK: - One run

    private static let declarations: Set<String> = ["export", "declare", "typeset", "local", "readonly", "alias"]

    private func runOnce(
        _ assignments: [Assignment], _ words: [Word], _ command: Command, _ state: inout ShellState, _ streams: Streams
    ) {
        let outer = current
        defer { current = outer }
        current = Current(span: baseSpan ?? command.span)
        let firstSink = sinks.count
        if words.isEmpty {
            runAssignments(assignments, command, &state, streams)
            return
        }
        var fields: [Value] = []
        fields.reserveCapacity(words.count)
        let isDeclaration = words.count > 1 && words[0].constantText.map { Self.declarations.contains($0) } == true
        for (index, word) in words.enumerated() {
            if isDeclaration, index > 0, Self.looksAssigned(word) {
                fields.append(single(word, &state))
            } else {
                self.fields(of: word, &state, into: &fields)
            }
        }
        if fields.isEmpty {
            runAssignments(assignments, command, &state, streams)
            return
        }
        if !assignments.isEmpty { runAsMeant(assignments, words, fields, state, streams, command) }
        begin(fields, span: baseSpan ?? command.span)
        // Assignments before a command hold for that command.
        var restored: [(String, Variable?)] = []
        var environment: [String: Value] = [:]
        var compounds: [Assignment] = []
        for assignment in assignments {
            // `declare -A m=(…)`: the parser tells the compound apart from the words, and it stands after them.
            if assignment.span.start > words[0].span.start {
                compounds.append(assignment)
                fields.append(Value(assignment.name, span: assignment.span))
                continue
            }
            restored.append((assignment.name, state.variables[assignment.name]))
            assign(assignment, &state, isExported: true)
            environment[assignment.name] = value(of: assignment.name, state)
        }
        if !environment.isEmpty { noteVariables(environment, &state, streams) }
        if command.redirections.isEmpty, sinks.count == firstSink {
            dispatch(fields, &state, streams)
        } else {
            let target = open(command.redirections, &state, streams)
            run(into: target, sinksFrom: firstSink, &state) { state, streams in
                self.dispatch(fields, &state, streams)
            }
        }
        for (name, variable) in restored { state.variables[name] = variable }
        for compound in compounds { assign(compound, &state) }
    }

    /// `D=/x rm -rf $D/y`: every shell fills in the old `D`, and whoever writes that means the new one. What it would do
    /// then counts as well.
    private func runAsMeant(
        _ assignments: [Assignment], _ words: [Word], _ fields: [Value], _ state: ShellState, _ streams: Streams,
        _ command: Command
    ) {
        var names: Set<String> = []
        for word in words { Self.collectNames(word.parts, into: &names) }
        guard !names.isEmpty, assignments.contains(where: { names.contains($0.name) }),
            assignments.allSatisfy({ $0.span.start < words[0].span.start })
        else { return }
        var copy = state
        for assignment in assignments { assign(assignment, &copy, isExported: true) }
        var meant: [Value] = []
        for word in words { self.fields(of: word, &copy, into: &meant) }
        guard !meant.isEmpty, meant.map(\.pieces) != fields.map(\.pieces) else { return }
        begin(meant, span: baseSpan ?? command.span)
        var quiet = streams
        quiet.captures = false
        dispatch(meant, &copy, quiet)
    }

    private static func looksAssigned(_ word: Word) -> Bool {
        guard case .literal(let text)? = word.parts.first else { return false }
        return text.utf8.contains(0x3D)
    }

    private func runAssignments(
        _ assignments: [Assignment], _ command: Command, _ state: inout ShellState, _ streams: Streams
    ) {
        state.status = .success
        for assignment in assignments {
            assign(assignment, &state)
            if DangerousVariables.builtIn.class(of: assignment.name) != nil
                || state.variables[assignment.name]?.isExported == true
            {
                current.program = ""
                current.command = "\(assignment.name)=\(value(of: assignment.name, state).display)"
                noteVariables([assignment.name: value(of: assignment.name, state)], &state, streams)
            }
        }
        if command.redirections.isEmpty { return }
        let target = open(command.redirections, &state, streams)
        // `$(<file)` is the file's text.
        if streams.captures, command.redirections.allSatisfy({ $0.operator == .input }),
            let input = target.streams.input
        {
            write(input.value, to: streams)
        }
        run(into: target, &state) { _, _ in }
    }

    /// Makes a command the one whose effects are noted.
    func begin(_ fields: [Value], span: SourceSpan?) {
        let texts = fields.map(\.display)
        var command = ""
        command.reserveCapacity(texts.reduce(0) { $0 + $1.utf8.count + 1 })
        for (index, text) in texts.enumerated() {
            if index > 0 { command += " " }
            command += text
        }
        current = Current(program: texts[0].baseName, arguments: texts, command: command, span: span)
        if commands.count < Self.operationLimit {
            commands.append(
                CommandText(text: current.command, span: span ?? SourceSpan(start: 0, end: 0), depth: depth))
        }
    }

    // MARK: - Names

    /// Runs a command by its name: function, alias, builtin or program.
    func dispatch(_ fields: [Value], _ state: inout ShellState, _ streams: Streams, usesFunctions: Bool = true) {
        guard step(), let first = fields.first else { return }
        nesting += 1
        defer { nesting -= 1 }
        if nesting > Self.nestingLimit {
            reachLimit("nested deeper than is followed")
            return
        }
        guard let name = first.text else {
            runUnknown(fields, &state, streams)
            return
        }
        if usesFunctions {
            if let alias = state.aliases[name], !openAliases.contains(name) {
                runAlias(name, alias, fields, &state, streams)
                return
            }
            if let body = state.functions[name] {
                runFunction(name, body, fields, &state, streams)
                return
            }
        }
        if !state.disabledBuiltins.contains(name), runBuiltin(name, fields, &state, streams) { return }
        runProgram(fields, &state, streams)
    }

    private func runFunction(
        _ name: String, _ body: Command, _ fields: [Value], _ state: inout ShellState, _ streams: Streams
    ) {
        note(Operation(.shellExec, detail: "function"))
        let calls = callStack.count { $0 == name }
        if calls >= 3 {
            if callsInPipelines.contains(name) {
                note(
                    Operation(
                        .systemChange, traits: .irreversible,
                        detail: "a function that starts copies of itself without end"))
            } else {
                reachLimit("a function calls itself deeper than is followed")
            }
            write(.unknown(.output), to: streams)
            state.status = .unknown
            return
        }
        callStack.append(name)
        let outerArguments = (state.arguments, state.hasUnknownArguments)
        state.arguments = Array(fields.dropFirst())
        state.hasUnknownArguments = false
        frames.append(Frame(kind: .function))
        run(body, &state, streams)
        let frame = frames.removeLast()
        for exit in frame.exits {
            var path = exit
            path.hasEnded = false
            if state.hasEnded { state = path } else { state.join(path) }
        }
        for (name, variable) in frame.hidden { state.variables[name] = variable }
        (state.arguments, state.hasUnknownArguments) = outerArguments
        callStack.removeLast()
    }

    private func runAlias(
        _ name: String, _ alias: Value, _ fields: [Value], _ state: inout ShellState, _ streams: Streams
    ) {
        var code = alias
        for field in fields.dropFirst() {
            code.append(text: " ")
            if let text = field.text {
                code.append(text: Self.shellQuoted(text))
            } else {
                code.append(field)
            }
        }
        openAliases.insert(name)
        runShellCode(code, &state, streams)
        openAliases.remove(name)
    }

    /// Stands for `${name text}`, a bad substitution in every shell.
    static let badSubstitution = "${}"

    /// The name itself is computed.
    private func runUnknown(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        let first = fields[0]
        // Every shell refuses the command.
        if first.pieces.contains(.unknown(.variable(Self.badSubstitution))) {
            state.status = .failure
            return
        }
        // A path whose last segment is known names the program: `$JAVA_HOME/bin/java`.
        if case .text(let tail)? = first.pieces.last, let slash = tail.utf8.lastIndex(of: 0x2F),
            !first.taints.contains(.net)
        {
            let base = String(tail[tail.index(after: slash)...])
            if !base.isEmpty, ProgramTable.builtIn.contains(base) {
                runProgram([Value(base, span: first.span)] + fields.dropFirst(), &state, streams)
                return
            }
            // `$DIR/run.sh`: a file that nobody has read, in a folder that the environment names.
            if !base.isEmpty, first.taints.isEmpty, case .unknown(.environment)? = first.pieces.first,
                first.pieces.count == 2
            {
                note(
                    Operation(
                        .shellExec, opaque: .unread, detail: "a program outside the folders of the system"))
                write(.unknown(.output), to: streams)
                state.status = .unknown
                return
            }
        }
        // `${MAKE}`, `$PYTHON`: by convention a variable of this name holds this program.
        if first.pieces.count == 1, case .unknown(.environment(let name))? = first.pieces.first, first.taints.isEmpty,
            let tool = ToolVariables.program(of: name)
        {
            runProgram([Value(tool, span: first.span)] + fields.dropFirst(), &state, streams)
            return
        }
        if runUnread(fields, &state, streams) { return }
        let isGlob = !first.hasUnknown
        if isGlob {
            let candidates = programs(matching: first)
            for candidate in candidates {
                var copy = state
                runProgram([Value(candidate, span: first.span)] + fields.dropFirst(), &copy, streams)
            }
            if candidates.count == 1 { return }
        }
        let taints = first.taints
        note(
            Operation(
                .shellExec, opaque: taints.isEmpty ? .computed : .tainted,
                detail: isGlob ? "the program's name is a pattern" : "the program's name is computed: \(first.display)",
                taints: taints))
        // `$SUDO rm …`: the unknown word may be empty or a wrapper, and then the next one is the program.
        if fields.count > 1, case .unknown(let why) = first.pieces[0], first.pieces.count == 1 {
            if case .output = why {
            } else {
                let rest = Array(fields.dropFirst())
                if let next = rest[0].text, ProgramTable.builtIn.contains(next) || state.functions[next] != nil {
                    var copy = state
                    begin(rest, span: current.span)
                    dispatch(rest, &copy, streams)
                }
            }
        }
        write(.unknown(.output, taints: taints.union(streams.input?.value.taints ?? [])), to: streams)
        state.status = .unknown
    }

    /// A program that the environment names (`"$BIN" --version`), or one of unknown name in a folder of the workspace
    /// (`./$BIN`, `dist/$NAME`): as unread as any script there. With arguments that could harm, whichever program gets
    /// them, it stays a computed one.
    private func runUnread(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) -> Bool {
        let first = fields[0]
        guard first.taints.isEmpty, fields.dropFirst().allSatisfy({ isTame($0, state) }) else { return false }
        let detail: String
        if first.pieces.count == 1, case .unknown(.environment(let name))? = first.pieces.first {
            detail = "the program that \(name) of the environment names"
        } else {
            let prefix = first.knownPrefix
            guard let slash = prefix.utf8.lastIndex(of: 0x2F), !first.display.holds(".."),
                first.pieces.allSatisfy({ if case .glob = $0 { false } else { true } })
            else { return false }
            let folder = resolve(Value(String(prefix[...slash])), state)
            guard !folder.isPattern, isWorkPlace(folder.path) else { return false }
            let place = resolve(first, state)
            if let taints = patternTaints[place.path], !taints.isEmpty {
                note(
                    Operation(
                        .shellExec, path: place.path, isPattern: true, opaque: .tainted,
                        detail: "a program that was fetched or decoded", taints: taints))
                write(.unknown(.output, taints: taints), to: streams)
                state.status = .unknown
                return true
            }
            detail = "a program outside the folders of the system"
        }
        note(Operation(.shellExec, opaque: .unread, detail: detail))
        // It may be a wrapper, or empty, and then the next word is the program.
        let rest = Array(fields.dropFirst())
        if let next = rest.first?.text, ProgramTable.builtIn.contains(next) || state.functions[next] != nil {
            var copy = state
            begin(rest, span: current.span)
            dispatch(rest, &copy, streams)
        }
        write(.unknown(.output, taints: streams.input?.value.taints ?? []), to: streams)
        state.status = .unknown
        return true
    }

    /// Below the workspace or a folder for temporary files.
    private func isWorkPlace(_ path: String) -> Bool {
        PathText.isUnder(path, context.workspace ?? context.workingDirectory) || PathText.isUnder(path, "/tmp")
            || PathText.isUnder(path, "/var/tmp")
    }

    /// An argument that no program we know does harm with: no path out of the workspace, none of the words that delete,
    /// force, publish or take code, no text that a shell would take apart.
    private func isTame(_ value: Value, _ state: ShellState) -> Bool {
        guard value.taints.isEmpty else { return false }
        for piece in value.pieces {
            switch piece {
            case .unknown(.environment), .unknown(.variable): continue
            case .unknown, .glob: return false
            case .text(let text):
                if text.utf8.contains(where: { HarmfulWords.signs.contains($0) }) { return false }
            }
        }
        guard let text = value.text else {
            let known = value.knownPrefix
            return known.utf8.first != 0x2F && !value.display.holds("..") && !HarmfulWords.holds(known)
        }
        if HarmfulWords.holds(text) { return false }
        if text.utf8.contains(0x2F) || text.utf8.first == 0x2E || text.utf8.first == 0x7E {
            let equals = text.utf8.firstIndex(of: 0x3D).map { text.index(after: $0) } ?? text.startIndex
            let place = resolve(Value(String(text[equals...])), state)
            let top = context.workspace ?? context.workingDirectory
            return isWorkPlace(place.path) && place.path != top && !PathText.isUnder(place.path, top + "/.git")
        }
        return true
    }

    /// Names of programs in the standard folders that a pattern may match.
    private func programs(matching value: Value) -> [String] {
        let pattern = value.pattern
        let base = PathText.name(pattern)
        let folder = pattern.dropLast(base.utf8.count)
        if !folder.isEmpty {
            let matches = ["/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/", "/usr/local/bin/"].contains {
                ShellPattern.matches(String(folder), $0)
            }
            if !matches { return [] }
        }
        if let exact = Value(base).text, !base.contains(where: { "*?[".contains($0) }) { return [exact] }
        return Array(Self.commonPrograms.filter { ShellPattern.matches(base, $0) }.prefix(6))
    }

    /// What a pattern in place of a program's name is meant to hit.
    private static let commonPrograms = [
        "rm", "sh", "bash", "cat", "cp", "mv", "dd", "nc", "curl", "wget", "python", "python3", "perl", "ruby", "node",
        "sudo",
        "chmod", "chown", "ssh", "scp", "tar", "find", "shred", "mkfs", "git", "tee", "ln", "env", "printenv", "base64",
        "openssl", "less", "more", "head", "tail", "grep", "sed", "awk", "xargs", "kill", "ls", "zsh", "dash", "socat",
        "ncat",
    ]
}
