// SPDX-License-Identifier: Apache-2.0
public import WritCore
import WritResources

/// The modules that a source file asks for from outside its project.
public struct ImportedModule: Sendable, Hashable {
    /// `pypi` or `npm`.
    public var ecosystem: String
    /// The module's first part: `yaml` of `yaml.nodes`, `@scope/name` of `@scope/name/sub`.
    public var module: String
    /// The package that is known to hold it; the module's own name otherwise.
    public var package: String
    /// 1-based.
    public var line: Int
}

/// Reads imports and finds those that no manifest covers.
public struct Imports: Sendable {
    /// Modules that come with the language, by ecosystem.
    private let builtIn: [String: Set<String>]
    /// Packages by the module they hold, where the two names differ.
    private let packages: [String: [String: String]]

    /// Reads the tables that ship with Writ.
    public init() {
        var builtIn: [String: Set<String>] = [:]
        var packages: [String: [String: String]] = [:]
        let table = Resource.named("supply/modules.txt")
        for (_, bytes) in TextLines(table.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "") {
            let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
            guard words.count >= 3, words[0] != "#" else { continue }
            if words[1] == "builtin" {
                builtIn[words[0], default: []].formUnion(words[2...])
            } else {
                packages[words[0], default: [:]][words[1]] = words[2]
            }
        }
        self.builtIn = builtIn
        self.packages = packages
    }

    /// The outside modules of a Python or JavaScript/TypeScript file, each once, in order; empty for other files.
    ///
    /// Takes what stands at the start of a statement; a module whose name is computed is not known.
    public func read(path: String, text: String) -> [ImportedModule] {
        let name = path.lowercased()
        if name.hasSuffix(".py") || name.hasSuffix(".pyi") { return python(text) }
        if [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"].contains(where: { name.hasSuffix($0) }) {
            return javaScript(text)
        }
        return []
    }

    /// The imports that the manifests do not cover.
    ///
    /// - Parameters:
    ///   - dependencies: of all manifests above the file.
    ///   - isLocal: whether the project itself holds a module of this name.
    public func undeclared(
        path: String, text: String, dependencies: [Dependency], isLocal: (String) -> Bool
    ) -> [ImportedModule] {
        undeclared(path: path, text: text, declared: Self.declared(by: dependencies), isLocal: isLocal)
    }

    /// The names of packages by ecosystem, in the form in which they are compared.
    public static func declared(by dependencies: [Dependency]) -> [String: Set<String>] {
        var declared: [String: Set<String>] = [:]
        for dependency in dependencies {
            declared[dependency.ecosystem, default: []].insert(
                PackageIndex.normalised(dependency.name, in: dependency.ecosystem))
        }
        return declared
    }

    /// The same for many files under one set of manifests, of which ``declared(by:)`` made the names.
    public func undeclared(
        path: String, text: String, declared: [String: Set<String>], isLocal: (String) -> Bool
    ) -> [ImportedModule] {
        read(path: path, text: text).filter { imported in
            guard let names = declared[imported.ecosystem], !isLocal(imported.module) else { return false }
            let candidates = [imported.package, imported.module, "@types/" + imported.module].map {
                PackageIndex.normalised($0, in: imported.ecosystem)
            }
            // `google.cloud` comes from any of a family.
            return !candidates.contains(where: names.contains)
                && !names.contains { $0.hasPrefix(candidates[1] + "-") || $0.hasSuffix("-" + candidates[1]) }
        }
    }

    private func python(_ text: String) -> [ImportedModule] {
        var found: [ImportedModule] = []
        var seen: Set<String> = []
        var quote: String?
        var guards = ImportGuards()
        for (number, bytes) in TextLines(text) {
            let line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            // Long strings may hold examples.
            let marks = ["\"\"\"", "'''"].map { (mark: $0, count: line.ranges(of: $0).count) }
            if let open = quote {
                if marks.contains(where: { $0.mark == open && !$0.count.isMultiple(of: 2) }) { quote = nil }
                continue
            }
            if let open = marks.first(where: { !$0.count.isMultiple(of: 2) }) { quote = open.mark }
            if line.isEmpty || line.hasPrefix("#") { continue }
            let indent = bytes.prefix { $0 == 0x20 || $0 == 0x09 }.count
            if let kept = guards.enter(String(line), indent: indent, imports: found.count) {
                found.removeSubrange(kept...)
            }
            if guards.isFallback { continue }
            var modules: [Substring] = []
            if line.hasPrefix("import ") {
                modules = line.dropFirst(7).prefix { $0 != "#" && $0 != ";" }.split(separator: ",")
            } else if line.hasPrefix("from "), line.contains(" import") {
                modules = [line.dropFirst(5)]
            }
            for module in modules.prefix(64) {
                let name = LineText.trimmed(module).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                guard !name.isEmpty, builtIn["pypi"]?.contains(String(name)) != true,
                    seen.insert(String(name)).inserted
                else { continue }
                found.append(imported("pypi", String(name), line: number))
            }
        }
        return found
    }

    private func javaScript(_ text: String) -> [ImportedModule] {
        var found: [ImportedModule] = []
        var seen: Set<String> = []
        for (number, bytes) in TextLines(text) where bytes.count < 4_096 {
            let line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            if line.hasPrefix("//") || line.hasPrefix("*") || line.hasPrefix("/*") { continue }
            var specifiers: [String] = []
            if line.hasPrefix("import ") || line.hasPrefix("import{") || line.hasPrefix("export ")
                || line.hasPrefix("}"),
                let from = line.ranges(of: "from").last
            {
                specifiers += LineText.quoted(line[from.upperBound...]).prefix(1)
            } else if line.hasPrefix("import \"") || line.hasPrefix("import '") {
                specifiers += LineText.quoted(line).prefix(1)
            }
            for call in ["require(", "import("] {
                for place in line.ranges(of: call).prefix(16) {
                    let rest = line[place.upperBound...]
                    if let quote = rest.first, quote == "\"" || quote == "'" {
                        specifiers += LineText.quoted(rest).prefix(1)
                    }
                }
            }
            for specifier in specifiers {
                guard let first = specifier.first, first.isLetter || first == "@" || first == "_",
                    !specifier.contains(":"), !specifier.hasPrefix("@/")
                else { continue }
                let parts = specifier.split(separator: "/")
                let name = parts.prefix(first == "@" ? 2 : 1).joined(separator: "/")
                guard first != "@" || parts.count > 1, builtIn["npm"]?.contains(name) != true,
                    seen.insert(name).inserted
                else { continue }
                found.append(imported("npm", name, line: number))
            }
        }
        return found
    }

    private func imported(_ ecosystem: String, _ module: String, line: Int) -> ImportedModule {
        ImportedModule(
            ecosystem: ecosystem, module: module, package: packages[ecosystem]?[module] ?? module, line: line)
    }
}

/// Follows `try:` blocks of Python whose imports may fail: what the program can do without, nobody made up.
private struct ImportGuards {
    private var open: [(indent: Int, imports: Int, isFallback: Bool)] = []

    /// Within the handler of a failed import, where another module takes its place.
    var isFallback: Bool { open.contains { $0.isFallback } }

    /// Takes the next line. Gives how many imports to keep when it shows that those after them may fail.
    mutating func enter(_ line: String, indent: Int, imports: Int) -> Int? {
        while let last = open.last, indent < last.indent || indent == last.indent && !Self.continues(line) {
            open.removeLast()
        }
        if line.hasPrefix("try:") {
            if open.count < 64 { open.append((indent, imports, false)) }
            return nil
        }
        guard let last = open.last, last.indent == indent else { return nil }
        guard line.hasPrefix("except") else {
            open[open.count - 1].isFallback = false
            return nil
        }
        let handlesImport =
            line.hasPrefix("except:") || line.contains("ImportError") || line.contains("ModuleNotFoundError")
            || line.contains("Exception")
        guard handlesImport else { return nil }
        open[open.count - 1].isFallback = true
        return min(last.imports, imports)
    }

    private static func continues(_ line: String) -> Bool {
        ["except", "else:", "finally:"].contains { line.hasPrefix($0) }
    }
}

extension DependencyDetector {
    /// What there is to say of imports that no manifest covers: whoever installs what is missing by the name of the
    /// import takes what that name holds, and models make such names up.
    public func findings(for imports: [ImportedModule]) -> [Finding] {
        imports.flatMap { imported -> [Finding] in
            let reading = packages.read(
                .init(ecosystem: imported.ecosystem, name: imported.package))
            if case .unknown = reading.standing {
                return [
                    finding(
                        "invented-import", "reputation", .medium, 0.6, line: imported.line,
                        "`\(imported.module)` is imported, but no manifest asks for it and no package of that name is known",
                        "check that such a package exists before anybody installs one")
                ]
            }
            var findings = reading.findings.filter { $0.rule == "look-alike" }
            for index in findings.indices { findings[index].line = imported.line }
            findings.append(
                finding(
                    "undeclared-import", "reputation", .info, 0.7, line: imported.line,
                    "`\(imported.module)` is imported, but no manifest asks for `\(imported.package)`",
                    "add it to the manifest with a version"))
            return findings
        }
    }
}
