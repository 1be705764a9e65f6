// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WritCore

@Suite struct CivilDayTests {
    @Test func `days have the numbers of the calendar`() {
        let days: [(date: CivilDay.Date, number: Int)] = [
            (.init(year: 0, month: 1, day: 1, dayOfYear: 0), -719_528),
            (.init(year: 0, month: 2, day: 29, dayOfYear: 59), -719_469),
            (.init(year: 1600, month: 3, day: 1, dayOfYear: 60), -135_080),
            (.init(year: 1969, month: 12, day: 31, dayOfYear: 364), -1),
            (.init(year: 1970, month: 1, day: 1, dayOfYear: 0), 0),
            (.init(year: 2000, month: 2, day: 29, dayOfYear: 59), 11_016),
            (.init(year: 2024, month: 12, day: 31, dayOfYear: 365), 20_088),
            (.init(year: 2100, month: 3, day: 1, dayOfYear: 59), 47_541),
            (.init(year: 9999, month: 12, day: 31, dayOfYear: 364), 2_932_896),
        ]
        for (date, number) in days {
            #expect(CivilDay.date(of: number) == date)
            #expect(CivilDay.number(year: date.year, month: date.month, day: date.day) == number)
        }
    }

    @Test func `days follow each other`() {
        var wrong: [Int] = []
        var before = CivilDay.date(of: -719_529)
        for number in -719_528...2_932_896 {
            let date = CivilDay.date(of: number)
            let isNext =
                date.day == 1
                ? (date.month, date.year) == (before.month % 12 + 1, before.year + before.month / 12)
                    && before.day >= 28
                : (date.day, date.month, date.year) == (before.day + 1, before.month, before.year)
            let dayOfYear = date.month == 1 && date.day == 1 ? 0 : before.dayOfYear + 1
            if !isNext || date.dayOfYear != dayOfYear
                || CivilDay.number(year: date.year, month: date.month, day: date.day) != number
            {
                wrong.append(number)
            }
            before = date
        }
        #expect(wrong == [])
    }

    @Test func `there are no other days`() {
        for (year, month, day) in [
            (-1, 1, 1), (10_000, 1, 1), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (2026, 1, 32), (2026, 4, 31),
            (2026, 2, 29), (2100, 2, 29), (.max, .max, .max), (.min, .min, .min),
        ] {
            #expect(CivilDay.number(year: year, month: month, day: day) == nil)
        }
        for day in [.min, -1, 0, 1969_12_31, 1970_00_01, 2026_02_29, 2026_13_01, 2026_11_31, 10_000_01_01, .max] {
            #expect(CivilDay.number(yyyymmdd: day) == nil, "\(day)")
        }
        #expect(CivilDay.number(yyyymmdd: 2026_11_21) == 20_778)
        #expect(CivilDay.number(yyyymmdd: 1970_01_01) == 0)
    }

    @Test func `numbers beyond every calendar do not trap`() {
        #expect(CivilDay.date(of: .max).year > 9999)
        #expect(CivilDay.date(of: .min).year < 0)
    }
}
