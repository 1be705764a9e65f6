// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritPolicy

/// The courtesy to whoever derives a link: is it within its parent?
@Suite struct DelegatedComparisonTests {
    private typealias Capability = DelegatedAuthority.Capability

    private struct Row: Sendable {
        let parent: [DelegatedAuthority.Capability]
        let child: [DelegatedAuthority.Capability]
        let result: DelegatedComparison
    }

    private static func tool(_ constraints: ArgumentRule.Constraint...) -> Capability {
        Capability(tools: ["mcp:git/push"], arguments: [ArgumentRule("x", constraints)])
    }

    private static func outside(_ witness: String, grant: Int = 1) -> DelegatedComparison {
        .outside(grant: grant, witness: witness)
    }

    private static let rows: [Row] = [
        Row(parent: [Capability(actions: ["*"])], child: [Capability(actions: ["file.read"])], result: .within),
        Row(parent: [Capability(actions: ["file.read"])], child: [], result: .within),
        Row(
            parent: [Capability(actions: ["file.read"])], child: [Capability(actions: ["file.*"])],
            result: outside("file.write `/srv/project/x`")),
        Row(
            parent: [Capability(actions: ["file.read"])],
            child: [Capability(actions: ["file.read"]), Capability(actions: ["file.read", "system.change"])],
            result: outside("system.change", grant: 2)),
        Row(
            parent: [Capability(actions: ["file.read"], paths: ["$repo/**"])],
            child: [Capability(actions: ["file.read"], paths: ["$repo/src/**", "$repo/a"])], result: .within),
        Row(
            parent: [Capability(actions: ["file.read"], paths: ["$repo/src/**"])],
            child: [Capability(actions: ["file.read"], paths: ["$repo/src/**", "$repo/**"])],
            result: outside("file.read `/srv/project/x`")),
        Row(
            parent: [Capability(actions: ["file.read"], paths: ["$repo/src/*"])],
            child: [Capability(actions: ["file.read"], paths: ["$repo/src/**"])],
            result: outside("file.read `/srv/project/src/x/y/z`")),
        Row(
            parent: [Capability(actions: ["shell.exec"], commands: ["git status", "swift test"])],
            child: [Capability(actions: ["shell.exec"], commands: ["swift test", "git"])],
            result: outside("shell.exec `git`")),
        Row(
            parent: [Capability(hosts: ["*.example.com"])], child: [Capability(hosts: ["api.example.com", "example.com"])],
            result: outside("net.connect to `example.com`")),
        // Neither of the parent's grants has room for both.
        Row(
            parent: [Capability(actions: ["file.read"], tools: ["Read"]), Capability(actions: ["file.write"], tools: ["Write"])],
            child: [Capability(actions: ["file.read"], tools: ["Write"])], result: outside("file.read `/srv/project/x`")),
        Row(
            parent: [Capability(actions: ["file.read"], tools: ["Read"])], child: [Capability(tools: ["Write"])],
            result: outside("file.read `/srv/project/x`")),
        Row(
            parent: [Capability(actions: ["file.read"], tools: ["Read"])],
            child: [Capability(actions: ["file.read", "file.write"])], result: outside("file.read `/srv/project/x`")),
        Row(parent: [], child: [Capability(tools: ["x"])], result: outside("file.read `/srv/project/x`")),
        // Two grants of the parent together may cover one of the child.
        Row(
            parent: [Capability(actions: ["file.read"]), Capability(actions: ["file.write"])],
            child: [Capability(actions: ["file.read", "file.write"])], result: .undecided(grants: [1])),
        Row(parent: [tool(.anyValue)], child: [tool(.exact("a"))], result: .within),
        Row(parent: [tool(.oneOf(["a", "b"]))], child: [tool(.exact("b"))], result: .within),
        Row(parent: [tool(.range(0, 9))], child: [tool(.range(1, 9), .notOneOf([3]))], result: .within),
        Row(parent: [tool(.range(0, 9))], child: [tool(.oneOf([3, 4]))], result: .within),
        Row(parent: [tool(.pathUnder("$repo"))], child: [tool(.pathUnder("$repo/src"))], result: .within),
        Row(parent: [tool(.hostIn(["*.a.example"]))], child: [tool(.hostIn(["b.a.example"]))], result: .within),
        Row(parent: [tool(.subset([1, 2]))], child: [tool(.subset([2]))], result: .within),
        Row(
            parent: [tool(.oneOf(["a", "b"]))], child: [tool(.oneOf(["a", "c"]))],
            result: outside(#"mcp.call by `mcp:git/push` with {"x":"c"}"#)),
        Row(
            parent: [tool(.range(0, 9))], child: [tool(.range(0, nil))],
            result: outside(#"mcp.call by `mcp:git/push` with {"x":1000000}"#)),
        Row(
            parent: [tool(.pathUnder("$repo/src"))], child: [tool(.pathUnder("$repo"))],
            result: outside(#"mcp.call by `mcp:git/push` with {"x":"/srv/project/x"}"#)),
        Row(
            parent: [tool(.anyValue)], child: [Capability(tools: ["mcp:git/push"])],
            result: outside("mcp.call by `mcp:git/push`")),
    ]

    @Test func `a derived link is within its parent, or a call shows that it is not`() throws {
        for row in Self.rows {
            var parent = DelegatedAuthority(id: "p", notBefore: 0, expires: 9, environments: [])
            parent.grants = row.parent
            parent.denials = [Capability(actions: ["*"])]
            var child = DelegatedAuthority(id: "c", notBefore: 0, expires: 9, environments: [])
            child.grants = row.child
            let result = try DelegatedComparison.of(child, below: parent)
            #expect(result == row.result, "\(row.child)")
        }
    }
}
