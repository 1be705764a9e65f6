// SPDX-License-Identifier: Apache-2.0
import WritCore

/// `RUN` lines of a Dockerfile: they run in the image that is built, with the network of this machine.
extension Evaluator {
    func imageScripts(_ reading: ProgramReading, _ words: [Value], in folder: String) -> BuildScripts? {
        guard reading.canonicalWords.count > 1, ["build", "buildx"].contains(reading.canonicalWords[1]) else {
            return nil
        }
        var name: String?
        var root: String?
        var rest = words.drop { $0.text != "build" }.dropFirst()
        while let word = rest.popFirst() {
            guard let text = word.text else { return nil }
            switch text {
            case "-f", "--file": name = rest.popFirst()?.text
            case "-t", "--tag", "--build-arg", "--target", "--platform", "--network", "--cache-from", "--cache-to",
                "--label", "--progress", "--builder", "--secret", "--ssh", "-o", "--output", "--iidfile",
                "--metadata-file", "--build-context", "--allow", "--add-host", "--shm-size", "-m", "--memory":
                rest = rest.dropFirst()
            default:
                if text.hasPrefix("--file=") {
                    name = String(text.dropFirst(7))
                } else if !text.hasPrefix("-") || text == "-" {
                    root = text
                }
            }
        }
        guard let root, root != "-" else { return nil }
        let context = PathText.absolute(root, in: folder, home: self.context.home)
        let paths =
            name.map { [PathText.absolute($0, in: folder, home: self.context.home)] }
            ?? [context + "/Dockerfile", context + "/Containerfile"]
        guard let content = paths.lazy.compactMap({ self.knownText($0) }).first else { return nil }
        var build = BuildScripts()
        build.taints = content.taints
        guard let text = content.literalText else { return content.taints.isEmpty ? nil : build }
        for code in Self.runLines(text) {
            build.scripts.append(
                BuildScripts.Script(
                    code: Value(code), directory: Value("/"), isRemote: true, source: "RUN of the Dockerfile"))
        }
        return build
    }

    /// The code of each `RUN`, at most 200.
    static func runLines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        var runs: [String] = []
        while var line = lines.popFirst(), runs.count < 200 {
            line = line.trimmingBlanks
            guard line.lowercased().hasPrefix("run ") || line.lowercased().hasPrefix("run\t") else { continue }
            var code = String(line.dropFirst(4).trimmingBlanks)
            while code.hasSuffix("\\"), let next = lines.popFirst() {
                code = String(code.dropLast())
                let more = next.trimmingBlanks
                // Comment lines may stand between continued ones.
                code += more.hasPrefix("#") ? "\\" : " " + more
            }
            while code.hasPrefix("--"), let blank = code.firstIndex(of: " ") {
                code = String(code[code.index(after: blank)...].trimmingBlanks)
            }
            if code.hasPrefix("<<") {
                // `RUN <<EOF`: the lines up to the word are the script.
                let word = code.dropFirst(2).drop { $0 == "-" }.prefix { $0 != " " }.filter { $0 != "\"" && $0 != "'" }
                var body = ""
                while let next = lines.popFirst(), next.trimmingBlanks != word[...] { body += next + "\n" }
                code = body
            } else if code.hasPrefix("[") {
                code = execForm(code) ?? code
            }
            runs.append(code)
        }
        return runs
    }

    /// `["program", "argument"]` as a command line.
    private static func execForm(_ text: String) -> String? {
        do {
            let words = try JSON(parsing: Array(text.utf8)).array?.compactMap(\.string)
            return words.map { $0.map(shellQuoted).joined(separator: " ") }
        } catch {
            // Docker takes what is no JSON for shell code.
            return nil
        }
    }
}
