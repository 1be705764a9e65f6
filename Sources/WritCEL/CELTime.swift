// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import WritCore

/// A point in time between the years 1 and 9999, in nanoseconds.
public struct CELTimestamp: Sendable, Hashable, Comparable {
    /// Since 1970-01-01T00:00:00Z.
    public let seconds: Int64
    /// From 0 to 999,999,999.
    public let nanoseconds: Int32

    static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// Creates a point in time; seconds outside the years 1 to 9999 are brought to the nearest end.
    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = min(max(seconds, CELTimestamp.range.lowerBound), CELTimestamp.range.upperBound)
        self.nanoseconds = min(max(nanoseconds, 0), 999_999_999)
    }

    /// Nil outside the years 1 to 9999.
    init?(checking seconds: Int64, _ nanoseconds: Int64 = 0) {
        guard CELTimestamp.range.contains(seconds), 0...999_999_999 ~= nanoseconds else { return nil }
        self.seconds = seconds
        self.nanoseconds = Int32(nanoseconds)
    }

    /// Earlier comes first.
    public static func < (left: CELTimestamp, right: CELTimestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// Reads RFC 3339; nil when malformed or out of range.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40 else { return nil }
        func number(_ from: Int, _ count: Int) -> Int64? {
            var value: Int64 = 0
            for index in from..<from + count {
                guard index < bytes.count, Lexer.isDigit(bytes[index]) else { return nil }
                value = value * 10 + Int64(bytes[index] - 0x30)
            }
            return value
        }
        func isAt(_ index: Int, _ characters: StaticString) -> Bool {
            guard index < bytes.count else { return false }
            return characters.withUTF8Buffer { $0.contains(bytes[index]) }
        }
        guard let year = number(0, 4), isAt(4, "-"), let month = number(5, 2), isAt(7, "-"), let day = number(8, 2),
            isAt(10, "Tt"), let hour = number(11, 2), isAt(13, ":"), let minute = number(14, 2), isAt(16, ":"),
            let second = number(17, 2), hour <= 23, minute <= 59, second <= 59,
            let days = CivilDay.number(year: Int(year), month: Int(month), day: Int(day))
        else { return nil }
        var at = 19
        var nanoseconds: Int64 = 0
        if isAt(at, ".") {
            at += 1
            var digits = 0
            while at < bytes.count, Lexer.isDigit(bytes[at]) {
                guard digits < 9 else { return nil }
                nanoseconds = nanoseconds * 10 + Int64(bytes[at] - 0x30)
                digits += 1
                at += 1
            }
            guard digits > 0 else { return nil }
            for _ in digits..<9 { nanoseconds *= 10 }
        }
        var offset: Int64 = 0
        if isAt(at, "Zz") {
            at += 1
        } else {
            guard isAt(at, "+-"), let hours = number(at + 1, 2), isAt(at + 3, ":"), let minutes = number(at + 4, 2),
                hours <= 23, minutes <= 59
            else { return nil }
            offset = (hours * 60 + minutes) * 60 * (bytes[at] == 0x2D ? -1 : 1)
            at += 6
        }
        guard at == bytes.count else { return nil }
        let seconds = Int64(days) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        self.init(checking: seconds, nanoseconds)
    }

    /// RFC 3339 in UTC, with as many digits of the second as needed.
    public var text: String {
        let date = CivilDate(seconds: seconds)
        var text =
            padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T" + padded(date.hour, 2)
            + ":" + padded(date.minute, 2) + ":" + padded(date.second, 2)
        if nanoseconds > 0 { text += "." + fraction(Int64(nanoseconds)) }
        return text + "Z"
    }

    func adding(_ duration: CELDuration) -> CELTimestamp? {
        let (whole, rest) = floored(duration.nanoseconds, by: 1_000_000_000)
        var seconds = self.seconds + whole
        var nanoseconds = Int64(self.nanoseconds) + rest
        if nanoseconds >= 1_000_000_000 {
            nanoseconds -= 1_000_000_000
            seconds += 1
        }
        return CELTimestamp(checking: seconds, nanoseconds)
    }

    func since(_ other: CELTimestamp) -> CELDuration? {
        // Both lie in the range above, so the difference fits; its nanoseconds may not.
        let (product, overflow) = (seconds - other.seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(Int64(nanoseconds) - Int64(other.nanoseconds))
        return overflow || carry ? nil : CELDuration(nanoseconds: sum)
    }

    /// The date on a clock in a zone: an IANA name, `+11:00`, `-02:30`, `02:00`; nil when there is no such zone.
    func civil(in zone: String?) -> CivilDate? {
        guard let zone else { return CivilDate(seconds: seconds) }
        guard let offset = CELTimestamp.offset(of: zone, at: seconds) else { return nil }
        return CivilDate(seconds: seconds + offset)
    }

    private static func offset(of zone: String, at seconds: Int64) -> Int64? {
        if zone == "UTC" || zone == "Z" || zone.isEmpty { return 0 }
        var digits = Array(zone.utf8.prefix(8))
        var sign: Int64 = 1
        if let first = digits.first, first == 0x2B || first == 0x2D {
            sign = first == 0x2D ? -1 : 1
            digits.removeFirst()
        }
        if digits.count == 5, digits[2] == 0x3A, zone.utf8.count <= 6,
            [0, 1, 3, 4].allSatisfy({ Lexer.isDigit(digits[$0]) })
        {
            let hours = Int64(digits[0] - 0x30) * 10 + Int64(digits[1] - 0x30)
            let minutes = Int64(digits[3] - 0x30) * 10 + Int64(digits[4] - 0x30)
            guard hours <= 23, minutes <= 59 else { return nil }
            return sign * (hours * 3_600 + minutes * 60)
        }
        // The name may come from data: only what a zone's name is made of reaches the system's lookup.
        guard zone.utf8.count <= 64, zone.first?.isLetter == true, !zone.contains(".."),
            zone.utf8.allSatisfy({ Lexer.isLetter($0) || Lexer.isDigit($0) || "/+-".utf8.contains($0) }),
            let found = TimeZone(identifier: zone)
        else { return nil }
        return Int64(found.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }
}

/// A span of time in nanoseconds, some 292 years either way.
public struct CELDuration: Sendable, Hashable, Comparable {
    /// The whole span.
    public let nanoseconds: Int64

    /// Creates a span.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Whole seconds; beyond the range the nearest end.
    public init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        nanoseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Shorter comes first.
    public static func < (left: CELDuration, right: CELDuration) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Reads `1h30m`, `1.5s`, `-250ms`, `10us`, `7ns`; nil when malformed or out of range.
    public init?(_ text: String) {
        let bytes = Array(text.utf8.prefix(128))
        guard bytes.count < 128 else { return nil }
        var at = 0
        var isNegative = false
        if let first = bytes.first, first == 0x2D || first == 0x2B {
            isNegative = first == 0x2D
            at = 1
        }
        if bytes.count == at + 1, bytes[at] == 0x30 {
            nanoseconds = 0
            return
        }
        guard at < bytes.count else { return nil }
        // Summed below zero, where there is room for the smallest value.
        var total: Int64 = 0
        while at < bytes.count {
            var whole: Int64 = 0
            var digits = 0
            while at < bytes.count, Lexer.isDigit(bytes[at]) {
                let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(Int64(bytes[at] - 0x30))
                guard !overflow, !carry else { return nil }
                whole = sum
                digits += 1
                at += 1
            }
            var fraction: Int64 = 0
            var scale: Int64 = 1
            if at < bytes.count, bytes[at] == 0x2E {
                at += 1
                while at < bytes.count, Lexer.isDigit(bytes[at]) {
                    if scale < 1_000_000_000_000 {
                        fraction = fraction * 10 + Int64(bytes[at] - 0x30)
                        scale *= 10
                    }
                    digits += 1
                    at += 1
                }
            }
            guard digits > 0 else { return nil }
            let start = at
            while at < bytes.count, !Lexer.isDigit(bytes[at]), bytes[at] != 0x2E { at += 1 }
            let unit: Int64
            switch String(decoding: bytes[start..<at], as: UTF8.self) {
            case "h": unit = 3_600_000_000_000
            case "m": unit = 60_000_000_000
            case "s": unit = 1_000_000_000
            case "ms": unit = 1_000_000
            case "us", "µs", "μs": unit = 1_000
            case "ns": unit = 1
            default: return nil
            }
            let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
            let part = Int64(Double(fraction) / Double(scale) * Double(unit))
            let (some, carry) = total.subtractingReportingOverflow(product)
            let (all, borrow) = some.subtractingReportingOverflow(part)
            guard !overflow, !carry, !borrow else { return nil }
            total = all
        }
        guard isNegative || total != .min else { return nil }
        nanoseconds = isNegative ? total : -total
    }

    /// Seconds with as many digits as needed: `90s`, `0.5s`.
    public var text: String {
        let magnitude = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        let rest = magnitude % 1_000_000_000
        return sign + String(magnitude / 1_000_000_000) + (rest == 0 ? "" : "." + fraction(Int64(rest))) + "s"
    }
}

/// A date and time of day in the proleptic Gregorian calendar.
struct CivilDate {
    let year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64
    /// Days since 1 January, from 0.
    let dayOfYear: Int64
    /// From Sunday, 0.
    let weekday: Int64

    init(seconds: Int64) {
        let (dayNumber, rest) = floored(seconds, by: 86_400)
        hour = rest / 3_600
        minute = rest % 3_600 / 60
        second = rest % 60
        weekday = floored(dayNumber + 4, by: 7).rest
        let date = CivilDay.date(of: Int(dayNumber))
        year = Int64(date.year)
        month = Int64(date.month)
        day = Int64(date.day)
        dayOfYear = Int64(date.dayOfYear)
    }
}

private func floored(_ value: Int64, by divisor: Int64) -> (quotient: Int64, rest: Int64) {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// The nine digits without trailing zeros.
private func fraction(_ nanoseconds: Int64) -> String {
    var digits = padded(nanoseconds, 9)
    while digits.hasSuffix("0") { digits.removeLast() }
    return digits
}
