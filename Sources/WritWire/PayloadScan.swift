// SPDX-License-Identifier: Apache-2.0

/// The one thing a hook must know about its payload: the value of a top-level key, found without building the value.
///
/// It respects strings, escapes and nesting, so that the same words inside a command are not mistaken for the key. The
/// daemon parses strictly; this only chooses the spelling of a closed answer.
public enum PayloadScan {
    /// The string value of a top-level key of a JSON object.
    ///
    /// Linear in the payload. Nil when the text is no complete object, nests deeper than 128, has no such key, has it
    /// twice with different values, or has it with a value that is no plain string of at most 64 bytes.
    public static func topLevelString(_ key: StaticString, in payload: [UInt8]) -> String? {
        payload.withUnsafeBufferPointer { bytes in
            var scan = Scan(bytes: bytes)
            return scan.topLevelString(key)
        }
    }

    /// Whether a JSON object has a top-level key, whatever its value; false when the text is no complete object.
    public static func hasTopLevelKey(_ key: StaticString, in payload: [UInt8]) -> Bool {
        payload.withUnsafeBufferPointer { bytes in
            var scan = Scan(bytes: bytes)
            return scan.hasTopLevelKey(key)
        }
    }

    private struct Scan {
        let bytes: UnsafeBufferPointer<UInt8>
        var at = 0

        init(bytes: UnsafeBufferPointer<UInt8>) {
            self.bytes = bytes
        }

        mutating func topLevelString(_ key: StaticString) -> String? {
            skipBlanks()
            guard take(UInt8(ascii: "{")) else { return nil }
            var found: String?
            skipBlanks()
            if take(UInt8(ascii: "}")) { return nil }
            while true {
                skipBlanks()
                guard let name = string() else { return nil }
                skipBlanks()
                guard take(UInt8(ascii: ":")) else { return nil }
                skipBlanks()
                if equals(name, key) {
                    guard let range = string(), range.count <= 64, !bytes[range].contains(UInt8(ascii: "\\")) else {
                        return nil
                    }
                    let value = String(decoding: bytes[range], as: UTF8.self)
                    guard found == nil || found == value else { return nil }
                    found = value
                } else {
                    guard skipValue() else { return nil }
                }
                skipBlanks()
                if take(UInt8(ascii: ",")) { continue }
                guard take(UInt8(ascii: "}")) else { return nil }
                skipBlanks()
                return at == bytes.count ? found : nil
            }
        }

        mutating func hasTopLevelKey(_ key: StaticString) -> Bool {
            skipBlanks()
            guard take(UInt8(ascii: "{")) else { return false }
            var isFound = false
            skipBlanks()
            if take(UInt8(ascii: "}")) { return false }
            while true {
                skipBlanks()
                guard let name = string() else { return false }
                skipBlanks()
                guard take(UInt8(ascii: ":")) else { return false }
                if equals(name, key) { isFound = true }
                guard skipValue() else { return false }
                skipBlanks()
                if take(UInt8(ascii: ",")) { continue }
                guard take(UInt8(ascii: "}")) else { return false }
                skipBlanks()
                return at == bytes.count && isFound
            }
        }

        func equals(_ range: Range<Int>, _ key: StaticString) -> Bool {
            guard range.count == key.utf8CodeUnitCount else { return false }
            for offset in 0..<range.count where bytes[range.lowerBound + offset] != key.utf8Start[offset] {
                return false
            }
            return true
        }

        mutating func skipBlanks() {
            while at < bytes.count {
                switch bytes[at] {
                case 0x20, 0x09, 0x0A, 0x0D: at += 1
                default: return
                }
            }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard at < bytes.count, bytes[at] == byte else { return false }
            at += 1
            return true
        }

        /// The raw bytes between two quotes.
        mutating func string() -> Range<Int>? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            let start = at
            while at < bytes.count {
                switch bytes[at] {
                case UInt8(ascii: "\""):
                    defer { at += 1 }
                    return start..<at
                case UInt8(ascii: "\\"): at += 2
                case 0..<0x20: return nil
                default: at += 1
                }
            }
            return nil
        }

        /// Skips a value: strings and brackets are followed, words and numbers only delimited.
        mutating func skipValue() -> Bool {
            var closers: [UInt8] = []
            repeat {
                skipBlanks()
                guard at < bytes.count else { return false }
                switch bytes[at] {
                case UInt8(ascii: "\""):
                    guard string() != nil else { return false }
                case UInt8(ascii: "{"):
                    closers.append(UInt8(ascii: "}"))
                    at += 1
                case UInt8(ascii: "["):
                    closers.append(UInt8(ascii: "]"))
                    at += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    guard closers.popLast() == bytes[at] else { return false }
                    at += 1
                case UInt8(ascii: ","), UInt8(ascii: ":"):
                    guard !closers.isEmpty else { return false }
                    at += 1
                default:
                    guard isWord(bytes[at]) else { return false }
                    while at < bytes.count, isWord(bytes[at]) { at += 1 }
                }
                guard closers.count <= 128 else { return false }
            } while !closers.isEmpty
            return true
        }

        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "E"):
                true
            default: false
            }
        }
    }
}
