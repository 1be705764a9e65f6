// SPDX-License-Identifier: Apache-2.0

/// Policies to start from.
public enum PolicyTemplate: String, Sendable, CaseIterable {
    case coding, production, mcp, ci

    /// The text of a new policy; loads, and its tests pass.
    public var text: String {
        switch self {
        case .coding:
            """
            version: "2"
            metadata: {name: coding, layer: user, revision: 1}

            rules:
              - name: no-force-push
                action: ask
                match: {actions: [git.push]}
                when: op.force
                message: 'Rewrites what others may have fetched. Push without force, or to a branch of your own.'
              - name: keep-out-of-credentials
                action: deny
                severity: critical
                match: {actions: [file.read, file.write], paths: ['$home/.ssh/**', '$home/.aws/**', '**/.env', '**/*.pem']}
                message: 'Credentials are not needed for this. Ask for the one value that is.'
              - name: no-download-and-run
                action: deny
                severity: critical
                match: {actions: [shell.exec]}
                when: 'op.interpreter && "net" in op.stdin_taint'
                message: 'Runs text fetched from the network. Download it, read it, then run a pinned copy.'

            flows:
              - name: secrets-stay-here
                from: [secret]
                to: {actions: [net.connect, http.request, git.push, mcp.call]}
                action: ask

            tests:
              - name: a plain push is fine
                given: {op: {kind: git.push}}
                expect: {decision: allow}
              - name: a forced push asks
                given: {op: {kind: git.push, force: true}}
                expect: {decision: ask, by: [no-force-push]}
              - name: a key is not read
                given: {op: {kind: file.read, path: $home/.ssh/id_ed25519}}
                expect: {decision: deny, by: [keep-out-of-credentials]}
              - name: a download is not run
                given: {op: {kind: shell.exec, argv: [sh], interpreter: true, stdin_taint: [net]}}
                expect: {decision: deny, by: [no-download-and-run]}
              - name: after a secret, the network asks
                given: {op: {kind: net.connect, host: example.com}, session: {taints: [secret]}}
                expect: {decision: ask, by: [secrets-stay-here]}

            """
        case .production:
            """
            version: "2"
            metadata: {name: production, layer: organization, owner: security@example.com, revision: 1}
            defaults: {decision: deny, on_error: deny}
            profiles:
              prototyping: {decision: allow, on_error: ask, writ: optional}
              guarded: {decision: ask, on_error: ask, writ: optional}
              production: {decision: deny, on_error: deny, writ: required, max_revocation_age: 5m}

            approvals:
              maintainer: {approvers: ['role:maintainer'], exclude: [delegator], expires: 10m, auth: mfa}

            rules:
              - name: read-repository
                action: allow
                match: {actions: [file.read, file.search], paths: ['$repo/**']}
              - name: look-around
                action: allow
                match: {actions: [shell.exec], commands: ['git status', 'git diff', 'git log', ls]}
              - name: deploy-with-consent
                action: ask
                approval: maintainer
                match: {actions: [deploy.apply, resource.write, git.push, pkg.publish]}
              - name: destroy-nothing
                action: deny
                severity: critical
                match: {actions: [resource.delete, system.change, privilege.raise]}
                message: 'Nothing shared is destroyed from an agent session. Write the plan down and hand it over.'

            egress: {default: deny, private_addresses: deny}

            tests:
              - name: reading is granted
                given: {op: {kind: file.read, path: $repo/a}, env: {profile: production}, writ: {present: true, revocation_age: 1m}}
                expect: {decision: allow, by: [read-repository]}
              - name: without a delegation nothing is
                given: {op: {kind: file.read, path: $repo/a}, env: {profile: production}}
                expect: {decision: deny, by: [profiles]}
              - name: deploying asks a maintainer
                given: {op: {kind: deploy.apply}}
                expect: {decision: ask, by: [deploy-with-consent], gate: maintainer}
              - name: destroying is denied
                given: {op: {kind: resource.delete}, env: {profile: prototyping}}
                expect: {decision: deny, by: [destroy-nothing]}
              - name: looking around is granted
                given: {op: {kind: shell.exec, argv: [git, status]}}
                expect: {decision: allow, by: [look-around]}

            """
        case .mcp:
            """
            version: "2"
            metadata: {name: mcp, layer: team, revision: 1}
            defaults: {decision: deny, on_error: deny}

            mcp:
              servers:
                git: {command: git-mcp-server}
              unknown_server: deny
              pin: definitions
              on_definition_change: ask
              hide_denied: true

            rules:
              - name: git-read
                action: allow
                match: {tools: ['mcp:git/get_*', 'mcp:git/list_*']}
              - name: git-write
                action: ask
                match: {tools: ['mcp:git/create_*', 'mcp:git/update_*']}
              - name: responses-are-data
                scanner: prompt_injection
                action: block
                severity: critical
                scope: tool_response

            tests:
              - name: reading is granted
                given: {op: {kind: mcp.call}, call: {tool: 'mcp:git/list_repos'}}
                expect: {decision: allow, by: [git-read]}
              - name: writing asks
                given: {op: {kind: mcp.call}, call: {tool: 'mcp:git/create_issue'}}
                expect: {decision: ask, by: [git-write]}
              - name: another server is denied
                given: {op: {kind: mcp.call}, call: {tool: 'mcp:mail/send'}}
                expect: {decision: deny, by: [mcp]}
              - name: what came back is data
                given: {phase: tool_response, findings: [{scanner: prompt_injection, category: override}]}
                expect: {decision: deny, by: [responses-are-data]}

            """
        case .ci:
            """
            version: "2"
            metadata: {name: ci, layer: project, revision: 1}

            lists:
              pipeline: ['$repo/.github/workflows/**', '$repo/.gitlab-ci.yml', '**/Jenkinsfile']

            rules:
              - name: pipeline-changes-ask
                action: ask
                severity: high
                match: {actions: [file.write, file.delete], paths: ['list:pipeline']}
                message: 'Changes a delivery pipeline. Describe the change and let a person make it.'
              - name: no-publishing-outside-ci
                action: deny
                match: {actions: [pkg.publish, deploy.apply]}
                unless: env.ci
                message: 'Releases come from the pipeline. Push a tag instead.'

            flows:
              - name: untrusted-text-to-pipeline
                from: [untrusted]
                to: {actions: [file.write], paths: ['list:pipeline']}
                action: deny

            tests:
              - name: a workflow edit asks
                given: {op: {kind: file.write, path: $repo/.github/workflows/ci.yml}}
                expect: {decision: ask, by: [pipeline-changes-ask]}
              - name: after untrusted text it is denied
                given: {op: {kind: file.write, path: $repo/.github/workflows/ci.yml}, session: {taints: [untrusted]}}
                expect: {decision: deny, by: [untrusted-text-to-pipeline]}
              - name: publishing from a laptop is denied
                given: {op: {kind: pkg.publish}}
                expect: {decision: deny, by: [no-publishing-outside-ci]}

            """
        }
    }
}
