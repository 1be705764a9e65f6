// SPDX-License-Identifier: Apache-2.0

/// The folders that `$repo`, `$home`, `$tmp` and `$work` stand for in one request. Absolute and normalised.
public struct PathRoots: Sendable, Hashable {
    /// The repository's root.
    public var repo: String
    /// The person's home.
    public var home: String
    /// The folder that the agent was started for.
    public var work: String
    /// Where temporary files go; several on some systems.
    public var tmp: [String]

    /// Creates the roots. An empty one, and `/`, stand for nothing known: no grant that names it matches.
    public init(repo: String, home: String, work: String, tmp: [String] = ["/tmp", "/var/tmp"]) {
        self.repo = repo
        self.home = home
        self.work = work
        self.tmp = tmp
    }
}

/// A path as a list of segments, split once for all globs.
struct PathSegments: Sendable, Hashable {
    let bytes: [UInt8]
    let ranges: [Range<Int>]

    init(_ path: String) {
        let bytes = Array(path.utf8)
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(bytes.reduce(1) { $1 == UInt8(ascii: "/") ? $0 + 1 : $0 })
        var start = 0
        for at in 0...bytes.count where at == bytes.count || bytes[at] == UInt8(ascii: "/") {
            if at > start { ranges.append(start..<at) }
            start = at + 1
        }
        self.bytes = bytes
        self.ranges = ranges
    }

    var count: Int { ranges.count }

    subscript(index: Int) -> ArraySlice<UInt8> { bytes[ranges[index]] }

    /// The number of segments of `root` if this path lies in or under it.
    func depth(under root: PathSegments) -> Int? {
        guard !root.ranges.isEmpty, root.count <= count else { return nil }
        for index in 0..<root.count where self[index] != root[index] { return nil }
        return root.count
    }
}

/// The roots of one request, split.
struct SplitRoots: Sendable {
    let repo: PathSegments
    let home: PathSegments
    let work: PathSegments
    let tmp: [PathSegments]

    init(_ roots: PathRoots) {
        repo = PathSegments(roots.repo)
        home = PathSegments(roots.home)
        work = PathSegments(roots.work)
        tmp = roots.tmp.map { PathSegments($0) }
    }

    func segments(of root: PathGlob.Root) -> [PathSegments] {
        switch root {
        case .none: []
        case .repo: [repo]
        case .home: [home]
        case .work: [work]
        case .tmp: tmp
        }
    }
}

/// The path of one operation, ready for any number of globs.
struct OperationPath: Sendable {
    let segments: PathSegments
    /// As a glob, when the path is a pattern or means everything below it.
    let parts: [PathGlob.Part]?
    /// Nothing at all is known about the path.
    let isUnknown: Bool
    /// Means everything below it.
    let isRecursive: Bool
    private let offsets: (repo: Int?, home: Int?, work: Int?, tmp: Int?)

    init(_ path: String, isPattern: Bool, isRecursive: Bool, roots: SplitRoots) {
        let segments = PathSegments(path)
        self.segments = segments
        self.isRecursive = isRecursive
        isUnknown = isPattern && !isRecursive && segments.count == 1 && segments[0].elementsEqual("**".utf8)
        if isPattern || isRecursive {
            var parts = (0..<segments.count).map { index -> PathGlob.Part in
                let word = segments[index]
                if isPattern, word.elementsEqual("**".utf8) { return .anything }
                // A star in a name that is no pattern is only a letter.
                return isPattern ? .word(WordGlob(Array(word))) : .word(WordGlob(literal: Array(word)))
            }
            if isRecursive { parts.append(.anything) }
            self.parts = parts
        } else {
            parts = nil
        }
        offsets = (
            segments.depth(under: roots.repo), segments.depth(under: roots.home), segments.depth(under: roots.work),
            roots.tmp.lazy.compactMap { segments.depth(under: $0) }.first
        )
    }

    /// Where the path goes on below a root; nil when it is not below it.
    func offset(below root: PathGlob.Root) -> Int? {
        switch root {
        case .none: 0
        case .repo: offsets.repo
        case .home: offsets.home
        case .work: offsets.work
        case .tmp: offsets.tmp
        }
    }
}

/// A glob over absolute paths: `*` and `?` stay within a segment, `**` is any number of whole segments, also none.
///
/// So `a/**` matches `a` itself. Matching is byte-wise and case-sensitive on canonical paths, and costs at most the
/// product of the numbers of segments.
struct PathGlob: Sendable, Hashable {
    /// What a glob starts at.
    enum Root: String, Sendable, Hashable, CaseIterable {
        case none = ""
        case repo = "$repo"
        case home = "$home"
        case work = "$work"
        case tmp = "$tmp"
    }

    enum Part: Sendable, Hashable {
        case word(WordGlob)
        /// `**`
        case anything
    }

    /// Why a glob was refused.
    struct Fault: Error {
        let message: String
        let hint: String?
    }

    /// `{}[]\\`
    private static let reserved: [UInt8] = [0x7B, 0x7D, 0x5B, 0x5D, 0x5C]

    let source: String
    let root: Root
    let parts: [Part]

    init(_ source: String) throws(Fault) {
        self.source = source
        guard source.utf8.count <= 1_024 else { throw Fault(message: "is longer than 1024 bytes", hint: nil) }
        var rest = Substring(source)
        var root = Root.none
        if rest.hasPrefix("$") || rest.hasPrefix("~") {
            let word = rest.prefix { $0 != "/" }
            guard let found = word == "~" ? .home : Root(rawValue: String(word)), found != .none else {
                throw Fault(
                    message: "starts with \(quoted(word)), which is no root", hint: "$repo, $home, $tmp or $work")
            }
            root = found
            rest = rest.dropFirst(word.count)
        } else if !rest.hasPrefix("/"), !rest.hasPrefix("**") {
            throw Fault(message: "is not absolute", hint: "start with `$repo/`, `$home/`, `/` or `**/`")
        }
        self.root = root
        var parts: [Part] = []
        for word in rest.split(separator: "/", omittingEmptySubsequences: true) {
            switch word {
            case ".", "..": throw Fault(message: "holds `\(word)`", hint: "globs match canonical paths")
            case "**":
                if parts.last != .anything { parts.append(.anything) }
            default:
                if word.contains("**") {
                    throw Fault(message: "has `**` inside a segment", hint: "`**` stands alone between slashes")
                }
                if word.utf8.contains(where: Self.reserved.contains) {
                    throw Fault(
                        message: "holds a character that has no meaning in Writ's globs",
                        hint: "`*`, `?` and `**` are the wildcards; list alternatives one by one")
                }
                if word.hasPrefix("$") { throw Fault(message: "has a root that is not at its start", hint: nil) }
                parts.append(.word(WordGlob(word)))
            }
        }
        guard parts.count <= 64 else { throw Fault(message: "has more than 64 segments", hint: nil) }
        self.parts = parts
    }

    /// Starts with `**`: no place in the file system is meant.
    var isFloating: Bool { root == .none && parts.first == .anything }

    /// Matches every path.
    var isEverything: Bool { root == .none && parts == [.anything] }

    /// The last segment without wildcards, by which rules are looked up; nil when the glob has none.
    var literal: [UInt8]? {
        for part in parts.reversed() {
            if case .word(let word) = part, word.isLiteral { return word.bytes }
        }
        return nil
    }

    /// A word that every path matched has: a segment, or how one ends (`*.pem`); nil when the glob has neither.
    var lookupKey: UInt64? {
        if let literal { return RuleKey.segment(literal) }
        for part in parts.reversed() {
            if case .word(let word) = part, let key = RuleKey.ending(of: word.literalTail) { return key }
        }
        return nil
    }

    /// Every path that the operation may mean is matched: what a grant needs.
    func covers(_ path: OperationPath) -> Bool {
        guard let offset = path.offset(below: root), !path.isUnknown || isEverything else { return false }
        guard let words = path.parts else { return Self.match(parts, path.segments, from: offset) }
        return Self.covers(parts, words, from: offset)
    }

    /// Some path that the operation may mean is matched: what a restriction needs.
    ///
    /// A glob that floats (`**/.env`) is not matched by a bare `*` or `**` of the operation: that a folder is read
    /// does not say that this file is in it. One with a place (`$home/.ssh/**`) is matched by everything above it.
    func touches(_ path: OperationPath, roots: SplitRoots) -> Bool {
        if let offset = path.offset(below: root), Self.match(parts, path.segments, from: offset) { return true }
        guard let words = path.parts, !path.isUnknown else { return false }
        if root == .none { return Self.overlaps(parts, words, isFloating: isFloating) }
        return roots.segments(of: root).contains { segments in
            guard segments.count > 0 else { return false }
            let start = (0..<segments.count).map { Part.word(WordGlob(literal: Array(segments[$0]))) }
            return Self.overlaps(start + parts, words, isFloating: false)
        }
    }

    /// Matches a path that is known in full.
    func matches(_ segments: PathSegments, from offset: Int = 0) -> Bool {
        Self.match(parts, segments, from: offset)
    }

    private static func match(_ parts: [Part], _ segments: PathSegments, from offset: Int) -> Bool {
        stands(parts, from: offset, to: segments.count) { $0.matches(segments[$1]) }
    }

    /// As ``match``, where a `**` of the operation is a segment that only a `**` can stand for.
    private static func covers(_ parts: [Part], _ words: [Part], from offset: Int) -> Bool {
        stands(parts, from: offset, to: words.count) { glob, index in
            if case .word(let word) = words[index] { glob.covers(word) } else { false }
        }
    }

    /// The parts stand for the segments of a range, a word for one of them and `**` for any number.
    ///
    /// Greedy with one point of return: at most the product of the two lengths.
    @inline(__always)
    private static func stands(
        _ parts: [Part], from offset: Int, to count: Int, _ isWord: (WordGlob, Int) -> Bool
    ) -> Bool {
        var p = 0
        var s = offset
        var star = -1
        var resume = 0
        while s < count {
            if p < parts.count, case .anything = parts[p] {
                star = p
                resume = s
                p += 1
            } else if p < parts.count, case .word(let word) = parts[p], isWord(word, s) {
                p += 1
                s += 1
            } else if star >= 0 {
                p = star + 1
                resume += 1
                s = resume
            } else {
                return false
            }
        }
        while p < parts.count, case .anything = parts[p] { p += 1 }
        return p == parts.count
    }

    /// Every path that the second list matches is matched by the first; see ``WordGlob/covers(_:)``.
    static func containsParts(_ parts: [Part], _ others: [Part]) -> Bool {
        covers(parts, others, from: 0)
    }

    /// Some path matches both globs. `isFloating` leaves out what only the second glob's own wildcards would supply.
    static func overlaps(_ a: [Part], _ b: [Part], isFloating: Bool) -> Bool {
        var below = [Bool](repeating: false, count: b.count + 1)
        for i in stride(from: a.count, through: 0, by: -1) {
            var row = [Bool](repeating: false, count: b.count + 1)
            for j in stride(from: b.count, through: 0, by: -1) {
                if i == a.count, j == b.count {
                    row[j] = true
                    continue
                }
                let left: Part? = i < a.count ? a[i] : nil
                let right: Part? = j < b.count ? b[j] : nil
                if case .anything? = left { row[j] = row[j] || below[j] || (j < b.count && row[j + 1]) }
                if case .anything? = right {
                    row[j] = row[j] || row[j + 1]
                    // The operation's `**` supplies the segment that the glob names.
                    if !isFloating, i < a.count { row[j] = row[j] || below[j] }
                }
                if case .word(let one)? = left, case .word(let other)? = right {
                    let isSupplied = isFloating && other.isAny && !one.isAny
                    row[j] = row[j] || (!isSupplied && one.overlaps(other) && below[j + 1])
                }
            }
            below = row
        }
        return below[0]
    }
}

extension WordGlob {
    /// A word in which `*` and `?` are letters. They are replaced by a byte that no UTF-8 text holds, since a glob of
    /// a policy cannot name such files one by one; a `*` of the policy still stands for them.
    init(literal bytes: [UInt8]) {
        self.init(bytes.map { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") ? 0xFF : $0 })
    }
}
