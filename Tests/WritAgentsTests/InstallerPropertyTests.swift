// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritTestSupport
import WritWire

@testable import WritAgents

/// Settings files as people, other tools and accidents leave them, made at random: whatever stands there, an installation
/// adds what it must and an uninstallation takes nothing else.
@Suite struct InstallerPropertyTests {
    /// Writes a file of JSON with everything that people put between its marks.
    private struct Author {
        var random: SeededGenerator
        let newline: String
        let indent: String
        let isDense: Bool

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            newline = ["\n", "\n", "\r\n"].randomElement(using: &random) ?? "\n"
            indent = ["  ", "    ", "\t"].randomElement(using: &random) ?? "  "
            isDense = Int.random(in: 0..<6, using: &random) == 0
        }

        mutating func file(_ version: Bool, events: [String]) -> String {
            let mark = Int.random(in: 0..<8, using: &random) == 0 ? "\u{FEFF}" : ""
            switch Int.random(in: 0..<12, using: &random) {
            case 0: return mark
            case 1: return mark + "// nothing yet" + newline
            case 2: return mark + newline + newline
            default: break
            }
            var members: [(String, String)] = []
            if version { members.append(("version", "1")) }
            for index in 0..<Int.random(in: 0..<5, using: &random) { members.append(("key \(index)", value(2))) }
            if Int.random(in: 0..<3, using: &random) > 0 { members.append(("hooks", hooks(version, events))) }
            members.shuffle(using: &random)
            return mark + comment(0) + object(members, 0) + comment(0)
                + (Bool.random(using: &random) ? newline : "")
        }

        private mutating func hooks(_ flat: Bool, _ events: [String]) -> String {
            var members: [(String, String)] = []
            for event in (events + ["another"]).shuffled(using: &random).prefix(Int.random(in: 0..<4, using: &random)) {
                let handler = object([("type", "\"command\""), ("command", "\"other --flag \\\"x\\\" // no comment\"")], 4)
                let group = flat ? handler : object([("matcher", "\"Bash|Edit\""), ("hooks", array([handler], 4))], 3)
                members.append((event, Bool.random(using: &random) ? array([group], 2) : array([], 2)))
            }
            return object(members, 1)
        }

        private mutating func value(_ depth: Int) -> String {
            switch Int.random(in: 0..<7, using: &random) {
            case 0: return "-1.50e+3"
            case 1: return "\"writ-hook }] , /* \\u00e9 é 🦊\""
            case 2: return "null"
            case 3 where depth < 5: return object([("a", value(depth + 1)), ("b", value(depth + 1))], depth)
            case 4 where depth < 5: return array([value(depth + 1), value(depth + 1)], depth)
            default: return "true"
            }
        }

        private mutating func comment(_ depth: Int) -> String {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: return "/* \"hooks\": { */"
            case 1: return "// mine, don't touch }" + newline
            case 2: return newline + newline
            default: return ""
            }
        }

        private mutating func object(_ members: [(String, String)], _ depth: Int) -> String {
            list("{", members.map { "\"\($0.0)\":\(isDense ? "" : " ")\($0.1)" }, "}", depth)
        }

        private mutating func array(_ values: [String], _ depth: Int) -> String { list("[", values, "]", depth) }

        private mutating func list(_ open: String, _ items: [String], _ close: String, _ depth: Int) -> String {
            if items.isEmpty { return open + comment(depth) + close }
            let isFlat = isDense || Int.random(in: 0..<4, using: &random) == 0
            let inner = isFlat ? "" : newline + String(repeating: indent, count: depth + 1)
            let outer = isFlat ? "" : newline + String(repeating: indent, count: depth)
            var text = open
            for (index, item) in items.enumerated() {
                text += inner + comment(depth) + item
                if index < items.count - 1 {
                    text += ","
                } else if Int.random(in: 0..<4, using: &random) == 0 {
                    text += "," + comment(depth)
                }
            }
            return text + outer + close
        }
    }

    /// What a file says, without Writ's handlers and what they stand in alone.
    private func rest(_ bytes: [UInt8]) throws -> JSON {
        let text = try SettingsText(bytes)
        guard case .object(let members)? = text.value(of: text.root) else { return .null }
        return .object(
            members.compactMap { member in
                guard member.key == "hooks" else { return member }
                let events = (member.value.members ?? []).compactMap { event -> JSON.Member? in
                    let groups = (event.value.array ?? []).filter { group in
                        !HookEntry.isOwn(group) && !(group["hooks"]?.array ?? []).contains { HookEntry.isOwn($0) }
                    }
                    return groups.isEmpty ? nil : .init(event.key, .array(groups))
                }
                return events.isEmpty ? nil : .init("hooks", .object(events))
            }.filter { $0.key != "version" })
    }

    @Test func `random settings keep every byte that is not Writ's, in every agent's form`() throws {
        let root = NSTemporaryDirectory() + "writ-property-\(UUID().uuidString)"
        defer { do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root)") } }
        let home = try WritHome(root)
        var installed = 0
        for layout in HookLayout.all {
            guard let shared = layout.user.first else { continue }
            let isFlat: Bool
            switch shared.form {
            case .groups: isFlat = false
            case .handlers: isFlat = true
            case .toml, .own: continue
            }
            let file = URL(fileURLWithPath: root + "/" + shared.path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            let installer = try Installer(layout, hook: "/opt/writ/bin/writ-hook", home: home)
            for seed in 0..<24 as Range<UInt64> {
                var author = Author(seed: seed &* 1_000_003 &+ UInt64(layout.agent.utf8.count))
                let before = Array(author.file(isFlat, events: layout.events.map(\.name)).utf8)
                let name = "\(layout.agent) seed \(seed): \(String(decoding: before, as: UTF8.self))"
                try Data(before).write(to: file)
                try installer.install(.user)
                let after = [UInt8](try Data(contentsOf: file))
                installed += 1
                #expect(try rest(after) == rest(before), "\(name)")
                let hooks = try SettingsText(after)
                let json = hooks.value(of: hooks.root)?["hooks"]
                for event in layout.events { #expect(json?[event.name]?.array?.isEmpty == false, "\(event.name) \(name)") }
                #expect(try installer.install(.user).isNoop, "\(name)")
                // Somebody edits around ours; then only ours go.
                if seed.isMultiple(of: 2) {
                    let edited = after + Array("\n// theirs, later\n".utf8)
                    try Data(edited).write(to: file)
                    try installer.uninstall(.user)
                    let left = [UInt8](try Data(contentsOf: file))
                    #expect(String(decoding: left, as: UTF8.self).hasSuffix("\n// theirs, later\n"), "\(name)")
                    #expect(try rest(left) == rest(before), "\(name)")
                    let text = try SettingsText(left)
                    let rest = text.value(of: text.root)?["hooks"]?.text ?? ""
                    #expect(!rest.contains("/opt/writ/bin/writ-hook"), "\(name)")
                } else {
                    try installer.uninstall(.user)
                    #expect([UInt8](try Data(contentsOf: file)) == before, "\(name)")
                }
            }
        }
        #expect(installed >= 200)
    }

    @Test(arguments: [
        "{\"hooks\": {}, \"hooks\": {}}", "{\"hooks\": []}", "[]", "\"text\"", "{\"hooks\": {\"PreToolUse\": {}}}", "{",
        "{\"a\": 1}}", "\u{0}", "{\"hooks\": {\"PreToolUse\": [], \"PreToolUse\": []}}",
    ])
    func `what cannot be added to is left as it is, and the fault names the file`(_ text: String) throws {
        let root = NSTemporaryDirectory() + "writ-property-\(UUID().uuidString)"
        defer { do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root)") } }
        let file = URL(fileURLWithPath: root + "/.claude/settings.json")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        let installer = try Installer(.claudeCode, hook: "/opt/writ/bin/writ-hook", home: try WritHome(root))
        let fault = #expect(throws: SettingsFault.self) { try installer.install(.user) }
        #expect(fault?.description.hasPrefix(file.path) == true, "\(String(describing: fault))")
        #expect(String(decoding: try Data(contentsOf: file), as: UTF8.self) == text)
    }

    @Test func `a file past any sensible size is refused, a large one is added to`() throws {
        let root = NSTemporaryDirectory() + "writ-property-\(UUID().uuidString)"
        defer { do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root)") } }
        let file = URL(fileURLWithPath: root + "/.gemini/settings.json")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        let installer = try Installer(.geminiCLI, hook: "/opt/writ/bin/writ-hook", home: try WritHome(root))
        let large = Data("{\"note\": \"\(String(repeating: "x", count: 1 << 20))\"}".utf8)
        try large.write(to: file)
        try installer.install(.user)
        #expect(try Data(contentsOf: file).count > large.count)
        try installer.uninstall(.user)
        #expect(try Data(contentsOf: file) == large)
        // So large that with ours it would be too large: refused before anything is changed.
        let full = Data("{\"note\": \"\(String(repeating: "x", count: (4 << 20) - 100))\"}".utf8)
        try full.write(to: file)
        #expect(throws: SettingsFault.self) { try installer.install(.user) }
        #expect(try Data(contentsOf: file) == full)
        let huge = Data("{\"note\": \"\(String(repeating: "x", count: 5 << 20))\"}".utf8)
        try huge.write(to: file)
        #expect(throws: SettingsFault.self) { try installer.install(.user) }
        #expect(try Data(contentsOf: file) == huge)
    }
}
