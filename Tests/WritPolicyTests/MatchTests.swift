// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritPolicy

struct PathCase: Sendable, CustomTestStringConvertible {
    let glob: String, path: String, grants: Bool, restricts: Bool
    var isPattern = false, isRecursive = false
    var testDescription: String {
        "\(glob) on \(path)\(isPattern ? " (pattern)" : "")\(isRecursive ? " (recursive)" : "")"
    }
}

struct CommandCase: Sendable, CustomTestStringConvertible {
    let pattern: String, command: String, grants: Bool, restricts: Bool
    var testDescription: String { "\(pattern) on \(command)" }
}

@Suite struct MatchTests {
    @Test(arguments: [
        PathCase(glob: "$repo/**", path: "/srv/project/a/b", grants: true, restricts: true),
        PathCase(glob: "$repo/**", path: "/srv/project", grants: true, restricts: true),
        PathCase(glob: "$repo/**", path: "/srv/projectsitory", grants: false, restricts: false),
        PathCase(glob: "$repo/*", path: "/srv/project/a/b", grants: false, restricts: false),
        PathCase(glob: "**/.env", path: "/srv/project/x/.env", grants: true, restricts: true),
        PathCase(glob: "**/.env.*", path: "/.env.local", grants: true, restricts: true),
        PathCase(glob: "**/*.pem", path: "/a/b.pem", grants: true, restricts: true),
        PathCase(glob: "/a/**/b/**/c", path: "/a/x/b/y/z/b/c", grants: true, restricts: true),
        PathCase(glob: "~/.ssh/**", path: "/home/dev/.ssh/id", grants: true, restricts: true),
        PathCase(glob: "$tmp/**", path: "/var/tmp/x", grants: true, restricts: true),
        // A folder that is read as a whole.
        PathCase(glob: "$home/.ssh/**", path: "/home/dev", grants: false, restricts: true, isRecursive: true),
        PathCase(glob: "$home/.ssh/**", path: "/", grants: false, restricts: true, isRecursive: true),
        PathCase(glob: "**/.env", path: "/srv/project", grants: false, restricts: false, isRecursive: true),
        PathCase(glob: "$repo/**", path: "/srv/project/src", grants: true, restricts: true, isRecursive: true),
        PathCase(glob: "$repo/*", path: "/srv/project/src", grants: false, restricts: true, isRecursive: true),
        // A path that is known in part.
        PathCase(glob: "$repo/**", path: "/srv/project/*/x", grants: true, restricts: true, isPattern: true),
        PathCase(glob: "$repo/src/*", path: "/srv/project/src/*.c", grants: true, restricts: true, isPattern: true),
        PathCase(glob: "$repo/src/*.c", path: "/srv/project/src/*", grants: false, restricts: true, isPattern: true),
        PathCase(glob: "$repo/src/*", path: "/srv/project/src/**", grants: false, restricts: true, isPattern: true),
        PathCase(glob: "/etc/shadow", path: "/etc/s*", grants: false, restricts: true, isPattern: true),
        PathCase(glob: "**/.env", path: "/srv/project/*", grants: false, restricts: false, isPattern: true),
        PathCase(glob: "**/.env", path: "/proj/*/.env", grants: true, restricts: true, isPattern: true),
        PathCase(glob: "**/.env", path: "/srv/project/.e*", grants: false, restricts: true, isPattern: true),
        PathCase(glob: "$home/.ssh/**", path: "/**", grants: false, restricts: false, isPattern: true),
        // A star in a file's name is no wildcard, and no wildcard of ours is a letter.
        PathCase(glob: "/a/?", path: "/a/*", grants: true, restricts: true),
    ])
    func `paths`(_ c: PathCase) throws {
        let roots = SplitRoots(PathRoots(repo: "/srv/project", home: "/home/dev", work: "/srv/project"))
        let glob = try PathGlob(c.glob)
        let path = OperationPath(c.path, isPattern: c.isPattern, isRecursive: c.isRecursive, roots: roots)
        #expect(glob.covers(path) == c.grants)
        #expect(glob.touches(path, roots: roots) == c.restricts)
    }

    @Test func `a root that is not known grants nothing`() throws {
        let roots = SplitRoots(PathRoots(repo: "/", home: "", work: "/"))
        let path = OperationPath("/etc/passwd", isPattern: false, isRecursive: false, roots: roots)
        for glob in ["$repo/**", "$home/**", "$work/**"] { #expect(try !PathGlob(glob).covers(path)) }
    }

    @Test(arguments: [
        CommandCase(pattern: "git log", command: "git log -1", grants: true, restricts: true),
        CommandCase(pattern: "git log", command: "git -C src log -1", grants: true, restricts: true),
        CommandCase(pattern: "git log", command: "git -c core.pager=sh log", grants: false, restricts: true),
        CommandCase(pattern: "git log", command: "git --unknown log", grants: false, restricts: true),
        CommandCase(pattern: "git log", command: "git --unknown=x log", grants: false, restricts: true),
        CommandCase(pattern: "git push", command: "git log push", grants: false, restricts: false),
        CommandCase(pattern: "git push", command: "git …", grants: false, restricts: true),
        CommandCase(pattern: "swift test", command: "swift test --parallel", grants: true, restricts: true),
        CommandCase(pattern: "swift test", command: "swift package reset", grants: false, restricts: false),
        CommandCase(pattern: "kubectl delete", command: "kubectl -n prod delete pod x", grants: true, restricts: true),
        CommandCase(
            pattern: "kubectl delete", command: "kubectl --odd prod delete pod", grants: false, restricts: true),
        CommandCase(pattern: "rm -rf", command: "rm -r -f x", grants: true, restricts: true),
        CommandCase(pattern: "rm -rf", command: "rm -fr x", grants: true, restricts: true),
        CommandCase(pattern: "rm -rf", command: "rm -r x", grants: false, restricts: false),
        CommandCase(pattern: "git push --force", command: "git push --force=yes", grants: true, restricts: true),
        CommandCase(pattern: "npm run test:*", command: "npm run test:unit", grants: true, restricts: true),
        CommandCase(pattern: "npm *", command: "npm install x", grants: true, restricts: true),
        CommandCase(pattern: "npm test", command: "npm", grants: false, restricts: false),
    ])
    func `commands`(_ c: CommandCase) throws {
        let pattern = try CommandPattern(c.pattern)
        #expect(pattern.covers(Fixture.exec(c.command)) == c.grants)
        #expect(pattern.touches(Fixture.exec(c.command)) == c.restricts)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("0x7f000001", true), ("2130706433", true), ("0177.1", true), ("10.0.0.1", true),
        ("172.15.0.1", false), ("172.16.0.1", true), ("8.8.8.8", false), ("::1", true), ("fe80::1%eth0", true),
        ("2606:4700::1111", false), ("::ffff:10.0.0.1", true), ("64:ff9b::7f00:1", true), ("100.64.0.1", true),
        ("fd00::1", true), ("169.254.169.254", true), ("224.0.0.1", true),
    ])
    func `addresses that are not public`(_ text: String, _ isPrivate: Bool) throws {
        #expect(try #require(IPAddress(text)).isPrivate == isPrivate)
    }

    @Test(arguments: [
        "1.2.3.4.5", "1.2.3.256", "256.1.1.1", "g::1", ":::", "1::2::3", "", "1.2.3.", "0x", "example.com",
    ])
    func `no addresses`(_ text: String) {
        #expect(text == "0x" ? IPAddress(text) != nil : IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("git@git.acme.example:team/web.git", "git.acme.example/team/web"),
        ("https://user:pw@Git.Acme.example:8443/team/web/", "git.acme.example/team/web"),
        ("ssh://git@git.acme.example/team/web.git", "git.acme.example/team/web"),
        ("git.acme.example/team/web", "git.acme.example/team/web"),
    ])
    func `remotes in one form`(_ remote: String, _ expected: String) {
        #expect(RemoteText.normalized(remote) == expected)
    }

    @Test(arguments: [
        ("select 1", "select"), ("SELECT * INTO t FROM x", "create"),
        ("with a as (delete from t returning *) select * from a", "delete"),
        ("with a as (select 1) select * from a", "select"), ("select 'drop table x; --'", "select"),
        ("select 1; drop table t", "multiple"),
        ("/* select */ update t set a=1", "update"), ("-- x\ninsert into t values (1)", "insert"),
        ("explain analyze delete from t", "delete"),
        ("explain select 1", "explain"), ("", "other"), ("/*!50000 drop table t */", "drop"),
        ("copy t to program 'sh'", "copy"),
    ])
    func `what SQL does`(_ text: String, _ kind: String) {
        #expect(SQLKind.of(text) == kind)
    }

    @Test func `versions sort as they should`() throws {
        let versions = [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0",
            "1.2.9", "1.10",
        ]
        let keys = try versions.map { try #require(SemanticVersion.sortKey($0)) }
        #expect(keys == keys.sorted())
        #expect(SemanticVersion.sortKey("1.0.0") == SemanticVersion.sortKey("v1"))
        #expect(SemanticVersion.sortKey("latest") == nil)
    }
}
