// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritPolicy
import WritShell

/// `repo.protected` is about the branch that an operation ends up on, not about the one the session began on.
@Suite struct ProtectedBranchTests {
    private struct Row {
        let command: String
        let isProtected: Bool
        var branch = "fix"
        var defaultBranch = "main"
        var directory = "/srv/project"
    }

    private static let rows = [
        Row(command: "git push", isProtected: false),
        Row(command: "git push", isProtected: true, branch: "main"),
        Row(command: "git push", isProtected: true, branch: "release/1"),
        Row(command: "git push origin fix", isProtected: false),
        Row(command: "git push origin HEAD", isProtected: false),
        Row(command: "git push origin main", isProtected: true),
        Row(command: "git push origin HEAD:main", isProtected: true),
        Row(command: "git push origin fix main", isProtected: true),
        Row(command: "git push origin fix:refs/heads/release-2", isProtected: true),
        Row(command: "git push origin :main", isProtected: true),
        Row(command: "git push --all", isProtected: true),
        Row(command: "git push origin \"$B\"", isProtected: true),
        Row(command: "git push origin master", isProtected: false),
        Row(command: "git push origin master", isProtected: true, defaultBranch: ""),
        Row(command: "git push origin develop", isProtected: true, defaultBranch: "develop"),
        Row(command: "git -C sub push", isProtected: false),
        Row(command: "git -C ../other push", isProtected: true),
        Row(command: "git -C sub -C ../../other commit -m x", isProtected: true),
        Row(command: "git --git-dir=/srv/other/.git push", isProtected: true),
        Row(command: "git -C \"$X\" push", isProtected: true),
        Row(command: "GIT_DIR=/srv/other/.git git push", isProtected: true),
        Row(command: "export GIT_DIR=/srv/other/.git; git commit -m x", isProtected: true),
        Row(command: "env -C /srv/other git push", isProtected: true),
        Row(command: "cd sub && git commit -m x && git push", isProtected: false),
        Row(command: "cd ../other && git commit -m x", isProtected: true),
        Row(command: "(cd /srv/other; git push)", isProtected: true),
        Row(command: "pushd /srv/other; git push", isProtected: true),
        Row(command: "cd \"$X\" && git push", isProtected: true),
        Row(command: "git commit -m x", isProtected: true, directory: "/srv/other"),
        Row(command: "git checkout main && git push", isProtected: true),
        Row(command: "git switch main; git commit -am x", isProtected: true),
        Row(command: "git checkout - && git commit -am x", isProtected: true),
        Row(command: "git switch -c fix2 && git commit -am x && git push", isProtected: false),
        Row(command: "git checkout -B main && git commit -am x", isProtected: true),
        Row(command: "git checkout main -- a.txt && git commit -am x", isProtected: false),
        Row(command: "git symbolic-ref HEAD refs/heads/main && git commit -am x", isProtected: true),
        Row(command: "git rebase main && git push", isProtected: false),
        Row(command: "git rebase fix main && git push", isProtected: true),
        Row(command: "git switch main && sed -i s/a/b/ a.txt", isProtected: true),
        Row(command: "git status && ls", isProtected: false),
        Row(command: "echo git push origin main", isProtected: false),
        // Another folder is no branch: only git works there on one.
        Row(command: "cd /tmp && ls", isProtected: false),
    ]

    @Test func `a restriction on protected branches fires where the call ends up on one`() throws {
        let layer = try Fixture.layer(
            "version: \"2\"\nrules: [{name: a, action: deny, match: {actions: [shell.exec, git.push, git.commit, file.write]}, when: repo.protected}]"
        )
        let set = PolicySet([layer])
        for row in Self.rows {
            let place = ShellContext(
                workingDirectory: row.directory, workspace: "/srv/project", home: "/home/dev")
            var request = Fixture.request(ShellAnalyzer.analyze(row.command, in: place).operations)
            request.call.workingDirectory = row.directory
            request.facts.repo.root = "/srv/project"
            request.facts.repo.branch = row.branch
            request.facts.repo.defaultBranch = row.defaultBranch
            request.facts.repo.protected = request.facts.repo.protects(row.branch)
            #expect((set.decide(request).verdict == .deny) == row.isProtected, "\(row.command)")
        }
    }

    @Test func `a grant for unprotected branches never covers a push to a protected one`() throws {
        let layer = try Fixture.layer(
            """
            version: "2"
            defaults: {decision: deny}
            rules:
              - {name: run, action: allow, match: {actions: [shell.exec]}}
              - {name: push, action: allow, match: {actions: [git.push]}, when: '!repo.protected && !op.force'}
            """)
        let set = PolicySet([layer])
        for (command, verdict) in [
            ("git push", Verdict.allow), ("git push origin fix", .allow), ("git push origin HEAD:main", .deny),
            ("git push origin fix main", .deny), ("git -C ../other push", .deny),
        ] {
            let place = ShellContext(
                workingDirectory: "/srv/project", workspace: "/srv/project", home: "/home/dev")
            var request = Fixture.request(ShellAnalyzer.analyze(command, in: place).operations)
            request.facts.repo.root = "/srv/project"
            request.facts.repo.branch = "fix"
            request.facts.repo.defaultBranch = "main"
            #expect(set.decide(request).verdict == verdict, "\(command)")
        }
    }
}
