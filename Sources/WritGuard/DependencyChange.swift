// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritScan

/// What a call does to one manifest, lock file, image or workflow.
struct DependencyChange: Sendable, Hashable {
    var path: String
    /// Nil when the file is new, or nothing of it is known.
    var before: [UInt8]?
    var after: [UInt8]

    /// The changes of a call, its edits of one file taken together.
    ///
    /// An edit is put into its file where that can be read and holds what the edit replaces; else the edit's own two texts
    /// are compared, which many formats can be read from line by line.
    static func all(
        in contents: [ToolOperations.Content], previous: ((String) -> [UInt8]?)?
    ) -> [DependencyChange] {
        var changes: [DependencyChange] = []
        for content in contents {
            guard let path = content.path, DependencyFile(path: path) != nil else { continue }
            let new = Array(content.text.utf8)
            guard let replaced = content.replaced.map({ Array($0.utf8) }) else {
                changes.append(DependencyChange(path: path, before: previous?(path), after: new))
                continue
            }
            if let last = changes.lastIndex(where: { $0.path == path }),
                let range = range(of: replaced, in: changes[last].after)
            {
                changes[last].after.replaceSubrange(range, with: new)
            } else if let whole = previous?(path), let range = range(of: replaced, in: whole) {
                var after = whole
                after.replaceSubrange(range, with: new)
                changes.append(DependencyChange(path: path, before: whole, after: after))
            } else {
                changes.append(DependencyChange(path: path, before: replaced, after: new))
            }
        }
        return changes
    }

    /// Where a text stands first; nil for the empty text. Linear but for texts that repeat themselves, whose work is
    /// bounded.
    private static func range(of text: [UInt8], in whole: [UInt8]) -> Range<Int>? {
        guard let first = text.first, text.count <= whole.count else { return nil }
        var work = 64 << 20
        var at = 0
        while at + text.count <= whole.count, let start = whole[at...].firstIndex(of: first) {
            guard start + text.count <= whole.count else { return nil }
            var same = 1
            while same < text.count, whole[start + same] == text[same] { same += 1 }
            if same == text.count { return start..<(start + same) }
            work -= same
            guard work > 0 else { return nil }
            at = start + 1
        }
        return nil
    }
}
