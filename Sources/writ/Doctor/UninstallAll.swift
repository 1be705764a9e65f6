// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
import WritDaemon
import WritWire

/// Every place that Writ has put its hook into: the person's and the machine's settings, and those of projects that a
/// record of an installation names.
enum UninstallAll {
    /// Levels of an agent, the person's first.
    static func levels(of layout: HookLayout, home: WritHome) -> [InstallLevel] {
        var levels: [InstallLevel] = [.user]
        if !layout.managed.isEmpty { levels.append(.managed(path: nil)) }
        var seen: Set<String> = [home.home]
        for file in recorded(layout.agent, home) {
            for place in layout.project where file.hasSuffix("/" + place.path) {
                let folder = String(file.dropLast(place.path.count + 1))
                if seen.insert(folder).inserted { levels.append(.project(directory: folder.isEmpty ? "/" : folder)) }
            }
        }
        return levels
    }

    /// Whether a file that cannot be understood holds nothing of Writ's: no record names it, and no hook stands in it.
    static func isForeign(_ file: String, _ agent: String, _ home: WritHome) -> Bool {
        guard !recorded(agent, home).contains(file), let text = SmallText.read(file, limit: 8 << 20) else {
            return false
        }
        return !text.contains("writ-hook")
    }

    private static func recorded(_ agent: String, _ home: WritHome) -> [String] {
        visibleNames(in: home.state + "/installed").filter { $0.hasPrefix(agent + "-") }.compactMap { name in
            guard let text = SmallText.read("\(home.state)/installed/\(name)", limit: 64 << 20) else { return nil }
            do { return try JSON(parsing: text)["file"]?.string } catch { return nil }
        }
    }
}
