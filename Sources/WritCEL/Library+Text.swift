// SPDX-License-Identifier: Apache-2.0

extension Library {
    private static func out(of index: Int64) -> CELFault { CELFault(.badArgument, "index out of range: \(index)") }

    private static func scalars(_ text: String, _ meter: inout Meter) throws(CELFault) -> [Unicode.Scalar] {
        try meter.charge(bytes: text.utf8.count * 4)
        return Array(text.unicodeScalars)
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    /// Positions count code points, in arguments as in results.
    static let texts: [Row] = [
        binary("charAt", .member, .string, .int, .string) { text, index, meter throws(CELFault) in
            let scalars = try scalars(text, &meter)
            guard index >= 0, index <= scalars.count else { throw out(of: index) }
            return index == scalars.count ? "" : String(Character(scalars[Int(index)]))
        },
        binary("indexOf", .member, .string, .string, .int) { text, part, meter throws(CELFault) in
            try first(text, part, 0, &meter)
        },
        ternary("indexOf", .member, .string, .string, .int, .int) { text, part, from, meter throws(CELFault) in
            try first(text, part, from, &meter)
        },
        binary("lastIndexOf", .member, .string, .string, .int) { text, part, meter throws(CELFault) in
            try last(text, part, nil, &meter)
        },
        ternary("lastIndexOf", .member, .string, .string, .int, .int) { text, part, from, meter throws(CELFault) in
            try last(text, part, from, &meter)
        },
        unary("lowerAscii", .member, .string, .string) { text, meter throws(CELFault) in
            try meter.charge(bytes: text.utf8.count)
            return String(decoding: text.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
        },
        unary("upperAscii", .member, .string, .string) { text, meter throws(CELFault) in
            try meter.charge(bytes: text.utf8.count)
            return String(decoding: text.utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 & 0xDF : $0 }, as: UTF8.self)
        },
        ternary("replace", .member, .string, .string, .string, .string) { text, old, new, meter throws(CELFault) in
            try replace(text, old, new, -1, &meter)
        },
        row("replace", .member, [.string, .string, .string, .int], .string) { values, meter throws(CELFault) in
            guard values.count == 4, case .string(let text) = values[0], case .string(let old) = values[1],
                case .string(let new) = values[2], case .int(let limit) = values[3]
            else { throw mismatch("replace") }
            return .string(try replace(text, old, new, limit, &meter))
        },
        binary("split", .member, .string, .string, .strings) { text, separator, meter throws(CELFault) in
            try split(text, separator, -1, &meter)
        },
        ternary("split", .member, .string, .string, .int, .strings) { text, separator, limit, meter throws(CELFault) in
            try split(text, separator, limit, &meter)
        },
        binary("substring", .member, .string, .int, .string) { text, from, meter throws(CELFault) in
            let scalars = try scalars(text, &meter)
            guard from >= 0, from <= scalars.count else { throw out(of: from) }
            return Library.text(scalars[Int(from)...])
        },
        ternary("substring", .member, .string, .int, .int, .string) { text, from, to, meter throws(CELFault) in
            let scalars = try scalars(text, &meter)
            guard from >= 0, from <= scalars.count else { throw out(of: from) }
            guard to >= 0, to <= scalars.count else { throw out(of: to) }
            guard from <= to else {
                throw CELFault(.badArgument, "invalid substring range: start \(from), end \(to)")
            }
            return Library.text(scalars[Int(from)..<Int(to)])
        },
        unary("trim", .member, .string, .string) { text, meter throws(CELFault) in
            try meter.charge(bytes: text.utf8.count)
            let scalars = text.unicodeScalars
            guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
                let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
            else { return "" }
            return String(scalars[start...end])
        },
        unary("reverse", .member, .string, .string) { text, meter throws(CELFault) in
            Library.text(try scalars(text, &meter).reversed())
        },
        unary("join", .member, .strings, .string) { list, meter throws(CELFault) in try join(list, "", &meter) },
        binary("join", .member, .strings, .string, .string) { list, separator, meter throws(CELFault) in
            try join(list, separator, &meter)
        },
        unary("strings.quote", .function, .string, .string) { text, meter throws(CELFault) in
            try meter.charge(bytes: text.utf8.count * 2)
            return Text.quote(text)
        },
        binary("format", .member, .string, .list, .string) { pattern, arguments, meter throws(CELFault) in
            try Format.format(pattern, arguments, &meter)
        },
        unary("base64.encode", .function, .bytes, .string) { bytes, meter throws(CELFault) in
            try meter.charge(bytes: bytes.count * 2)
            return Base64.encode(bytes)
        },
        unary("base64.decode", .function, .string, .bytes) { text, meter throws(CELFault) in
            try meter.charge(bytes: text.utf8.count)
            guard let bytes = Base64.decode(text) else { throw CELFault(.badArgument, "text is not base64") }
            return bytes
        },
    ]

    /// Searching costs the product of both lengths at worst, and says so to the meter first.
    private static func chargeSearch(_ text: Int, _ part: Int, _ meter: inout Meter) throws(CELFault) {
        let (product, overflow) = text.multipliedReportingOverflow(by: max(1, part / 16))
        try meter.charge(bytes: overflow ? .max : product)
    }

    private static func first(
        _ text: String, _ part: String, _ from: Int64, _ meter: inout Meter
    ) throws(CELFault) -> Int64 {
        let whole = try scalars(text, &meter)
        let wanted = try scalars(part, &meter)
        guard from >= 0, from <= whole.count else { throw out(of: from) }
        guard wanted.count <= whole.count else { return -1 }
        try chargeSearch(whole.count, wanted.count, &meter)
        var at = Int(from)
        while at <= whole.count - wanted.count {
            if whole[at..<at + wanted.count].elementsEqual(wanted) { return Int64(at) }
            at += 1
        }
        return -1
    }

    private static func last(
        _ text: String, _ part: String, _ from: Int64?, _ meter: inout Meter
    ) throws(CELFault) -> Int64 {
        let whole = try scalars(text, &meter)
        let wanted = try scalars(part, &meter)
        let start = from ?? Int64(whole.count)
        guard start >= 0, start <= whole.count else { throw out(of: start) }
        guard wanted.count <= whole.count else { return -1 }
        try chargeSearch(whole.count, wanted.count, &meter)
        var at = min(Int(start), whole.count - wanted.count)
        while at >= 0 {
            if whole[at..<at + wanted.count].elementsEqual(wanted) { return Int64(at) }
            at -= 1
        }
        return -1
    }

    private static func replace(
        _ text: String, _ old: String, _ new: String, _ limit: Int64, _ meter: inout Meter
    ) throws(CELFault) -> String {
        let whole = Array(text.utf8)
        let wanted = Array(old.utf8)
        let replacement = Array(new.utf8)
        try chargeSearch(whole.count, wanted.count, &meter)
        guard limit != 0 else { return text }
        var left = limit < 0 ? Int64.max : limit
        var out: [UInt8] = []
        var at = 0
        while at < whole.count {
            let isBoundary = whole[at] & 0xC0 != 0x80
            if left > 0, isBoundary, whole[at...].starts(with: wanted) {
                left -= 1
                // The new text may be long and the places many.
                try meter.charge(bytes: replacement.count)
                out.append(contentsOf: replacement)
                if !wanted.isEmpty {
                    at += wanted.count
                    continue
                }
            }
            out.append(whole[at])
            at += 1
        }
        if wanted.isEmpty, left > 0 { out.append(contentsOf: replacement) }
        return String(decoding: out, as: UTF8.self)
    }

    private static func split(
        _ text: String, _ separator: String, _ limit: Int64, _ meter: inout Meter
    ) throws(CELFault) -> [CELValue] {
        guard limit != 0 else { return [] }
        guard limit != 1 else { return [.string(text)] }
        let whole = Array(text.utf8)
        let wanted = Array(separator.utf8)
        try chargeSearch(whole.count, wanted.count, &meter)
        if wanted.isEmpty {
            let scalars = try scalars(text, &meter)
            try meter.charge(scalars.count)
            let parts = limit < 0 ? scalars.count : min(Int(clamping: limit), scalars.count)
            guard parts > 0 else { return [] }
            return scalars.prefix(parts - 1).map { .string(String(Character($0))) }
                + [.string(Library.text(scalars.suffix(scalars.count - parts + 1)))]
        }
        var out: [CELValue] = []
        var start = 0
        var at = 0
        while at + wanted.count <= whole.count, limit < 0 || out.count < limit - 1 {
            if whole[at..<at + wanted.count].elementsEqual(wanted) {
                try meter.charge(1)
                out.append(.string(String(decoding: whole[start..<at], as: UTF8.self)))
                at += wanted.count
                start = at
            } else {
                at += 1
            }
        }
        return out + [.string(String(decoding: whole[start...], as: UTF8.self))]
    }

    private static func join(_ list: [CELValue], _ separator: String, _ meter: inout Meter) throws(CELFault) -> String {
        var out = ""
        for (index, element) in list.enumerated() {
            guard case .string(let text) = element else {
                throw CELFault(.noSuchOverload, "no such overload: join of \(element.type.name)")
            }
            try meter.charge(bytes: text.utf8.count + separator.utf8.count)
            if index > 0 { out += separator }
            out += text
        }
        return out
    }
}

enum Text {
    /// The part occurs in the text, byte by byte. Linear in both lengths.
    static func find(_ part: String, in text: String) -> Bool {
        var part = part
        var text = text
        return text.withUTF8 { text in part.withUTF8 { find($0, in: text) } }
    }

    private static func find(_ part: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = part.first else { return true }
        guard part.count <= text.count else { return false }
        if part.count <= 16 {
            let last = text.count - part.count
            var at = 0
            while at <= last {
                if text[at] == first {
                    var index = 1
                    while index < part.count, text[at + index] == part[index] { index += 1 }
                    if index == part.count { return true }
                }
                at += 1
            }
            return false
        }
        // Knuth, Morris and Pratt: how much of the part is still matched after a difference.
        var kept = [Int](repeating: 0, count: part.count)
        var matched = 0
        for index in 1..<part.count {
            while matched > 0, part[index] != part[matched] { matched = kept[matched - 1] }
            if part[index] == part[matched] { matched += 1 }
            kept[index] = matched
        }
        matched = 0
        for byte in text {
            while matched > 0, byte != part[matched] { matched = kept[matched - 1] }
            if byte == part[matched] { matched += 1 }
            if matched == part.count { return true }
        }
        return false
    }

    /// The shortest text that reads back as the number, whole numbers without a point.
    static func double(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    static func quote(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{07}": out += "\\a"
            case "\u{08}": out += "\\b"
            case "\u{0C}": out += "\\f"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0B}": out += "\\v"
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// Base64 of RFC 4648, padding optional when reading.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        var at = 0
        while at < bytes.count {
            let count = min(3, bytes.count - at)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < count ? UInt32(bytes[at + index]) : 0) }
            for index in 0..<4 {
                out.append(index <= count ? alphabet[Int(group >> (18 - 6 * index) & 63)] : 0x3D)
            }
            at += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        var digits = Array(text.utf8)
        if digits.count % 4 == 0 {
            for _ in 0..<2 where digits.last == 0x3D { digits.removeLast() }
        }
        guard digits.count % 4 != 1 else { return nil }
        var out: [UInt8] = []
        var group: UInt32 = 0
        var bits = 0
        for digit in digits {
            let value: UInt8
            switch digit {
            case 0x41...0x5A: value = digit - 0x41
            case 0x61...0x7A: value = digit - 0x61 + 26
            case 0x30...0x39: value = digit - 0x30 + 52
            case 0x2B: value = 62
            case 0x2F: value = 63
            default: return nil
            }
            group = (group << 6 | UInt32(value)) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        return out
    }
}
