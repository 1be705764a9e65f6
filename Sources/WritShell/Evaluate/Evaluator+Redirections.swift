// SPDX-License-Identifier: Apache-2.0
import WritCore

/// `<`, `>`, `>&`, `<<` and their like.
extension Evaluator {
    /// Streams after redirection, and where the output goes that leaves the pipe.
    struct Target {
        var streams: Streams
        var outputs: [(path: Value, appends: Bool)] = []
        var isDiscarded = false
    }

    /// Runs a part with its streams redirected; what it wrote is remembered as the content of the files.
    func run(
        into target: Target, sinksFrom: Int? = nil, _ state: inout ShellState,
        _ part: (inout ShellState, Streams) -> Void
    ) {
        let firstSink = sinksFrom ?? sinks.count
        let feedsSinks = sinks.count > firstSink
        if target.outputs.isEmpty, target.streams.outputHost == nil, !feedsSinks {
            var streams = target.streams
            if target.isDiscarded { streams.captures = false }
            part(&state, streams)
            return
        }
        var streams = target.streams
        let isCaptured = streams.captures
        streams.captures = true
        captures.append(Value(""))
        part(&state, streams)
        let output = captures.removeLast()
        for (path, appends) in target.outputs { record(path, output, appends: appends, state) }
        if let host = target.streams.outputHost, output.taints.contains(.secret) {
            note(Operation(.netConnect, host: host, traits: .upload, taints: output.taints))
        }
        if target.outputs.isEmpty, target.streams.outputHost == nil, isCaptured, !captures.isEmpty {
            captures[captures.count - 1].append(output)
        }
        while sinks.count > firstSink {
            let sink = sinks.removeLast()
            var copy = state
            var inner = Streams()
            inner.input = Input(files[sink.path]?.content ?? output)
            inner.captures = isCaptured
            let outer = current
            run(sink.script, &copy, inner)
            current = outer
        }
    }

    /// Remembers what a file holds after a write in the analysed command.
    func record(_ path: Value, _ content: Value, appends: Bool, _ state: ShellState) {
        let place = resolve(path, state)
        notePackageSettings(place, content)
        if place.isPattern, !content.taints.isEmpty, patternTaints.count < 256 {
            patternTaints[place.path, default: []].formUnion(content.taints)
        }
        guard !place.isPattern, files.count < 256 else { return }
        if appends, let old = files[place.path] {
            var whole = old.content
            whole.append(content)
            files[place.path] = WrittenFile(content: whole)
        } else if appends, let old = context.files?.contents(of: place.path) {
            var whole = Value(old)
            whole.append(content)
            files[place.path] = WrittenFile(content: whole)
        } else {
            files[place.path] = WrittenFile(content: appends ? .unknown(.output, taints: content.taints) : content)
        }
    }

    /// Settings that are written out: packages from elsewhere, and programs that stand in for a compiler or a shell.
    private func notePackageSettings(_ place: Place, _ content: Value) {
        let text = content.display
        guard !place.isPattern, remote == nil, text.holds("://") || text.holds("wrapper") || text.holds("script-shell"),
            classes(of: place).contains(where: { $0.kind == .configuration && $0.word == "package-settings" })
        else { return }
        for line in text.split(separator: "\n").prefix(64) {
            guard let equals = line.firstIndex(where: { $0 == "=" || $0 == ":" || $0 == " " }) else { continue }
            let key = line[..<equals].filter { $0 != " " && $0 != "\"" }.lowercased()
            let value = line[equals...].drop { "=: \"'".contains($0) }
            if key.hasSuffix("registry") || key.hasSuffix("index-url") || key == "index" || key.hasPrefix("proxy") {
                let address = String(value.prefix { !" \"',".contains($0) })
                if address.holds("://"), !Publishers.supply(Value(address)) {
                    note(
                        Operation(
                            .configWrite, path: place.path, traits: .unverified,
                            detail: "packages come from \(Endpoint(Value(address)).host)"))
                }
            } else if ["rustc-wrapper", "rustc-workspace-wrapper", "script-shell", "linker", "runner"].contains(key),
                value.contains("/")
            {
                note(
                    Operation(
                        .configWrite, path: place.path, traits: .unverified, detail: "builds run \(value.prefix(80))"))
            }
        }
    }

    func open(_ redirections: [Redirection], _ state: inout ShellState, _ streams: Streams) -> Target {
        var target = Target(streams: streams)
        for redirection in redirections {
            switch redirection.operator {
            case .hereDocument, .hereDocumentStripped:
                let text = redirection.document.map { document($0, &state) } ?? Value("")
                if (redirection.descriptor ?? 0) == 0 {
                    target.streams.input = Input(text)
                } else {
                    state.descriptors[redirection.descriptor ?? 0] = .data(text)
                }
            case .hereString:
                var text = single(redirection.target, &state)
                text.append(text: "\n")
                target.streams.input = Input(text)
            case .input, .readWrite: openInput(redirection, &target, &state)
            case .output, .append, .clobber, .outputAndErrors, .appendOutputAndErrors:
                openOutput(redirection, single(redirection.target, &state), &target, &state)
            case .duplicateInput, .duplicateOutput: duplicate(redirection, &target, &state)
            }
        }
        return target
    }

    private func openInput(_ redirection: Redirection, _ target: inout Target, _ state: inout ShellState) {
        let path = pathValue(redirection.target, &state)
        let descriptor = redirection.descriptor ?? 0
        if let variable = redirection.variable { assign(variable, Value("10"), &state) }
        if let endpoint = Endpoint.device(path) {
            noteConnection(endpoint)
            state.descriptors[descriptor] = .network(endpoint.host)
            if descriptor == 0 {
                target.streams.inputHost = endpoint.host
                target.streams.input = Input(.unknown(.output, taints: .fetched))
            }
            if descriptor == 1 || redirection.operator == .readWrite && descriptor == 0 {
                target.streams.outputHost = endpoint.host
            }
            return
        }
        if path.text == "/dev/null" {
            if descriptor == 0 { target.streams.input = Input(Value("")) }
            return
        }
        if redirection.operator == .readWrite { noteWrite(path, appends: true, state) }
        let content = noteRead(path, state)
        if descriptor == 0 {
            target.streams.input = Input(content)
            target.streams.input?.isFile = path.isKnown && files[resolve(path, state).path] == nil
        } else {
            state.descriptors[descriptor] = .data(content)
        }
    }

    /// The target of a redirection: one field, tilde and variables expanded.
    private func pathValue(_ word: Word, _ state: inout ShellState) -> Value {
        var values: [Value] = []
        fields(of: word, &state, into: &values)
        return values.first ?? Value("")
    }

    private func openOutput(
        _ redirection: Redirection, _ written: Value, _ target: inout Target, _ state: inout ShellState
    ) {
        var path = written
        if path.text == nil || path.text?.utf8.first == 0x7E { path = pathValue(redirection.target, &state) }
        if let variable = redirection.variable { assign(variable, Value("10"), &state) }
        let carriesBoth =
            redirection.operator == .outputAndErrors || redirection.operator == .appendOutputAndErrors
            || redirection.operator == .duplicateOutput
        let descriptor = redirection.descriptor ?? 1
        let isOutput = descriptor == 1 || carriesBoth
        let appends = redirection.operator == .append || redirection.operator == .appendOutputAndErrors
        if let endpoint = Endpoint.device(path) {
            noteConnection(endpoint)
            state.descriptors[descriptor] = .network(endpoint.host)
            if isOutput || descriptor == 2 { target.streams.outputHost = endpoint.host }
            return
        }
        if let text = path.text, Self.isSink(text) {
            if isOutput, text == "/dev/null" {
                target.isDiscarded = true
                target.outputs = []
            }
            return
        }
        noteWrite(path, appends: appends, state)
        if isOutput {
            target.outputs.append((path, appends))
        } else if descriptor > 2 {
            state.descriptors[descriptor] = .file(resolve(path, state).path)
        }
    }

    private func duplicate(_ redirection: Redirection, _ target: inout Target, _ state: inout ShellState) {
        let value = single(redirection.target, &state)
        let isInput = redirection.operator == .duplicateInput
        let descriptor = redirection.descriptor ?? (isInput ? 0 : 1)
        guard let text = value.text, let source = Int(text.hasSuffix("-") ? String(text.dropLast()) : text) else {
            if value.text != "-", !isInput { openOutput(redirection, value, &target, &state) }
            return
        }
        if source == 1 || source == 2 {
            // `0>&1` after the output went to a socket: the input is the socket too.
            if descriptor == 0, let host = target.streams.outputHost {
                target.streams.inputHost = host
                target.streams.input = Input(.unknown(.output, taints: .fetched))
            }
            return
        }
        if source == 0 {
            if descriptor == 1, let host = target.streams.inputHost { target.streams.outputHost = host }
            return
        }
        switch state.descriptors[source] {
        case .network(let host)?:
            if descriptor == 0 {
                target.streams.inputHost = host
                target.streams.input = Input(.unknown(.output, taints: .fetched))
            } else if descriptor == 1 || descriptor == 2 {
                target.streams.outputHost = host
            } else {
                state.descriptors[descriptor] = .network(host)
            }
        case .file(let path)?:
            if descriptor == 1 { target.outputs.append((Value(path), true)) }
            if descriptor == 0 { target.streams.input = Input(noteRead(Value(path), state)) }
        case .data(let data)?:
            if descriptor == 0 { target.streams.input = Input(data) }
        case nil: break
        }
    }

    /// Devices that swallow or show what is written.
    static func isSink(_ path: String) -> Bool {
        guard path.utf8.starts(with: "/dev/".utf8) else { return false }
        switch path {
        case "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/stdin", "/dev/zero", "/dev/full", "/dev/fd/1",
            "/dev/fd/2", "/dev/console":
            return true
        default: return false
        }
    }
}
