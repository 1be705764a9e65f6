// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Scripts of `package.json`: the one that is asked for with those before and after it, and the project's own hooks of
/// an installation.
extension Evaluator {
    func packageScripts(_ reading: ProgramReading, _ words: [Value], in folder: String) -> BuildScripts? {
        guard let file = nearest(["package.json"], from: folder) else { return nil }
        var build = BuildScripts()
        build.taints = file.text.taints
        guard let text = file.text.literalText else { return build.taints.isEmpty ? nil : build }
        let scripts: [JSON.Member]
        do {
            scripts = try JSON(parsing: Array(text.utf8))["scripts"]?.members ?? []
        } catch {
            // A file that cannot be read runs nothing, and says nothing: the program stays opaque.
            return nil
        }
        func code(of name: String) -> String? { scripts.first { $0.key == name }?.value.string }
        func add(_ name: String, _ extra: [Value] = []) {
            guard let code = code(of: name) else { return }
            var whole = Value(code)
            for word in extra {
                whole.append(text: " ")
                if let text = word.text { whole.append(text: Self.shellQuoted(text)) } else { whole.append(word) }
            }
            build.scripts.append(
                BuildScripts.Script(code: whole, directory: Value(file.folder), source: "\(name) of package.json"))
        }
        let manager =
            reading.canonicalWords.first.map { $0.hasPrefix("yarn") ? "yarn" : $0 == "cnpm" ? "npm" : $0 } ?? ""
        let hasHooks = !words.contains { $0.text == "--ignore-scripts" }
        switch asked(manager, words) {
        case .script(let name, let arguments):
            guard code(of: name) != nil || name == "restart" else { return nil }
            if manager == "npm" || manager == "yarn" || manager == "bun", hasHooks { add("pre" + name) }
            add(name, arguments)
            if manager == "npm" || manager == "yarn" || manager == "bun", hasHooks { add("post" + name) }
        case .hooks(let names):
            guard hasHooks else { return nil }
            for name in names { add(name) }
            // The packages that are installed have scripts of their own, which nobody has read.
            build.isWhole = false
        case nil: return nil
        }
        return build.scripts.isEmpty && build.taints.isEmpty ? nil : build
    }

    private enum Asked {
        case script(String, [Value])
        case hooks([String])
    }

    private static let installHooks = [
        "preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare",
    ]
    private static let publishHooks = [
        "prepublishOnly", "prepack", "prepare", "postpack", "publish", "postpublish",
    ]

    /// What the words of a package manager ask for.
    private func asked(_ manager: String, _ words: [Value]) -> Asked? {
        var rest = words[...]
        func skipOptions() {
            while let text = rest.first?.text, text.hasPrefix("-"), text != "--" {
                let takesValue = [
                    "-C", "--prefix", "--dir", "--cwd", "-w", "--workspace", "-F", "--filter", "--loglevel",
                    "--registry",
                ].contains(text)
                rest = rest.dropFirst(takesValue ? 2 : 1)
            }
        }
        skipOptions()
        guard let verb = rest.popFirst()?.text else { return manager == "yarn" ? .hooks(Self.installHooks) : nil }
        func arguments() -> [Value] {
            guard manager == "npm" else { return Array(rest) }
            // npm hands on what stands behind `--`.
            return Array(rest.drop { $0.text != "--" }.dropFirst())
        }
        switch verb {
        case "run", "run-script", "rum", "urn":
            skipOptions()
            guard let name = rest.popFirst()?.text else { return nil }
            return .script(name, arguments())
        case "test", "tst", "t": return .script("test", arguments())
        case "start", "stop", "restart": return .script(verb, arguments())
        case "install", "i", "ci", "install-test", "it", "clean-install", "rebuild":
            return .hooks(Self.installHooks)
        case "publish": return .hooks(Self.publishHooks)
        case "pack": return .hooks(["prepack", "prepare", "postpack"])
        case "version": return .hooks(["preversion", "version", "postversion"])
        default: return manager == "npm" ? nil : .script(verb, Array(rest))
        }
    }
}
