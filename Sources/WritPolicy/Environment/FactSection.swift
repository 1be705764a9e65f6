// SPDX-License-Identifier: Apache-2.0

/// Facts that belong together, by the names that records and the tests of policies have for them.
struct FactSection: Sendable {
    typealias Path<Value> = any WritableKeyPath<Facts, Value> & Sendable

    /// Where a fact is kept, by what a test of a policy writes for it.
    enum Field: Sendable {
        case text(Path<String>), texts(Path<[String]>), flag(Path<Bool>), number(Path<Int>)
        /// A folder; `$repo` and the like stand for a test's own.
        case folder(Path<String>)
        /// Seconds since 1970, written as a date.
        case moment(Path<Int64>)
        /// Seconds, written as a duration; nil when nobody knows.
        case age(Path<Int?>)
    }

    let name: String
    let fields: [(name: String, field: Field)]

    private init(_ name: String, _ fields: [(name: String, field: Field)]) {
        self.name = name
        self.fields = fields
    }

    /// All of ``Facts`` but packages and the call's hash, in the order of records.
    static let all = [
        FactSection(
            "user",
            [
                ("id", .text(\.user.id)), ("groups", .texts(\.user.groups)), ("roles", .texts(\.user.roles)),
                ("mfa", .flag(\.user.mfa)), ("ceiling", .number(\.user.ceiling)),
            ]),
        FactSection(
            "agent",
            [
                ("registered", .flag(\.agent.registered)), ("parent", .text(\.agent.parent)),
                ("chain", .texts(\.agent.chain)), ("trust", .number(\.agent.trust)),
            ]),
        FactSection(
            "task",
            [
                ("id", .text(\.task.id)), ("workflow", .text(\.task.workflow)), ("intent", .text(\.task.intent)),
                ("ticket", .text(\.task.ticket)), ("origin", .text(\.task.origin)),
                ("started", .moment(\.task.started)),
            ]),
        FactSection(
            "writ",
            [
                ("present", .flag(\.writ.present)), ("id", .text(\.writ.id)), ("issuer", .text(\.writ.issuer)),
                ("depth", .number(\.writ.depth)), ("expires", .moment(\.writ.expires)),
                ("environments", .texts(\.writ.environments)), ("chain", .texts(\.writ.chain)),
                ("revocation_age", .age(\.writ.revocationAge)),
            ]),
        FactSection(
            "env",
            [
                ("profile", .text(\.environment.profile)), ("name", .text(\.environment.name)),
                ("ci", .flag(\.environment.ci)), ("os", .text(\.environment.os)),
                ("sandbox", .text(\.environment.sandbox)), ("offline", .flag(\.environment.offline)),
            ]),
        FactSection(
            "repo",
            [
                ("root", .folder(\.repo.root)), ("remote", .text(\.repo.remote)), ("branch", .text(\.repo.branch)),
                ("default_branch", .text(\.repo.defaultBranch)), ("protected", .flag(\.repo.protected)),
                ("visibility", .text(\.repo.visibility)), ("trusted", .flag(\.repo.trusted)),
            ]),
        FactSection(
            "mcp",
            [
                ("pinned", .flag(\.mcp.pinned)), ("read_only_hint", .flag(\.mcp.readOnlyHint)),
                ("destructive_hint", .flag(\.mcp.destructiveHint)), ("identity", .text(\.mcp.identity)),
            ]),
        FactSection(
            "content",
            [
                ("source", .text(\.content.source)), ("origin", .text(\.content.origin)),
                ("mime", .text(\.content.mime)), ("path", .text(\.content.path)), ("size", .number(\.content.size)),
                ("trusted", .flag(\.content.trusted)),
            ]),
        FactSection(
            "last",
            [
                ("tool", .text(\.last.tool)), ("outcome", .text(\.last.outcome)),
                ("exit_code", .number(\.last.exitCode)),
            ]),
    ]
}
