// SPDX-License-Identifier: Apache-2.0
import WritCore

/// The lines on which the keys of a JSON text stand, for files with one key a line; others are said to be on line 1.
struct JSONPlaces {
    private var lines: [String: [Int]] = [:]

    init(_ text: String) {
        for (number, line) in TextLines(text) {
            let content = line.drop { $0 == 32 || $0 == 9 }
            guard content.first == UInt8(ascii: "\"") else { continue }
            let rest = content.dropFirst()
            guard let end = rest.firstIndex(of: UInt8(ascii: "\"")) else { continue }
            guard rest[(end + 1)...].first(where: { $0 != 32 }) == UInt8(ascii: ":") else { continue }
            lines[String(decoding: rest[..<end], as: UTF8.self), default: []].append(number)
        }
        // The next one is taken from the end.
        lines = lines.mapValues { $0.reversed() }
    }

    /// The line of the next occurrence of a key that was not asked for yet.
    mutating func next(_ key: String) -> Int {
        lines[key]?.popLast() ?? 1
    }
}
