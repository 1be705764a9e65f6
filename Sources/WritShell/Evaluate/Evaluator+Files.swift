// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Paths and hosts as operations name them.
extension Evaluator {
    /// A canonical absolute path, or a pattern of such paths.
    struct Place {
        var path: String
        var isPattern: Bool
    }

    /// The file that a value names for a process in the shell's directory.
    func resolve(_ value: Value, _ state: ShellState) -> Place {
        let directory = state.directories.count == 1 ? state.directories[0] : .unknown(.variable("PWD"))
        if let text = value.text {
            // Only the shell's own tilde is the home, and that one is replaced already.
            let literal = text.utf8.first == 0x7E ? "./" + text : text
            guard let base = directory.text else {
                if literal.utf8.first == 0x2F { return located(literal, in: "/") }
                return Place(path: Self.normalisedPattern(Self.pattern(of: directory) + "/" + literal), isPattern: true)
            }
            return located(literal, in: base)
        }
        var pattern = Self.pattern(of: value)
        if pattern.utf8.first != 0x2F, !value.startsUnknown {
            pattern = (directory.text ?? Self.pattern(of: directory)) + "/" + pattern
        }
        // What starts in the open may lie in any folder.
        if value.startsUnknown, !pattern.hasPrefix("**") { pattern = "**/" + pattern }
        return Place(path: Self.normalisedPattern(pattern), isPattern: true)
    }

    private func located(_ path: String, in base: String) -> Place {
        var absolute = PathText.absolute(path, in: base, home: context.home)
        // Links that this command made lead on; the link itself is meant only where it is the whole path.
        if !links.isEmpty {
            let link = links.keys.filter { absolute.hasPrefix($0 + "/") }.max { $0.utf8.count < $1.utf8.count }
            if let link, let target = links[link] {
                absolute = PathText.absolute(
                    target + absolute.dropFirst(link.utf8.count), in: base, home: context.home)
            }
        }
        if remote == nil, let resolved = context.files?.resolved(absolute) {
            return Place(path: resolved, isPattern: false)
        }
        return Place(path: absolute, isPattern: false)
    }

    /// A value as a path pattern: an unknown segment may be several (`**`), an unknown part of one is `*`.
    private static func pattern(of value: Value) -> String {
        var text = ""
        for (index, piece) in value.pieces.enumerated() {
            switch piece {
            case .text(let known), .glob(let known): text += known
            case .unknown:
                let opens = text.isEmpty || text.utf8.last == 0x2F
                var closes = index == value.pieces.count - 1
                if !closes, case .text(let next) = value.pieces[index + 1] { closes = next.utf8.first == 0x2F }
                text += opens && closes ? "**" : "*"
            }
        }
        return text
    }

    /// `.`, `..` and doubled `/` taken out; what `..` takes from an unknown segment stays unknown.
    static func normalisedPattern(_ pattern: String) -> String {
        var pattern = pattern
        return pattern.withUTF8 { bytes in
            var out: [UInt8] = []
            out.reserveCapacity(bytes.count + 1)
            // Where each segment that stays begins, its slash included.
            var starts: [Int] = []
            var at = 0
            while at < bytes.count {
                if bytes[at] == 0x2F {
                    at += 1
                    continue
                }
                var end = at
                while end < bytes.count, bytes[end] != 0x2F { end += 1 }
                let length = end - at
                let lastIsOpen = starts.last.map { out.count - $0 == 3 && out[$0 + 1] == 0x2A && out[$0 + 2] == 0x2A }
                if length == 1, bytes[at] == 0x2E {
                    // `.` is where it stands.
                } else if length == 2, bytes[at] == 0x2E, bytes[at + 1] == 0x2E {
                    if lastIsOpen == false, let start = starts.popLast() { out.removeSubrange(start...) }
                } else if length == 2, bytes[at] == 0x2A, bytes[at + 1] == 0x2A, lastIsOpen == true {
                    // Two of them are one.
                } else {
                    starts.append(out.count)
                    out.append(0x2F)
                    out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[at..<end]))
                }
                at = end
            }
            if out.isEmpty { return "/" }
            // `/**` is below the root; only a pattern without a slash in front starts in the open.
            let isOpen = out.count > 2 && out[1] == 0x2A && out[2] == 0x2A && bytes.first != 0x2F
            return String(decoding: isOpen ? out[1...] : out[...], as: UTF8.self)
        }
    }

    // MARK: - Notes

    /// Notes a read, with the secret it may be; gives what the file holds as far as that is known.
    @discardableResult
    func noteRead(_ path: Value, _ state: ShellState, wantsContent: Bool = true) -> Value {
        let place = resolve(path, state)
        if place.path.hasPrefix("/dev/fd/"), let written = files[place.path] { return written.content }
        note(Operation(.fileRead, path: place.path, isPattern: place.isPattern, taints: path.taints))
        var taints: Operation.Taints = []
        if remote == nil {
            for found in classes(of: place) where found.kind == .secret {
                taints = .secret
                note(Operation(.secretRead, path: place.path, isPattern: place.isPattern, detail: found.word))
            }
        }
        if remote != nil,
            let found = classes(of: place).first(where: { $0.kind == .secret && Self.strongSecrets.contains($0.word) })
        {
            taints = .secret
            note(Operation(.secretRead, detail: "a credential of another machine (\(found.word)): \(place.path)"))
        }
        if let written = files[place.path] { return written.content.tainted(taints) }
        if wantsContent, !place.isPattern, remote == nil, let text = context.files?.contents(of: place.path) {
            return Value(text, taints: taints)
        }
        return .unknown(.output, taints: taints)
    }

    /// What nobody needs of another machine or a container to see how it does.
    private static let strongSecrets: Set<String> = [
        "ssh-key", "cloud", "cluster", "registry", "login", "agent-token", "gpg", "system",
    ]

    /// Notes a write, with the settings it may change.
    func noteWrite(_ path: Value, appends: Bool, _ state: ShellState) {
        if let text = path.text, Self.isSink(text) { return }
        let place = resolve(path, state)
        if place.path.hasPrefix("/dev/fd/") { return }
        note(Operation(.fileWrite, path: place.path, isPattern: place.isPattern, taints: path.taints))
        // A folder or an empty file alone sets nothing; what is put into it does.
        if current.program != "mkdir", current.program != "touch" { noteSettings(place, appends: appends) }
        if Self.isDisk(place.path) {
            note(Operation(.systemChange, path: place.path, traits: .irreversible, detail: "disk"))
        }
    }

    /// Notes that a change of a place changes what starts, guards or records.
    func noteSettings(_ place: Place, appends: Bool = false, traits: Operation.Traits = []) {
        for found in classes(of: place) where found.kind == .configuration {
            // On another machine only what lets somebody in counts: whose machine it is, nobody here knows.
            if remote != nil, found.word != "auth", found.word != "ssh" || !place.path.hasSuffix("authorized_keys") {
                continue
            }
            if appends, found.word == "log" { continue }
            note(
                Operation(
                    .configWrite, path: place.path, isPattern: place.isPattern, traits: traits,
                    detail: found.word))
        }
    }

    func classes(of place: Place) -> [PathClass] {
        // A plain name may hold a `*`, and is another path than the pattern of the same text.
        let known = place.isPattern ? pathClasses.patterns[place.path] : pathClasses.plain[place.path]
        if let known { return known }
        let found = PathClasses.classify(
            place.path, home: context.home, workspace: context.workspace ?? context.workingDirectory,
            isPattern: place.isPattern, isCaseInsensitive: context.isCaseInsensitive)
        if place.isPattern { pathClasses.patterns[place.path] = found } else { pathClasses.plain[place.path] = found }
        return found
    }

    /// A whole disk or partition: writing there ends the file system on it.
    static func isDisk(_ path: String) -> Bool {
        guard path.hasPrefix("/dev/") else { return false }
        let name = path.dropFirst(5)
        for prefix in ["sd", "hd", "vd", "xvd", "nvme", "mmcblk", "disk", "rdisk", "mapper/", "md", "loop", "dm-"]
        where name.hasPrefix(prefix) { return true }
        return false
    }

    func noteConnection(_ endpoint: Endpoint) {
        note(Operation(.netConnect, host: endpoint.host, port: endpoint.port, detail: "/dev/\(endpoint.scheme)"))
    }
}
