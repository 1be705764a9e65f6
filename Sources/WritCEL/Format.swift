// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#endif

/// `text.format([arguments])` with the clauses `%s %d %f %e %b %o %x %X`.
enum Format {
    static func format(_ pattern: String, _ arguments: [CELValue], _ meter: inout Meter) throws(CELFault) -> String {
        try meter.charge(bytes: pattern.utf8.count)
        let bytes = Array(pattern.utf8)
        var out: [UInt8] = []
        var next = 0
        var at = 0
        while at < bytes.count {
            guard bytes[at] == 0x25 else {
                out.append(bytes[at])
                at += 1
                continue
            }
            at += 1
            if at < bytes.count, bytes[at] == 0x25 {
                out.append(0x25)
                at += 1
                continue
            }
            var precision: Int?
            if at < bytes.count, bytes[at] == 0x2E {
                at += 1
                var digits = 0
                while at < bytes.count, Lexer.isDigit(bytes[at]) {
                    digits = min(digits * 10 + Int(bytes[at] - 0x30), 1_000)
                    at += 1
                }
                guard digits <= 100 else { throw CELFault(.badArgument, "precision of a clause is above 100") }
                precision = digits
            }
            guard at < bytes.count, "sdfeboxX".utf8.contains(bytes[at]) else {
                throw CELFault(.badArgument, "unrecognized formatting clause")
            }
            guard next < arguments.count else { throw CELFault(.badArgument, "index \(next) out of range") }
            let text = try clause(bytes[at], precision, arguments[next], &meter)
            out.append(contentsOf: text.utf8)
            next += 1
            at += 1
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func clause(
        _ clause: UInt8, _ precision: Int?, _ value: CELValue, _ meter: inout Meter
    ) throws(CELFault) -> String {
        switch clause {
        case UInt8(ascii: "s"): return try plain(value, &meter)
        case UInt8(ascii: "d"):
            switch value {
            case .int(let value): return String(value)
            case .uint(let value): return String(value)
            case .double(let value) where !value.isFinite: return Text.double(value)
            default: throw wrong("decimal clause takes integers", value)
            }
        case UInt8(ascii: "f"), UInt8(ascii: "e"):
            let number: Double
            switch value {
            case .double(let value): number = value
            case .int(let value): number = Double(value)
            case .uint(let value): number = Double(value)
            default: throw wrong("fixed-point and scientific clauses take numbers", value)
            }
            return real(number, precision ?? 6, isScientific: clause == UInt8(ascii: "e"))
        case UInt8(ascii: "b"):
            if case .bool(let value) = value { return value ? "1" : "0" }
            return try integer(value, radix: 2, "binary clause takes integers and bools")
        case UInt8(ascii: "o"): return try integer(value, radix: 8, "octal clause takes integers")
        default:
            let isUpper = clause == UInt8(ascii: "X")
            let text: String
            switch value {
            case .string(let value):
                try meter.charge(bytes: value.utf8.count * 4)
                text = hex(value.utf8)
            case .bytes(let value):
                try meter.charge(bytes: value.count * 4)
                text = hex(value)
            default: text = try integer(value, radix: 16, "hex clause takes integers, bytes and texts")
            }
            return isUpper ? text.uppercased() : text
        }
    }

    private static func wrong(_ message: String, _ value: CELValue) -> CELFault {
        CELFault(.badArgument, "\(message), got \(value.type.name)")
    }

    private static func integer(_ value: CELValue, radix: Int, _ message: String) throws(CELFault) -> String {
        switch value {
        case .int(let value): String(value, radix: radix)
        case .uint(let value): String(value, radix: radix)
        default: throw wrong(message, value)
        }
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func real(_ value: Double, _ precision: Int, isScientific: Bool) -> String {
        guard value.isFinite else { return Text.double(value) }
        // The largest double has 309 digits before the point, and the precision is at most 100.
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            let count = withVaList([Int32(precision), value]) { arguments in
                vsnprintf(buffer.baseAddress, buffer.count, isScientific ? "%.*e" : "%.*f", arguments)
            }
            let bytes = buffer.prefix(max(0, min(Int(count), buffer.count - 1))).map { UInt8(bitPattern: $0) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// What `%s` writes: texts as they are, lists and maps with theirs inside.
    private static func plain(_ value: CELValue, _ meter: inout Meter) throws(CELFault) -> String {
        try meter.charge(1)
        switch value {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return String(value)
        case .uint(let value): return String(value)
        case .double(let value): return Text.double(value)
        case .string(let value):
            try meter.charge(bytes: value.utf8.count)
            return value
        case .bytes(let value):
            try meter.charge(bytes: value.count)
            return String(decoding: value, as: UTF8.self)
        case .timestamp(let value): return value.text
        case .duration(let value): return value.text
        case .type(let value): return value.name
        case .network(let value): return value.text
        case .list(let list):
            var parts: [String] = []
            for element in list { parts.append(try plain(element, &meter)) }
            try meter.charge(bytes: parts.reduce(0) { $0 + $1.utf8.count })
            return "[" + parts.joined(separator: ", ") + "]"
        case .map(let map):
            var parts: [(key: String, value: String)] = []
            for entry in map.entries { parts.append((try plain(entry.key, &meter), try plain(entry.value, &meter))) }
            try meter.charge(bytes: parts.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count })
            parts.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            return "{" + parts.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
        case .optional: throw wrong("string clause takes no optionals", value)
        }
    }
}
