// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Markup that a rendered page does not show: comments, hidden elements, link titles, reference definitions, alt text.
enum HiddenMarkup {
    /// The most of one hidden element that is taken as one text.
    private static let elementLimit = 65_536

    static func read(_ bytes: UnsafeRawBufferPointer, path: String?, into pass: inout UnveilPass) {
        let isPage = isPage(bytes, path)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "<") {
                at = bytes.holds("<!--", at: at) ? comment(bytes, at, &pass) : element(bytes, at, isPage, &pass)
            } else if byte == UInt8(ascii: "[") {
                at = bracket(bytes, at, &pass)
            } else {
                at += 1
            }
        }
    }

    /// Whole pages, templates and scripts hide elements for good reasons.
    private static func isPage(_ bytes: UnsafeRawBufferPointer, _ path: String?) -> Bool {
        if let path {
            let suffixes = [
                ".html", ".htm", ".js", ".jsx", ".ts", ".tsx", ".vue", ".svelte", ".xml", ".svg", ".css", ".php",
                ".erb",
            ]
            if suffixes.contains(where: { path.hasSuffix($0) }) { return true }
        }
        var at = 0
        let end = min(bytes.count, 4096)
        while at < end {
            if bytes[at] == UInt8(ascii: "<") {
                if pageTags.contains(where: { begins(bytes, at + 1, $0) }) { return true }
            }
            at += 1
        }
        return false
    }

    private static let pageTags: [StaticString] = ["html", "!doctype", "body", "head", "svg", "?xml"]

    /// The text, in lower case, stands there in any case of letters.
    private static func begins(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ text: StaticString) -> Bool {
        guard bytes.count - at >= text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { text in
            for index in text.indices where bytes[at + index].lowercased != text[index] { return false }
            return true
        }
    }

    private static func comment(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ pass: inout UnveilPass) -> Int {
        var end = start + 4
        while end < bytes.count, !(bytes[end] == UInt8(ascii: "-") && bytes.holds("-->", at: end)) { end += 1 }
        let text = Array(bytes[(start + 4)..<min(end, bytes.count)])
        if text.contains(where: \.isLetter) || text.contains(where: { $0 >= 0x80 }) {
            pass.keep(text, start, min(bytes.count, end + 3), .htmlComment)
        }
        return min(bytes.count, end + 3)
    }

    private static func element(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ isPage: Bool, _ pass: inout UnveilPass
    ) -> Int {
        guard bytes.byte(start + 1).isLetter else { return start + 1 }
        var nameEnd = start + 1
        while nameEnd < bytes.count, nameEnd - start < 32, bytes[nameEnd].isAlphanumeric { nameEnd += 1 }
        var end = nameEnd
        var quote: UInt8 = 0
        while end < bytes.count, end - start < 4096 {
            let byte = bytes[end]
            if quote != 0 {
                if byte == quote { quote = 0 }
            } else if byte == 0x22 || byte == 0x27 {
                quote = byte
            } else if byte == UInt8(ascii: ">") || byte == UInt8(ascii: "<") {
                break
            }
            end += 1
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: ">"), end > nameEnd,
            bytes.byte(end - 1) != UInt8(ascii: "/")
        else { return nameEnd }
        let attributes = Style.folded(bytes.part(nameEnd..<end))
        guard Style.hides(attributes) else { return end + 1 }
        let name = bytes.part((start + 1)..<nameEnd).map(\.lowercased)
        guard !voidElements.contains(String(decoding: name, as: UTF8.self)) else { return end + 1 }
        var close = end + 1
        while close < bytes.count, close - end < elementLimit {
            if bytes[close] == UInt8(ascii: "<"), bytes.byte(close + 1) == UInt8(ascii: "/"),
                bytes.part((close + 2)..<(close + 2 + name.count)).elementsEqual(name, by: { $0.lowercased == $1 })
            {
                break
            }
            close += 1
        }
        let text = Array(bytes[(end + 1)..<close])
        let letters = text.count { $0.isLetter || $0 >= 0x80 }
        guard letters >= 4 else { return close }
        pass.keep(text, start, close, isPage ? .htmlComment : .hiddenElement)
        if !isPage, letters >= 8 {
            pass.find(
                "hidden-element", .high, start, close, confidence: 0.95,
                "markup hides text that a model reads and a reader does not see", "show the text or remove it")
        }
        return close
    }

    private static let voidElements: Set<String> = [
        "img", "br", "hr", "input", "meta", "link", "source", "area", "wbr",
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

/// Attributes that make an element unseen.
enum Style {
    /// Lower case without blanks, so that one spelling is left of each property.
    static func folded(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var out: [UInt8] = [0x20]
        var quote: UInt8 = 0
        for byte in bytes {
            if quote == 0, byte == 0x22 || byte == 0x27 {
                quote = byte
            } else if byte == quote {
                quote = 0
            }
            if byte.isBlank || byte == 0x0A || byte == 0x0D {
                if quote == 0, out.last != 0x20 { out.append(0x20) }
            } else {
                out.append(byte.lowercased)
            }
        }
        return out
    }

    static func hides(_ attributes: [UInt8]) -> Bool {
        // Nearly no element says either word, and searching texts costs more than everything else about an element.
        guard attributes.withUnsafeBytes({ contains("hidden", $0) || contains("style=", $0) }) else { return false }
        let text = String(decoding: attributes, as: UTF8.self)
        if text == " hidden" || text.contains(" hidden ") || text.hasSuffix(" hidden") || text.contains(" hidden=") {
            return true
        }
        guard let start = text.range(ofFirst: "style=") else { return false }
        let style = text[start...]
        if unseen.contains(where: { style.contains($0) }) { return true }
        let colour = value("color:", style, notAfter: "-")
        let background = value("background-color:", style) ?? value("background:", style)
        if let colour, let background, same(colour, background) { return true }
        if let colour, background == nil, ["white", "#fff", "#ffffff", "transparent", "rgba(0,0,0,0)"].contains(colour)
        {
            return true
        }
        return false
    }

    private static func contains(_ word: StaticString, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let first = word.utf8Start.pointee
        for at in bytes.indices where bytes[at] == first && bytes.holds(word, at: at) { return true }
        return false
    }

    private static let unseen = [
        "display:none", "visibility:hidden", "visibility:collapse", "opacity:0;", "opacity:0\"", "opacity:0'",
        "opacity:0.0",
        "opacity:.0", "font-size:0", "font-size:1px", "font-size:.", "max-height:0", "max-width:0", "left:-9",
        "left:-1000",
        "top:-9", "text-indent:-9", "clip:rect(0", "clip-path:inset(100%", "clip-path:inset(50%", "transform:scale(0",
        "mso-hide:all", "width:0;height:0", "height:0;width:0", "line-height:0",
    ]

    private static func value(_ property: String, _ style: Substring, notAfter: Character = "!") -> String? {
        var rest = style
        while let at = rest.range(ofFirst: property) {
            let before = at > rest.startIndex ? rest[rest.index(before: at)] : Character(" ")
            let start = rest.index(at, offsetBy: property.count)
            let tail = rest[start...]
            if before != notAfter || property.hasPrefix("background") {
                return String(tail.prefix { $0 != ";" && $0 != "\"" && $0 != "'" && $0 != "!" })
            }
            rest = tail
        }
        return nil
    }

    private static func same(_ a: String, _ b: String) -> Bool {
        let names = [
            "white": "#ffffff", "#fff": "#ffffff", "black": "#000000", "#000": "#000000", "rgb(255,255,255)": "#ffffff",
        ]
        return (names[a] ?? a) == (names[b] ?? b)
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
