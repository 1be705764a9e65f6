// SPDX-License-Identifier: Apache-2.0
#if os(Linux)
import WritWire

#if canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Processes as `/proc` shows them (proc(5)).
struct SystemProcesses: ProcessView {
    func facts(_ number: Int32) -> ProcessFacts? {
        guard number > 0, let bytes = Self.read("/proc/\(number)/stat", limit: 4096) else { return nil }
        return Self.facts(number, bytes)
    }

    /// Reads a line of `/proc/N/stat`. The name in parentheses is the process's own and may hold anything.
    static func facts(_ number: Int32, _ bytes: [UInt8]) -> ProcessFacts? {
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        func field(_ index: Int) -> Int64? {
            fields.indices.contains(index) ? Int64(String(decoding: fields[index], as: UTF8.self)) : nil
        }
        // state, parent, group, session, terminal, foreground group … start time is the 22nd of all.
        guard let parent = field(1), let group = field(2), let session = field(3), let terminal = field(4),
            let foreground = field(5), fields.indices.contains(19),
            let start = UInt64(
                String(decoding: fields[19], as: UTF8.self)
                    .trimmed)
        else { return nil }
        return ProcessFacts(
            identity: .init(number: number, start: start), parent: Int32(clamping: parent),
            group: Int32(clamping: group), session: Int32(clamping: session), terminal: UInt64(clamping: terminal),
            foreground: Int32(clamping: foreground))
    }

    func details(_ number: Int32) -> ProcessDetails? {
        guard number > 0, let status = Self.read("/proc/\(number)/status", limit: 1 << 16) else { return nil }
        var name = ""
        var users: [UInt32] = []
        var isTraced = true
        for line in status.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            guard let colon = text.firstIndex(of: ":") else { continue }
            let value = String(text[text.index(after: colon)...]).trimmed
            switch text[..<colon] {
            case "Name": name = value
            case "TracerPid": isTraced = value != "0"
            case "Uid": users = value.split(whereSeparator: { $0 == "\t" || $0 == " " }).compactMap { UInt32($0) }
            default: break
            }
        }
        guard users.count >= 2 else { return nil }
        var details = ProcessDetails(user: users[0], effectiveUser: users[1], isTraced: isTraced, name: name)
        if let program = ProgramPath.link("/proc/\(number)/exe") {
            let replaced = " (deleted)"
            details.program = program.hasSuffix(replaced) ? String(program.dropLast(replaced.utf8.count)) : program
            details.isSystemProgram = Self.belongsToSystem("/proc/\(number)/exe")
        }
        if let line = Self.read("/proc/\(number)/cmdline", limit: 1 << 16) {
            details.arguments = line.split(separator: 0, omittingEmptySubsequences: false).prefix(64).map {
                String(decoding: $0, as: UTF8.self)
            }
            if details.arguments.last == "" { details.arguments.removeLast() }
        }
        if let groups = Self.read("/proc/\(number)/cgroup", limit: 1 << 16) {
            let lines = groups.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
            let line = lines.first { $0.hasPrefix("0::") } ?? lines.first { $0.contains(":name=systemd:") }
            details.group = line.map { String($0.split(separator: ":", maxSplits: 2).last ?? "") } ?? ""
        }
        return details
    }

    func holders(ofTerminal terminal: UInt64) -> [Int32] {
        guard let index = Self.pseudoTerminal(terminal) else { return [] }
        var found: [Int32] = []
        for name in visibleNames(in: "/proc", atMost: .max) {
            guard let number = Int32(name) else { continue }
            for file in visibleNames(in: "/proc/\(number)/fd", atMost: .max) {
                guard let target = ProgramPath.link("/proc/\(number)/fd/\(file)"), target.hasSuffix("/ptmx"),
                    let information = Self.read("/proc/\(number)/fdinfo/\(file)", limit: 4096)
                else { continue }
                let lines = information.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
                if lines.contains(where: { $0.hasPrefix("tty-index:") && $0.dropFirst(10).trimmed == "\(index)" }) {
                    found.append(number)
                    break
                }
            }
        }
        return found
    }

    func sharesNamespaces(_ number: Int32) -> Bool {
        for name in ["pid", "mnt"] {
            guard let own = ProgramPath.link("/proc/self/ns/\(name)"),
                ProgramPath.link("/proc/\(number)/ns/\(name)") == own
            else { return false }
        }
        return true
    }

    /// A value that changes with every start of the machine.
    static var boot: String {
        read("/proc/sys/kernel/random/boot_id", limit: 256).map { String(decoding: $0, as: UTF8.self).trimmed } ?? ""
    }

    /// The number of a pseudo-terminal; nil for other devices.
    static func pseudoTerminal(_ device: UInt64) -> UInt64? {
        let (major, minor) = parts(device)
        return (136...143).contains(major) ? (major - 136) << 20 | minor : nil
    }

    /// The path of a terminal that a person can sit at; nil for other devices.
    static func path(ofTerminal device: UInt64) -> String? {
        if let index = pseudoTerminal(device) { return "/dev/pts/\(index)" }
        let (major, minor) = parts(device)
        guard major == 4 else { return nil }
        return (1...63).contains(minor) ? "/dev/tty\(minor)" : "/dev/ttyS\(minor &- 64)"
    }

    /// The layout in `/proc/N/stat`: bits 31 to 20 and 7 to 0 are the minor number, 15 to 8 the major.
    private static func parts(_ device: UInt64) -> (major: UInt64, minor: UInt64) {
        (device >> 8 & 0xFFF, device & 0xFF | device >> 12 & 0xFFF00)
    }

    private static func belongsToSystem(_ path: String) -> Bool {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return false }
        return facts.st_uid == 0 && facts.st_mode & 0o022 == 0
    }

    private static func read(_ path: String, limit: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(limit, 4096))
        while bytes.count < limit {
            let count = readBytes(file, into: &buffer)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }
}

extension StringProtocol {
    fileprivate var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
#endif
