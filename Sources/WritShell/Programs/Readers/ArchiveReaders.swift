// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Archives whose words change their meaning with the mode.
let archiveReaders: [String: ProgramReader] = [
    "tar": ProgramReader(read: readTar),
    "unzip": ProgramReader { call in
        // The first word is the archive, the others are names inside it.
        guard let archive = call.words.first else { return }
        call.skipsTable = true
        call.add(.read(archive))
        if call.has("-l") || call.has("-p") { return }
        guard let folder = call.values("-d").last else {
            return call.add(.write(Value(pieces: [.glob("**")]), appends: false))
        }
        call.add(.write(.joining([folder, Value(pieces: [.glob("**")])], with: "/"), appends: false))
    },
]

private func readTar(_ call: inout Invocation) {
    call.skipsTable = true
    for action in call.values("--checkpoint-action") {
        if action.hasPrefix("exec=") { call.add(.code(action.dropping(5), language: "sh")) }
        if action.text == nil { call.add(.code(.unknown(.output), language: "sh")) }
    }
    for transform in call.values("--transform") where transform.text?.hasSuffix("e") == true {
        call.add(.unread("names made by a command"))
    }
    let archive = call.values("-f").last
    let creates = call.has("-c") || call.has("-r") || call.has("-u") || call.has("-A")
    let isRemote = archive.map { isRemotePath($0.knownPrefix) } ?? false && !call.has("--force-local")
    if creates {
        if let archive {
            if isRemote {
                call.add(.connect(archive, method: "", traits: .upload))
            } else {
                call.perform(.write, on: archive, traits: [], detail: "")
            }
        }
        for word in call.words {
            if word.hasPrefix("@") {
                call.add(.read(word.dropping(1)))
            } else if isRemote {
                call.send(file: word)
            } else {
                call.add(.read(word))
            }
        }
        if call.has("--remove-files") { for word in call.words { call.add(.delete(word, traits: .recursive)) } }
        if archive == nil || archive?.text == "-" { call.add(.output(.passesInput)) }
        return
    }
    if let archive {
        if isRemote {
            call.add(.connect(archive, method: "", traits: .download))
        } else {
            call.perform(.read, on: archive, traits: [], detail: "")
        }
    }
    if call.has("--delete"), let archive { call.add(.write(archive, appends: false)) }
    guard call.has("-x") else { return }
    if call.has("-O") || call.has("--to-command") {
        call.add(.output(.decodes))
    } else if let top = call.values("--one-top-level").last {
        call.add(.write(top, appends: false))
    } else if call.has("-P") {
        // Absolute names: the archive says where.
        call.add(.write(Value(pieces: [.text("/"), .glob("**")]), appends: false))
    } else {
        call.add(.write(Value(pieces: [.glob("**")]), appends: false))
    }
}
