// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritWire

@testable import WritAgents

/// A home of its own for each test.
final class TemporaryHome: Sendable {
    let root: String
    let home: WritHome

    init() throws {
        root = NSTemporaryDirectory() + "writ-agents-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        home = try WritHome(root)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root)") }
    }

    /// The user's settings of Claude Code.
    var settings: String { root + "/.claude/settings.json" }

    func installer(
        _ layout: HookLayout = .claudeCode, hook: String = "/opt/writ/bin/writ-hook", home: WritHome? = nil
    ) throws -> Installer {
        try Installer(layout, hook: hook, home: home ?? self.home)
    }

    func put(_ text: String, at path: String? = nil) throws {
        let path = path ?? settings
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    func text(_ path: String? = nil) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path ?? settings)), as: UTF8.self)
    }

    /// What lies beside the settings of Claude Code.
    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root + "/.claude").sorted()
    }

    /// Every file below the home but Writ's own, with its text.
    func tree() throws -> [String: String] {
        var found: [String: String] = [:]
        for name in FileManager.default.enumerator(atPath: root)?.compactMap({ $0 as? String }) ?? [] {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isFolder)
            if name.hasPrefix(".local") { continue }
            found[name] = isFolder.boolValue ? "" : try text("\(root)/\(name)")
        }
        return found
    }

    /// Every level, below this home.
    func levels(_ layout: HookLayout) -> [InstallLevel] {
        var levels: [InstallLevel] = [.user, .project(directory: root + "/project")]
        if !layout.managed.isEmpty { levels.append(.managed(path: root + "/etc/managed")) }
        return levels
    }
}
