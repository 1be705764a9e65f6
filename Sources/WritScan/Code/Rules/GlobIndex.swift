// SPDX-License-Identifier: Apache-2.0

/// Globs over qualified names (`subprocess.*`, `*.execute`), found by a literal last or first part. `*` stands for any
/// text, dots included, and for none.
struct GlobIndex: Sendable {
    private var byLast: [String: [Int]] = [:]
    private var byFirst: [String: [Int]] = [:]
    private var others: [Int] = []
    private var globs: [[UInt8]] = []
    private var ids: [Int] = []

    var isEmpty: Bool { globs.isEmpty }

    mutating func add(_ glob: String, id: Int) {
        let index = globs.count
        globs.append(Array(glob.utf8))
        ids.append(id)
        let parts = glob.split(separator: ".", omittingEmptySubsequences: false)
        if let last = parts.last, !last.contains("*") {
            byLast[String(last), default: []].append(index)
        } else if let first = parts.first, parts.count > 1, !first.contains("*") {
            byFirst[String(first), default: []].append(index)
        } else {
            others.append(index)
        }
    }

    /// The id of the first glob that matches the whole name.
    func first(matching name: String) -> Int? {
        var found: Int?
        forEach(matching: name) { if found == nil { found = $0 } }
        return found
    }

    func forEach(matching name: String, _ body: (Int) -> Void) {
        guard !globs.isEmpty else { return }
        let bytes = Array(name.utf8)
        let dot = UInt8(ascii: ".")
        let last = bytes.lastIndex(of: dot).map { bytes[($0 + 1)...] } ?? bytes[...]
        for index in byLast[String(decoding: last, as: UTF8.self)] ?? [] where Self.matches(globs[index], bytes) {
            body(ids[index])
        }
        if !byFirst.isEmpty, let end = bytes.firstIndex(of: dot) {
            for index in byFirst[String(decoding: bytes[..<end], as: UTF8.self)] ?? []
            where Self.matches(globs[index], bytes) { body(ids[index]) }
        }
        for index in others where Self.matches(globs[index], bytes) { body(ids[index]) }
    }

    /// Greedy with one point of return: time is at most the product of the two short lengths.
    static func matches(_ glob: [UInt8], _ text: [UInt8]) -> Bool {
        var g = 0
        var t = 0
        var star = -1
        var mark = 0
        while t < text.count {
            if g < glob.count, glob[g] == UInt8(ascii: "*") {
                star = g
                mark = t
                g += 1
            } else if g < glob.count, glob[g] == text[t] {
                g += 1
                t += 1
            } else if star >= 0 {
                g = star + 1
                mark += 1
                t = mark
            } else {
                return false
            }
        }
        while g < glob.count, glob[g] == UInt8(ascii: "*") { g += 1 }
        return g == glob.count
    }
}
