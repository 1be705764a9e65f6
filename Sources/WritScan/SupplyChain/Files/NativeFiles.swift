// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Dependency files of Rust.
enum RustFiles {
    static func manifest(_ text: String, _ reading: inout DependencyReading) {
        let file = PlacedTOML(text)
        // `[dependencies.serde]` spreads one dependency over several lines.
        var places: [String: Int] = [:]
        for entry in file.entries {
            guard let mark = entry.table.lastIndex(where: { $0.hasSuffix("dependencies") }) else {
                if entry.table.first == "patch", let name = entry.key.first {
                    reading.add(dependency(name, entry.value, line: entry.line))
                }
                continue
            }
            let rest = Array(entry.table[(mark + 1)...]) + entry.key
            guard let name = rest.first else { continue }
            if rest.count == 1 {
                reading.add(dependency(name, entry.value, line: entry.line))
                continue
            }
            let id = "\(entry.section) \(name)"
            if places[id] == nil {
                places[id] = reading.dependencies.count
                reading.add(Dependency("crates", name, line: entry.line))
            }
            guard let index = places[id], index < reading.dependencies.count, let value = entry.value.string else {
                continue
            }
            set(rest[1], value, &reading.dependencies[index])
        }
        PythonFiles.note(file, &reading)
    }

    private static func dependency(_ name: String, _ value: PlacedTOML.Value, line: Int) -> Dependency {
        var dependency = Dependency("crates", name, value.string ?? "", line: line)
        guard case .table(let members) = value else { return dependency }
        for member in members {
            if let text = member.value.string { set(member.key, text, &dependency) }
        }
        return dependency
    }

    private static func set(_ key: String, _ value: String, _ dependency: inout Dependency) {
        switch key {
        case "version": dependency.requirement = value
        case "package": dependency.name = value
        case "path": dependency.source = .path(value)
        case "registry-index": dependency.source = .index(value)
        case "git":
            if case .git(_, let reference) = dependency.source {
                dependency.source = .git(url: value, reference: reference)
            } else {
                dependency.source = .git(url: value, reference: "")
            }
        case "rev", "tag", "branch":
            if case .git(let url, _) = dependency.source {
                dependency.source = .git(url: url, reference: value)
            } else {
                dependency.source = .git(url: "", reference: value)
            }
        default: break
        }
    }

    static func lock(_ text: String, _ reading: inout DependencyReading) {
        let file = PlacedTOML(text)
        LockTables.read(file, ecosystem: "crates", &reading)
        PythonFiles.note(file, &reading)
    }

    static func settings(_ text: String, _ reading: inout DependencyReading) {
        for entry in PlacedTOML(text).entries {
            let path = entry.table + entry.key
            guard path.first == "source" || path.first == "registries", let url = entry.value.string else { continue }
            if path.last == "registry" || path.last == "index" {
                reading.indexes.append(IndexSetting("crates", url: url, line: entry.line))
            } else if path.last == "replace-with" {
                reading.indexes.append(IndexSetting("crates", url: "replace-with \(url)", line: entry.line))
            }
        }
    }
}

/// Dependency files of Go.
enum GoFiles {
    static func module(_ text: String, _ reading: inout DependencyReading) {
        var block = ""
        for (number, bytes) in TextLines(text) {
            var line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            if let comment = line.firstRange(of: "//") { line = LineText.trimmed(line[..<comment.lowerBound]) }
            if line == ")" {
                block = ""
                continue
            }
            var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            if words.last == "(" {
                block = words.first ?? ""
                continue
            }
            guard !words.isEmpty else { continue }
            let verb = block.isEmpty ? words.removeFirst() : block
            switch verb {
            case "require" where words.count >= 2:
                reading.add(Dependency("go", words[0], words[1], line: number))
            case "replace":
                guard let arrow = words.firstIndex(of: "=>"), arrow > 0, arrow + 1 < words.count else { continue }
                let target = words[arrow + 1]
                let source: Dependency.Source =
                    target.hasPrefix(".") || target.hasPrefix("/")
                    ? .path(target) : .git(url: target, reference: arrow + 2 < words.count ? words[arrow + 2] : "")
                reading.add(Dependency("go", words[0], source: source, line: number))
            default: break
            }
        }
    }

    static func sums(_ text: String, _ reading: inout DependencyReading) {
        for (number, bytes) in TextLines(text) {
            let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\r" })
            guard words.count == 3, !words[1].hasSuffix("/go.mod") else { continue }
            reading.add(
                Dependency("go", String(words[0]), String(words[1]), integrity: String(words[2]), line: number))
        }
    }
}

/// Dependency files of Swift.
enum SwiftFiles {
    /// The `.package(…)` calls of a manifest, read from its text: the file is a program, and what it computes is not
    /// known.
    static func manifest(_ text: String, _ reading: inout DependencyReading) {
        for (number, bytes) in TextLines(text) {
            let line = String(decoding: bytes, as: UTF8.self)
            guard let call = line.firstRange(of: ".package("), !LineText.trimmed(line).hasPrefix("//") else { continue }
            let rest = line[call.upperBound...]
            let strings = LineText.quoted(rest)
            guard let first = strings.first else { continue }
            if rest.hasPrefix("path:") || rest.contains("path: \"\(strings.last ?? "")\"") { continue }
            let url = rest.contains("url:") ? strings.first { $0.contains("://") || $0.contains("@") } ?? first : first
            var dependency = Dependency("swift", repository(url), line: number)
            let requirement = strings.last ?? ""
            if rest.contains("branch:") || rest.contains("revision:") {
                dependency.source = .git(url: url, reference: requirement)
            } else {
                dependency.requirement = requirement == url ? "" : requirement
                dependency.source = .git(url: url, reference: dependency.requirement)
            }
            reading.add(dependency)
        }
    }

    static func resolved(_ text: String, _ reading: inout DependencyReading) {
        guard let json = JSONText.read(text, &reading) else { return }
        var line = 1
        let places = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().filter {
            $0.element.contains("\"location\"") || $0.element.contains("\"repositoryURL\"")
        }.map { $0.offset + 1 }
        for (number, pin) in (json["pins"]?.array ?? json["object"]?["pins"]?.array ?? []).enumerated() {
            let url = pin["location"]?.string ?? pin["repositoryURL"]?.string ?? ""
            if number < places.count { line = places[number] }
            let state = pin["state"]
            reading.add(
                Dependency(
                    "swift", repository(url), state?["version"]?.string ?? state?["branch"]?.string ?? "",
                    source: .git(url: url, reference: state?["revision"]?.string ?? ""),
                    integrity: state?["revision"]?.string ?? "", line: line))
        }
    }

    /// `owner/name` of a repository's address.
    private static func repository(_ url: String) -> String {
        var path = Substring(url)
        if path.hasSuffix("/") { path.removeLast() }
        if path.hasSuffix(".git") { path.removeLast(4) }
        return path.split(whereSeparator: { $0 == "/" || $0 == ":" }).suffix(2).joined(separator: "/")
    }
}
