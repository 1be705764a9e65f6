// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Patterns of `case`, `[[ == ]]` and `${x#…}`: `*`, `?`, `[…]`, with `\` before what stands for itself.
///
/// Matching keeps one place to go back to, so it takes at most length × length steps. Extended patterns (`@(a|b)`) are
/// not read here: a word that holds one has no pattern text.
enum ShellPattern {
    /// Whether all of `text` matches.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        matches(Array(pattern.unicodeScalars), Array(text.unicodeScalars)[...])
    }

    /// Longest texts that are tried from every place; beyond, the answer is unknown.
    static let searchLimit = 4_096

    static func matches(_ pattern: [Unicode.Scalar], _ text: ArraySlice<Unicode.Scalar>) -> Bool {
        var p = 0
        var t = text.startIndex
        var star: (p: Int, t: Int)?
        while t < text.endIndex {
            if p < pattern.count {
                if pattern[p] == "*" {
                    p += 1
                    star = (p, t)
                    continue
                }
                if let next = one(pattern, p, text[t]) {
                    p = next
                    t += 1
                    continue
                }
            }
            guard let back = star else { return false }
            p = back.p
            t = back.t + 1
            star = (back.p, t)
        }
        while p < pattern.count, pattern[p] == "*" { p += 1 }
        return p == pattern.count
    }

    /// The place after the pattern's item at `p` when it matches `scalar`.
    private static func one(_ pattern: [Unicode.Scalar], _ p: Int, _ scalar: Unicode.Scalar) -> Int? {
        switch pattern[p] {
        case "?": return p + 1
        case "\\":
            guard p + 1 < pattern.count else { return scalar == "\\" ? p + 1 : nil }
            return pattern[p + 1] == scalar ? p + 2 : nil
        case "[":
            guard let (end, holds) = set(pattern, p, scalar) else { return scalar == "[" ? p + 1 : nil }
            return holds ? end : nil
        default: return pattern[p] == scalar ? p + 1 : nil
        }
    }

    /// Reads `[…]` at `p`: the place after it, and whether `scalar` is in it. Nil when it is not closed.
    static func set(_ pattern: [Unicode.Scalar], _ p: Int, _ scalar: Unicode.Scalar) -> (end: Int, holds: Bool)? {
        var at = p + 1
        guard at < pattern.count else { return nil }
        let isNegated = pattern[at] == "!" || pattern[at] == "^"
        if isNegated { at += 1 }
        var holds = false
        var isFirst = true
        while at < pattern.count {
            if pattern[at] == "]", !isFirst { return (at + 1, holds != isNegated) }
            isFirst = false
            if pattern[at] == "[", at + 1 < pattern.count, pattern[at + 1] == ":" {
                var end = at + 2
                var name = String.UnicodeScalarView()
                while end + 1 < pattern.count, !(pattern[end] == ":" && pattern[end + 1] == "]") {
                    name.append(pattern[end])
                    end += 1
                }
                if end + 1 < pattern.count {
                    if isIn(scalar, String(name)) { holds = true }
                    at = end + 2
                    continue
                }
            }
            if pattern[at] == "\\", at + 1 < pattern.count { at += 1 }
            let low = pattern[at]
            if at + 2 < pattern.count, pattern[at + 1] == "-", pattern[at + 2] != "]" {
                var high = pattern[at + 2]
                at += 3
                if high == "\\", at < pattern.count {
                    high = pattern[at]
                    at += 1
                }
                if low <= scalar, scalar <= high { holds = true }
            } else {
                if low == scalar { holds = true }
                at += 1
            }
        }
        return nil
    }

    private static func isIn(_ scalar: Unicode.Scalar, _ name: String) -> Bool {
        let isUpper = "A"..."Z" ~= scalar
        let isLower = "a"..."z" ~= scalar
        let isDigit = "0"..."9" ~= scalar
        switch name {
        case "alpha": return isUpper || isLower
        case "digit": return isDigit
        case "alnum": return isUpper || isLower || isDigit
        case "upper": return isUpper
        case "lower": return isLower
        case "space": return scalar == " " || ("\t"..."\r" ~= scalar)
        case "blank": return scalar == " " || scalar == "\t"
        case "xdigit": return isDigit || "a"..."f" ~= scalar || "A"..."F" ~= scalar
        case "punct":
            return scalar.isASCII && scalar.value > 32 && scalar.value < 127 && !(isUpper || isLower || isDigit)
        case "print": return scalar.value >= 32 && scalar.value != 127
        case "graph": return scalar.value > 32 && scalar.value != 127
        case "cntrl": return scalar.value < 32 || scalar.value == 127
        default: return false
        }
    }

    /// `${x#p}` and its like; nil when the text is longer than is searched.
    static func trim(_ text: String, _ pattern: String, operator name: String) -> String? {
        let scalars = Array(text.unicodeScalars)
        if scalars.count > searchLimit { return nil }
        let pattern = Array(pattern.unicodeScalars)
        let isPrefix = name.hasPrefix("#")
        let isLongest = name.utf8.count == 2
        let lengths = 0...scalars.count
        let order = isLongest ? Array(lengths.reversed()) : Array(lengths)
        for length in order {
            let piece = isPrefix ? scalars[..<length] : scalars[(scalars.count - length)...]
            if matches(pattern, piece) {
                return string(isPrefix ? scalars[length...] : scalars[..<(scalars.count - length)])
            }
        }
        return text
    }

    /// `${x/p/r}` and its like; nil when the text is longer than is searched.
    static func replace(_ text: String, _ pattern: String, with replacement: String, operator name: String) -> String? {
        let scalars = Array(text.unicodeScalars)
        if scalars.count > 1_024 { return nil }
        let items = Array(pattern.unicodeScalars)
        if items.isEmpty, name != "/#", name != "/%" { return text }
        func longest(at start: Int) -> Int? {
            var end = scalars.count
            while end >= start {
                if matches(items, scalars[start..<end]) { return end }
                end -= 1
            }
            return nil
        }
        if name == "/%" {
            for start in 0...scalars.count where matches(items, scalars[start...]) {
                return string(scalars[..<start]) + replacement
            }
            return text
        }
        var result = ""
        var at = 0
        var isDone = false
        // Patterns without `*` match as many scalars as they have items: no need to try every length.
        let isFixed = !items.contains("*") && !items.contains("[") && !items.contains("\\")
        while at < scalars.count || (at == 0 && scalars.isEmpty) {
            var end: Int?
            if !isDone {
                if isFixed {
                    let stop = at + items.count
                    if stop <= scalars.count, matches(items, scalars[at..<stop]) { end = stop }
                } else {
                    end = longest(at: at)
                }
            }
            if let end, end > at || name == "/#" {
                result += replacement
                at = end
                if name != "//" { isDone = true }
            } else {
                if at < scalars.count { result.unicodeScalars.append(scalars[at]) }
                at += 1
            }
            if name == "/#" { isDone = true }
            if scalars.isEmpty { break }
        }
        return result
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
