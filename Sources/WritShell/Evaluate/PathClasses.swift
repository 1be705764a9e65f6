// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What a path is known for: a secret that is read there, or settings that act when they change.
public struct PathClass: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case secret
        case configuration
    }

    public var kind: Kind
    /// The class word of the table: `ssh-key`, `shell-startup`, `git-hook`, `agent-settings` …
    public var word: String
}

/// Well-known places, from the tables `shell/secret-paths.table` and `shell/config-paths.table`.
public enum PathClasses {
    /// The classes of a path, each once.
    ///
    /// - Parameters:
    ///   - path: canonical and absolute; or a pattern with `*`, `**`, `?`, `[…]`, which has every class that some path
    ///     it matches has, as long as more of that path than the home is spelled out in it.
    ///   - home: what `~` in the tables stands for. Homes of other users (`/home/x`, `/Users/x`, `/root`) count alike.
    ///   - workspace: without effect so far: places of a project, such as `.env` or `.git/hooks`, count in any folder.
    public static func classify(
        _ path: String, home: String, workspace: String?, isPattern: Bool = false, isCaseInsensitive: Bool = false
    ) -> [PathClass] {
        table.classes(of: path, home: home, isPattern: isPattern, isCaseInsensitive: isCaseInsensitive)
    }

    static let table = PathTable(
        secrets: EmbeddedTable.nodes("shell/secret-paths.table"),
        settings: EmbeddedTable.nodes("shell/config-paths.table"))
}

/// The tables, arranged so that a path is compared with the few entries that share a segment with it.
struct PathTable: Sendable {
    struct Entry: Sendable {
        var found: PathClass
        var segments: [String]
        var isUnderHome: Bool
        var excepts: [[String]]
    }

    private var entries: [Entry] = []
    /// Entries by a segment that they hold literally.
    private var byAnchor: [String: [Int]] = [:]
    /// A bit for the hash of each key of ``byAnchor``: nearly all segments of nearly all paths are none.
    private var anchorBits: [UInt64] = Array(repeating: 0, count: 64)
    /// Entries whose last segment is `*` and a literal end, or a literal start and `*`.
    private var looseEnds: [Ends] = []
    /// Every literal segment with its entries, by first and by last byte: what a pattern is compared with.
    private var literals: [String: [Int]] = [:]
    private var literalsByFirst: [UInt8: [String]] = [:]
    private var literalsByLast: [UInt8: [String]] = [:]
    /// Segments that are patterns, with what is literal at their ends.
    private var patterns: [Ends] = []

    /// What is literal at both ends of a pattern.
    private struct Ends: Sendable {
        let head: [UInt8]
        let tail: [UInt8]
        let entry: Int

        /// The segment begins and ends like this; the two may overlap.
        func fit(_ segment: UnsafeBufferPointer<UInt8>) -> Bool {
            guard segment.count >= head.count, segment.count >= tail.count else { return false }
            for at in 0..<head.count where segment[at] != head[at] { return false }
            let start = segment.count - tail.count
            for at in 0..<tail.count where segment[start + at] != tail[at] { return false }
            return true
        }
    }

    init(secrets: [Outline.Node], settings: [Outline.Node]) {
        for (nodes, kind) in [(secrets, PathClass.Kind.secret), (settings, .configuration)] {
            for node in nodes {
                let word = node.keyword == "class" ? node.value : node.keyword
                let excepts = node.values("except").flatMap { $0.split(separator: " ") }.map {
                    Self.segments(String($0)).0
                }
                for line in node.values("path") {
                    for text in line.split(separator: "|").map({ String($0).trimmed }) {
                        add(text, PathClass(kind: kind, word: word), excepts)
                    }
                }
            }
        }
    }

    private mutating func add(_ text: String, _ found: PathClass, _ excepts: [[String]]) {
        let (segments, isUnderHome) = Self.segments(text)
        let index = entries.count
        entries.append(Entry(found: found, segments: segments, isUnderHome: isUnderHome, excepts: excepts))
        let literals = segments.filter { !$0.contains(where: { "*?[".contains($0) }) }
        for segment in segments where segment != "**" {
            if literals.contains(segment) {
                if self.literals[segment] == nil, let first = segment.utf8.first, let last = segment.utf8.last {
                    literalsByFirst[first, default: []].append(segment)
                    literalsByLast[last, default: []].append(segment)
                }
                self.literals[segment, default: []].append(index)
            } else {
                let head = String(segment.prefix { !"*?[".contains($0) })
                let tail = String(segment.reversed().prefix { !"*?[".contains($0) }.reversed())
                if !head.isEmpty || !tail.isEmpty {
                    patterns.append(Ends(head: Array(head.utf8), tail: Array(tail.utf8), entry: index))
                }
            }
        }
        if let anchor = literals.last {
            let key = anchor.lowercased()
            byAnchor[key, default: []].append(index)
            let bit = Self.bit(key)
            anchorBits[bit >> 6] |= 1 << UInt64(bit & 63)
        } else if let last = patterns.last, last.entry == index {
            looseEnds.append(last)
        }
    }

    /// `~/x` is below a home; `x` and `**/x` are anywhere; `/x` is absolute.
    private static func segments(_ text: String) -> ([String], Bool) {
        if text.hasPrefix("~/") { return (text.dropFirst(2).split(separator: "/").map { String($0) }, true) }
        let segments = text.split(separator: "/").map { String($0) }
        return text.hasPrefix("/") || segments.first == "**" ? (segments, false) : (["**"] + segments, false)
    }

    var count: Int { entries.count }

    /// The place of a segment in ``anchorBits``; letters of one kind count alike (FNV-1a).
    private static func bit(_ segment: String) -> Int {
        var segment = segment
        return segment.withUTF8 { bit($0) }
    }

    private static func bit(_ segment: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt32 = 0x811C_9DC5
        for byte in segment {
            hash = (hash ^ UInt32(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)) &* 0x0100_0193
        }
        return Int((hash ^ hash >> 15) & 4_095)
    }

    /// Some segment of a plain path may be one that entries are found by. A letter beyond ASCII has more than one
    /// spelling, so that nothing is said about it.
    private func mayBeKnown(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            var at = 0
            var last = 0..<0
            while at < bytes.count {
                if bytes[at] == 0x2F {
                    at += 1
                    continue
                }
                let start = at
                while at < bytes.count, bytes[at] != 0x2F {
                    if bytes[at] >= 0x80 { return true }
                    at += 1
                }
                last = start..<at
                let bit = Self.bit(UnsafeBufferPointer(rebasing: bytes[last]))
                if anchorBits[bit >> 6] & 1 << UInt64(bit & 63) != 0 { return true }
            }
            let end = UnsafeBufferPointer(rebasing: bytes[last])
            return looseEnds.contains { $0.fit(end) }
        }
    }

    func classes(of path: String, home: String, isPattern: Bool, isCaseInsensitive: Bool) -> [PathClass] {
        if !isPattern, !isCaseInsensitive, !mayBeKnown(path) { return [] }
        var segments = path.split(separator: "/", omittingEmptySubsequences: true).map { String($0) }
        if isCaseInsensitive { segments = segments.map { $0.lowercased() } }
        if segments.count > 128 { segments = Array(segments.prefix(4) + ["**"] + segments.suffix(64)) }
        let below = belowHome(segments, home: home)
        var found: [PathClass] = []
        func consider(_ index: Int) {
            let entry = entries[index]
            if found.contains(entry.found) { return }
            if matches(entry, segments, below: below, isPattern: isPattern, isCaseInsensitive: isCaseInsensitive) {
                found.append(entry.found)
            }
        }
        if isPattern {
            for index in candidates(segments) { consider(index) }
            return found
        }
        for segment in segments {
            for index in byAnchor[segment.hasUppercase ? segment.lowercased() : segment] ?? [] { consider(index) }
        }
        // The end of the last segment decides for most of these.
        if var last = segments.last {
            last.withUTF8 { bytes in
                for ends in looseEnds where ends.fit(bytes) { consider(ends.entry) }
            }
        }
        return found
    }

    /// Entries that share a segment with a pattern, where the pattern spells out some of that segment.
    private func candidates(_ path: [String]) -> [Int] {
        var result: Set<Int> = []
        for segment in path where segment != "**" && segment != "*" {
            let bytes = segment.utf8
            let isPattern = bytes.contains { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B }
            if !isPattern {
                result.formUnion(literals[segment] ?? [])
            } else if let first = bytes.first, first != 0x2A, first != 0x3F, first != 0x5B {
                for literal in literalsByFirst[first] ?? [] where GlobIntersection.touch(literal, segment) {
                    result.formUnion(literals[literal] ?? [])
                }
            } else if let last = bytes.last, last != 0x2A, last != 0x3F, last != 0x5D {
                for literal in literalsByLast[last] ?? [] where GlobIntersection.touch(literal, segment) {
                    result.formUnion(literals[literal] ?? [])
                }
            } else if bytes.contains(where: { $0 != 0x2A && $0 != 0x3F && $0 != 0x5B && $0 != 0x5D }) {
                for (literal, indexes) in literals where GlobIntersection.touch(literal, segment) {
                    result.formUnion(indexes)
                }
            }
            var segment = segment
            segment.withUTF8 { bytes in
                for ends in patterns where ends.fit(bytes) { result.insert(ends.entry) }
            }
        }
        return result.sorted()
    }

    /// - Parameter below: what of the path lies below a home; nil when it lies in none.
    private func matches(
        _ entry: Entry, _ path: [String], below: ArraySlice<String>?, isPattern: Bool, isCaseInsensitive: Bool
    ) -> Bool {
        var own = entry.segments
        if isCaseInsensitive { own = own.map { $0.lowercased() } }
        if !isPattern {
            guard let rest = entry.isUnderHome ? below : path[...] else { return false }
            guard GlobIntersection.matches(own[...], rest) else { return false }
            return !entry.excepts.contains {
                GlobIntersection.matches($0[...], path[...]) || GlobIntersection.matches($0[...], rest)
            }
        }
        if entry.isUnderHome {
            // A pattern that starts in the open may be below any home.
            let rest = below ?? (path.first == "**" ? path[...] : nil)
            guard let rest else { return false }
            return GlobIntersection.meet(own, Array(rest)) && !isExcepted(entry, path)
        }
        return GlobIntersection.meet(own, path) && !isExcepted(entry, path)
    }

    /// All that a pattern's last segment can be is excepted.
    private func isExcepted(_ entry: Entry, _ path: [String]) -> Bool {
        guard let last = path.last, !last.contains("*") else { return false }
        return entry.excepts.contains { except in
            // `config.d/**` excepts what is below that folder, and nothing that only ends in some name.
            if except.last == "**" { return except.dropLast().last.map { path.contains($0) } == true }
            return except.last.map { ShellPattern.matches($0, last) } == true
        }
    }

    private func belowHome(_ path: [String], home: String) -> ArraySlice<String>? {
        let homeSegments = home.split(separator: "/")
        if path.count > homeSegments.count, zip(path, homeSegments).allSatisfy({ $0 == $1 }) {
            return path[homeSegments.count...]
        }
        guard let first = path.first else { return nil }
        if first == "root", path.count > 1 { return path[1...] }
        if first.lowercased() == "home" || first.lowercased() == "users", path.count > 2 { return path[2...] }
        return nil
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    /// `hasSuffix` on bytes: that of the library takes strings apart into characters.
    fileprivate func endsLike(_ tail: String) -> Bool {
        let own = utf8
        let other = tail.utf8
        guard own.count >= other.count else { return false }
        return own.suffix(other.count).elementsEqual(other)
    }

    fileprivate var hasUppercase: Bool {
        utf8.contains { $0 >= 0x41 && $0 <= 0x5A || $0 >= 0x80 }
    }
}

/// Whether path patterns can name the same path.
enum GlobIntersection {
    /// Special, or a sign that makes the next one plain.
    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte == 0x2A || byte == 0x3F || byte == 0x5B || byte == 0x5C
    }

    private static func isSpecial(_ character: Character) -> Bool {
        character == "*" || character == "?" || character == "["
    }

    private static func holdsSpecial(_ text: String) -> Bool {
        text.utf8.contains { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B }
    }

    /// A pattern of segments against a plain path.
    static func matches(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        var pattern = pattern
        var path = path
        while let first = pattern.first {
            if first == "**" {
                let rest = pattern.dropFirst()
                if rest.isEmpty { return true }
                // `**` takes as little as it can; only the last one needs another try further on.
                while !path.isEmpty {
                    if matches(rest, path) { return true }
                    path = path.dropFirst()
                }
                return false
            }
            guard let segment = path.first else { return false }
            guard
                first.utf8.contains(where: { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B })
                    ? ShellPattern.matches(first, segment) : first == segment
            else { return false }
            pattern = pattern.dropFirst()
            path = path.dropFirst()
        }
        return path.isEmpty
    }

    /// Whether some path matches both, where at least one literal segment of `own` meets a segment of `path` that spells
    /// out a part of it: `*` alone says nothing about what is meant.
    static func meet(_ own: [String], _ path: [String]) -> Bool {
        // Nearly all have less than ten segments.
        guard path.count < 127 else { return meet(own, Array(path.prefix(4) + ["**"] + path.suffix(64))) }
        var open: UInt128 = 0
        for (index, segment) in path.enumerated() where segment == "**" { open |= 1 << UInt128(index) }
        // A bit for each number of segments of `path` that what was read of `own` may stand for; and those where a
        // literal was met on the way.
        var reached: UInt128 = 1
        var met: UInt128 = 0
        /// `**` of the path may also stand for nothing.
        func close() {
            guard open != 0 else { return }
            for index in path.indices where open & 1 << UInt128(index) != 0 {
                reached |= (reached & (1 << UInt128(index))) << 1
                met |= (met & (1 << UInt128(index))) << 1
            }
        }
        let all: UInt128 = (1 << UInt128(path.count + 1)) &- 1
        close()
        for segment in own {
            if segment == "**" {
                // From the first one on.
                reached = all & ~((1 << UInt128(reached.trailingZeroBitCount)) &- 1)
                met = met == 0 ? 0 : all & ~((1 << UInt128(met.trailingZeroBitCount)) &- 1)
            } else {
                let isLiteral = !holdsSpecial(segment)
                var nextReached: UInt128 = 0
                var nextMet: UInt128 = 0
                for index in path.indices {
                    let bit: UInt128 = 1 << UInt128(index)
                    guard reached & bit != 0 else { continue }
                    if open & bit != 0 {
                        // The segment is swallowed; `**` stays.
                        nextReached |= bit | bit << 1
                        if met & bit != 0 { nextMet |= bit | bit << 1 }
                    } else if touch(segment, path[index]) {
                        nextReached |= bit << 1
                        let isMet = isLiteral ? spells(path[index], segment) : names(segment, path[index])
                        if isMet || met & bit != 0 { nextMet |= bit << 1 }
                    }
                }
                reached = nextReached
                met = nextMet
            }
            if reached == 0 { return false }
            close()
        }
        return met & 1 << UInt128(path.count) != 0
    }

    /// Whether a segment, plain or a pattern, spells out what is literal at both ends of the pattern `own`.
    private static func names(_ own: String, _ segment: String) -> Bool {
        let head = String(own.prefix { !isSpecial($0) })
        let tail = String(own.reversed().prefix { !isSpecial($0) }.reversed())
        if head.isEmpty, tail.isEmpty || tail == own { return false }
        // `*service-account*.json`: what stands in the middle must be there too, or `*.json` would name it.
        let middle = own.dropFirst(head.count).dropLast(tail.count).split { isSpecial($0) }
        return segment.utf8.starts(with: head.utf8) && segment.endsLike(tail)
            && middle.allSatisfy { segment.contains($0) }
    }

    /// Whether a segment of a path spells out a part of the name `literal`: an ending such as `*.yml` is not enough.
    private static func spells(_ segment: String, _ literal: String) -> Bool {
        guard holdsSpecial(segment) else { return true }
        let known = segment.filter { !isSpecial($0) }
        if known.isEmpty { return false }
        guard segment.hasPrefix("*"), let dot = literal.lastIndex(of: "."), dot > literal.startIndex else {
            return true
        }
        return known != literal[dot...]
    }

    /// Whether some segment matches both patterns.
    static func touch(_ first: String, _ second: String) -> Bool {
        if first == second { return true }
        let firstIsPattern = holdsSpecial(first)
        let secondIsPattern = holdsSpecial(second)
        if !firstIsPattern, !secondIsPattern { return false }
        // What stands before the first special sign of both must be alike as far as it goes.
        for (one, other) in zip(first.utf8, second.utf8) {
            if isSpecial(one) || isSpecial(other) { break }
            if one != other { return false }
        }
        if !secondIsPattern { return ShellPattern.matches(first, second) }
        // `*` and `?` do not match a leading dot.
        if !firstIsPattern {
            if first.hasPrefix("."), second.first == "*" || second.first == "?" { return false }
            return ShellPattern.matches(second, first)
        }
        return overlap(Array(first.unicodeScalars), Array(second.unicodeScalars))
    }

    /// Both are patterns: a table of places, with every `[…]` read as `?`.
    private static func overlap(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Bool {
        let first = simplified(first)
        let second = simplified(second)
        if first.count > 256 || second.count > 256 { return true }
        var reach = [[Bool]](repeating: [Bool](repeating: false, count: second.count + 1), count: first.count + 1)
        reach[0][0] = true
        for i in 0...first.count {
            for j in 0...second.count where reach[i][j] {
                if i < first.count, first[i] == "*" { reach[i + 1][j] = true }
                if j < second.count, second[j] == "*" { reach[i][j + 1] = true }
                guard i < first.count, j < second.count else { continue }
                switch (first[i], second[j]) {
                case ("*", "*"): continue
                case ("*", _): reach[i][j + 1] = true
                case (_, "*"): reach[i + 1][j] = true
                case ("?", _), (_, "?"): reach[i + 1][j + 1] = true
                default: if first[i] == second[j] { reach[i + 1][j + 1] = true }
                }
            }
        }
        return reach[first.count][second.count]
    }

    private static func simplified(_ pattern: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var at = 0
        while at < pattern.count {
            if pattern[at] == "[", let (end, _) = ShellPattern.set(pattern, at, "x") {
                result.append("?")
                at = end
            } else {
                result.append(pattern[at])
                at += 1
            }
        }
        return result
    }
}
