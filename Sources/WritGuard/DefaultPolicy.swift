// SPDX-License-Identifier: Apache-2.0
public import WritPolicy
import WritResources

/// The policies that ship inside the executable.
public enum DefaultPolicy {
    /// The document that no other policy replaces: no agent changes what guards it.
    public static let floor = "self-protection"

    /// All of them, sorted by file name.
    public static let sources: [PolicyLayer.Source] = Resource.all(under: "policies/default/").map {
        PolicyLayer.Source(file: $0.name.split(separator: "/").last.map(String.init) ?? $0.name, bytes: Array($0.bytes))
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
