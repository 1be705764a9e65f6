// SPDX-License-Identifier: Apache-2.0

import WritCore
public import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Puts Writ's hook into an agent's settings, and takes it out again.
///
/// Both can be run any number of times. What else is in the file, and how it is written, stays as it is.
public struct Installer: Sendable {
    public let layout: HookLayout
    /// Absolute path of the hook's executable.
    public let hook: String
    /// The home that the installed hook obeys, whatever its environment says.
    public let home: WritHome
    /// Called between reading and replacing the settings; tests edit the file there.
    var beforeReplacing: @Sendable () -> Void = {}

    /// Creates an installer.
    ///
    /// - Throws: ``SettingsFault`` when the hook's path is not absolute.
    public init(_ layout: HookLayout, hook: String, home: WritHome) throws(SettingsFault) {
        guard hook.hasPrefix("/"), hook.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw SettingsFault("the hook's path is not absolute", file: hook)
        }
        self.layout = layout
        self.hook = hook
        self.home = home
    }

    /// The settings file of a level.
    public func file(of level: InstallLevel) -> String {
        switch level {
        case .user: home.home + "/" + layout.userFile
        case .project(let directory): (directory == "/" ? "" : directory) + "/" + layout.projectFile
        case .managed(let path): path ?? layout.managedFile
        }
    }

    /// What an installation would do.
    public func planInstall(_ level: InstallLevel) throws(SettingsFault) -> InstallPlan {
        let file = file(of: level)
        return try installPlan(file, try SettingsFile(file).read())
    }

    /// What an uninstallation would do.
    public func planUninstall(_ level: InstallLevel) throws(SettingsFault) -> InstallPlan {
        let file = file(of: level)
        return try uninstallPlan(file, try SettingsFile(file).read())
    }

    /// Installs, and says what was done.
    ///
    /// - Throws: ``SettingsFault``; the settings are unchanged then.
    @discardableResult
    public func install(_ level: InstallLevel) throws(SettingsFault) -> InstallPlan {
        let path = file(of: level)
        var file = SettingsFile(path)
        file.beforeReplacing = beforeReplacing
        return try file.edit { (snapshot) throws(SettingsFault) -> (SettingsFile.Change, InstallPlan) in
            let plan = try installPlan(path, snapshot)
            guard !plan.isNoop, let after = plan.after else { return (.nothing, plan) }
            // Before the edit, so that there is never an edited file without the way back.
            if let record = try record(path, snapshot, after) {
                try record.write(of: path, agent: layout.agent, in: home)
            }
            return (.write(after), plan)
        }
    }

    /// Uninstalls, and says what was done.
    ///
    /// - Throws: ``SettingsFault``; the settings are unchanged then.
    @discardableResult
    public func uninstall(_ level: InstallLevel) throws(SettingsFault) -> InstallPlan {
        let path = file(of: level)
        var file = SettingsFile(path)
        file.beforeReplacing = beforeReplacing
        let plan = try file.edit { (snapshot) throws(SettingsFault) -> (SettingsFile.Change, InstallPlan) in
            let plan = try uninstallPlan(path, snapshot)
            if plan.isNoop { return (.nothing, plan) }
            return (plan.after.map { .write($0) } ?? .remove, plan)
        }
        try InstallRecord.remove(of: path, agent: layout.agent, in: home)
        if plan.removesFile, let cut = plan.target.lastIndex(of: "/") {
            // An agent's folder that holds nothing; a folder that holds something stays.
            _ = rmdir(String(plan.target[..<cut]))
        }
        return plan
    }

    // MARK: Records

    /// The record to keep for an edit; nil to leave what is kept.
    private func record(
        _ path: String, _ snapshot: SettingsFile.Snapshot, _ after: [UInt8]
    ) throws(SettingsFault) -> InstallRecord? {
        let kept = try InstallRecord.read(of: path, agent: layout.agent, in: home)
        if let kept, kept.installed == snapshot.bytes {
            return InstallRecord(original: kept.original, installed: after)
        }
        guard let bytes = snapshot.bytes else { return InstallRecord(original: nil, installed: after) }
        do throws(SettingsSyntaxFault) {
            let text = try SettingsText(bytes)
            // The file holds our entries and has been edited since: what was before it is no longer the way back, and
            // an uninstall takes the entries out one by one.
            guard try ownEvents(in: text).isEmpty else { return nil }
        } catch {
            throw SettingsFault(error, file: path, text: bytes)
        }
        return InstallRecord(original: bytes, installed: after)
    }

    // MARK: Plans

    private func installPlan(_ path: String, _ snapshot: SettingsFile.Snapshot) throws(SettingsFault) -> InstallPlan {
        let before = snapshot.bytes ?? []
        do throws(SettingsSyntaxFault) {
            var text = try SettingsText(before)
            try requireObject(text.root)
            if try text.node(at: ["hooks"]) == nil { try text.add("hooks", .object([]), at: []) }
            if let node = try text.node(at: ["hooks"]) { try requireObject(node, named: "hooks") }
            var changes: [InstallPlan.Change] = []
            for event in layout.events {
                if let change = try install(event, in: &text) { changes.append(change) }
            }
            let wanted = Set(layout.events.map(\.name))
            for name in try ownEvents(in: text) where !wanted.contains(name) {
                try removeOwn(of: name, from: &text)
                changes.append(.init(event: name, action: .removed))
            }
            var plan = InstallPlan(
                file: path, target: snapshot.target, changes: changes, before: snapshot.bytes,
                after: changes.isEmpty ? snapshot.bytes : text.bytes)
            if let node = try text.node(at: ["disableAllHooks"]), text.value(of: node) == .bool(true) {
                plan.notes.append("`disableAllHooks` is true in this file, so the agent runs no hook of it")
            }
            return plan
        } catch {
            throw SettingsFault(error, file: path, text: before)
        }
    }

    private func uninstallPlan(_ path: String, _ snapshot: SettingsFile.Snapshot) throws(SettingsFault) -> InstallPlan {
        guard let before = snapshot.bytes else {
            return InstallPlan(file: path, target: snapshot.target, changes: [], before: nil, after: nil)
        }
        let record = try InstallRecord.read(of: path, agent: layout.agent, in: home)
        do throws(SettingsSyntaxFault) {
            var text = try SettingsText(before)
            let events = try ownEvents(in: text)
            let changes = events.map { InstallPlan.Change(event: $0, action: .removed) }
            var plan = InstallPlan(
                file: path, target: snapshot.target, changes: changes, before: before, after: before)
            guard !events.isEmpty else { return plan }
            if let record, record.installed == before {
                plan.after = record.original
                return plan
            }
            var original: SettingsText?
            if let bytes = record?.original { original = try SettingsText(bytes) }
            for event in events {
                try removeOwn(of: event, from: &text)
                if try original?.node(at: ["hooks", event]) == nil {
                    try removeEmpty(event, at: ["hooks"], from: &text)
                }
            }
            if try original?.node(at: ["hooks"]) == nil { try removeEmpty("hooks", at: [], from: &text) }
            plan.after = text.bytes
            let isBare = text.root.members?.isEmpty == true && !text.bytes.contains(UInt8(ascii: "/"))
            if let record, record.original == nil, isBare { plan.after = nil }
            return plan
        } catch {
            throw SettingsFault(error, file: path, text: before)
        }
    }

    // MARK: Entries

    private func group(of event: HookLayout.Event) -> JSON {
        var members: [JSON.Member] = []
        if event.hasMatcher { members.append(JSON.Member("matcher", "*")) }
        // With `args` the agent starts the program itself; no shell reads the paths.
        let handler: JSON = [
            "type": "command", "command": .string(hook), "args": [.string(layout.agent), "--home", .string(home.home)],
            "timeout": .integer(Int64(event.timeout)),
        ]
        members.append(JSON.Member("hooks", .array([handler])))
        return .object(members)
    }

    private func install(
        _ event: HookLayout.Event, in text: inout SettingsText
    ) throws(SettingsSyntaxFault) -> InstallPlan.Change? {
        let group = group(of: event)
        guard let list = try text.node(at: ["hooks", event.name]) else {
            try text.add(event.name, .array([group]), at: ["hooks"])
            return .init(event: event.name, action: .added)
        }
        guard let groups = list.elements else {
            throw SettingsSyntaxFault(message: "`\(event.name)` is no array", offset: list.range.lowerBound)
        }
        var own: [(group: SettingsText.Node, isAlone: Bool)] = []
        for node in groups {
            let handlers = try text.member("hooks", of: node)?.value.elements ?? []
            let count = handlers.count { isOwn(text.value(of: $0)) }
            for _ in 0..<count { own.append((node, handlers.count == 1)) }
        }
        guard !own.isEmpty else {
            try text.append(group, at: ["hooks", event.name])
            return .init(event: event.name, action: .added)
        }
        if own.count == 1, let only = own.first, only.isAlone {
            if text.value(of: only.group) == group { return nil }
            try text.replace(only.group, with: group)
        } else {
            try removeOwn(of: event.name, from: &text)
            try text.append(group, at: ["hooks", event.name])
        }
        return .init(event: event.name, action: .updated)
    }

    /// Events that hold an entry of ours, in the file's order.
    private func ownEvents(in text: SettingsText) throws(SettingsSyntaxFault) -> [String] {
        var events: [String] = []
        for member in try text.node(at: ["hooks"])?.members ?? [] {
            var isFound = false
            for node in member.value.elements ?? [] {
                let handlers = try text.member("hooks", of: node)?.value.elements ?? []
                isFound = isFound || handlers.contains { isOwn(text.value(of: $0)) }
            }
            if isFound { events.append(member.key) }
        }
        return events
    }

    /// Takes our handlers out, and the groups that hold nothing else.
    private func removeOwn(of event: String, from text: inout SettingsText) throws(SettingsSyntaxFault) {
        while try removeOneOwn(of: event, from: &text) {}
    }

    private func removeOneOwn(of event: String, from text: inout SettingsText) throws(SettingsSyntaxFault) -> Bool {
        guard let list = try text.node(at: ["hooks", event]) else { return false }
        for (index, node) in (list.elements ?? []).enumerated() {
            guard let handlers = try text.member("hooks", of: node)?.value, let all = handlers.elements,
                let place = all.firstIndex(where: { isOwn(text.value(of: $0)) })
            else { continue }
            if all.count == 1 {
                try text.remove(index, from: list)
            } else {
                try text.remove(place, from: handlers)
            }
            return true
        }
        return false
    }

    private func removeEmpty(
        _ key: String, at path: [String], from text: inout SettingsText
    ) throws(SettingsSyntaxFault) {
        guard let parent = try text.node(at: path), let members = parent.members,
            let index = members.firstIndex(where: { $0.key == key })
        else { return }
        let value = members[index].value
        guard value.children.isEmpty, text.bytes[value.range].allSatisfy({ $0 != UInt8(ascii: "/") }) else { return }
        if case .scalar = value.content { return }
        try text.remove(index, from: parent)
    }

    /// The program's name decides, not its folder, so that an older copy's entries are found too.
    private func isOwn(_ handler: JSON?) -> Bool {
        guard let command = handler?["command"]?.string else { return false }
        if name(of: command) == "writ-hook" { return true }
        guard handler?["args"] == nil else { return false }
        // A line for a shell: the program is its first word.
        let quote: Character? = command.first == "\"" || command.first == "'" ? command.first : nil
        let word = quote.map { mark in command.dropFirst().prefix { $0 != mark } } ?? command.prefix { $0 != " " }
        return name(of: String(word)) == "writ-hook"
    }

    private func name(of path: String) -> Substring {
        path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    }

    private func requireObject(
        _ node: SettingsText.Node, named name: String? = nil
    ) throws(SettingsSyntaxFault) {
        guard node.members == nil else { return }
        let subject = name.map { "`\($0)`" } ?? "the file's value"
        throw SettingsSyntaxFault(message: "\(subject) is no object", offset: node.range.lowerBound)
    }
}

/// What an installation or its reverse does to one file.
public struct InstallPlan: Sendable, Hashable {
    /// What happens to the entry of one event.
    public struct Change: Sendable, Hashable {
        public enum Action: String, Sendable, Hashable {
            case added, updated, removed
        }

        public var event: String
        public var action: Action

        /// Creates a change.
        public init(event: String, action: Action) {
            self.event = event
            self.action = action
        }
    }

    /// The settings file as it is named.
    public var file: String
    /// The file itself, symbolic links followed.
    public var target: String
    /// Empty when there is nothing to do.
    public var changes: [Change]
    /// What a person should know besides.
    public var notes: [String] = []
    /// The text now; nil when there is no file.
    public var before: [UInt8]?
    /// The text afterwards; nil when there is no file then.
    public var after: [UInt8]?

    /// Nothing has to be done.
    public var isNoop: Bool { changes.isEmpty }
    /// There is no file yet.
    public var createsFile: Bool { before == nil && after != nil }
    /// The file exists only because of Writ, and goes with it.
    public var removesFile: Bool { before != nil && after == nil }
}
