// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Markup that a rendered page does not show: comments, hidden elements, link titles, reference definitions, alt text.
enum HiddenMarkup {
    /// The most of one hidden element that is taken as one text.
    private static let elementLimit = 65_536

    static func read(_ bytes: UnsafeRawBufferPointer, path: String?, into pass: inout UnveilPass) {
        let isWhole = isPage(bytes, path)
        let page = Page(isWhole: isWhole, sheet: isWhole ? StyleSheet() : StyleSheet(in: bytes))
        if page.sheet.isCut { pass.cut() }
        var tags = TagReader()
        var code = CodeMarks()
        var at = code.begin(bytes, at: 0)
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "<") {
                at =
                    bytes.holds("<!--", at: at)
                    ? comment(bytes, at, &pass) : element(bytes, at, page, code, &tags, &pass)
            } else if byte == UInt8(ascii: "[") {
                at = bracket(bytes, at, &pass)
            } else if byte == UInt8(ascii: "`") {
                at = code.tick(bytes, at)
            } else if byte == 0x0A {
                at = code.begin(bytes, at: at + 1)
            } else {
                at += 1
            }
        }
        if tags.isCut { pass.cut() }
    }

    /// What is the same for all elements of some content.
    private struct Page {
        let isWhole: Bool
        let sheet: StyleSheet
    }

    /// Whole pages, templates and scripts hide elements for good reasons. A text for readers is none, whatever tags
    /// somebody put into it.
    private static func isPage(_ bytes: UnsafeRawBufferPointer, _ path: String?) -> Bool {
        if let path {
            let name = path.lowercased()
            if prose.contains(where: { name.hasSuffix($0) }) { return false }
            if pages.contains(where: { name.hasSuffix($0) }) { return true }
        }
        var at = bytes.holds("\u{FEFF}", at: 0) ? 3 : 0
        while at < bytes.count {
            if bytes[at] <= 0x20 {
                at += 1
            } else if bytes.holds("<!--", at: at) {
                at = commentEnd(bytes, at).next
            } else {
                return bytes[at] == UInt8(ascii: "<") && pageTags.contains { begins(bytes, at + 1, $0) }
            }
        }
        return false
    }

    private static let prose = [".md", ".mdc", ".mdx", ".markdown", ".txt", ".rst", ".adoc", ".org", ".eml"]
    private static let pages = [
        ".html", ".htm", ".xhtml", ".js", ".jsx", ".ts", ".tsx", ".vue", ".svelte", ".xml", ".svg", ".css", ".php",
        ".erb",
    ]
    private static let pageTags: [StaticString] = ["html", "!doctype", "body", "head", "svg", "?xml"]

    /// The text, in lower case, stands there in any case of letters.
    static func begins(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ text: StaticString) -> Bool {
        guard bytes.count - at >= text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { text in
            for index in text.indices where bytes[at + index].lowercased != text[index] { return false }
            return true
        }
    }

    private static func comment(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ pass: inout UnveilPass) -> Int {
        let (end, next) = commentEnd(bytes, start)
        let text = Array(bytes.part((start + 4)..<end))
        if text.contains(where: \.isLetter) || text.contains(where: { $0 >= 0x80 }) {
            pass.keep(text, start, next, .htmlComment)
        }
        return next
    }

    /// Where a comment's text ends, and what follows it: as browsers see it, `<!-->` is a whole one and `--!>` an end.
    private static func commentEnd(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> (text: Int, next: Int) {
        if bytes.holds(">", at: start + 4) { return (start + 4, start + 5) }
        if bytes.holds("->", at: start + 4) { return (start + 4, start + 6) }
        var end = start + 4
        while end < bytes.count {
            if bytes[end] == UInt8(ascii: "-"), bytes.byte(end + 1) == UInt8(ascii: "-") {
                if bytes.byte(end + 2) == UInt8(ascii: ">") { return (end, end + 3) }
                if bytes.holds("!>", at: end + 2) { return (end, end + 4) }
            }
            end += 1
        }
        return (bytes.count, bytes.count)
    }

    private static func element(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ page: Page, _ code: CodeMarks, _ tags: inout TagReader,
        _ pass: inout UnveilPass
    ) -> Int {
        guard let tag = tags.tag(bytes, start) else { return start + 1 }
        guard tag.mayHide(bytes, page.sheet) || (!page.isWhole && tag.isUnshown(bytes)) else { return tag.end }
        let name = bytes.part(tag.name).map(\.lowercased)
        let word = String(decoding: name, as: UTF8.self)
        let attributes = tag.attributes(bytes)
        if word == "input" {
            if !page.isWhole, !code.isOpen { field(attributes, start, tag.end, &pass) }
            return tag.end
        }
        guard !voidElements.contains(word) else { return tag.end }
        let isUnshown = !page.isWhole && !code.isOpen && unshown(word, attributes)
        guard isUnshown || Style.hides(word, attributes, page.sheet) else { return tag.end }
        let close = close(of: name, bytes, from: tag.end, within: tag.isClosed ? 1_024 : elementLimit)
        // What closes itself in templates has no text; in HTML it has, and then its end stands somewhere.
        if tag.isClosed, page.isWhole || close.isMissing { return tag.end }
        // Prose names elements: `--format=<template>` is a place for a word, and no end follows.
        if isUnshown, close.isMissing, !isLineStart(bytes, start) { return tag.end }
        let text = Array(bytes.part(tag.end..<close.at))
        let letters = text.count { $0.isLetter || $0 >= 0x80 }
        guard letters >= (isUnshown ? 20 : 4) else { return close.at }
        pass.keep(text, start, close.at, page.isWhole ? .htmlComment : .hiddenElement)
        if !page.isWhole, letters >= 8 {
            pass.find(
                "hidden-element", .high, start, close.at, confidence: 0.95,
                "markup hides text that a model reads and a reader does not see", "show the text or remove it")
        }
        return close.at
    }

    private static func isLineStart(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> Bool {
        var at = place
        while at > 0, place - at < 64, bytes[at - 1].isBlank { at -= 1 }
        return at == 0 || bytes[at - 1] == 0x0A || bytes[at - 1] == 0x0D || bytes[at - 1] == UInt8(ascii: ">")
    }

    /// Where the end tag stands: behind those of elements of this name inside it.
    private static func close(
        of name: [UInt8], _ bytes: UnsafeRawBufferPointer, from start: Int, within limit: Int
    ) -> (at: Int, isMissing: Bool) {
        let nests = !["p", "li", "td", "th", "tr", "dt", "dd", "option"].contains(String(decoding: name, as: UTF8.self))
        func isNamed(_ at: Int) -> Bool {
            bytes.part(at..<(at + name.count)).elementsEqual(name, by: { $0.lowercased == $1 })
                && !bytes.byte(at + name.count).isAlphanumeric && bytes.byte(at + name.count) != UInt8(ascii: "-")
        }
        var open = 0
        var at = start
        while at < bytes.count, at - start < limit {
            if bytes[at] == UInt8(ascii: "<") {
                if bytes.byte(at + 1) == UInt8(ascii: "/"), isNamed(at + 2) {
                    if open == 0 { return (at, false) }
                    open -= 1
                } else if bytes.byte(at + 1).lowercased == name.first, isNamed(at + 1) {
                    if !nests { return (at, false) }
                    open += 1
                }
            }
            at += 1
        }
        return (at, true)
    }

    /// Elements whose content no page shows by itself.
    private static func unshown(_ name: String, _ attributes: [(name: String, value: [UInt8])]) -> Bool {
        switch name {
        case "template", "noscript": true
        case "dialog": !attributes.contains { $0.name == "open" }
        case "script": attributes.contains { $0.name == "type" && $0.value.starts(with: Array("text/pl".utf8)) }
        default: false
        }
    }

    /// The value of a field that no form shows.
    private static func field(
        _ attributes: [(name: String, value: [UInt8])], _ start: Int, _ end: Int, _ pass: inout UnveilPass
    ) {
        guard attributes.contains(where: { $0.name == "type" && $0.value.map(\.lowercased) == Array("hidden".utf8) }),
            let value = attributes.first(where: { $0.name == "value" })?.value, value.count >= 20,
            StringValues.isSentence(value)
        else { return }
        pass.keep(value, start, end, .hiddenElement)
        pass.find(
            "hidden-element", .high, start, end, confidence: 0.95,
            "markup hides text that a model reads and a reader does not see", "show the text or remove it")
    }

    private static let voidElements: Set<String> = [
        "img", "br", "hr", "meta", "link", "source", "area", "wbr",
    ]

    /// Titles, alternative texts and definitions of Markdown.
    private static func bracket(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ pass: inout UnveilPass) -> Int {
        var close = start + 1
        while close < bytes.count, close - start < 2048, bytes[close] != UInt8(ascii: "]"), bytes[close] != 0x0A,
            bytes[close] != UInt8(ascii: "[")
        { close += 1 }
        guard close < bytes.count, bytes[close] == UInt8(ascii: "]") else { return max(start + 1, close) }
        let isImage = start > 0 && bytes[start - 1] == UInt8(ascii: "!")
        if isImage, close - start > 24 {
            pass.keep(Array(bytes[(start + 1)..<close]), start, close, .altText)
        }
        let next = bytes.byte(close + 1)
        let isDefinition = next == UInt8(ascii: ":") && (start == 0 || bytes.byte(start - 1) == 0x0A)
        guard next == UInt8(ascii: "(") || isDefinition else { return close + 1 }
        var end = close + 2
        while end < bytes.count, end - close < 4096, bytes[end] != 0x0A,
            isDefinition || bytes[end] != UInt8(ascii: ")")
                || openQuote(bytes, close + 2, end)
        { end += 1 }
        var open = close + 2
        while open < end, bytes[open] != 0x22, bytes[open] != 0x27, !(isDefinition && bytes[open] == UInt8(ascii: "("))
        {
            open += 1
        }
        if end - open > 12 {
            pass.keep(
                Array(bytes[(open + 1)..<end]), start, min(end + 1, bytes.count),
                isDefinition ? .referenceDefinition : .linkTitle)
        }
        return max(close + 1, min(end, bytes.count))
    }

    /// A title is open at `end`: bounded by the caller's limit of one line and 4,096 bytes.
    private static func openQuote(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        guard end - start < 512 else { return false }
        var quotes = 0
        for i in start..<end where bytes[i] == 0x22 { quotes += 1 }
        return quotes == 1
    }
}

extension StringProtocol {
    /// Where a text first stands, without Foundation.
    func range(ofFirst needle: String) -> Index? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(needle) { return at }
            at = index(after: at)
        }
        return nil
    }
}
