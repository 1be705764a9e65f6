// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritGuard
import WritScan
import WritWire

@testable import WritDaemon

@Suite struct NamedPlacesTests {
    private static let call = Call(
        workingDirectory: "/srv/here/sub", workspace: "/srv/here", home: "/home/dana")

    private func named(_ operations: [WritCore.Operation]) -> [String] {
        var places = NamedPlaces(call: Self.call)
        for operation in operations { places.add(operation) }
        return places.folders + places.trees.map { $0 + "/**" } + places.pushes.map { "push \($0.remote) \($0.branch)" }
    }

    private static func run(_ words: String...) -> WritCore.Operation {
        WritCore.Operation(.shellExec, program: words[0], arguments: words)
    }

    @Test func `folders that are changed or worked in`() {
        #expect(named([WritCore.Operation(.fileWrite, path: "/srv/live/a.txt")]) == ["/srv/live"])
        #expect(named([WritCore.Operation(.fileRead, path: "/srv/live/a.txt")]) == [])
        #expect(
            named([WritCore.Operation(.fileDelete, path: "/srv/live", traits: .recursive)]) == ["/srv", "/srv/live", "/srv/live/**"])
        #expect(named([WritCore.Operation(.fileDelete, path: "/srv/l*/x", isPattern: true)]) == ["/srv", "/srv/**"])
        #expect(named([Self.run("git", "-C", "../live", "commit")]) == ["/srv/here/live", "/srv/here"])
        #expect(
            named([Self.run("cd", "../../live"), Self.run("git", "-C", "part", "status")])
                == ["/srv/live", "/srv/live/part"])
        #expect(named([Self.run("terraform", "-chdir=/srv/live", "apply")]) == ["/srv/live", "/srv"])
        #expect(named([Self.run("cd", "~/live")]) == ["/home/dana/live"])
        #expect(named([Self.run("cat", "/srv/live/a.txt")]) == [])
        #expect(
            named([
                WritCore.Operation(.gitPush, remote: "origin"), WritCore.Operation(.gitPush, remote: "origin", branch: "main"),
                WritCore.Operation(.gitPush, remote: "git@git.example.com:pay/ledger.git"),
            ]) == ["push  main", "push git@git.example.com:pay/ledger.git "])
    }

    @Test func `what a call names is judged as strictly as where it lies`() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "writ-places-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        func repository(_ name: String, remote: String, branch: String) throws {
            let git = "\(root)/\(name)/.git"
            try FileManager.default.createDirectory(atPath: git, withIntermediateDirectories: true)
            try Data("ref: refs/heads/\(branch)\n".utf8).write(to: URL(filePath: git + "/HEAD"))
            try Data("[remote \"origin\"]\n\turl = https://\(remote).git\n".utf8).write(to: URL(filePath: git + "/config"))
        }
        try repository("here", remote: "git.example.com/toy/game", branch: "main")
        try repository("live", remote: "git.example.com/pay/ledger", branch: "main")
        try repository("here/vendored", remote: "git.example.com/pay/parts", branch: "main")
        let home = try WritHome(root + "/home")
        try WritHome.makeFolders(home.state)
        let places = try Places(
            home: home, withholding: Withholding(detectors: [], key: FingerprintKey(bytes: Array(repeating: 7, count: 32))))
        let settings = [
            MachineSettings(profileRules: [
                .init(remote: "git.example.com/pay/*", branch: "main", profile: .production),
                .init(folder: root + "/shared", profile: .guarded),
            ])
        ]
        let call = Call(workingDirectory: root + "/here", workspace: root + "/here", home: root)
        let place = try places.place(of: call, settings: settings)
        #expect(place.choice.profile == .prototyping)
        func profile(_ operations: WritCore.Operation...) -> Profile? {
            places.choice(for: operations, of: call, above: place, settings: settings)?.profile
        }
        #expect(profile(WritCore.Operation(.fileWrite, path: root + "/here/a.txt")) == nil)
        #expect(profile(WritCore.Operation(.fileWrite, path: root + "/live/a/b.txt")) == .production)
        #expect(profile(WritCore.Operation(.fileRead, path: root + "/live/a/b.txt")) == nil)
        #expect(profile(WritCore.Operation(.secretRead, path: root + "/live/.env")) == .production)
        #expect(profile(WritCore.Operation(.fileDelete, path: root + "/shared/x")) == .guarded)
        #expect(profile(WritCore.Operation(.fileWrite, path: root + "/here/vendored/x")) == .production)
        #expect(profile(Self.run("git", "-C", "../live", "commit", "-m", "x")) == .production)
        #expect(profile(Self.run("cd", "../live"), Self.run("make")) == .production)
        // A whole tree with a repository that was met before, and one that only a rule names.
        #expect(profile(WritCore.Operation(.fileDelete, path: root, traits: .recursive)) == .production)
        #expect(profile(WritCore.Operation(.gitPush, remote: "https://git.example.com/pay/ledger")) == .production)
        #expect(profile(WritCore.Operation(.gitPush, remote: "https://git.example.com/pay/ledger", branch: "fix")) == nil)
        #expect(
            places.choice(
                for: [WritCore.Operation(.fileWrite, path: root + "/live/x")], of: call, above: place, settings: settings)?.because
                == "rule 1: remote git.example.com/pay/*, branch main, for \(root)/live")
        #expect(
            places.choice(for: [WritCore.Operation(.fileWrite, path: root + "/live/x")], of: call, above: place, settings: []) == nil)
        // More than can be told apart is judged by the strictest rule.
        let many = (0..<300).map { WritCore.Operation(.fileWrite, path: "\(root)/here/d\($0)/x") }
        #expect(places.choice(for: many, of: call, above: place, settings: settings)?.profile == .production)
    }
}
