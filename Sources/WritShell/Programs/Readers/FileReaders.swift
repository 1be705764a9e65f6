// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Modes of files, and dd.
let fileReaders: [String: ProgramReader] = [
    "chmod": ProgramReader(read: readChmod),
    "chown": ProgramReader { call in
        // `chown $(id -un) FILE`: the file becomes the one's who runs this.
        guard !call.has("--reference"), call.words.count > 1, call.words[0].pieces.contains(.unknown(.output)) else {
            return
        }
        for word in call.words.dropFirst() {
            call.add(
                .operation(
                    Operation(
                        .fileMode, path: word.pattern, isPattern: !word.isKnown,
                        detail: "takes a file for whoever runs it")))
        }
    },
    "sed": ProgramReader { call in
        // BSD: `sed -i '' SCRIPT FILE`, where the empty word is the suffix.
        if call.has("-i"), call.words.first?.pieces.isEmpty == true { call.words.removeFirst() }
    },
    "install": ProgramReader { call in
        guard let mode = call.values("-m").last ?? call.values("--mode").last, call.words.count > 1,
            let target = call.words.last
        else { return }
        if loosens(mode.display) { call.add(.mode(target, traits: [.loosens])) }
    },
]

/// A mode that lets everybody write, or that raises whoever runs the file.
func loosens(_ mode: String) -> Bool {
    if let octal = Int(mode, radix: 8), mode.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x37 }) {
        return octal & 0o002 != 0 || octal & 0o6000 != 0
    }
    return mode.split(separator: ",").contains { clause in
        guard let sign = clause.firstIndex(where: { $0 == "+" || $0 == "=" }) else { return false }
        let who = clause[..<sign]
        let bits = clause[clause.index(after: sign)...]
        if bits.contains("s") { return true }
        // Without `who` the umask still holds back writing by others.
        return bits.contains("w") && (who.contains("o") || who.contains("a"))
    }
}

private func readChmod(_ call: inout Invocation) {
    call.skipsTable = true
    // `-x`, `-rw` and such look like options and are modes.
    var words = Array(call.words)
    var mode = ""
    let isMode = call.arguments.dropFirst().first { argument in
        let known = argument.knownPrefix
        return known.hasPrefix("-") && !known.hasPrefix("--")
            && known.utf8.dropFirst().contains { "rwxXstugo".utf8.contains($0) }
            && !known.utf8.dropFirst().contains(UInt8(ascii: "R"))
    }
    if isMode == nil, !call.has("--reference") {
        guard !words.isEmpty else { return }
        mode = words.removeFirst().display
    }
    let traits = loosens(mode) ? call.traits.union(.loosens) : call.traits
    for word in words { call.add(.mode(word, traits: traits)) }
}
