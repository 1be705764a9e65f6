// SPDX-License-Identifier: Apache-2.0
internal import WritPattern

/// The extensions for lists, for lists as sets, and for regular expressions.
extension Library {
    private static let element = CELType.parameter("T")
    private static let elements = CELType.list(.parameter("T"))

    private static func elements(_ values: [CELValue], _ index: Int = 0) throws(CELFault) -> [CELValue] {
        guard values.indices.contains(index), case .list(let list) = values[index] else { throw mismatch("list") }
        return list
    }

    private static func number(_ values: [CELValue], _ index: Int) throws(CELFault) -> Int64 {
        guard values.indices.contains(index), case .int(let number) = values[index] else { throw mismatch("list") }
        return number
    }

    static let lists: [Row] = [
        row("lists.range", .function, [.int], .list(.int)) { values, meter throws(CELFault) in
            let count = try number(values, 0)
            guard count >= 0 else { throw CELFault(.badArgument, "lists.range of a negative number") }
            try meter.charge(Int(clamping: count))
            return .list((0..<count).map { .int($0) })
        },
        row("slice", .member, [elements, .int, .int], elements) { values, meter throws(CELFault) in
            let list = try elements(values)
            let from = try number(values, 1)
            let to = try number(values, 2)
            guard from >= 0, to >= from, to <= list.count else {
                throw CELFault(.badArgument, "slice \(from) to \(to) of a list of \(list.count)")
            }
            try meter.charge(Int(to - from))
            return .list(Array(list[Int(from)..<Int(to)]))
        },
        row("flatten", .member, [.list(elements)], elements) { values, meter throws(CELFault) in
            .list(try flatten(try elements(values), 1, &meter))
        },
        row("flatten", .member, [.list(.dyn), .int], .list(.dyn)) { values, meter throws(CELFault) in
            let depth = try number(values, 1)
            guard depth >= 0 else { throw CELFault(.badArgument, "flatten to a negative depth") }
            return .list(try flatten(try elements(values), depth, &meter))
        },
        row("distinct", .member, [elements], elements) { values, meter throws(CELFault) in
            var kept: [CELValue] = []
            var keys: Set<CELKey> = []
            for value in try elements(values) {
                try meter.charge(key: value)
                // What can be a key is found at once; a whole double equals an integer.
                if let key = CELKey(lookup: value) {
                    if keys.insert(key).inserted { kept.append(value) }
                    continue
                }
                var isKnown = false
                for other in kept where !isKnown {
                    try meter.charge(1)
                    isKnown = try areEqual(value, other, &meter)
                }
                if !isKnown { kept.append(value) }
            }
            return .list(kept)
        },
        row("reverse", .member, [elements], elements) { values, meter throws(CELFault) in
            let list = try elements(values)
            try meter.charge(list.count)
            return .list(list.reversed())
        },
        row("sort", .member, [elements], elements) { values, meter throws(CELFault) in
            let list = try elements(values)
            return .list(try sorted(list, by: list, &meter))
        },
        row("first", .member, [elements], .optional(element)) { values, _ throws(CELFault) in
            .optional(try elements(values).first)
        },
        row("last", .member, [elements], .optional(element)) { values, _ throws(CELFault) in
            .optional(try elements(values).last)
        },
        row("sets.contains", .function, [elements, elements], .bool) { values, meter throws(CELFault) in
            .bool(try contains(try elements(values), try elements(values, 1), &meter))
        },
        row("sets.equivalent", .function, [elements, elements], .bool) { values, meter throws(CELFault) in
            let left = try elements(values)
            let right = try elements(values, 1)
            guard try contains(left, right, &meter) else { return false }
            return .bool(try contains(right, left, &meter))
        },
        row("sets.intersects", .function, [elements, elements], .bool) { values, meter throws(CELFault) in
            let left = try elements(values)
            for value in try elements(values, 1) where try contains(left, [value], &meter) { return true }
            return false
        },
        ternary("regex.replace", .function, .string, .string, .string, .string) {
            text, pattern, new, meter throws(CELFault) in try replace(text, pattern, new, -1, &meter)
        },
        row("regex.replace", .function, [.string, .string, .string, .int], .string) { values, meter throws(CELFault) in
            guard values.count == 4, case .string(let text) = values[0], case .string(let pattern) = values[1],
                case .string(let new) = values[2]
            else { throw mismatch("regex.replace") }
            return .string(try replace(text, pattern, new, try number(values, 3), &meter))
        },
        row("regex.extract", .function, [.string, .string], .optional(.string)) { values, meter throws(CELFault) in
            .optional(try extract(values, atMost: 1, &meter).first)
        },
        row("regex.extractAll", .function, [.string, .string], .list(.string)) { values, meter throws(CELFault) in
            .list(try extract(values, atMost: .max, &meter))
        },
    ]

    private static func flatten(
        _ list: [CELValue], _ depth: Int64, _ meter: inout Meter
    ) throws(CELFault) -> [CELValue] {
        var out: [CELValue] = []
        for value in list {
            try meter.charge(1)
            // As deep as the value, and values are as deep as an expression or a document may nest.
            if depth > 0, case .list(let inner) = value {
                out.append(contentsOf: try flatten(inner, depth - 1, &meter))
            } else {
                out.append(value)
            }
        }
        return out
    }

    /// Every element of the second list equals one of the first.
    private static func contains(
        _ list: [CELValue], _ wanted: [CELValue], _ meter: inout Meter
    ) throws(CELFault) -> Bool {
        for value in wanted {
            var isFound = false
            for other in list where !isFound {
                try meter.charge(1)
                isFound = try areEqual(value, other, &meter)
            }
            if !isFound { return false }
        }
        return true
    }

    /// The list in the order of its keys, equal keys in the order they came. Keys are of one type that has an order.
    static func sorted(
        _ list: [CELValue], by keys: [CELValue], _ meter: inout Meter
    ) throws(CELFault) -> [CELValue] {
        guard let first = keys.first, list.count == keys.count else { return list }
        var bytes = 0
        for key in keys {
            guard key.fits(first.type), CELType.ordered.contains(key.type) else {
                throw CELFault(.noSuchOverload, "no such overload: sort of \(first.type.name) and \(key.type.name)")
            }
            switch key {
            case .string(let text): bytes += text.utf8.count
            case .bytes(let value): bytes += value.count
            default: break
            }
        }
        // Paid before, so that the comparisons themselves cannot fail.
        let rounds = Int.bitWidth - keys.count.leadingZeroBitCount
        try meter.charge(keys.count * rounds)
        try meter.charge(bytes: bytes.multipliedReportingOverflow(by: rounds).overflow ? .max : bytes * rounds)
        return zip(keys, list).enumerated().sorted { left, right in
            let order = keyOrder(left.element.0, right.element.0)
            return order == .less || order == .same && left.offset < right.offset
        }.map(\.element.1)
    }

    /// A total order: NaN comes first.
    private static func keyOrder(_ left: CELValue, _ right: CELValue) -> Order {
        if case .double(let a) = left, case .double(let b) = right, a.isNaN || b.isNaN {
            return a.isNaN == b.isNaN ? .same : a.isNaN ? .less : .greater
        }
        var unbounded = Meter(left: .max)
        do throws(CELFault) {
            return try order(left, right, &unbounded) ?? .same
        } catch {
            // Invariant: the one fault of `order` is the budget's.
            return .same
        }
    }

    // MARK: Regular expressions

    private static func compiled(
        _ source: String, for text: String, _ meter: inout Meter
    ) throws(CELFault) -> Pattern {
        try meter.charge(2_000 + source.utf8.count * 20)
        try meter.charge(bytes: text.utf8.count)
        return try compiled(source)
    }

    /// Where the pattern matches, from left to right, none inside another. After an empty match the search goes on
    /// behind the next code point.
    private static func matches(
        _ pattern: Pattern, in bytes: [UInt8], atMost limit: Int, _ meter: inout Meter
    ) throws(CELFault) -> [[Range<Int>?]] {
        var out: [[Range<Int>?]] = []
        var at = 0
        while at <= bytes.count, out.count < limit {
            // To know that a match is the longest, a search may look at all that is left.
            try meter.charge(bytes: bytes.count - at)
            let groups = bytes.withUnsafeBytes { pattern.firstMatch(in: $0, from: at) }
            guard let groups, let whole = groups.first ?? nil else { break }
            out.append(groups)
            at = whole.upperBound
            if whole.isEmpty {
                at += 1
                while at < bytes.count, bytes[at] & 0xC0 == 0x80 { at += 1 }
            }
        }
        return out
    }

    private static func extract(
        _ values: [CELValue], atMost limit: Int, _ meter: inout Meter
    ) throws(CELFault) -> [CELValue] {
        guard values.count == 2, case .string(let text) = values[0], case .string(let source) = values[1] else {
            throw mismatch("regex.extract")
        }
        let pattern = try compiled(source, for: text, &meter)
        guard pattern.groupCount <= 1 else { throw CELFault(.badArgument, "pattern has more than one group") }
        let bytes = Array(text.utf8)
        var out: [CELValue] = []
        for groups in try matches(pattern, in: bytes, atMost: limit, &meter) {
            guard let range = groups.last ?? nil else { continue }
            out.append(.string(String(decoding: bytes[range], as: UTF8.self)))
        }
        return out
    }

    /// `\1` to `\9` in the new text are groups, `\0` is the match, `\\` a backslash.
    private static func replace(
        _ text: String, _ source: String, _ new: String, _ limit: Int64, _ meter: inout Meter
    ) throws(CELFault) -> String {
        let pattern = try compiled(source, for: text, &meter)
        let bytes = Array(text.utf8)
        let template = Array(new.utf8)
        var out: [UInt8] = []
        var at = 0
        for groups in try matches(pattern, in: bytes, atMost: limit < 0 ? .max : Int(clamping: limit), &meter) {
            guard let whole = groups.first ?? nil else { continue }
            out.append(contentsOf: bytes[at..<whole.lowerBound])
            at = whole.upperBound
            try meter.charge(bytes: template.count)
            var index = 0
            while index < template.count {
                guard template[index] == UInt8(ascii: "\\") else {
                    out.append(template[index])
                    index += 1
                    continue
                }
                let next = index + 1 < template.count ? template[index + 1] : 0
                if Lexer.isDigit(next), Int(next - 0x30) < groups.count {
                    if let range = groups[Int(next - 0x30)] {
                        try meter.charge(bytes: range.count)
                        out.append(contentsOf: bytes[range])
                    }
                } else if next == UInt8(ascii: "\\") {
                    out.append(next)
                } else {
                    throw CELFault(.badArgument, "the new text names a group that the pattern does not have")
                }
                index += 2
            }
        }
        return String(decoding: out + bytes[at...], as: UTF8.self)
    }
}

extension CELType {
    /// The types that `<` compares.
    static let ordered: Set<CELType> = [.bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration]
}
