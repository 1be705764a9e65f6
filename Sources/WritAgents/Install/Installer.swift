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

    private var entry: HookEntry { HookEntry(agent: layout.agent, hook: hook, home: home.home) }

    /// The files of a level, with the way hooks stand in them; empty when the agent has no such level.
    public func places(of level: InstallLevel) -> [HookLayout.Place] {
        func below(_ root: String, _ places: [HookLayout.Place]) -> [HookLayout.Place] {
            places.map { HookLayout.Place((root == "/" ? "" : root) + "/" + $0.path, $0.form) }
        }
        switch level {
        case .user: return below(home.home, layout.user)
        case .project(let directory): return below(directory, layout.project)
        case .managed(let path):
            guard let path, let first = layout.managed.first else { return layout.managed }
            return [HookLayout.Place(path, first.form)]
        }
    }

    private func required(_ level: InstallLevel) throws(SettingsFault) -> [HookLayout.Place] {
        let places = places(of: level)
        guard !places.isEmpty else {
            throw SettingsFault(
                "\(layout.agent) reads no hooks from settings of the machine", file: layout.agent,
                hint: "install for the user or for a project")
        }
        return places
    }

    /// What an installation would do.
    public func planInstall(_ level: InstallLevel) throws(SettingsFault) -> InstallReport {
        var report = InstallReport(notes: layout.notes)
        // They are about what a person must do with settings of their own.
        if case .managed = level { report.advice = [] }
        for place in try required(level) {
            report.files.append(try installPlan(place, try SettingsFile(place.path).read()))
        }
        return report
    }

    /// What an uninstallation would do.
    public func planUninstall(_ level: InstallLevel) throws(SettingsFault) -> InstallReport {
        var report = InstallReport()
        for place in try required(level) {
            report.files.append(try uninstallPlan(place, try SettingsFile(place.path).read()))
        }
        return report
    }

    /// Installs, and says what was done.
    ///
    /// - Throws: ``SettingsFault``; no file is changed then.
    @discardableResult
    public func install(_ level: InstallLevel) throws(SettingsFault) -> InstallReport {
        // What can be told before is told before anything is touched.
        var report = try planInstall(level)
        report.files = []
        for place in try required(level) {
            do throws(SettingsFault) {
                report.files.append(try install(place))
            } catch {
                for done in report.files.reversed() where !done.isNoop {
                    try uninstall(HookLayout.Place(done.file, form(of: done.file, level)))
                }
                throw error
            }
        }
        return report
    }

    private func form(of file: String, _ level: InstallLevel) -> HookLayout.Form {
        places(of: level).first { $0.path == file }?.form ?? .toml
    }

    /// Uninstalls, and says what was done.
    ///
    /// - Throws: ``SettingsFault``; the file it names is unchanged then.
    @discardableResult
    public func uninstall(_ level: InstallLevel) throws(SettingsFault) -> InstallReport {
        var report = InstallReport()
        for place in try required(level) { report.files.append(try uninstall(place)) }
        return report
    }

    private func install(_ place: HookLayout.Place) throws(SettingsFault) -> InstallPlan {
        let path = place.path
        var file = SettingsFile(path)
        file.beforeReplacing = beforeReplacing
        if case .own(.script) = place.form { file.newMode = 0o755 }
        return try file.edit { (snapshot) throws(SettingsFault) -> (SettingsFile.Change, InstallPlan) in
            let plan = try installPlan(place, snapshot)
            guard !plan.isNoop, let after = plan.after else { return (.nothing, plan) }
            // Before the edit, so that there is never an edited file without the way back.
            if let record = try record(place, snapshot, after) {
                try record.write(of: path, agent: layout.agent, in: home)
            }
            return (.write(after), plan)
        }
    }

    @discardableResult
    private func uninstall(_ place: HookLayout.Place) throws(SettingsFault) -> InstallPlan {
        let path = place.path
        var file = SettingsFile(path)
        file.beforeReplacing = beforeReplacing
        let plan = try file.edit { (snapshot) throws(SettingsFault) -> (SettingsFile.Change, InstallPlan) in
            let plan = try uninstallPlan(place, snapshot)
            if plan.isNoop { return (.nothing, plan) }
            return (plan.after.map { .write($0) } ?? .remove, plan)
        }
        try InstallRecord.remove(of: path, agent: layout.agent, in: home)
        if plan.removesFile {
            // An agent's folders that hold nothing; a folder that holds something stays.
            var folder = plan.target
            for _ in 0..<4 {
                guard let cut = folder.lastIndex(of: "/"), cut != folder.startIndex else { break }
                folder = String(folder[..<cut])
                guard folder != home.home, rmdir(folder) == 0 else { break }
            }
        }
        return plan
    }

    // MARK: Records

    /// The record to keep for an edit; nil to leave what is kept.
    private func record(
        _ place: HookLayout.Place, _ snapshot: SettingsFile.Snapshot, _ after: [UInt8]
    ) throws(SettingsFault) -> InstallRecord? {
        let path = place.path
        let kept = try InstallRecord.read(of: path, agent: layout.agent, in: home)
        if let kept, kept.installed == snapshot.bytes {
            return InstallRecord(original: kept.original, installed: after)
        }
        guard let bytes = snapshot.bytes else { return InstallRecord(original: nil, installed: after) }
        do throws(SettingsSyntaxFault) {
            // The file holds our entries and has been edited since: what was before it is no longer the way back, and
            // an uninstall takes the entries out one by one.
            switch place.form {
            case .groups, .handlers: guard try ownEvents(in: try SettingsText(bytes)).isEmpty else { return nil }
            case .toml: guard try TOMLText(bytes).block == nil else { return nil }
            case .own: return InstallRecord(original: nil, installed: after)
            }
        } catch {
            throw SettingsFault(error, file: path, text: bytes)
        }
        return InstallRecord(original: bytes, installed: after)
    }

    // MARK: Plans

    private func installPlan(
        _ place: HookLayout.Place, _ snapshot: SettingsFile.Snapshot
    ) throws(SettingsFault) -> InstallPlan {
        switch place.form {
        case .groups, .handlers: try jsonInstallPlan(place.path, place.form, snapshot)
        case .toml: try tomlInstallPlan(place.path, snapshot)
        case .own(let kind): try ownInstallPlan(place.path, kind, snapshot)
        }
    }

    private func uninstallPlan(
        _ place: HookLayout.Place, _ snapshot: SettingsFile.Snapshot
    ) throws(SettingsFault) -> InstallPlan {
        guard let before = snapshot.bytes else {
            return InstallPlan(file: place.path, target: snapshot.target, changes: [], before: nil, after: nil)
        }
        return switch place.form {
        case .groups, .handlers: try jsonUninstallPlan(place.path, before, target: snapshot.target)
        case .toml: try tomlUninstallPlan(place.path, before, target: snapshot.target)
        case .own(let kind): ownUninstallPlan(place.path, kind, before, target: snapshot.target)
        }
    }

    private func jsonInstallPlan(
        _ path: String, _ form: HookLayout.Form, _ snapshot: SettingsFile.Snapshot
    ) throws(SettingsFault) -> InstallPlan {
        let before = snapshot.bytes ?? []
        do throws(SettingsSyntaxFault) {
            var text = try SettingsText(before)
            try requireObject(text.root)
            if let version = form.version, try text.node(at: ["version"]) == nil {
                try text.add("version", version, at: [])
            }
            if try text.node(at: ["hooks"]) == nil { try text.add("hooks", .object([]), at: []) }
            if let node = try text.node(at: ["hooks"]) { try requireObject(node, named: "hooks") }
            var changes: [InstallPlan.Change] = []
            for event in layout.events {
                if let change = try install(event, form, in: &text) { changes.append(change) }
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
            if let node = try text.node(at: ["hooksConfig", "enabled"]), text.value(of: node) == .bool(false) {
                plan.notes.append("`hooksConfig.enabled` is false in this file, so the agent runs no hook")
            }
            return plan
        } catch {
            throw SettingsFault(error, file: path, text: before)
        }
    }

    private func jsonUninstallPlan(
        _ path: String, _ before: [UInt8], target: String
    ) throws(SettingsFault) -> InstallPlan {
        let record = try InstallRecord.read(of: path, agent: layout.agent, in: home)
        do throws(SettingsSyntaxFault) {
            var text = try SettingsText(before)
            let events = try ownEvents(in: text)
            let changes = events.map { InstallPlan.Change(event: $0, action: .removed) }
            var plan = InstallPlan(file: path, target: target, changes: changes, before: before, after: before)
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
            let isBare =
                text.root.members?.allSatisfy { $0.key == "version" } == true
                && !text.bytes.contains(UInt8(ascii: "/"))
            if let record, record.original == nil, isBare { plan.after = nil }
            return plan
        } catch {
            throw SettingsFault(error, file: path, text: before)
        }
    }

    private func changes(_ before: [UInt8]?, _ after: [UInt8]?, isOwn: Bool) -> [InstallPlan.Change] {
        guard before != after else { return [] }
        let action: InstallPlan.Change.Action = after == nil ? .removed : isOwn ? .updated : .added
        return layout.events.map { InstallPlan.Change(event: $0.name, action: action) }
    }

    private func tomlInstallPlan(
        _ path: String, _ snapshot: SettingsFile.Snapshot
    ) throws(SettingsFault) -> InstallPlan {
        let before = snapshot.bytes ?? []
        do throws(SettingsSyntaxFault) {
            let text = try TOMLText(before)
            var block = entry.toml(layout.events)
            if !text.hasTable(["hooks"]), let cut = hook.lastIndex(of: "/") {
                // Hooks of the machine are taken from a folder that is named.
                block = "[hooks]\nmanaged_dir = \(JSON.string(String(hook[..<cut])).text)\n" + block
            }
            let after = try text.withBlock(block, events: layout.events.map(\.name))
            var plan = InstallPlan(
                file: path, target: snapshot.target, changes: changes(before, after, isOwn: text.block != nil),
                before: snapshot.bytes, after: after == before ? snapshot.bytes : after)
            if text.holds(["features", "hooks"], "false") {
                plan.notes.append("`features.hooks` is false in this file, so the agent runs no hook")
            }
            return plan
        } catch {
            throw SettingsFault(error, file: path, text: before)
        }
    }

    private func tomlUninstallPlan(
        _ path: String, _ before: [UInt8], target: String
    ) throws(SettingsFault) -> InstallPlan {
        let record = try InstallRecord.read(of: path, agent: layout.agent, in: home)
        do throws(SettingsSyntaxFault) {
            let text = try TOMLText(before)
            guard text.block != nil else {
                return InstallPlan(file: path, target: target, changes: [], before: before, after: before)
            }
            var after: [UInt8]? = record?.installed == before ? record?.original : text.withoutBlock
            if let record, record.original == nil, after?.isEmpty == true { after = nil }
            return InstallPlan(
                file: path, target: target,
                changes: layout.events.map { .init(event: $0.name, action: .removed) }, before: before, after: after)
        } catch {
            throw SettingsFault(error, file: path, text: before)
        }
    }

    private func ownInstallPlan(
        _ path: String, _ kind: HookLayout.Text, _ snapshot: SettingsFile.Snapshot
    ) throws(SettingsFault) -> InstallPlan {
        guard let text = entry.text(kind, layout.events) else {
            throw SettingsFault("this build lacks the agent's plugin", file: path)
        }
        if let bytes = snapshot.bytes, !isOwn(bytes, kind) {
            throw SettingsFault(
                "a file of somebody else stands where Writ's would", file: path,
                hint: "move it away, or call `\(entry.hook) \(layout.agent)` from it; nothing was changed")
        }
        return InstallPlan(
            file: path, target: snapshot.target,
            changes: changes(snapshot.bytes, Array(text.utf8), isOwn: snapshot.bytes != nil, of: kind),
            before: snapshot.bytes, after: Array(text.utf8))
    }

    private func ownUninstallPlan(
        _ path: String, _ kind: HookLayout.Text, _ before: [UInt8], target: String
    ) -> InstallPlan {
        guard isOwn(before, kind) else {
            return InstallPlan(file: path, target: target, changes: [], before: before, after: before)
        }
        return InstallPlan(
            file: path, target: target, changes: changes(before, nil, isOwn: true, of: kind), before: before, after: nil
        )
    }

    /// A file of ours is about one event, about the plugin as such, or about all events.
    private func changes(
        _ before: [UInt8]?, _ after: [UInt8]?, isOwn: Bool, of kind: HookLayout.Text
    ) -> [InstallPlan.Change] {
        let all = changes(before, after, isOwn: isOwn)
        return switch kind {
        case .script(let event): all.filter { $0.event == event }
        case .goosePlugin: all.prefix(1).map { .init(event: "plugin", action: $0.action) }
        case .kiroHooks, .plugin: all
        }
    }

    /// Whether a file of ours is what stands there: it starts the hook, or is the description of our plugin.
    private func isOwn(_ bytes: [UInt8], _ kind: HookLayout.Text) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.contains("writ-hook") || (kind == .goosePlugin && text.contains("\"name\": \"writ\""))
    }

    // MARK: Entries

    private func element(_ form: HookLayout.Form, for event: HookLayout.Event) -> JSON {
        switch form {
        case .groups(let spelling):
            var members: [JSON.Member] = []
            if event.hasMatcher { members.append(JSON.Member("matcher", "*")) }
            members.append(JSON.Member("hooks", .array([entry.handler(spelling, for: event)])))
            return .object(members)
        case .handlers(let spelling): return entry.handler(spelling, for: event)
        case .toml, .own: return .null
        }
    }

    /// How many handlers of ours an element of an event's list holds, and whether it holds nothing else.
    private func own(in node: SettingsText.Node, _ text: SettingsText) throws(SettingsSyntaxFault) -> (Int, Bool) {
        guard let handlers = try text.member("hooks", of: node)?.value.elements else {
            return HookEntry.isOwn(text.value(of: node)) ? (1, true) : (0, false)
        }
        let count = handlers.count { HookEntry.isOwn(text.value(of: $0)) }
        return (count, handlers.count == count)
    }

    private func install(
        _ event: HookLayout.Event, _ form: HookLayout.Form, in text: inout SettingsText
    ) throws(SettingsSyntaxFault) -> InstallPlan.Change? {
        let element = element(form, for: event)
        guard let list = try text.node(at: ["hooks", event.name]) else {
            try text.add(event.name, .array([element]), at: ["hooks"])
            return .init(event: event.name, action: .added)
        }
        guard let elements = list.elements else {
            throw SettingsSyntaxFault(message: "`\(event.name)` is no array", offset: list.range.lowerBound)
        }
        var found: [(node: SettingsText.Node, isAlone: Bool)] = []
        var count = 0
        for node in elements {
            let (handlers, isAlone) = try own(in: node, text)
            guard handlers > 0 else { continue }
            count += handlers
            found.append((node, isAlone))
        }
        guard count > 0 else {
            try text.append(element, at: ["hooks", event.name])
            return .init(event: event.name, action: .added)
        }
        if count == 1, let only = found.first, only.isAlone {
            if text.value(of: only.node) == element { return nil }
            try text.replace(only.node, with: element)
        } else {
            try removeOwn(of: event.name, from: &text)
            try text.append(element, at: ["hooks", event.name])
        }
        return .init(event: event.name, action: .updated)
    }

    /// Events that hold an entry of ours, in the file's order.
    private func ownEvents(in text: SettingsText) throws(SettingsSyntaxFault) -> [String] {
        var events: [String] = []
        for member in try text.node(at: ["hooks"])?.members ?? [] {
            var isFound = false
            for node in member.value.elements ?? [] { isFound = try own(in: node, text).0 > 0 || isFound }
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
            guard let handlers = try text.member("hooks", of: node)?.value, let all = handlers.elements else {
                guard HookEntry.isOwn(text.value(of: node)) else { continue }
                try text.remove(index, from: list)
                return true
            }
            guard let place = all.firstIndex(where: { HookEntry.isOwn(text.value(of: $0)) }) else { continue }
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

    private func requireObject(
        _ node: SettingsText.Node, named name: String? = nil
    ) throws(SettingsSyntaxFault) {
        guard node.members == nil else { return }
        let subject = name.map { "`\($0)`" } ?? "the file's value"
        throw SettingsSyntaxFault(message: "\(subject) is no object", offset: node.range.lowerBound)
    }
}

extension HookLayout.Form {
    /// The number that the agent wants at the top of a file in this form; nil where it wants none.
    fileprivate var version: JSON? {
        switch self {
        case .handlers(.failClosed), .handlers(.bash): 1
        case .handlers, .groups, .toml, .own: nil
        }
    }
}

/// What an installation or its reverse does to an agent's files.
public struct InstallReport: Sendable, Hashable {
    /// One for each file of the level.
    public var files: [InstallPlan]
    /// What a person must do or know, beside the notes on single files.
    public var advice: [String]

    /// Creates a report.
    public init(files: [InstallPlan] = [], notes: [String] = []) {
        self.files = files
        advice = notes
    }

    /// Nothing has to be done.
    public var isNoop: Bool { files.allSatisfy(\.isNoop) }
    public var createsFile: Bool { files.contains(where: \.createsFile) }
    public var removesFile: Bool { files.contains(where: \.removesFile) }
    public var changes: [InstallPlan.Change] { files.flatMap(\.changes) }
    public var notes: [String] { files.flatMap(\.notes) }
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
