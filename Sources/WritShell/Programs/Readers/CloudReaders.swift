// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Containers, clusters and object stores.
let cloudReaders: [String: ProgramReader] = [
    "container-run": ProgramReader(read: readContainerRun),
    "compose-run": ProgramReader { call in
        readMounts(&call)
        // The first word is a service, whose image the file names.
        let service = call.words.isEmpty ? 1 : 0
        call.tail = Array(call.tail.dropFirst(service))
    },
    "container-cp": ProgramReader { call in
        // SRC DEST, one of which is `container:path`.
        guard call.words.count >= 2 else { return }
        call.skipsTable = true
        func isInside(_ value: Value) -> Bool { isRemotePath(value.knownPrefix) }
        if !isInside(call.words[0]) { call.perform(.read, on: call.words[0], traits: [], detail: "") }
        if !isInside(call.words[1]) { call.perform(.write, on: call.words[1], traits: [], detail: "") }
    },
    "kubectl-exec": ProgramReader { call in
        // `kubectl exec POD -c NAME -- COMMAND`: options and the terminator may follow the pod.
        var tail = call.tail
        if let end = tail.firstIndex(where: { $0.text == "--" }) {
            tail = Array(tail[(end + 1)...])
        } else {
            while let text = tail.first?.text, text.hasPrefix("-"), text.utf8.count > 1 {
                let takesValue = ["-c", "-n", "--container", "--namespace", "--image", "--target"].contains(text)
                tail.removeFirst(min(takesValue ? 2 : 1, tail.count))
            }
        }
        call.tail = tail
    },
    "aws-s3": ProgramReader(read: readObjectStore),
]

private func readContainerRun(_ call: inout Invocation) {
    call.skipsTable = true
    readMounts(&call)
    if call.values("--network").contains(where: { $0.text == "host" }) {
        call.add(.privilegeRaise, "a container in the machine's network")
    }
    guard let image = call.words.first ?? call.tail.first else { return }
    call.add(.package(.pkgInstall, ecosystem: "docker", name: image, traits: .potential))
    if call.words.isEmpty { call.tail.removeFirst() }
    var command = call.tail
    for entry in call.values("--entrypoint") { command.insert(entry, at: 0) }
    call.tail = []
    if !command.isEmpty { call.add(.run(command, environment: [:], takesInput: true, isRemote: true)) }
}

/// Folders of the machine that a container gets.
private func readMounts(_ call: inout Invocation) {
    func mount(_ source: Value, isReadOnly: Bool) {
        let text = source.display
        // A bare name is a volume of the engine, no directory.
        guard
            text.hasPrefix("/") || text.hasPrefix(".") || text.hasPrefix("~") || text.hasPrefix("$")
                || source.text == nil
        else { return }
        if text == "/" || text.hasPrefix("/var/run/docker.sock") || text.hasPrefix("/run/docker.sock") || text == "/etc"
            || text == "/root" || text == "/proc" || text == "/dev" || text == "/sys" || text == "/boot"
            || text == "/home"
            || text.hasSuffix("containerd.sock") || text.hasSuffix("podman.sock")
        {
            call.add(.privilegeRaise, "a container with \(text)")
        }
        call.add(.read(source))
        if !isReadOnly { call.add(.write(source, appends: false)) }
    }
    for volume in call.values("-v") {
        guard let (source, rest) = volume.split(at: UInt8(ascii: ":")) else {
            if volume.text == nil { mount(volume, isReadOnly: false) }
            continue
        }
        mount(
            source,
            isReadOnly: rest.display.split(separator: ":").dropFirst().contains {
                $0.split(separator: ",").contains("ro")
            })
    }
    for specification in call.values("--mount") {
        let parts = specification.display.split(separator: ",")
        guard parts.contains("type=bind") else { continue }
        for part in parts where part.hasPrefix("source=") || part.hasPrefix("src=") {
            let path = String(part[part.index(after: part.firstIndex(of: "=") ?? part.startIndex)...])
            let isReadOnly = parts.contains { $0 == "readonly" || $0 == "ro" || $0 == "readonly=true" }
            mount(Value(path, taints: specification.taints, span: specification.span), isReadOnly: isReadOnly)
        }
    }
}

private func readObjectStore(_ call: inout Invocation) {
    guard call.words.count > 1, let target = call.words.last else { return }
    call.skipsTable = true
    func isRemote(_ value: Value) -> Bool { Invocation.isURL(value) }
    let verb = call.canonicalWords.last ?? ""
    if isRemote(target) {
        call.add(.connect(target, method: "", traits: call.traits.union(.upload)))
    }
    for source in call.words.dropLast() {
        if isRemote(source) {
            let traits: Operation.Traits = isRemote(target) ? [] : .download
            call.add(.connect(source, method: "", traits: call.traits.union(traits)))
            if verb == "mv" { call.add(.resourceDelete, "deletes stored objects: \(source.display)") }
        } else if isRemote(target) {
            call.send(file: source)
            if verb == "mv" { call.add(.delete(source, traits: call.traits)) }
        } else {
            call.perform(.read, on: source, traits: [], detail: "")
        }
    }
    if !isRemote(target) {
        call.perform(.write, on: target, traits: [], detail: "")
        if target.text == "-" { call.add(.output(.network)) }
    }
    if call.has("--delete") || call.has("-d") {
        if isRemote(target) {
            call.add(.resourceDelete, "deletes at the destination what the source has not: \(target.display)")
        } else {
            call.add(.delete(target, traits: .recursive))
        }
    }
}
