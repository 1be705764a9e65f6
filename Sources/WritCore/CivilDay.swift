// SPDX-License-Identifier: Apache-2.0

/// Days of the calendar.
public enum CivilDay {
    /// Days from 1 January 1970 to a day written as `yyyymmdd`; nil when there is no such day.
    public static func number(yyyymmdd: Int) -> Int? {
        let year = yyyymmdd / 10_000
        let month = yyyymmdd / 100 % 100
        let day = yyyymmdd % 100
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        // The year begins in March, so that the leap day is its last.
        let shifted = month <= 2 ? year - 1 : year
        let ofYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let era = shifted / 400
        let inEra = shifted - era * 400
        return era * 146_097 + inEra * 365 + inEra / 4 - inEra / 100 + ofYear - 719_468
    }
}
