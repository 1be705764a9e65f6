// SPDX-License-Identifier: Apache-2.0
public import WritPolicy
import WritResources

/// The policies that ship inside the executable.
public enum DefaultPolicy {
    /// The document that no other policy replaces: no agent changes what guards it.
    public static let floor = "self-protection"

    /// All of them, sorted by file name: those that hold everywhere, then what the profiles `guarded` and `production`
    /// add.
    public static let sources: [PolicyLayer.Source] =
        ["policies/default/", "policies/profiles/"].flatMap { Resource.all(under: $0) }.map {
            PolicyLayer.Source(
                file: $0.name.split(separator: "/").last.map(String.init) ?? $0.name, bytes: Array($0.bytes))
        }

    /// A policy that keeps agents from folders outside Writ's own in which policies lie; nil without any.
    public static func guarding(_ folders: [String]) -> PolicyLayer.Source? {
        guard !folders.isEmpty else { return nil }
        let paths = folders.flatMap { [$0, $0 + "/**"] }.map {
            "'\($0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
        }
        let text = """
            version: "2"
            metadata: {name: policy-folders, layer: user, owner: writ, revision: 1}
            rules:
              - name: policy-folders
                action: deny
                severity: critical
                tags: ['writ:tampering']
                match: {actions: [file.write, file.delete, file.mode, config.write], paths: [\(paths.joined(separator: ", "))]}
                message: 'It changes {path}, where policies lie. A person changes it with the writ command.'

            """
        return PolicyLayer.Source(file: "policy-folders.yaml", bytes: Array(text.utf8))
    }

    /// Those that are in force beside a person's own: a policy of the same name replaces a default one, but not
    /// ``floor``.
    public static func sources(besides names: Set<String>) -> [PolicyLayer.Source] {
        sources.filter { source in
            let name = String(source.file.prefix { $0 != "." })
            return name == floor || !names.contains(name)
        }
    }
}
