// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Dependency files of Maven and Gradle.
enum JavaFiles {
    static func pom(_ text: String, _ reading: inout DependencyReading) {
        var path: [String] = []
        var current = Dependency("maven", "")
        var group = ""
        var artifact = ""
        for tag in PlacedTags(text) {
            if tag.isEnd {
                if let depth = path.lastIndex(of: tag.name) { path.removeSubrange(depth...) }
                if ["dependency", "plugin", "extension", "parent"].contains(tag.name), !artifact.isEmpty {
                    current.name = group + ":" + artifact
                    reading.add(current)
                    artifact = ""
                }
                continue
            }
            if !tag.isEmpty, path.count < 64 { path.append(tag.name) }
            if ["dependency", "plugin", "extension", "parent"].contains(tag.name) {
                current = Dependency("maven", "", line: tag.line)
                group = tag.name == "plugin" ? "org.apache.maven.plugins" : ""
                artifact = ""
            }
            let owner = path.dropLast().last ?? ""
            if ["dependency", "plugin", "extension", "parent"].contains(owner) {
                switch tag.name {
                case "groupId": group = tag.text
                case "artifactId": artifact = tag.text
                case "version": current.requirement = tag.text
                default: break
                }
            } else if tag.name == "url", owner == "repository" || owner == "pluginRepository",
                !path.contains("distributionManagement"), !LockTables.isUsual(tag.text)
            {
                reading.indexes.append(IndexSetting("maven", url: tag.text, isAdditional: true, line: tag.line))
            }
        }
    }

    private static let configurations = [
        "implementation", "api", "compileOnly", "runtimeOnly", "testImplementation", "testRuntimeOnly",
        "annotationProcessor", "kapt", "ksp", "classpath", "compile", "testCompile", "androidTestImplementation",
        "debugImplementation", "releaseImplementation", "developmentOnly", "testCompileOnly", "platform",
        "enforcedPlatform",
    ]

    /// The literal coordinates of a build script: the file is a program, and what it computes is not known.
    static func gradle(_ text: String, _ reading: inout DependencyReading) {
        for (number, bytes) in TextLines(text) {
            let line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            guard !line.hasPrefix("//"), !line.hasPrefix("*") else { continue }
            let word = line.prefix { $0.isLetter }
            let strings = LineText.quoted(line)
            if configurations.contains(String(word)) {
                if line.contains("group:"), strings.count >= 2 {
                    reading.add(
                        Dependency(
                            "maven", strings[0] + ":" + strings[1], strings.count > 2 ? strings[2] : "", line: number))
                } else if let coordinates = strings.first(where: { $0.contains(":") && !$0.hasPrefix(":") }) {
                    add(coordinates, line: number, &reading)
                }
            } else if word == "id" || word == "kotlin", let plugin = strings.first, strings.count > 1 {
                reading.add(Dependency("maven", plugin + ":" + plugin + ".gradle.plugin", strings[1], line: number))
            } else if line.contains("url"), let url = strings.first(where: { $0.contains("://") }),
                !LockTables.isUsual(url)
            {
                reading.indexes.append(IndexSetting("maven", url: url, isAdditional: true, line: number))
            }
        }
    }

    private static func add(_ coordinates: String, line: Int, _ reading: inout DependencyReading) {
        let parts = coordinates.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, !parts[0].isEmpty, !parts[1].isEmpty else { return }
        let version = parts.count > 2 ? String(parts[2].prefix { $0 != "@" }) : ""
        reading.add(Dependency("maven", parts[0] + ":" + parts[1], version, line: line))
    }

    static func catalog(_ text: String, _ reading: inout DependencyReading) {
        let file = PlacedTOML(text)
        var versions: [String: String] = [:]
        for entry in file.entries where entry.table == ["versions"] {
            versions[entry.key.joined(separator: ".")] = entry.value.string ?? ""
        }
        for entry in file.entries where entry.table == ["libraries"] || entry.table == ["plugins"] {
            let value = entry.value
            let version =
                value["version"]?.string ?? value["version.ref"]?.string.flatMap { versions[$0] }
                ?? value["version"]?["ref"]?.string.flatMap { versions[$0] } ?? ""
            if let text = value.string {
                add(text, line: entry.line, &reading)
            } else if let module = value["module"]?.string {
                reading.add(Dependency("maven", module, version, line: entry.line))
            } else if let group = value["group"]?.string, let name = value["name"]?.string {
                reading.add(Dependency("maven", group + ":" + name, version, line: entry.line))
            } else if let id = value["id"]?.string {
                reading.add(Dependency("maven", id + ":" + id + ".gradle.plugin", version, line: entry.line))
            }
        }
        PythonFiles.note(file, &reading)
    }

    static func lock(_ text: String, _ reading: inout DependencyReading) {
        for (number, bytes) in TextLines(text) {
            let line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            guard !line.hasPrefix("#"), !line.hasPrefix("empty=") else { continue }
            add(String(line.prefix { $0 != "=" }), line: number, &reading)
        }
    }
}

/// Dependency files of Ruby.
enum RubyFiles {
    /// The literal `gem` calls of a Gemfile or gemspec: the file is a program, and what it computes is not known.
    static func manifest(_ text: String, _ reading: inout DependencyReading) {
        for (number, bytes) in TextLines(text) {
            let line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            guard !line.hasPrefix("#") else { continue }
            let strings = LineText.quoted(line)
            guard let first = strings.first else { continue }
            let word = line.prefix { $0.isLetter || $0 == "_" || $0 == "." }
            if word == "gem" || word.hasSuffix("add_dependency") || word.hasSuffix("add_runtime_dependency")
                || word.hasSuffix("add_development_dependency")
            {
                var dependency = Dependency("rubygems", first, line: number)
                let options = line.dropFirst(word.count)
                func option(_ name: String) -> String? {
                    for spelling in ["\(name):", ":\(name) =>"] {
                        if let start = options.firstRange(of: spelling) {
                            return LineText.quoted(options[start.upperBound...]).first
                        }
                    }
                    return nil
                }
                if let url = option("git") ?? option("github").map({ "https://github.com/" + $0 }) {
                    let reference = option("ref") ?? option("tag") ?? option("branch") ?? ""
                    dependency.source = .git(url: url, reference: reference)
                } else if let path = option("path") {
                    dependency.source = .path(path)
                } else if let source = option("source") {
                    dependency.source = LockTables.isUsual(source) ? .registry : .index(source)
                }
                if strings.count > 1, let sign = strings[1].first, sign.isNumber || "~><=!".contains(sign) {
                    dependency.requirement = strings[1]
                }
                reading.add(dependency)
            } else if word == "source", !LockTables.isUsual(first) {
                reading.indexes.append(IndexSetting("rubygems", url: first, line: number))
            }
        }
    }

    static func lock(_ text: String, _ reading: inout DependencyReading) {
        var section = ""
        var remote = ""
        var revision = ""
        var sums: [String: String] = [:]
        for (number, bytes) in TextLines(text) {
            let raw = String(decoding: bytes, as: UTF8.self)
            let indent = raw.prefix { $0 == " " }.count
            let line = LineText.trimmed(raw)
            guard !line.isEmpty else { continue }
            if indent == 0 {
                section = String(line)
                remote = ""
                revision = ""
                continue
            }
            if indent == 2, line.hasPrefix("remote:") {
                remote = String(LineText.trimmed(line.dropFirst(7)))
                if section == "GEM", !LockTables.isUsual(remote) {
                    reading.indexes.append(IndexSetting("rubygems", url: remote, line: number))
                }
            } else if indent == 2, line.hasPrefix("revision:") {
                revision = String(LineText.trimmed(line.dropFirst(9)))
            } else if section == "CHECKSUMS" {
                let words = line.split(separator: " ")
                if words.count >= 3 { sums[String(words[0])] = String(words[2]) }
            } else if indent == 4, section == "GEM" || section == "GIT" {
                let name = line.prefix { $0 != " " }
                let version = line.dropFirst(name.count).filter { $0 != "(" && $0 != ")" && $0 != " " }
                let source: Dependency.Source = section == "GIT" ? .git(url: remote, reference: revision) : .registry
                reading.add(Dependency("rubygems", String(name), version, source: source, line: number))
            }
        }
        guard !sums.isEmpty else { return }
        for index in reading.dependencies.indices {
            reading.dependencies[index].integrity = sums[reading.dependencies[index].name] ?? ""
        }
    }
}

/// Dependency files of .NET.
enum DotNetFiles {
    static func project(_ text: String, _ reading: inout DependencyReading) {
        for tag in PlacedTags(text) where !tag.isEnd {
            switch tag.name {
            case "PackageReference", "PackageVersion", "GlobalPackageReference", "DotNetCliToolReference":
                guard let name = tag.attributes["Include"] ?? tag.attributes["Update"] else { continue }
                reading.add(
                    Dependency(
                        "nuget", name, tag.attributes["Version"] ?? tag.attributes["VersionOverride"] ?? "",
                        line: tag.line))
            case "package":
                guard let name = tag.attributes["id"] else { continue }
                reading.add(Dependency("nuget", name, tag.attributes["version"] ?? "", line: tag.line))
            case "RestoreSources", "RestoreAdditionalProjectSources":
                for url in tag.text.split(separator: ";") where url.contains("://") && !LockTables.isUsual(String(url))
                {
                    reading.indexes.append(
                        IndexSetting(
                            "nuget", url: String(url), isAdditional: tag.name != "RestoreSources", line: tag.line))
                }
            default: break
            }
        }
    }

    static func lock(_ text: String, _ reading: inout DependencyReading) {
        guard let json = JSONText.read(text, &reading) else { return }
        var places = JSONPlaces(text)
        for framework in json["dependencies"]?.members ?? [] {
            for member in framework.value.members ?? [] where member.value["type"]?.string != "Project" {
                reading.add(
                    Dependency(
                        "nuget", member.key, member.value["resolved"]?.string ?? "",
                        integrity: member.value["contentHash"]?.string ?? "", line: places.next(member.key)))
            }
        }
    }
}
