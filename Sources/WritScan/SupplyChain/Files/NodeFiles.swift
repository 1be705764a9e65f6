// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Dependency files of JavaScript: npm, Yarn, pnpm and Bun.
enum NodeFiles {
    static func packageJSON(_ text: String, _ reading: inout DependencyReading) {
        guard let json = JSONText.read(text, &reading) else { return }
        var places = JSONPlaces(text)
        for section in ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] {
            for member in json[section]?.members ?? [] {
                reading.add(
                    dependency(member.key, member.value.string ?? "", line: places.next(member.key)))
            }
        }
        for section in [json["overrides"], json["resolutions"], json["pnpm"]?["overrides"]] {
            for member in section?.members ?? [] {
                guard let version = member.value.string, !version.hasPrefix("$") else { continue }
                let name = name(ofSelector: member.key)
                reading.add(dependency(name, version, line: places.next(member.key)))
            }
        }
        if let registry = json["publishConfig"]?["registry"]?.string, !LockTables.isUsual(registry) {
            reading.indexes.append(IndexSetting("npm", url: registry, line: places.next("registry")))
        }
    }

    /// The package of an override's key: `a/b` and `a@1` say where the override holds.
    private static func name(ofSelector key: String) -> String {
        let parts = key.split(separator: "/").map(String.init)
        guard let last = parts.last else { return key }
        let scope = parts.dropLast().last.flatMap { $0.hasPrefix("@") ? $0 + "/" : nil } ?? ""
        return scope + last.prefix { $0 != "@" }
    }

    /// A dependency by npm's specifier: a range, `npm:other@1`, an address, a path or a GitHub shorthand.
    private static func dependency(_ name: String, _ specifier: String, line: Int) -> Dependency {
        var dependency = Dependency("npm", name, specifier, line: line)
        if specifier.hasPrefix("npm:") {
            let real = specifier.dropFirst(4)
            let mark = real.dropFirst().lastIndex(of: "@")
            dependency.name = String(mark.map { real[..<$0] } ?? real)
            dependency.requirement = mark.map { String(real[real.index(after: $0)...]) } ?? ""
        } else {
            dependency.source = source(specifier)
            if dependency.source != .registry { dependency.requirement = "" }
        }
        return dependency
    }

    static func source(_ text: String) -> Dependency.Source {
        if ["file:", "link:", "workspace:", "portal:", "catalog:", "patch:"].contains(where: { text.hasPrefix($0) })
            || text.hasPrefix("./") || text.hasPrefix("../") || text.hasPrefix("/")
        {
            return .path(text)
        }
        let parts = text.split(separator: "#", maxSplits: 1)
        let reference = parts.count == 2 ? String(parts[1]) : ""
        let base = parts.first.map(String.init) ?? ""
        if base.hasPrefix("git") || base.hasPrefix("github:") || base.hasPrefix("gitlab:")
            || base.hasPrefix("bitbucket:") || base.hasPrefix("ssh://")
        {
            return .git(url: base, reference: reference)
        }
        if base.hasPrefix("https://") || base.hasPrefix("http://") {
            return base.hasSuffix(".git") ? .git(url: base, reference: reference) : .archive(base)
        }
        // `owner/repository`.
        let words = base.split(separator: "/", omittingEmptySubsequences: false)
        if words.count == 2, !base.hasPrefix("@"), !words[0].isEmpty, !words[1].isEmpty,
            words.allSatisfy({ $0.allSatisfy { $0.isLetter || $0.isNumber || "-_.".contains($0) } })
        {
            return .git(url: "https://github.com/" + base, reference: reference)
        }
        return .registry
    }

    static func packageLock(_ text: String, _ reading: inout DependencyReading) {
        guard let json = JSONText.read(text, &reading) else { return }
        var places = JSONPlaces(text)
        if let packages = json["packages"]?.members {
            for member in packages {
                guard let start = member.key.ranges(of: "node_modules/").last?.upperBound else { continue }
                if member.value["link"]?.bool == true { continue }
                let name = member.value["name"]?.string ?? String(member.key[start...])
                reading.add(locked(name, member.value, line: places.next(member.key)))
            }
            return
        }
        // Version 1 nests; the nesting has a limit of its own.
        func walk(_ members: [JSON.Member], depth: Int) {
            for member in members {
                reading.add(locked(member.key, member.value, line: places.next(member.key)))
                if depth < 32, let inner = member.value["dependencies"]?.members { walk(inner, depth: depth + 1) }
            }
        }
        walk(json["dependencies"]?.members ?? [], depth: 0)
    }

    private static func locked(_ name: String, _ value: JSON, line: Int) -> Dependency {
        let version = value["version"]?.string ?? ""
        let resolved = value["resolved"]?.string ?? (version.contains(":") ? version : "")
        var dependency = Dependency("npm", name, version, line: line)
        dependency.source = resolvedSource(resolved)
        dependency.integrity = value["integrity"]?.string ?? ""
        dependency.runsInstallScript = value["hasInstallScript"]?.bool ?? value["requiresBuild"]?.bool ?? false
        return dependency
    }

    private static func resolvedSource(_ resolved: String) -> Dependency.Source {
        if resolved.isEmpty || LockTables.isUsual(resolved) { return .registry }
        let source = source(resolved)
        guard case .archive(let url) = source else { return source }
        // A tarball below `/-/` comes from a registry of its own.
        if let mark = url.firstRange(of: "/-/") { return .index(String(url[..<mark.lowerBound])) }
        return source
    }

    /// Both of Yarn's formats: a head line of specifiers, then indented facts.
    static func yarnLock(_ text: String, _ reading: inout DependencyReading) {
        var current: Dependency?
        func flush() {
            if let current, current.source != .path("") { reading.add(current) }
        }
        for (number, bytes) in TextLines(text) {
            let line = String(decoding: bytes, as: UTF8.self)
            guard let first = line.first, first != "#" else { continue }
            if first != " " {
                flush()
                current = nil
                var head = Substring(line)
                head = head.prefix { $0 != "," }
                head = head.drop { $0 == "\"" }
                while let last = head.last, last == ":" || last == "\"" || last == "\r" { head.removeLast() }
                guard head.first != "_", let mark = head.dropFirst().firstIndex(of: "@") else { continue }
                current = Dependency("npm", String(head[..<mark]), line: number)
                if head[mark...].hasPrefix("@workspace:") { current?.source = .path("") }
                continue
            }
            guard current != nil, line.prefix(while: { $0 == " " }).count == 2 else { continue }
            let content = LineText.trimmed(line)
            let key = content.prefix { $0 != " " && $0 != ":" }
            let value = LineText.trimmed(content.dropFirst(key.count).drop { $0 == ":" || $0 == " " })
                .filter { $0 != "\"" }
            switch key {
            case "version": current?.requirement = value
            case "integrity", "checksum": current?.integrity = value
            case "resolved":
                current?.source = resolvedSource(String(value.prefix { $0 != "#" }))
            case "resolution":
                if let mark = value.dropFirst().firstIndex(of: "@") {
                    let specifier = String(value[value.index(after: mark)...])
                    if !specifier.hasPrefix("npm:"), current?.source != .path("") {
                        current?.source = source(specifier)
                    }
                }
            default: break
            }
        }
        flush()
    }

    static func pnpmLock(_ text: String, _ reading: inout DependencyReading) {
        var current: Dependency?
        for entry in PlacedYAML(text).entries {
            guard entry.path.first == "packages" else {
                if entry.path.isEmpty, let done = current {
                    reading.add(done)
                    current = nil
                }
                continue
            }
            if entry.path.count == 1 {
                if let done = current { reading.add(done) }
                current = locked(pnpm: entry.key, line: entry.line)
            }
            let facts = entry.value
            func fact(_ name: String) -> String? {
                if entry.key == name { return facts }
                guard let start = facts.firstRange(of: name + ": ") else { return nil }
                return String(facts[start.upperBound...].prefix { $0 != "," && $0 != "}" && $0 != " " })
            }
            if entry.key == "resolution" || entry.path.last == "resolution" {
                if let hash = fact("integrity") { current?.integrity = hash }
                if let tarball = fact("tarball") { current?.source = resolvedSource(tarball) }
                if let repository = fact("repo") {
                    current?.source = .git(url: repository, reference: fact("commit") ?? "")
                }
            } else if entry.key == "requiresBuild", facts == "true" {
                current?.runsInstallScript = true
            }
        }
        if let current { reading.add(current) }
    }

    /// `/name@1.0.0(peer)`, `/name/1.0.0` or `name@1.0.0`.
    private static func locked(pnpm key: String, line: Int) -> Dependency {
        let body = key.hasPrefix("/") ? key.dropFirst() : Substring(key)
        let plain = body.prefix { $0 != "(" }
        if let mark = plain.dropFirst().lastIndex(of: "@") {
            return Dependency(
                "npm", String(plain[..<mark]), String(plain[plain.index(after: mark)...]), line: line)
        }
        if let mark = plain.lastIndex(of: "/") {
            return Dependency(
                "npm", String(plain[..<mark]), String(plain[plain.index(after: mark)...]), line: line)
        }
        return Dependency("npm", String(plain), line: line)
    }

    /// Bun's text lock: JSON with trailing commas, one package a line: `"name": ["name@1.0.0", "", {…}, "sha512-…"]`.
    static func bunLock(_ text: String, _ reading: inout DependencyReading) {
        var isInside = false
        for (number, bytes) in TextLines(text) {
            let line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            if line.hasPrefix("\"packages\"") {
                isInside = true
                continue
            }
            guard isInside, line.hasPrefix("\""), let open = line.firstIndex(of: "[") else { continue }
            let strings = LineText.quoted(line[open...])
            guard let identity = strings.first, let mark = identity.dropFirst().firstIndex(of: "@") else { continue }
            let version = String(identity[identity.index(after: mark)...])
            var dependency = Dependency("npm", String(identity[..<mark]), version, line: number)
            dependency.source = version.first?.isNumber == true ? .registry : source(version)
            if case .path = dependency.source { continue }
            if let hash = strings.last, hash.hasPrefix("sha") { dependency.integrity = hash }
            if strings.count > 1, strings[1].hasPrefix("http") { dependency.source = resolvedSource(strings[1]) }
            reading.add(dependency)
        }
    }

    /// `.npmrc`, `.yarnrc` and `.yarnrc.yml`.
    static func settings(_ text: String, _ reading: inout DependencyReading) {
        var scope = ""
        for (number, bytes) in TextLines(text) {
            let raw = String(decoding: bytes, as: UTF8.self)
            let line = LineText.trimmed(raw)
            guard !line.isEmpty, !line.hasPrefix("#"), !line.hasPrefix(";"), !line.hasPrefix("//") else { continue }
            let isIndented = raw.first == " "
            guard let mark = line.firstIndex(where: { $0 == "=" || $0 == " " || $0 == ":" }) else { continue }
            var key = String(line[..<mark])
            var value = LineText.trimmed(line[line.index(after: mark)...].drop { $0 == "=" || $0 == " " || $0 == ":" })
            if key.hasPrefix("@"), let colon = line.firstRange(of: ":registry") {
                scope = String(line[..<colon.lowerBound])
                key = "registry"
                value = LineText.trimmed(line[colon.upperBound...].drop { $0 == "=" || $0 == " " })
            } else if isIndented, value.isEmpty {
                scope = "@" + key.filter { $0 != "\"" && $0 != "@" }
            } else if !isIndented {
                scope = ""
            }
            guard ["registry", "npmRegistryServer"].contains(key) else { continue }
            let url = value.filter { $0 != "\"" && $0 != "'" }
            reading.indexes.append(IndexSetting("npm", url: url, scope: scope, line: number))
        }
    }
}
