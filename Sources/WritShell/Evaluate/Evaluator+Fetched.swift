// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Programs and packages that the same command fetched, and searches for what nobody should find.
extension Evaluator {
    /// A program that this command fetched into a folder where programs are looked for.
    func fetchedProgram(_ name: String) -> (path: String, content: Value)? {
        guard !files.isEmpty else { return nil }
        for folder in ["/usr/local/bin/", "/usr/bin/", context.home + "/.local/bin/", context.home + "/bin/"] {
            if let file = files[folder + name], file.program == nil, file.content.taints.isSuperset(of: .fetched) {
                return (folder + name, file.content)
            }
        }
        return nil
    }

    /// A program below a folder that this command fetched.
    func noteFetched(_ place: Place) {
        guard fetchedFolders.contains(where: { PathText.isUnder(place.path, $0) }) else { return }
        note(
            Operation(
                .shellExec, path: place.path, opaque: .tainted, detail: "a program that this command fetched",
                taints: .fetched))
    }

    /// `java -jar x.jar`, `dpkg -i x.deb`: a file that this command fetched is run, or run while it is installed.
    func noteFetchedPackages(_ fields: [Value], _ state: ShellState) {
        guard !files.isEmpty, Self.runsPackages.contains(current.program) else { return }
        for field in fields.dropFirst().prefix(32) {
            guard let text = field.text, let dot = text.utf8.lastIndex(of: 0x2E),
                Self.packageEndings.contains(String(text[text.index(after: dot)...]))
            else { continue }
            let taints = files[resolve(field, state).path]?.content.taints ?? []
            if taints.isSuperset(of: .fetched) {
                note(
                    Operation(
                        .shellExec, opaque: .tainted, detail: "a package that this command fetched", taints: taints))
            }
        }
    }

    private static let runsPackages: Set<String> = [
        "java", "dpkg", "rpm", "apt", "apt-get", "dnf", "yum", "zypper", "mono", "dotnet", "wine", "wine64",
        "installer",
        "insmod", "pip", "pip3", "gem", "snap", "code",
    ]

    private static let packageEndings: Set<String> = [
        "jar", "deb", "rpm", "dll", "exe", "pkg", "ko", "whl", "gem", "snap", "vsix",
    ]

    /// The pattern of a search is what credentials look like or are called.
    static func huntsSecrets(_ fields: [Value]) -> Bool {
        fields.dropFirst().contains { field in
            let text = field.display.lowercased()
            return !text.hasPrefix("-") && secretMarks.contains { text.holds($0) }
        }
    }

    private static let secretMarks: [StaticString] = [
        "akia", "asia[", "private", "begin rsa", "begin openssh", "begin ec", "passw", "secret", "api_key", "apikey",
        "api-key", "api.key", "ghp_", "sk-ant", "sk_live", "xox", "access_token", "auth_token", "bearer ", "credential",
    ]
}
