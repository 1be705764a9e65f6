// SPDX-License-Identifier: Apache-2.0

/// Days of the proleptic Gregorian calendar, counted from 1 January 1970 (Hinnant, "chrono-compatible low-level date
/// algorithms").
public enum CivilDay {
    /// A day by its place in the calendar.
    public struct Date: Sendable, Hashable {
        public var year: Int
        /// From 1.
        public var month: Int
        /// From 1.
        public var day: Int
        /// Days since 1 January, from 0.
        public var dayOfYear: Int
    }

    /// Years of 400 are alike, and all have this many days.
    private static let daysInEra = 146_097
    /// From 1 March of the year 0, where eras start so that the leap day is a year's last, to 1 January 1970.
    private static let epoch = 719_468
    private static let maximum = Int.max / 2

    /// Days from 1 January 1970 to a day of the years 0 to 9999; nil when there is no such day.
    public static func number(year: Int, month: Int, day: Int) -> Int? {
        guard (0...9999).contains(year), (1...12).contains(month), day >= 1, day <= daysInMonth(month, of: year) else {
            return nil
        }
        return firstOfMonth(year, month) + day - 1
    }

    /// Days from 1 January 1970 to a later day written as `yyyymmdd`; nil when there is no such day.
    public static func number(yyyymmdd: Int) -> Int? {
        guard yyyymmdd >= 1970_00_00 else { return nil }
        return number(year: yyyymmdd / 10_000, month: yyyymmdd / 100 % 100, day: yyyymmdd % 100)
    }

    /// The date of a day, given as days from 1 January 1970; of the farthest day that is counted when beyond.
    public static func date(of number: Int) -> Date {
        // No sum overflows, and no calendar reaches that far.
        let number = min(max(number, -maximum), maximum)
        let (era, dayOfEra) = floored(number + epoch, by: daysInEra)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayFromMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayFromMarch + 2) / 153
        let day = dayFromMarch - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return Date(year: year, month: month, day: day, dayOfYear: number - firstOfMonth(year, 1))
    }

    private static func daysInMonth(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: (year.isMultiple(of: 4) && !year.isMultiple(of: 100)) || year.isMultiple(of: 400) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func firstOfMonth(_ year: Int, _ month: Int) -> Int {
        let (era, yearOfEra) = floored(month <= 2 ? year - 1 : year, by: 400)
        let dayFromMarch = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        return era * daysInEra + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayFromMarch - epoch
    }

    private static func floored(_ value: Int, by divisor: Int) -> (quotient: Int, rest: Int) {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
    }
}
