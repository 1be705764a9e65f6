// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What a build tool or git would run, told from files whose text is at hand.
struct BuildScripts {
    /// A piece of shell code.
    struct Script {
        var code: Value
        var directory: Value
        /// In a container that is built, and not on this machine.
        var isRemote = false
        var arguments: [Value] = []
        /// Anything but a shell.
        var language = "sh"
        /// The file that it comes from, for people.
        var source: String
    }

    var scripts: [Script] = []
    /// Nothing else runs: the program is not opaque for what nobody has read.
    var isWhole = true
    /// Where the text of the files that name the scripts comes from.
    var taints: Operation.Taints = []
}

extension Evaluator {
    /// The scripts behind a command line; nil when no file is at hand that would tell.
    func buildScripts(of reading: ProgramReading, _ fields: [Value], _ state: ShellState) -> BuildScripts? {
        guard context.files != nil || !files.isEmpty, remote == nil else { return nil }
        guard let program = reading.canonicalWords.first else { return nil }
        var place = state
        for case .directory(let path) in reading.effects { place.directories = [directory(path, place)] }
        guard place.directories.count == 1, let folder = place.directories[0].text else { return nil }
        let words = Array(fields.dropFirst())
        switch program {
        case "make", "gmake", "bmake": return makeScripts(words, in: folder)
        case "npm", "cnpm", "yarn", "yarnpkg", "pnpm", "bun": return packageScripts(reading, words, in: folder)
        case "just": return justScripts(words, in: folder)
        case "git": return hookScripts(reading, words, in: folder)
        case "docker", "podman", "nerdctl", "buildah": return imageScripts(reading, words, in: folder)
        default: return nil
        }
    }

    /// Runs what was found.
    func run(_ build: BuildScripts, _ state: ShellState, _ streams: Streams) {
        if !build.taints.isEmpty {
            note(
                Operation(
                    .shellExec, traits: .interpreter, opaque: .tainted,
                    detail: "a build file that is fetched, decoded or secret", taints: build.taints))
        }
        var inner = Streams()
        inner.captures = streams.captures
        for script in build.scripts {
            guard stepsLeft > 0 else { return }
            var copy = state
            copy.directories = [script.directory]
            let outerRemote = remote
            if script.isRemote { remote = "a container image" }
            runCode(
                script.code, language: script.language, name: Value(script.source), arguments: script.arguments, &copy,
                inner)
            remote = outerRemote
        }
    }

    /// The text of a file that this command or session wrote.
    func knownText(_ path: String) -> Value? {
        if let written = files[path] { return written.content }
        return context.files?.contents(of: path).map { Value($0) }
    }

    /// The nearest of some files, in a folder or above it, with its folder; at most 16 folders up.
    func nearest(_ names: [String], from folder: String) -> (text: Value, path: String, folder: String)? {
        var folder = folder
        for _ in 0..<16 {
            for name in names {
                let path = (folder == "/" ? "" : folder) + "/" + name
                if let text = knownText(path) { return (text, path, folder) }
            }
            if folder == "/" || folder.isEmpty { return nil }
            let cut = folder.utf8.lastIndex(of: 0x2F) ?? folder.startIndex
            folder = cut == folder.startIndex ? "/" : String(folder[..<cut])
        }
        return nil
    }
}
