// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A day of the Gregorian calendar, UTC.
public struct Day: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Days since 1970-01-01.
    public let number: Int

    /// The day of a point in time, in milliseconds since 1970 UTC.
    public init(milliseconds: Int64) {
        let day = 86_400_000 as Int64
        number = Int((milliseconds - (milliseconds % day + day) % day) / day)
    }

    /// Creates a day from its number.
    public init(number: Int) {
        self.number = number
    }

    /// Reads `2026-11-21`; nil for anything else and for days that do not exist.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }),
            let year = Int(String(decoding: parts[0], as: UTF8.self)),
            let month = Int(String(decoding: parts[1], as: UTF8.self)),
            let day = Int(String(decoding: parts[2], as: UTF8.self)), year >= 1970,
            let number = CivilDay.number(year: year, month: month, day: day)
        else { return nil }
        self.number = number
    }

    /// This many days later.
    public func adding(_ days: Int) -> Day { Day(number: number + days) }

    public static func < (left: Day, right: Day) -> Bool { left.number < right.number }

    /// `2026-11-21`.
    public var description: String {
        let date = CivilDay.date(of: number)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let digits = String(date.year)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "-\(two(date.month))-\(two(date.day))"
    }
}
