// SPDX-License-Identifier: Apache-2.0
public import WritCore
internal import WritResources
internal import WritScan

/// A changed file that a person should look at, and why.
public struct ReviewItem: Sendable, Hashable {
    public var path: String
    public var commit: String?
    /// The area's word: `migrations`, `infrastructure`, `ci`, `authentication`, `dependencies`, `security-settings`.
    public var area: String
    /// One sentence for people.
    public var reason: String
    /// 1-based; 1 when it is about the whole file.
    public var line: Int

    /// Creates an item.
    public init(path: String, commit: String? = nil, area: String, reason: String, line: Int) {
        self.path = path
        self.commit = commit
        self.area = area
        self.reason = reason
        self.line = line
    }
}

/// Which changes need a person's review, whatever the detectors say: `gates.table`.
public struct ReviewGate: Sendable {
    private struct Area: Sendable {
        var name: String
        var reason: String
        var paths: [PathPattern] = []
        /// Lower-case texts; an added or removed line that holds one counts.
        var lines: [[UInt8]] = []
        /// Paths whose lines are not looked at.
        var exempt: [PathPattern] = []
        /// Lines count in these alone, when there are any.
        var within: [PathPattern] = []
    }

    private let areas: [Area]

    /// The table that ships with Writ.
    public static func builtIn() throws -> ReviewGate {
        guard let resource = Resource.named("inspect/gates.table") else {
            throw Outline.Fault(message: "the table of review gates is missing", line: 1)
        }
        return try ReviewGate(table: Array(resource.bytes))
    }

    /// Reads a table.
    ///
    ///     area migrations
    ///       reason It changes the database's schema.
    ///       path **/migrations/**
    ///       line alter table
    ///       within **/*.sql
    ///       exempt docs/**
    public init(table: [UInt8]) throws(Outline.Fault) {
        var areas: [Area] = []
        for node in try Outline(parsing: table).nodes {
            guard node.keyword == "area", !node.value.isEmpty, let reason = node.value("reason") else {
                throw Outline.Fault(message: "expected `area NAME` with a `reason`", line: node.line)
            }
            var area = Area(name: node.value, reason: reason)
            for child in node.children {
                func pattern() throws(Outline.Fault) -> PathPattern {
                    guard let pattern = PathPattern(child.value) else {
                        throw Outline.Fault(message: "not a path pattern: `\(child.value)`", line: child.line)
                    }
                    return pattern
                }
                switch child.keyword {
                case "reason": break
                case "path": area.paths.append(try pattern())
                case "exempt": area.exempt.append(try pattern())
                case "within": area.within.append(try pattern())
                case "line": area.lines.append(Array(child.value.utf8))
                default: throw Outline.Fault(message: "unknown key `\(child.keyword)`", line: child.line)
                }
            }
            areas.append(area)
        }
        self.areas = areas
    }

    /// The areas that a change touches, at most one item each.
    ///
    /// - Parameters:
    ///   - before: empty for a new file.
    ///   - after: empty for a removed one.
    ///   - added: the lines of `after` that are new.
    public func items(path: String, before: [UInt8], after: [UInt8], added: LineSet) -> [ReviewItem] {
        var items: [ReviewItem] = []
        let lower = path.lowercased()
        var removed: LineSet?
        for area in areas {
            if area.paths.contains(where: { $0.matches(lower) }) {
                items.append(
                    ReviewItem(
                        path: path, area: area.name, reason: area.reason, line: added.ranges.first?.lowerBound ?? 1))
                continue
            }
            guard !area.lines.isEmpty, !area.exempt.contains(where: { $0.matches(lower) }),
                area.within.isEmpty || area.within.contains(where: { $0.matches(lower) })
            else { continue }
            if let line = Self.first(area.lines, in: after, added) {
                items.append(ReviewItem(path: path, area: area.name, reason: area.reason, line: line))
                continue
            }
            if before.isEmpty { continue }
            let gone = removed ?? LineDiff.added(before: after, after: before)
            removed = gone
            if Self.first(area.lines, in: before, gone) != nil {
                items.append(
                    ReviewItem(
                        path: path, area: area.name, reason: area.reason + " The change removes such a line.", line: 1))
            }
        }
        return items
    }

    private static func first(_ texts: [[UInt8]], in content: [UInt8], _ lines: LineSet) -> Int? {
        guard !lines.isEmpty else { return nil }
        let (text, numbers) = LineDiff.text(of: lines, in: content)
        let folded = text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        var at = 0
        for number in numbers {
            let end = folded[at...].firstIndex(of: 0x0A) ?? folded.count
            if texts.contains(where: { contains(folded[at..<end], $0) }) { return number }
            at = end + 1
        }
        return nil
    }

    /// The text stands there, and not inside a longer word.
    private static func contains(_ line: ArraySlice<UInt8>, _ text: [UInt8]) -> Bool {
        guard let first = text.first, text.count <= line.count else { return false }
        let startsWord = isWord(first)
        let endsWord = text.last.map(isWord) ?? false
        for at in line.startIndex...(line.endIndex - text.count) where line[at] == first {
            guard line[at..<at + text.count].elementsEqual(text) else { continue }
            if startsWord, at > line.startIndex, isWord(line[at - 1]) { continue }
            if endsWord, at + text.count < line.endIndex, isWord(line[at + text.count]) { continue }
            return true
        }
        return false
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F
    }
}
