// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// What makes an element unseen: attributes, declarations of CSS, and the sheets in the same content.
enum Style {
    static func hides(_ element: String, _ attributes: [(name: String, value: [UInt8])], _ sheet: StyleSheet) -> Bool {
        for (name, value) in attributes {
            switch name {
            // HTML hides for any value; in JSX an expression may be false.
            case "hidden": if value != Array("{false}".utf8) { return true }
            case "style": if Declarations(value).hide { return true }
            case "color" where element == "font": if Colour(text(value))?.isUnseen == true { return true }
            case "class" where sheet.hides(classes: value): return true
            case "id" where sheet.hides(id: value): return true
            default: continue
            }
        }
        return sheet.hides(element: element)
    }

    fileprivate static func text(_ value: [UInt8]) -> String {
        String(decoding: value.prefix(64).map(\.lowercased), as: UTF8.self)
    }
}

/// Declarations of one rule, or of one attribute `style`.
struct Declarations {
    /// In lower case, one spelling each; the last one counts.
    private var values: [String: String] = [:]

    /// Reads at most 4,096 bytes of CSS.
    init(_ css: some Collection<UInt8>) {
        let clean = Self.cleaned(Array(css.prefix(4_096)))
        for part in clean.split(separator: UInt8(ascii: ";")) {
            guard let colon = part.firstIndex(of: UInt8(ascii: ":")) else { continue }
            var value = String(decoding: part[(colon + 1)...], as: UTF8.self)
            if let mark = value.utf8.firstIndex(of: UInt8(ascii: "!")) { value = String(value[..<mark]) }
            while value.last == " " { value.removeLast() }
            values[String(decoding: part[..<colon], as: UTF8.self)] = value
        }
    }

    /// One spelling: lower case, no comments, escapes resolved, one blank between words and none beside signs.
    private static func cleaned(_ css: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var at = 0
        func isSign(_ byte: UInt8?) -> Bool {
            guard let byte else { return true }
            return byte == UInt8(ascii: ":") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: ",")
                || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: "/") || byte == 0x20
        }
        while at < css.count {
            let byte = css[at]
            if byte == UInt8(ascii: "/"), at + 1 < css.count, css[at + 1] == UInt8(ascii: "*") {
                at += 2
                while at < css.count, !(css[at] == UInt8(ascii: "/") && css[at - 1] == UInt8(ascii: "*")) { at += 1 }
                at += 1
            } else if byte == 0x5C, at + 1 < css.count {
                at += 1
                var value: UInt32 = 0
                let first = at
                while at < css.count, at - first < 6, let digit = Hex.value(css[at]) {
                    value = value << 4 | UInt32(digit)
                    at += 1
                }
                if at == first {
                    out.append(css[at].lowercased)
                    at += 1
                } else {
                    if value < 0x80 { out.append(UInt8(value).lowercased) }
                    if at < css.count, css[at] <= 0x20 { at += 1 }
                }
            } else if byte <= 0x20 {
                if !isSign(out.last) { out.append(0x20) }
                at += 1
            } else {
                if out.last == 0x20, isSign(byte) { out.removeLast() }
                out.append(byte.lowercased)
                at += 1
            }
        }
        return out
    }

    /// A reader does not see what these are applied to.
    var hide: Bool {
        if values.isEmpty { return false }
        return isOff || isFaint || isAway || isSmall || isWithoutColour
    }

    private var isOff: Bool {
        values["display"] == "none" || values["visibility"] == "hidden" || values["visibility"] == "collapse"
            || values["content-visibility"] == "hidden" || values["mso-hide"] == "all"
    }

    private var isFaint: Bool {
        if let opacity = values["opacity"].flatMap({ Length($0) }), opacity.share < 0.1 { return true }
        if let filter = values["filter"], let inside = Self.arguments("opacity(", filter), let value = Length(inside),
            value.share < 0.1
        {
            return true
        }
        return false
    }

    private var isAway: Bool {
        for side in ["left", "right", "top", "bottom", "text-indent", "margin-left", "margin-top"] {
            guard let length = values[side].flatMap({ Length($0) }) else { continue }
            if length.isFar(below: true) && !(side.hasPrefix("margin") && length.unit == "%") { return true }
            if side == "left" || side == "top", length.isFar(below: false) { return true }
        }
        for value in [values["transform"], values["scale"], values["translate"]].compactMap({ $0 }) {
            for scale in ["scale(", "scalex(", "scaley(", "scale3d("] {
                if let inside = Self.arguments(scale, value), let first = Length(inside), abs(first.value) < 0.05 {
                    return true
                }
            }
            for move in ["translate(", "translatex(", "translatey(", "translate3d("] {
                guard let inside = Self.arguments(move, value) else { continue }
                if inside.split(separator: ",").contains(where: {
                    Length(String($0)).map { $0.isFar(below: true) || $0.isFar(below: false) } ?? false
                }) {
                    return true
                }
            }
        }
        if values["scale"].flatMap({ Length($0) })?.value == 0 { return true }
        if let clip = values["clip"], clip.hasPrefix("rect(0") || clip.hasPrefix("rect(1px") { return true }
        if let clip = values["clip-path"] ?? values["-webkit-clip-path"],
            ["inset(100%", "inset(50%", "circle(0", "ellipse(0", "polygon(0 0,0 0"].contains(where: clip.hasPrefix)
        {
            return true
        }
        return false
    }

    private var isSmall: Bool {
        if let size = values["font-size"].flatMap({ Length($0) }), size.isUnreadable { return true }
        if let font = values["font"] {
            for word in font.split(separator: " ") where word.first?.isNumber == true || word.first == "." {
                guard let size = Length(String(word)) else { continue }
                // Numbers without a unit are weights, but for 0.
                if size.unit.isEmpty, size.value != 0 { continue }
                if size.isUnreadable { return true }
                break
            }
        }
        let overflow = values["overflow"] ?? values["overflow-x"] ?? values["overflow-y"] ?? ""
        let isCut = overflow.hasPrefix("hidden") || overflow.hasPrefix("clip")
        func size(_ name: String) -> Double? {
            guard let length = values[name].flatMap({ Length($0) }) else { return nil }
            return length.unit == "px" || length.unit.isEmpty || length.value == 0 ? length.value : nil
        }
        if size("max-height") == 0 || size("max-width") == 0 { return true }
        // Lines of no height are seen where nothing cuts them.
        if isCut, values["line-height"].flatMap({ Length($0) })?.value == 0 { return true }
        let width = size("width") ?? 99
        let height = size("height") ?? 99
        if width == 0, height == 0 { return true }
        return isCut && (width == 0 || height == 0 || (width <= 1 && height <= 1))
    }

    private var isWithoutColour: Bool {
        guard let text = values["-webkit-text-fill-color"] ?? values["color"] else { return false }
        let background = values["background-color"] ?? values["background"]
        if let background, background == text { return true }
        guard let colour = Colour(text) else { return false }
        if colour.alpha < 0.1 { return true }
        guard let background else { return colour.isUnseen }
        for word in background.split(separator: " ") {
            if let other = Colour(String(word)), other.alpha > 0.1 { return colour.distance(to: other) <= 24 }
        }
        return false
    }

    private static func arguments(_ function: String, _ value: String) -> String? {
        guard let start = value.range(ofFirst: function) else { return nil }
        return String(value[value.index(start, offsetBy: function.count)...].prefix { $0 != ")" })
    }
}

/// A number with its unit.
private struct Length {
    let value: Double
    let unit: String

    init?(_ text: String) {
        let number = text.utf8.prefix { $0.isDigit || $0 == 0x2E || $0 == 0x2D || $0 == 0x2B }
        guard !number.isEmpty, number.count < 32, let value = Double(String(decoding: number, as: UTF8.self)) else {
            return nil
        }
        self.value = value
        unit = String(decoding: text.utf8.dropFirst(number.count).prefix { $0.isLetter || $0 == 0x25 }, as: UTF8.self)
    }

    /// As a share of 1.
    var share: Double { unit == "%" ? value / 100 : value }

    /// Nobody scrolls there.
    func isFar(below: Bool) -> Bool {
        let far = below ? -value : value
        switch unit {
        case "%": return far >= (below ? 100 : 200)
        case "vw", "vh", "vmin", "vmax", "em", "rem": return far >= 90
        case "cm", "in": return far >= 20
        default: return far >= (below ? 900 : 5_000)
        }
    }

    /// Letters of this size are dots at most.
    var isUnreadable: Bool {
        switch unit {
        case "%": value <= 10
        case "em", "rem": value <= 0.15
        case "pt": value <= 1.5
        case "px", "": value <= 2
        default: value <= 0.1
        }
    }
}

/// A colour, as far as it must be known to tell text from its ground.
private struct Colour {
    private let parts: [Double]
    let alpha: Double

    private static let names: [String: [Double]] = [
        "white": [255, 255, 255], "black": [0, 0, 0], "snow": [255, 250, 250], "ghostwhite": [248, 248, 255],
        "ivory": [255, 255, 240], "floralwhite": [255, 250, 240], "red": [255, 0, 0], "gray": [128, 128, 128],
        "grey": [128, 128, 128], "silver": [192, 192, 192], "blue": [0, 0, 255], "yellow": [255, 255, 0],
    ]

    init?(_ text: String) {
        if text == "transparent" {
            (parts, alpha) = ([0, 0, 0], 0)
        } else if let named = Self.names[text] {
            (parts, alpha) = (named, 1)
        } else if text.hasPrefix("#") {
            var digits = text.utf8.dropFirst().compactMap { Hex.value($0).map { Double($0) } }
            guard digits.count == text.utf8.count - 1 else { return nil }
            if digits.count == 3 || digits.count == 4 { digits = digits.flatMap { [$0, $0] } }
            guard digits.count == 6 || digits.count == 8 else { return nil }
            let bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] * 16 + digits[$0 + 1] }
            (parts, alpha) = (Array(bytes[..<3]), bytes.count == 4 ? bytes[3] / 255 : 1)
        } else if let open = text.utf8.firstIndex(of: UInt8(ascii: "(")), text.hasPrefix("rgb") || text.hasPrefix("hsl")
        {
            let words = text[text.index(after: open)...].split { $0 == "," || $0 == " " || $0 == "/" || $0 == ")" }
            let numbers = words.compactMap { Length(String($0)) }
            guard numbers.count >= 3 else { return nil }
            alpha = numbers.count > 3 ? numbers[3].share : 1
            if text.hasPrefix("rgb") {
                parts = numbers[..<3].map { $0.unit == "%" ? $0.value * 2.55 : $0.value }
            } else {
                // Of a hue it is enough to know how light it is, unless it is neither white nor black.
                let light = numbers[2].value
                guard alpha < 0.1 || light >= 97 || light <= 3 else { return nil }
                parts = [light * 2.55, light * 2.55, light * 2.55]
            }
        } else {
            return nil
        }
    }

    /// White, or nothing, on the white of a page.
    var isUnseen: Bool { alpha < 0.1 || parts.allSatisfy { $0 >= 248 } }

    func distance(to other: Colour) -> Double {
        zip(parts, other.parts).reduce(0) { $0 + abs($1.0 - $1.1) }
    }
}

/// What rules in `<style>` hide, by the last part of their selectors.
struct StyleSheet {
    private var classes: Set<String> = []
    private var ids: Set<String> = []
    private var elements: Set<String> = []

    /// There were more rules, or longer tags, than are read.
    private(set) var isCut = false

    var isEmpty: Bool { classes.isEmpty && ids.isEmpty && elements.isEmpty }

    init() {}

    /// Reads every sheet of some content, at most 512 rules that hide.
    init(in bytes: UnsafeRawBufferPointer) {
        var at = 0
        var tags = TagReader()
        while at + 7 < bytes.count {
            guard bytes[at] == UInt8(ascii: "<"), HiddenMarkup.begins(bytes, at + 1, "style"),
                let tag = tags.tag(bytes, at)
            else {
                at += 1
                continue
            }
            var end = tag.end
            while end < bytes.count, !(bytes[end] == UInt8(ascii: "<") && HiddenMarkup.begins(bytes, end + 1, "/style"))
            {
                end += 1
            }
            Self.uncommented(bytes.part(tag.end..<end)).withUnsafeBytes { rules($0) }
            at = end
        }
        isCut = tags.isCut || count >= Self.limit
    }

    private static let limit = 512
    private var count: Int { classes.count + ids.count + elements.count }

    /// A comment may stand anywhere, also between a selector and its rule, and hold braces.
    private static func uncommented(_ css: UnsafeRawBufferPointer) -> [UInt8] {
        var out: [UInt8] = []
        var at = 0
        while at < css.count {
            guard css[at] == UInt8(ascii: "/"), css.byte(at + 1) == UInt8(ascii: "*") else {
                out.append(css[at])
                at += 1
                continue
            }
            at += 2
            while at < css.count, !css.holds("*/", at: at) { at += 1 }
            at += 2
            out.append(0x20)
        }
        return out
    }

    private mutating func rules(_ css: UnsafeRawBufferPointer) {
        var start = 0
        var at = 0
        while at < css.count, count < Self.limit {
            switch css[at] {
            case UInt8(ascii: "{"):
                let selector = css.part(start..<at)
                let isNested = selector.first { $0 > 0x20 } == UInt8(ascii: "@")
                let body = at + 1
                at = body
                if !isNested {
                    while at < css.count, css[at] != UInt8(ascii: "}") { at += 1 }
                    if Declarations(css.part(body..<at)).hide { take(selector) }
                    at += 1
                }
                start = at
            case UInt8(ascii: "}"), UInt8(ascii: ";"):
                at += 1
                start = at
            default: at += 1
            }
        }
    }

    private mutating func take(_ selectors: UnsafeRawBufferPointer) {
        let text = String(decoding: selectors.prefix(1_024).map(\.lowercased), as: UTF8.self)
        for selector in text.split(separator: ",") {
            // What depends on a state or an attribute may be seen.
            guard !selector.contains(":"), !selector.contains("["),
                let last = selector.split(whereSeparator: { " >+~\n\t\r".contains($0) }).last
            else { continue }
            if let mark = last.lastIndex(where: { $0 == "." || $0 == "#" }) {
                let name = String(last[last.index(after: mark)...])
                if last[mark] == "." { classes.insert(name) } else { ids.insert(name) }
            } else if last != "*" {
                elements.insert(String(last))
            }
        }
    }

    func hides(classes value: [UInt8]) -> Bool {
        !classes.isEmpty
            && value.split(whereSeparator: { $0 <= 0x20 }).contains {
                classes.contains(String(decoding: $0.map(\.lowercased), as: UTF8.self))
            }
    }

    func hides(id value: [UInt8]) -> Bool {
        !ids.isEmpty && ids.contains(String(decoding: value.map(\.lowercased), as: UTF8.self))
    }

    func hides(element name: String) -> Bool { elements.contains(name) }
}
