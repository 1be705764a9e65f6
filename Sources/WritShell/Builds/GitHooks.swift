// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Hooks that git runs on the way: those of the repository that this session wrote.
extension Evaluator {
    func hookScripts(_ reading: ProgramReading, _ words: [Value], in folder: String) -> BuildScripts? {
        guard reading.canonicalWords.count > 1, let names = Self.hooks[reading.canonicalWords[1]] else { return nil }
        var isSkipped = words.contains { $0.text == "--no-verify" }
        if reading.canonicalWords[1] == "commit", words.contains(where: { $0.text == "-n" }) { isSkipped = true }
        var build = BuildScripts()
        var folder = folder
        for _ in 0..<16 {
            let base = folder == "/" ? "" : folder
            var places = [base + "/.git/hooks/", base + "/.husky/"]
            if let settings = knownText(base + "/.git/config")?.literalText, let path = Self.hooksPath(in: settings) {
                places.insert(PathText.absolute(path, in: folder, home: context.home) + "/", at: 0)
            }
            for setting in words where setting.hasPrefix("core.hooksPath=") {
                guard let path = setting.dropping(15).text else { continue }
                places.insert(PathText.absolute(path, in: folder, home: context.home) + "/", at: 0)
            }
            for name in names where !(isSkipped && Self.skippedHooks.contains(name)) {
                for place in places {
                    guard let content = knownText(place + name) else { continue }
                    build.taints.formUnion(content.taints)
                    build.scripts.append(
                        BuildScripts.Script(
                            code: content, directory: Value(folder), language: Self.interpreter(of: content),
                            source: "the hook \(name)"))
                }
            }
            // Every git command comes through here: above the workspace no repository is looked for.
            if !build.scripts.isEmpty || folder == "/" || folder.isEmpty || folder == context.workspace { break }
            let cut = folder.utf8.lastIndex(of: 0x2F) ?? folder.startIndex
            folder = cut == folder.startIndex ? "/" : String(folder[..<cut])
        }
        // What git does besides is known; only hooks that are at hand are added.
        build.isWhole = false
        return build.scripts.isEmpty ? nil : build
    }

    private static let skippedHooks: Set<String> = ["pre-commit", "commit-msg", "pre-push", "pre-merge-commit"]
    private static let hooks: [String: [String]] = [
        "commit": ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-rewrite"],
        "push": ["pre-push"],
        "merge": ["pre-merge-commit", "commit-msg", "post-merge", "reference-transaction"],
        "pull": ["pre-merge-commit", "commit-msg", "post-merge", "post-checkout", "pre-rebase", "post-rewrite"],
        "fetch": ["reference-transaction"],
        "checkout": ["post-checkout"], "switch": ["post-checkout"], "worktree": ["post-checkout"],
        "rebase": ["pre-rebase", "post-checkout", "post-rewrite"],
        "cherry-pick": ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"],
        "revert": ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"],
        "am": ["applypatch-msg", "pre-applypatch", "post-applypatch"],
        "gc": ["pre-auto-gc"], "sendemail": ["sendemail-validate"], "status": ["fsmonitor-watchman"],
    ]

    /// `hooksPath` in the section `core` of a file of settings.
    private static func hooksPath(in settings: String) -> String? {
        var isCore = false
        for line in settings.split(separator: "\n").prefix(2_000) {
            let text = line.trimmingBlanks
            if text.hasPrefix("[") {
                isCore = text.lowercased().hasPrefix("[core]")
            } else if isCore, let equals = text.firstIndex(of: "="),
                text[..<equals].trimmingBlanks.lowercased() == "hookspath"
            {
                return String(text[text.index(after: equals)...].trimmingBlanks).filter { $0 != "\"" }
            }
        }
        return nil
    }

    /// The language that the first line of a script names; a shell without one.
    static func interpreter(of content: Value) -> String {
        guard case .text(let text)? = content.pieces.first, text.hasPrefix("#!") else { return "sh" }
        let line = text.dropFirst(2).prefix { $0 != "\n" }
        let words = line.split(whereSeparator: { $0 == " " || $0 == "/" || $0 == "\t" })
        let name = words.last { !$0.hasPrefix("-") && $0 != "env" } ?? "sh"
        return Languages.name(of: String(name)) ?? String(name)
    }
}

extension Substring {
    /// Without blanks and carriage returns at both ends.
    var trimmingBlanks: Substring {
        var rest = drop { $0 == " " || $0 == "\t" || $0 == "\r" }
        while let last = rest.last, last == " " || last == "\t" || last == "\r" { rest = rest.dropLast() }
        return rest
    }
}
