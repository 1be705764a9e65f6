// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Where a call happens, from what the daemon has read itself: never from what the agent says.
public struct WorkPlace: Sendable, Hashable {
    /// The repository's root, or the workspace outside a repository; absolute.
    public var folder: String
    /// The URLs of all remotes, as the repository has them now or had them before.
    public var remotes: [String]
    /// Empty when there is none or it is not known.
    public var branch: String
    /// Something about the repository could not be read, or could be said elsewhere (an included file): whatever
    /// might fit counts as fitting.
    public var isCertain: Bool

    /// Creates a place.
    public init(folder: String, remotes: [String] = [], branch: String = "", isCertain: Bool = true) {
        self.folder = folder
        self.remotes = remotes
        self.branch = branch
        self.isCertain = isCertain
    }
}

/// The profile of a call and what it rests on.
public struct ProfileChoice: Sendable, Hashable {
    public var profile: Profile
    /// A few words for people, such as `rule 2: remote git.example.com/pay/*`.
    public var because: String

    /// Creates a choice.
    public init(_ profile: Profile, because: String) {
        self.profile = profile
        self.because = because
    }

    /// The profile for a place.
    ///
    /// Of the rules that fit, the strictest counts, whatever their order; where none fits, the default. What cannot be
    /// known counts as fitting, beside the default. Several settings (the administrator's, the person's) are asked
    /// apart, and the strictest answer counts; settings without a word on profiles abstain.
    ///
    /// - Parameter delegated: the environments that a delegation names; empty without one. The call is judged at least
    ///   as strictly as the most relaxed of them.
    public static func choose(
        for place: WorkPlace, settings: [MachineSettings], delegated: [String] = []
    ) -> ProfileChoice {
        var choice: ProfileChoice?
        func consider(_ other: ProfileChoice) {
            if let old = choice, old.profile >= other.profile { return }
            choice = other
        }
        for one in settings where one.profile != nil || !one.profileRules.isEmpty { consider(answer(one, place)) }
        if !delegated.isEmpty {
            let least = delegated.map { Profile(rawValue: $0) ?? .production }.min() ?? .production
            consider(ProfileChoice(least, because: "the delegation"))
        }
        return choice ?? ProfileChoice(.prototyping, because: "nothing is settled")
    }

    private enum Fit { case no, perhaps, yes }

    private static func answer(_ settings: MachineSettings, _ place: WorkPlace) -> ProfileChoice {
        var choice: ProfileChoice?
        var isCertain = false
        for (index, rule) in settings.profileRules.enumerated() {
            let fit = fit(rule, place)
            guard fit != .no else { continue }
            if fit == .yes { isCertain = true }
            let doubt = fit == .perhaps ? ", which cannot be ruled out" : ""
            if let old = choice, old.profile >= rule.profile { continue }
            choice = ProfileChoice(rule.profile, because: "rule \(index + 1): \(rule.text)\(doubt)")
        }
        let usual = ProfileChoice(settings.profile ?? .prototyping, because: "the default")
        guard let choice else { return usual }
        return isCertain || choice.profile >= usual.profile ? choice : usual
    }

    private static func fit(_ rule: MachineSettings.ProfileRule, _ place: WorkPlace) -> Fit {
        var fit = Fit.yes
        if let folder = rule.folder, !PathText.isUnder(place.folder, folder) { return .no }
        if let remote = rule.remote, !place.remotes.contains(where: { RemoteName.matches($0, remote) }) {
            if place.isCertain { return .no }
            fit = .perhaps
        }
        if let branch = rule.branch {
            if place.branch.isEmpty, !place.isCertain || !place.remotes.isEmpty {
                // A detached head may be any branch's commit.
                fit = .perhaps
            } else if !NameGlob.matches(place.branch, branch) {
                if place.isCertain { return .no }
                fit = .perhaps
            }
        }
        return fit
    }
}

/// A remote's URL as people name it: `host/owner/name`.
public enum RemoteName {
    /// The name in lower case, without scheme, user, port and `.git`; of a local path, the path.
    public static func of(_ url: String) -> String {
        var text = Substring(url.lowercased())
        var hasScheme = false
        if let end = text.firstRange(of: "://") {
            hasScheme = true
            text = text[end.upperBound...]
        }
        let isLocal = text.hasPrefix("/") || text.hasPrefix(".")
        if !isLocal {
            let slash = text.firstIndex(of: "/") ?? text.endIndex
            if let at = text[..<slash].lastIndex(of: "@") { text = text[text.index(after: at)...] }
            let end = text.firstIndex(of: "/") ?? text.endIndex
            if let colon = text[..<end].lastIndex(of: ":") {
                let rest = text[text.index(after: colon)...]
                // `ssh://host:22/path` has a port there, `host:path` has not.
                let host = text[..<colon]
                let path = hasScheme ? rest.drop { $0.isNumber } : rest
                text = Substring(host + "/" + path.drop { $0 == "/" })
            }
        }
        while text.hasSuffix("/") { text.removeLast() }
        if text.hasSuffix(".git") { text.removeLast(4) }
        return String(text)
    }

    /// The remote's name fits the pattern, or lies below it.
    public static func matches(_ url: String, _ pattern: String) -> Bool {
        NameGlob.matches(of(url), pattern.lowercased())
    }
}

/// Globs over names with slashes: `*` and `?` stay within a segment, a segment `**` stands for any number of them.
public enum NameGlob {
    /// Whole names only. Takes time in proportion to the product of both lengths at most.
    public static func matches(_ name: String, _ pattern: String) -> Bool {
        let names = name.split(separator: "/", omittingEmptySubsequences: false).map { Array($0.utf8) }
        let patterns = pattern.split(separator: "/", omittingEmptySubsequences: false).map { Array($0.utf8) }
        let any = Array("**".utf8)
        // `reach[i]`: the patterns so far fit the first `i` segments.
        var reach = [Bool](repeating: false, count: names.count + 1)
        reach[0] = true
        for pattern in patterns {
            var next = [Bool](repeating: false, count: names.count + 1)
            if pattern == any {
                var isReached = false
                for index in reach.indices {
                    isReached = isReached || reach[index]
                    next[index] = isReached
                }
            } else {
                for index in names.indices where reach[index] && segment(names[index], pattern) {
                    next[index + 1] = true
                }
            }
            reach = next
        }
        return reach[names.count]
    }

    private static func segment(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
        var at = 0
        var place = 0
        var star: (pattern: Int, text: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = (place, at)
                place += 1
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == text[at] {
                place += 1
                at += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                place = last.pattern + 1
                at = last.text + 1
            } else {
                return false
            }
        }
        while place < pattern.count, pattern[place] == UInt8(ascii: "*") { place += 1 }
        return place == pattern.count
    }
}
