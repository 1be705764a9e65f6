// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritPolicy

/// What a delegation may say of a tool's arguments.
@Suite struct ArgumentRuleTests {
    private struct Row {
        let rule: ArgumentRule.Constraint
        let value: JSON?
        /// It fits for sure; what is only possible does not.
        let grants: Bool
        /// It may fit.
        let restricts: Bool

        init(_ rule: ArgumentRule.Constraint, _ value: JSON?, grants: Bool, restricts: Bool) {
            self.rule = rule
            self.value = value
            self.grants = grants
            self.restricts = restricts
        }

        init(_ rule: ArgumentRule.Constraint, _ value: JSON?, _ both: Bool) {
            self.init(rule, value, grants: both, restricts: both)
        }
    }

    private static let folder = ArgumentRule.Constraint.pathUnder("$repo/src")
    private static let hosts = ArgumentRule.Constraint.hostIn(["api.example", "*.cdn.example", "10.0.0.0/8"])
    private static let branches = ArgumentRule.Constraint.oneOf(["main", "dev"])

    private static let rows: [Row] = [
        Row(.exact("main"), "main", true),
        Row(.exact("main"), "Main", grants: false, restricts: true),
        Row(.exact("main"), "mains", false),
        Row(.exact("main"), ["main"], false),
        Row(.exact("main"), nil, grants: false, restricts: true),
        Row(.exact("caf\u{E9}"), "cafe\u{301}", false),
        Row(.exact(5), .number(5), true),
        Row(.exact(5), "5", grants: false, restricts: true),
        Row(.exact(true), "true", grants: false, restricts: true),
        Row(.exact(.null), .null, true),
        Row(.exact(["a": 1, "b": [2]]), ["b": [2], "a": 1], true),
        Row(.exact(["a": 1]), ["a": 1, "b": 2], false),
        Row(branches, "dev", true), Row(branches, "release", false),
        Row(branches, nil, grants: false, restricts: true),
        Row(.oneOf([]), "main", false),
        Row(.notOneOf(["main"]), "dev", true), Row(.notOneOf(["main"]), "main", false),
        Row(.notOneOf(["main"]), " MAIN", grants: false, restricts: true),
        Row(.notOneOf(["main"]), nil, grants: false, restricts: true),
        Row(.range(1, 10), 10, true), Row(.range(1, 10), 11, false), Row(.range(1, nil), 1, true),
        Row(.range(nil, 3), -7, true), Row(.range(1, 10), .number(2), true),
        Row(.range(1, 10), .number(2.5), grants: false, restricts: true),
        Row(.range(1, 10), "7", grants: false, restricts: true), Row(.range(1, 10), "seven", false),
        Row(.range(0, nil), .integer(.max), grants: false, restricts: true),
        Row(.subset(["a", "b"]), ["b", "a", "a"], true), Row(.subset(["a", "b"]), [], true),
        Row(.subset(["a", "b"]), ["a", "c"], false), Row(.subset(["a"]), "a", grants: false, restricts: true),
        Row(.contains("a"), ["b", "a"], true), Row(.contains("a"), ["b"], false),
        Row(.contains("a"), "a", grants: false, restricts: true),
        Row(.anyValue, .null, true), Row(.anyValue, nil, grants: false, restricts: true),
        // Folders.
        Row(folder, "/srv/project/src", true), Row(folder, "/srv/project/src/a/b.swift", true),
        Row(folder, "src/a.swift", true), Row(folder, "/srv/project/src/../src/a", true),
        Row(folder, "/srv/project/src2/a", false), Row(folder, "src/../../etc/passwd", false),
        Row(folder, "/srv/project", grants: false, restricts: true),
        Row(folder, "/", grants: false, restricts: true),
        Row(folder, "/etc/passwd", false), Row(folder, "", grants: false, restricts: true),
        Row(folder, "file:///srv/project/src/a", grants: false, restricts: true),
        Row(folder, "src/%2e%2e/%2e%2e/etc", grants: false, restricts: true),
        Row(folder, "src\\..\\..\\etc", grants: false, restricts: true),
        Row(folder, "src/*/a", grants: false, restricts: true), Row(folder, "~/x", grants: false, restricts: true),
        Row(folder, "src/$HOME", grants: false, restricts: true),
        Row(folder, "src/a\u{0}b", grants: false, restricts: true),
        Row(folder, " src/a", grants: false, restricts: true), Row(folder, 5, grants: false, restricts: true),
        Row(.pathUnder("/"), "/etc", true), Row(.pathUnder("/var/log/"), "/var/log/x", true),
        Row(.pathUnder("/var/log"), "/var/logs", false),
        // Hosts.
        Row(hosts, "api.example", true), Row(hosts, "API.example.", true),
        Row(hosts, "https://api.example/a?b=c#d", true), Row(hosts, "https://api.example:8443", true),
        Row(hosts, "api.example:443", true), Row(hosts, "wss://x.cdn.example/", true), Row(hosts, "cdn.example", false),
        Row(hosts, "http://10.1.2.3/", true), Row(hosts, "http://0xA.1/", true), Row(hosts, "http://[::ffff:10.0.0.1]/", true),
        Row(hosts, "https://evil.example/?api.example", false), Row(hosts, "https://evil.example/api.example", false),
        Row(hosts, "https://api.example.evil.example", false),
        Row(hosts, "https://api.example@evil.example/", grants: false, restricts: true),
        Row(hosts, "https://evil.example\\@api.example/", grants: false, restricts: true),
        Row(hosts, "https://api.example /", grants: false, restricts: true),
        Row(hosts, "https:api.example", grants: false, restricts: true),
        Row(hosts, "//evil.example/", grants: false, restricts: true),
        Row(hosts, "https://%61pi.example/", grants: false, restricts: true),
        Row(hosts, "https://\u{430}pi.example/", grants: false, restricts: true),
        Row(hosts, "", grants: false, restricts: true), Row(hosts, nil, grants: false, restricts: true),
        Row(hosts, ["api.example"], grants: false, restricts: true),
    ]

    private static func request(_ arguments: JSON) -> PolicyRequest {
        Fixture.request { $0.call.arguments = arguments }
    }

    @Test func `a grant needs what fits for sure, a restriction is met by what may fit`() throws {
        for row in Self.rows {
            let matcher = try ArgumentMatcher([ArgumentRule("x", [row.rule])])
            let request = Self.request(row.value.map { ["x": $0] } ?? [:])
            #expect(matcher.fits(request, .grant) == row.grants, "\(row)")
            #expect(matcher.fits(request, .restriction) == row.restricts, "\(row)")
        }
    }

    @Test func `whatever grants also restricts`() throws {
        for row in Self.rows { #expect(row.restricts || !row.grants, "\(row)") }
    }

    @Test func `all constraints of all named arguments hold, and a grant knows no others`() throws {
        let matcher = try ArgumentMatcher([
            ArgumentRule("a", [.range(1, 10), .notOneOf([3])]), ArgumentRule("b", [.anyValue]),
        ])
        let rows: [(arguments: JSON, grants: Bool, restricts: Bool)] = [
            (["a": 2, "b": 0], true, true), (["b": .null, "a": 2], true, true), (["a": 3, "b": 0], false, false),
            (["a": 2], false, true), (["a": 2, "b": 0, "c": 0], false, true), (["A": 2, "b": 0], false, true),
            ([:], false, true), ([], false, true), ("text", false, true),
        ]
        for row in rows {
            let request = Self.request(row.arguments)
            #expect(matcher.fits(request, .grant) == row.grants, "\(row)")
            #expect(matcher.fits(request, .restriction) == row.restricts, "\(row)")
        }
    }

    @Test func `what cannot be meant is refused`() {
        let rows: [([ArgumentRule], String)] = [
            ([ArgumentRule("x", [])], "nothing is said of the argument `x`"),
            ([ArgumentRule("", [.anyValue])], "the argument `` is named twice, or has no name"),
            ([ArgumentRule("x", [.anyValue]), ArgumentRule("x", [.exact(1)])], "the argument `x` is named twice, or has no name"),
            ([ArgumentRule("x", [.pathUnder("src")])], "`src` is neither an absolute folder nor one below a root"),
            ([ArgumentRule("x", [.pathUnder("")])], "`` is neither an absolute folder nor one below a root"),
            ([ArgumentRule("x", [.pathUnder("$repo/../x")])], "`$repo/../x` is neither an absolute folder nor one below a root"),
            ([ArgumentRule("x", [.pathUnder("$nowhere/x")])], "`$nowhere/x` is neither an absolute folder nor one below a root"),
            ([ArgumentRule("x", [.hostIn(["http://a"])])], "`http://a` is no CIDR block"),
        ]
        for (rules, message) in rows {
            let fault = #expect(throws: ArgumentFault.self) { _ = try ArgumentMatcher(rules) }
            #expect(fault?.message == message)
        }
    }

    @Test func `a root that is not known has nothing under it, and may hold everything`() throws {
        let matcher = try ArgumentMatcher([ArgumentRule("x", [Self.folder])])
        for repo in ["", "/"] {
            var request = Self.request(["x": "/src/a"])
            request.roots.repo = repo
            #expect(!matcher.fits(request, .grant))
            #expect(matcher.fits(request, .restriction))
        }
    }
}
