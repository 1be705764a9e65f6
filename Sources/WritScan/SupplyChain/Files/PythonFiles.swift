// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Dependency files of Python: pip, setuptools, Poetry, PDM, uv, Pipenv and conda.
enum PythonFiles {
    static func requirements(_ text: String, _ reading: inout DependencyReading) {
        var pending = ""
        var start = 1
        for (number, bytes) in TextLines(text) {
            let line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            if pending.isEmpty { start = number }
            if line.hasSuffix("\\"), pending.utf8.count < 65_536 {
                pending += line.dropLast() + " "
                continue
            }
            requirement(pending + line, line: start, &reading)
            pending = ""
        }
        if !pending.isEmpty { requirement(pending, line: start, &reading) }
    }

    /// One line of a requirements file.
    private static func requirement(_ text: String, line: Int, _ reading: inout DependencyReading) {
        // A comment begins at the start or after a blank: `#egg=` belongs to an address.
        var text = LineText.trimmed(text)
        if text.hasPrefix("#") { return }
        if let comment = text.firstRange(of: " #") { text = LineText.trimmed(text[..<comment.lowerBound]) }
        guard !text.isEmpty else { return }
        if text.hasPrefix("-") {
            let words = text.split(whereSeparator: { $0 == " " || $0 == "=" }).map(String.init)
            guard let option = words.first, words.count > 1 else { return }
            let value = text.dropFirst(option.count).drop { $0 == " " || $0 == "=" }
            switch option {
            case "-i", "--index-url": reading.indexes.append(IndexSetting("pypi", url: String(value), line: line))
            case "--extra-index-url":
                reading.indexes.append(IndexSetting("pypi", url: String(value), isAdditional: true, line: line))
            case "-f", "--find-links":
                guard value.contains("://") else { return }
                reading.indexes.append(IndexSetting("pypi", url: String(value), isAdditional: true, line: line))
            case "-e", "--editable":
                if let dependency = specifier(String(value), line: line) { reading.add(dependency) }
            default: break
            }
            return
        }
        var hashes: [String] = []
        var kept: [Substring] = []
        for word in text.split(separator: " ") {
            if word.hasPrefix("--hash=") {
                hashes.append(String(word.dropFirst(7)))
            } else if !word.hasPrefix("--") {
                kept.append(word)
            }
        }
        guard var dependency = specifier(kept.joined(separator: " "), line: line) else { return }
        dependency.integrity = hashes.joined(separator: " ")
        reading.add(dependency)
    }

    /// One requirement of PEP 508, or an address; nil when it is neither.
    static func specifier(_ text: String, line: Int) -> Dependency? {
        let text = LineText.trimmed(text)
        if isAddress(text) {
            let name = text.firstRange(of: "#egg=").map { String(text[$0.upperBound...].prefix { isName($0) }) }
            return Dependency("pypi", name ?? String(text), source: source(String(text)), line: line)
        }
        if text.hasPrefix(".") || text.hasPrefix("/") { return nil }
        let name = text.prefix { isName($0) }
        guard let first = name.first, first.isLetter || first.isNumber else { return nil }
        var rest = LineText.trimmed(text.dropFirst(name.count))
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            rest = LineText.trimmed(rest[rest.index(after: end)...])
        }
        if rest.hasPrefix("@") {
            let address = LineText.trimmed(rest.dropFirst()).prefix { $0 != " " && $0 != ";" }
            return Dependency("pypi", String(name), source: source(String(address)), line: line)
        }
        let version = LineText.trimmed(rest.prefix { $0 != ";" }.filter { $0 != "(" && $0 != ")" })
        if let first = version.first, !"=<>~!".contains(first) { return nil }
        return Dependency("pypi", String(name), String(version), line: line)
    }

    private static func isName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "-" || character == "_" || character == "."
    }

    private static func isAddress(_ text: Substring) -> Bool {
        text.hasPrefix("git+") || text.hasPrefix("hg+") || text.hasPrefix("svn+") || text.hasPrefix("https://")
            || text.hasPrefix("http://") || text.hasPrefix("file:")
    }

    static func source(_ address: String) -> Dependency.Source {
        if address.hasPrefix("file:") { return .path(address) }
        guard address.hasPrefix("git+") || address.hasPrefix("hg+") || address.hasPrefix("svn+") else {
            return .archive(String(address.prefix { $0 != "#" }))
        }
        let url = address.prefix { $0 != "#" }
        // The reference stands behind an `@` in the path; one before the path is a user.
        let body = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url
        if let slash = body.firstIndex(of: "/"), let mark = body[slash...].lastIndex(of: "@") {
            return .git(url: String(url[..<mark]), reference: String(body[body.index(after: mark)...]))
        }
        return .git(url: String(url), reference: "")
    }

    static func pyproject(_ text: String, _ reading: inout DependencyReading) {
        let file = PlacedTOML(text)
        let sources = [["tool", "poetry", "source"], ["tool", "uv", "index"], ["tool", "pdm", "source"]]
        for entry in file.entries {
            let path = entry.table + entry.key
            switch true {
            case path == ["project", "dependencies"], path == ["build-system", "requires"],
                path == ["tool", "uv", "dev-dependencies"], path == ["tool", "uv", "constraint-dependencies"]:
                add(entry.value.array, line: entry.line, &reading)
            case path.count == 3 && path.starts(with: ["project", "optional-dependencies"]),
                path.count == 2 && path.first == "dependency-groups",
                path.count == 4 && path.starts(with: ["tool", "pdm", "dev-dependencies"]):
                add(entry.value.array, line: entry.line, &reading)
            case path.starts(with: ["tool", "poetry"]) && entry.table.last?.hasSuffix("dependencies") == true:
                poetry(entry, &reading)
            case path.starts(with: ["tool", "uv", "sources"]):
                if let name = path.dropFirst(3).first { overrideSource(name, entry.value, &reading) }
            case entry.key == ["url"] && sources.contains(entry.table),
                path == ["tool", "uv", "index-url"], path == ["tool", "uv", "extra-index-url"]:
                for url in [entry.value.string].compactMap({ $0 }) + entry.value.array.compactMap(\.string) {
                    reading.indexes.append(
                        IndexSetting(
                            "pypi", url: url, isAdditional: entry.key != ["index-url"] && entry.table.last != "source",
                            line: entry.line))
                }
            default: break
            }
        }
        note(file, &reading)
    }

    private static func add(_ values: [PlacedTOML.Value], line: Int, _ reading: inout DependencyReading) {
        for value in values {
            if let text = value.string, let dependency = specifier(text, line: line) { reading.add(dependency) }
        }
    }

    private static func poetry(_ entry: PlacedTOML.Entry, _ reading: inout DependencyReading) {
        guard let name = entry.key.first, name != "python" else { return }
        var dependency = Dependency("pypi", name, line: entry.line)
        if let version = entry.value.string ?? entry.value["version"]?.string { dependency.requirement = version }
        if let git = entry.value["git"]?.string {
            let reference = ["rev", "tag", "branch"].compactMap { entry.value[$0]?.string }.first ?? ""
            dependency.source = .git(url: git, reference: reference)
        } else if let url = entry.value["url"]?.string {
            dependency.source = .archive(url)
        } else if let path = entry.value["path"]?.string {
            dependency.source = .path(path)
        }
        reading.add(dependency)
    }

    private static func overrideSource(_ name: String, _ value: PlacedTOML.Value, _ reading: inout DependencyReading) {
        let key = PackageIndex.normalised(name, in: "pypi")
        guard let index = reading.dependencies.lastIndex(where: { PackageIndex.normalised($0.name, in: "pypi") == key })
        else { return }
        if let git = value["git"]?.string {
            let reference = ["rev", "tag", "branch"].compactMap { value[$0]?.string }.first ?? ""
            reading.dependencies[index].source = .git(url: git, reference: reference)
        } else if let url = value["url"]?.string {
            reading.dependencies[index].source = .archive(url)
        } else if let path = value["path"]?.string {
            reading.dependencies[index].source = .path(path)
        } else if value["workspace"] != nil {
            reading.dependencies[index].source = .path("")
        }
    }

    static func pipfile(_ text: String, _ reading: inout DependencyReading) {
        let file = PlacedTOML(text)
        for entry in file.entries {
            switch entry.table {
            case ["packages"], ["dev-packages"]: poetry(entry, &reading)
            case ["source"] where entry.key == ["url"]:
                reading.indexes.append(IndexSetting("pypi", url: entry.value.string ?? "", line: entry.line))
            default: break
            }
        }
        note(file, &reading)
    }

    /// The string literals in the requirement lists of a `setup.py`: the file is a program, and what it computes is not
    /// known.
    static func setupPy(_ text: String, _ reading: inout DependencyReading) {
        var depth = 0
        for (number, bytes) in TextLines(text) {
            let line = String(decoding: bytes, as: UTF8.self)
            var rest = Substring(line)
            if depth == 0 {
                guard
                    let key = ["install_requires", "setup_requires", "tests_require", "extras_require"].first(where: {
                        line.contains($0)
                    }), let start = line.firstRange(of: key),
                    line[start.upperBound...].contains(where: { "[{".contains($0) })
                else { continue }
                rest = line[start.upperBound...]
            }
            for text in LineText.quoted(rest) {
                if let dependency = specifier(text, line: number), !rest.contains("'\(text)':"),
                    !rest.contains("\"\(text)\":")
                {
                    reading.add(dependency)
                }
            }
            for character in rest {
                if character == "[" || character == "{" { depth += 1 }
                if character == "]" || character == "}" { depth = max(0, depth - 1) }
            }
        }
    }

    static func setupCfg(_ text: String, _ reading: inout DependencyReading) {
        var section = ""
        var isList = false
        for (number, bytes) in TextLines(text) {
            let line = String(decoding: bytes, as: UTF8.self)
            let content = LineText.trimmed(line)
            if content.hasPrefix("["), let end = content.firstIndex(of: "]") {
                section = String(content[content.index(after: content.startIndex)..<end])
                isList = false
                continue
            }
            if let first = line.first, !first.isWhitespace {
                let key = LineText.trimmed(line.prefix { $0 != "=" })
                isList =
                    section == "options.extras_require"
                    || (section == "options" && ["install_requires", "setup_requires", "tests_require"].contains(key))
                guard isList, let mark = content.firstIndex(of: "=") else { continue }
                requirement(String(content[content.index(after: mark)...]), line: number, &reading)
            } else if isList {
                requirement(String(content), line: number, &reading)
            }
        }
    }

    static func pipfileLock(_ text: String, _ reading: inout DependencyReading) {
        guard let json = JSONText.read(text, &reading) else { return }
        var places = JSONPlaces(text)
        for section in ["default", "develop"] {
            for member in json[section]?.members ?? [] {
                var version = member.value["version"]?.string ?? ""
                if version.hasPrefix("==") { version.removeFirst(2) }
                var dependency = Dependency("pypi", member.key, version, line: places.next(member.key))
                dependency.integrity = (member.value["hashes"]?.array ?? []).compactMap(\.string).sorted()
                    .joined(separator: " ")
                if let git = member.value["git"]?.string {
                    dependency.source = .git(url: git, reference: member.value["ref"]?.string ?? "")
                }
                reading.add(dependency)
            }
        }
        for source in json["_meta"]?["sources"]?.array ?? [] {
            if let url = source["url"]?.string { reading.indexes.append(IndexSetting("pypi", url: url, line: 1)) }
        }
    }

    /// `poetry.lock`, `pdm.lock`, `uv.lock`: one `[[package]]` a package.
    static func lockTables(_ text: String, _ reading: inout DependencyReading) {
        let file = PlacedTOML(text)
        LockTables.read(file, ecosystem: "pypi", &reading)
        note(file, &reading)
    }

    static func pipSettings(_ text: String, _ reading: inout DependencyReading) {
        for (number, bytes) in TextLines(text) {
            let line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            guard let mark = line.firstIndex(of: "=") else { continue }
            let key = LineText.trimmed(line[..<mark]).lowercased()
            let value = LineText.trimmed(line[line.index(after: mark)...])
            guard !value.isEmpty else { continue }
            switch key {
            case "index-url", "index_url":
                reading.indexes.append(IndexSetting("pypi", url: String(value), line: number))
            case "extra-index-url", "extra_index_url", "find-links":
                for url in value.split(separator: " ") where url.contains("://") {
                    reading.indexes.append(IndexSetting("pypi", url: String(url), isAdditional: true, line: number))
                }
            default: break
            }
        }
    }

    static func conda(_ text: String, _ reading: inout DependencyReading) {
        for entry in PlacedYAML(text).entries where entry.isItem && entry.key.isEmpty {
            if entry.path == ["dependencies", "pip"] || entry.path == ["pip"] {
                requirement(entry.value, line: entry.line, &reading)
            } else if entry.path.last == "dependencies" {
                let name = entry.value.split(whereSeparator: { "=<> ".contains($0) }).first.map(String.init) ?? ""
                let rest = entry.value.dropFirst(name.count)
                reading.add(
                    Dependency(
                        "conda", name.split(separator: ":").last.map(String.init) ?? name,
                        String(LineText.trimmed(rest.drop { $0 == "=" })), line: entry.line))
            }
        }
    }

    static func note(_ file: PlacedTOML, _ reading: inout DependencyReading) {
        if file.faults > 0 { reading.gaps.append("\(file.faults) lines are no TOML and were passed over") }
    }
}

/// Lock files that hold one `[[package]]` table a package: Poetry, PDM, uv and Cargo.
enum LockTables {
    static func read(_ file: PlacedTOML, ecosystem: String, _ reading: inout DependencyReading) {
        var current: Dependency?
        var section = -1
        var isOwn = false
        var integrity: [String] = []
        func flush() {
            if var done = current, !isOwn {
                done.integrity = integrity.joined(separator: " ")
                reading.add(done)
            }
            integrity = []
        }
        for entry in file.entries {
            guard entry.table.first == "package" else { continue }
            if entry.table == ["package"], entry.section != section {
                flush()
                section = entry.section
                current = Dependency(ecosystem, "", line: entry.line)
                isOwn = false
            }
            let key = (entry.table.dropFirst() + entry.key).joined(separator: ".")
            switch key {
            case "name":
                current?.name = entry.value.string ?? ""
                current?.line = entry.line
            case "version": current?.requirement = entry.value.string ?? ""
            case "checksum": integrity += [entry.value.string].compactMap { $0 }
            case "files", "wheels":
                let hashes = entry.value.array.compactMap { $0["hash"]?.string }.sorted()
                integrity += hashes
            case "sdist":
                if let hash = entry.value["hash"]?.string { integrity.append(hash) }
            case "source":
                if let text = entry.value.string {
                    current?.source = source(text)
                } else if let git = entry.value["git"]?.string {
                    current?.source = git.isEmpty ? .registry : self.git(git)
                } else if let registry = entry.value["registry"]?.string {
                    current?.source = isUsual(registry) ? .registry : .index(registry)
                } else if let url = entry.value["url"]?.string {
                    current?.source = .archive(url)
                } else if entry.value["virtual"] != nil || entry.value["editable"] != nil
                    || entry.value["directory"] != nil
                {
                    isOwn = true
                }
            case "source.url":
                if let url = entry.value.string { current?.source = isUsual(url) ? .registry : .archive(url) }
            case "source.type":
                if entry.value.string == "directory" { isOwn = true }
            case "source.resolved_reference":
                if case .archive(let url)? = current?.source {
                    current?.source = .git(url: url, reference: entry.value.string ?? "")
                }
            default: break
            }
        }
        flush()
    }

    /// Cargo's spelling: `registry+URL`, `git+URL?rev=…#commit`.
    private static func source(_ text: String) -> Dependency.Source {
        if text.hasPrefix("registry+") || text.hasPrefix("sparse+") {
            let url = String(text.split(separator: "+", maxSplits: 1).last ?? "")
            return isUsual(url) ? .registry : .index(url)
        }
        return text.hasPrefix("git+") ? git(String(text.dropFirst(4))) : .archive(text)
    }

    private static func git(_ text: String) -> Dependency.Source {
        let reference = text.firstIndex(of: "#").map { String(text[text.index(after: $0)...]) } ?? ""
        return .git(url: String(text.prefix { $0 != "?" && $0 != "#" }), reference: reference)
    }

    static func isUsual(_ url: String) -> Bool {
        let usual = [
            "pypi.org/", "files.pythonhosted.org/", "github.com/rust-lang/crates.io-index", "index.crates.io",
            "registry.npmjs.org", "registry.yarnpkg.com", "rubygems.org", "repo.maven.apache.org", "repo1.maven.org",
            "api.nuget.org", "proxy.golang.org", "npm.pkg.jsr.io", "plugins.gradle.org", "dl.google.com/",
            "maven.google.com",
        ]
        guard url.hasPrefix("https://") else { return false }
        let body = url.dropFirst(8) + "/"
        return usual.contains { body.hasPrefix($0) || body.hasPrefix("www." + $0) }
    }
}

/// A JSON file, or a gap that says why it could not be read.
enum JSONText {
    static func read(_ text: String, _ reading: inout DependencyReading) -> JSON? {
        do {
            return try JSON(parsing: text)
        } catch {
            reading.gaps.append("it is no JSON: \(error)")
            return nil
        }
    }
}
