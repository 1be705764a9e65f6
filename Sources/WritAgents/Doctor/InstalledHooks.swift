// SPDX-License-Identifier: Apache-2.0

import WritCore
public import WritWire

/// How an agent starts Writ's hook for one event, as its settings say.
public struct HookStart: Sendable, Hashable {
    /// What the agent does with the entry.
    public enum Way: Sendable, Hashable {
        /// It starts the program itself.
        case program(path: String, arguments: [String])
        /// It gives the line to a shell.
        case line(shell: String, text: String)
    }

    /// The agent's own name of the event; empty when the entry is for all of them.
    public var event: String
    /// The settings file.
    public var file: String
    public var way: Way
    /// Variables that the entry sets.
    public var environment: [String: String] = [:]
    /// The folder that the entry names; nil for the agent's own.
    public var directory: String?
    /// The entry stands there, and says that it does not count.
    public var isOff = false

    /// The hook's executable: of a line, its first word. Nil when the line cannot be read so simply.
    public var program: String? {
        switch way {
        case .program(let path, _): return path
        case .line(_, let text): return HookStart.firstWord(text)
        }
    }

    private static func firstWord(_ line: String) -> String? {
        var word = ""
        var mark: Character?
        for character in line {
            if let open = mark {
                if character == open { mark = nil } else { word.append(character) }
                continue
            }
            switch character {
            case "'", "\"": mark = character
            case " ", "\t": if !word.isEmpty { return word }
            case "$", "`", "\\", ";", "&", "|", "(", ")", "<", ">", "\n": return nil
            default: word.append(character)
            }
        }
        return mark == nil && !word.isEmpty ? word : nil
    }
}

/// What of Writ stands in one agent's settings of one level.
public struct InstalledHooks: Sendable, Hashable {
    /// Nothing of Writ's is there.
    public var isEmpty: Bool { starts.isEmpty }
    public var starts: [HookStart] = []
    /// Files that could not be read, one line each.
    public var faults: [String] = []

    /// The start that the agent makes for an event; nil when none is registered.
    public func start(for event: String) -> HookStart? {
        starts.first { $0.event == event } ?? starts.first { $0.event.isEmpty }
    }

    /// Reads the files of a level.
    public init(_ installer: Installer, _ level: InstallLevel) {
        for place in installer.places(of: level) {
            do throws(SettingsFault) {
                guard let bytes = try SettingsFile(place.path).read().bytes else { continue }
                starts += try InstalledHooks.starts(in: bytes, place)
            } catch {
                faults.append(error.description)
            }
        }
    }

    /// Files that Writ was installed into, by its own records, and that start it no more; one line each.
    public static func lost(_ layout: HookLayout, home: WritHome, directory: String) -> [String] {
        var lost: [String] = []
        do throws(SettingsFault) {
            let installer = try Installer(layout, hook: "/writ-hook", home: home)
            for level in [InstallLevel.user, .project(directory: directory), .managed(path: nil)] {
                for place in installer.places(of: level) where place.form != .own(.goosePlugin) {
                    guard try InstallRecord.read(of: place.path, agent: layout.agent, in: home) != nil else { continue }
                    let bytes = try SettingsFile(place.path).read().bytes ?? []
                    let found = bytes.isEmpty ? [] : try starts(in: bytes, place)
                    if found.isEmpty {
                        lost.append("\(place.path): Writ's entries are gone from it")
                    }
                }
            }
        } catch {
            lost.append(error.description)
        }
        return lost
    }

    private static func starts(in bytes: [UInt8], _ place: HookLayout.Place) throws(SettingsFault) -> [HookStart] {
        do throws(SettingsSyntaxFault) {
            switch place.form {
            case .groups, .handlers:
                let text = try SettingsText(bytes)
                guard let hooks = text.value(of: text.root)?["hooks"] else { return [] }
                return fromJSON(hooks, place.path)
            case .toml:
                guard let block = try TOMLText(bytes).block else { return [] }
                return fromTOML(bytes[block], place.path)
            case .own(.kiroHooks):
                let text = try SettingsText(bytes)
                return (text.value(of: text.root)?["hooks"]?.array ?? []).compactMap { hook in
                    guard HookEntry.isOwn(hook["action"]) else { return nil }
                    guard var start = start(hook["action"], hook["trigger"]?.string ?? "", place.path) else {
                        return nil
                    }
                    start.isOff = hook["enabled"]?.bool == false
                    return start
                }
            case .own(.goosePlugin): return []
            case .own(.script(let event)):
                guard String(decoding: bytes.prefix(4096), as: UTF8.self).contains("writ-hook") else { return [] }
                return [HookStart(event: event, file: place.path, way: .program(path: place.path, arguments: []))]
            case .own(.plugin): return fromPlugin(bytes, place.path)
            }
        } catch {
            throw SettingsFault(error, file: place.path, text: bytes)
        }
    }

    private static func fromJSON(_ hooks: JSON, _ file: String) -> [HookStart] {
        var starts: [HookStart] = []
        for member in hooks.members ?? [] {
            for element in member.value.array ?? [] {
                for handler in element["hooks"]?.array ?? [element] where HookEntry.isOwn(handler) {
                    if let start = start(handler, member.key, file) { starts.append(start) }
                }
            }
        }
        return starts
    }

    private static func start(_ handler: JSON?, _ event: String, _ file: String) -> HookStart? {
        guard let handler else { return nil }
        let words = handler["args"]?.array?.compactMap(\.string)
        let way: HookStart.Way
        if let program = handler["exec"]?.string {
            way = .program(path: program, arguments: words ?? [])
        } else if let line = handler["bash"]?.string {
            way = .line(shell: "bash", text: line)
        } else if let command = handler["command"]?.string {
            way = words.map { .program(path: command, arguments: $0) } ?? .line(shell: "sh", text: command)
        } else {
            return nil
        }
        var start = HookStart(event: event, file: file, way: way)
        for member in handler["env"]?.members ?? [] { start.environment[member.key] = member.value.string }
        start.directory = handler["cwd"]?.string ?? handler["working_directory"]?.string
        start.isOff = handler["disabled"]?.bool == true || handler["enabled"]?.bool == false
        return start
    }

    /// The block that Writ wrote: its lines are known.
    private static func fromTOML(_ block: some Sequence<UInt8>, _ file: String) -> [HookStart] {
        var starts: [HookStart] = []
        var event = ""
        let lines = String(decoding: Array(block), as: UTF8.self).split(separator: "\n")
        for line in lines {
            if line.hasPrefix("[[hooks."), let end = line.firstIndex(of: "]") {
                let name = line[line.index(line.startIndex, offsetBy: 8)..<end]
                event = name.hasSuffix(".hooks") ? String(name.dropLast(6)) : String(name)
            } else if line.hasPrefix("command = ") {
                do {
                    if let text = try JSON(parsing: String(line.dropFirst(10))).string {
                        starts.append(HookStart(event: event, file: file, way: .line(shell: "sh", text: text)))
                    }
                } catch {
                    // A line that somebody changed into another spelling is no entry of ours.
                    continue
                }
            }
        }
        return starts
    }

    /// The plugin starts the program itself; both stand in it as JSON.
    private static func fromPlugin(_ bytes: [UInt8], _ file: String) -> [HookStart] {
        var hook: String?
        var words: [String]?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(64) {
            do {
                if line.hasPrefix("const hook = ") { hook = try JSON(parsing: String(line.dropFirst(13))).string }
                if line.hasPrefix("const words = ") {
                    words = try JSON(parsing: String(line.dropFirst(14))).array?.compactMap(\.string)
                }
            } catch {
                return []
            }
        }
        guard let hook, let words else { return [] }
        return [HookStart(event: "", file: file, way: .program(path: hook, arguments: words))]
    }
}
