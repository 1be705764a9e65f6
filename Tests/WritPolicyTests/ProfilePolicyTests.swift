// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritResources
import WritShell

@testable import WritPolicy

/// The rules that the profiles `guarded` and `production` add, with the shell engine that feeds them.
@Suite struct ProfilePolicyTests {
    private func source() throws -> PolicyLayer.Source {
        let text = try #require(Resource.named("policies/profiles/production.yaml")).text
        return PolicyLayer.Source(file: "production.yaml", bytes: Array(text.utf8))
    }

    @Test func `it passes its own tests and the analysis finds nothing`() throws {
        let check = PolicyCheck.run(.builtin, [try source()], options: ShellOptions.all)
        #expect(check.errors.map(\.description) == [])
        #expect(check.tests?.failures.map(\.description) == [])
        #expect(check.tests?.unexercised == [])
        #expect(check.findings.filter { $0.level == .warning }.map(\.description) == [])
    }

    /// The rules that have a say on a command, without the default for what no rule covers.
    private func rules(_ set: PolicySet, _ command: String, _ profile: String, branch: String = "feature") -> Set<
        String
    > {
        let operations = ShellOptions.all.expand?(command) ?? []
        var request = Fixture.request(operations, tool: "Bash", profile: profile)
        request.call.tool = Tool(name: "Bash", action: .shellExec)
        request.call.arguments = ["command": .string(command)]
        request.facts.repo.branch = branch
        request.facts.repo.defaultBranch = "main"
        request.facts.repo.protected = branch == "main"
        let names = set.decide(request).reasons.filter { $0.verdict >= .ask }.map {
            $0.rule.split(separator: "/").last.map(String.init) ?? $0.rule
        }
        return Set(names).subtracting(["defaults"])
    }

    /// A command with the rule that must ask under `guarded` and the one that must deny under `production`.
    private static let touching: [(command: String, guarded: String, production: String)] = [
        ("alembic upgrade head", "schema-migrations", "production-changes"),
        ("npx prisma migrate deploy", "schema-migrations", "production-changes"),
        ("psql -h db -c 'CREATE INDEX i ON t(a)'", "schema-migrations", "production-changes"),
        ("mysql -e 'drop table x'", "schema-migrations", "production-changes"),
        ("php artisan migrate --force", "schema-migration-commands", "production-commands"),
        ("cd app && RAILS_ENV=production rails db:migrate", "schema-migration-commands", "production-commands"),
        ("az network dns record-set a add-record -g rg -z example.com -n www", "dns-records", "production-changes"),
        ("doctl compute domain records create example.com", "dns-records", "production-changes"),
        ("nsupdate -k k.key c.txt", "dns-commands", "production-commands"),
        ("pulumi up --yes", "infrastructure-as-code", "production-changes"),
        ("terraform state rm a.b", "infrastructure-as-code", "production-changes"),
        ("ansible-playbook -i hosts site.yml", "infrastructure-as-code", "production-changes"),
        ("aws cloudformation delete-stack --stack-name s", "infrastructure-as-code", "production-changes"),
        ("vercel deploy --prod", "deployments", "production-changes"),
        ("gh workflow run release.yml", "deployments", "production-changes"),
        ("kubectl rollout restart deploy/web", "deployments", "production-changes"),
        ("docker push example.com/web", "deployments", "production-changes"),
        ("kubectl get all,secrets -A", "cluster-secrets", "production-cluster-secrets"),
        ("oc describe secret db", "cluster-secrets", "production-cluster-secrets"),
        ("kubectl get secret db -o yaml", "service-credentials", "production-secrets"),
        ("kubectl config view --raw", "service-credentials", "production-secrets"),
        ("vault kv get secret/a", "service-credentials", "production-secrets"),
        ("aws iam create-access-key --user-name u", "service-credentials", "production-changes"),
        ("az ad sp create-for-rbac", "service-credentials", "production-changes"),
        ("gh secret set A -b x", "service-credentials", "production-changes"),
        ("git push origin HEAD:release/1.2", "protected-branches", "production-branches"),
        ("git push --all", "protected-branches", "production-branches"),
        ("gh api -X PUT repos/o/r/branches/main/protection", "security-configuration", "production-changes"),
        ("aws iam attach-role-policy --role-name r --policy-arn p", "security-configuration", "production-changes"),
        (
            "kubectl create clusterrolebinding a --clusterrole=cluster-admin --user=u", "security-configuration",
            "production-changes"
        ),
        ("gcloud compute firewall-rules create f --allow tcp", "security-configuration", "production-changes"),
        ("aws cloudtrail stop-logging --name t", "security-configuration", "production-changes"),
        ("iptables -F", "security-configuration", "production-security"),
        ("echo x >> /etc/sudoers", "security-configuration", "production-security"),
        ("echo x > .github/workflows/ci.yml", "security-configuration", "production-security"),
        ("aws s3 rm s3://b/a", "shared-resources", "production-changes"),
    ]

    @Test func `what touches something shared asks when guarded and is denied in production`() throws {
        let set = PolicySet([try PolicyLayer.load(.builtin, [try source()], options: ShellOptions.all)])
        for (command, guarded, production) in Self.touching {
            #expect(rules(set, command, "guarded").contains(guarded), "\(command): \(rules(set, command, "guarded"))")
            #expect(
                rules(set, command, "production").contains(production),
                "\(command): \(rules(set, command, "production"))")
            #expect(rules(set, command, "prototyping") == [], "\(command)")
        }
        #expect(rules(set, "git push", "guarded", branch: "main") == ["protected-branches"])
        #expect(rules(set, "git push", "production", branch: "main") == ["production-branches"])
    }

    @Test func `what only looks, plans or stays local is no rule's affair`() throws {
        let set = PolicySet([try PolicyLayer.load(.builtin, [try source()], options: ShellOptions.all)])
        for command in [
            "terraform plan", "terraform state list", "cdk diff", "kubectl get pods",
            "kubectl apply --dry-run=client -f x.yaml",
            "aws route53 list-hosted-zones", "gcloud dns managed-zones list", "helm list", "aws iam list-roles",
            "psql -c 'SELECT 1'", "git push origin feature", "git commit -m 'rotate secrets'", "npm test",
            "ls k8s/secrets",
            "swift build", "echo x > main.tf", "alembic history", "vault status", "gh pr view 1", "docker build -t x .",
            "ansible-playbook --check site.yml",
        ] {
            #expect(rules(set, command, "guarded") == [], "\(command)")
            #expect(rules(set, command, "production") == [], "\(command)")
        }
    }
}
