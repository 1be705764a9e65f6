// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritScan

/// Names of skills, agents, commands and MCP servers of a machine, held against each other: which of a project's stand in
/// the place of the person's own.
public struct InstalledNames: Sendable {
    /// Bytes of a file that is read for the names in it.
    private static let longest = 256 << 10
    /// Names that are compared.
    private static let most = 5_000

    private struct Entry {
        var file: ListedFile
        var declared: DeclaredName
    }

    private var own: [Entry] = []
    private var projects: [Entry] = []

    /// Reads the names.
    ///
    /// - Parameters:
    ///   - files: of a machine; those below `project` are a project's, all others the person's own.
    ///   - project: the repository's root, absolute.
    public init(files: [ListedFile], project: String) {
        for file in files where file.size <= Self.longest && own.count + projects.count < Self.most {
            let bytes: [UInt8]
            do {
                bytes = try OpenFile(file.location).readAll(limit: Self.longest)
            } catch {
                // The file itself is an item of the scan, which tells that it cannot be read.
                continue
            }
            for declared in SkillScanner.declaredNames(in: bytes, path: file.path) {
                let entry = Entry(file: file, declared: declared)
                if PathText.isUnder(file.location, project) { projects.append(entry) } else { own.append(entry) }
            }
        }
    }

    /// Names of a project that are, or look like, the person's own and stand for something else.
    public func findings() -> [LocatedFinding] {
        var byName: [String: [Entry]] = [:]
        var names: [DeclaredName.Kind: Set<String>] = [:]
        for entry in own {
            byName[Self.key(entry.declared), default: []].append(entry)
            names[entry.declared.kind, default: []].insert(entry.declared.name)
        }
        var out: [LocatedFinding] = []
        for entry in projects {
            let declared = entry.declared
            let name = Excerpt.harmless(declared.name)
            if let same = byName[Self.key(declared)] {
                guard let hidden = same.first(where: { $0.declared.content != declared.content }),
                    !same.contains(where: { $0.declared.content == declared.content })
                else { continue }
                out.append(
                    located(
                        entry, "name-shadowed", .medium, 0.7,
                        "the project's \(declared.kind.rawValue) `\(name)` has the name of yours in `\(Excerpt.harmless(hidden.file.path))`, and an agent may take it in its place",
                        "compare the two; remove or rename the project's"))
            } else if let target = SkillScanner.lookAlike(of: declared.name, among: names[declared.kind] ?? []) {
                out.append(
                    located(
                        entry, "name-look-alike", .low, 0.5,
                        "the project's \(declared.kind.rawValue) `\(name)` looks like yours that is called `\(Excerpt.harmless(target))`",
                        "check that it is not taken for yours"))
            }
        }
        return out
    }

    private static func key(_ declared: DeclaredName) -> String {
        "\(declared.kind.rawValue) \(declared.name.lowercased())"
    }

    private func located(
        _ entry: Entry, _ rule: String, _ severity: Severity, _ confidence: Double, _ message: String, _ remedy: String
    ) -> LocatedFinding {
        var found = LocatedFinding(
            path: entry.file.path,
            finding: Finding(
                scanner: DetectorName.skill.rawValue, rule: rule, category: "skill", severity: severity,
                confidence: confidence, line: entry.declared.line, message: message, remedy: remedy))
        found.agent = entry.file.agent
        return found
    }
}
