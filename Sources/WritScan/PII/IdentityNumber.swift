// SPDX-License-Identifier: Apache-2.0

/// Numbers of people, accounts and cards, each by its own rules.
enum IdentityNumber {
    typealias Kind = PersonalDataDetector.Kind

    /// Digits and single separators from a place on.
    private struct Run {
        var digits: [UInt8] = []
        /// Digits between separators, and the separators.
        var groups: [Int] = []
        var separators: [UInt8] = []
        var end: Int

        init(_ bytes: UnsafeRawBufferPointer, _ start: Int, limit: Int = 26) {
            end = start
            var at = start
            var group = 0
            while at < bytes.count, at - start < limit {
                let byte = bytes[at]
                if byte.isDigit {
                    digits.append(byte - 0x30)
                    group += 1
                    end = at + 1
                } else if group > 0, byte == 0x20 || byte == 0x2D || byte == 0x2E || byte == 0x2F,
                    bytes.byte(at + 1).isDigit
                {
                    groups.append(group)
                    separators.append(byte)
                    group = 0
                } else {
                    break
                }
                at += 1
            }
            groups.append(group)
        }

        func has(_ shape: [Int], _ marks: StaticString) -> Bool {
            groups == shape
                && separators.elementsEqual(UnsafeBufferPointer(start: marks.utf8Start, count: marks.utf8CodeUnitCount))
        }
    }

    /// What begins with a digit, `+` or `(` at `at`.
    static func numeric(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (Kind, Range<Int>)? {
        if bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "(") { return phone(bytes, at) }
        let run = Run(bytes, at)
        let digits = run.digits
        let next = bytes.byte(run.end)
        if digits.count == 8, run.separators.isEmpty, next.isUpper, !bytes.byte(run.end + 1).isWord,
            isSpanishLetter(number(digits), next)
        {
            return (.esDNI, at..<run.end + 1)
        }
        guard digits.count >= 9, !next.isWord else { return nil }
        if next == 0x2E || next == 0x2D, bytes.byte(run.end + 1).isAlphanumeric { return nil }
        let range = at..<run.end
        if run.has([3, 2, 4], "--"), isSocialSecurity(digits) { return (.usSSN, range) }
        if run.has([3, 3, 3, 2], "..-"), isCPF(digits) { return (.brCPF, range) }
        if run.has([6, 4], "-") || run.has([8, 4], "-"), isSwedish(digits) { return (.seIdentity, range) }
        if run.has([4, 4, 4], "  ") || run.has([4, 4, 4], "--"), digits[0] >= 2, verhoeff(digits) {
            return (.inAadhaar, range)
        }
        if run.has([3, 3, 3], "--") || run.has([3, 3, 3], "  "), digits[0] != 0, digits[0] != 8, luhn(digits),
            distinct(digits) > 3
        {
            return (.caSIN, range)
        }
        if (13...19).contains(digits.count), isCardShape(run), isCard(digits) { return (.card, range) }
        if digits.count == 15, isNIR(digits) { return (.frNIR, range) }
        if digits.count == 11, run.separators.isEmpty, isPESEL(digits) { return (.plPESEL, range) }
        if run.has([3, 3, 4], "--"), digits[0] >= 2, digits[3] >= 2,
            !(digits[3] == 5 && digits[4] == 5 && digits[5] == 5)
        {
            return (.phone, range)
        }
        return nil
    }

    /// What begins with a capital at `at`.
    static func lettered(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (Kind, Range<Int>)? {
        if bytes.byte(at + 1).isUpper, bytes.byte(at + 2).isDigit || bytes.byte(at + 2) == 0x20 {
            if bytes.byte(at + 3).isDigit, let end = iban(bytes, at) { return (.iban, at..<end) }
            if let end = nino(bytes, at) { return (.ukNINO, at..<end) }
        }
        if "XYZ".utf8.contains(bytes[at]), bytes.byte(at + 1).isDigit {
            let run = Run(bytes, at + 1)
            let letter = bytes.byte(run.end)
            if run.digits.count == 7, run.separators.isEmpty, letter.isUpper, !bytes.byte(run.end + 1).isWord,
                isSpanishLetter(number([bytes[at] - UInt8(ascii: "X")] + run.digits), letter)
            {
                return (.esDNI, at..<run.end + 1)
            }
        }
        if isFiscalCode(bytes, at) { return (.itFiscalCode, at..<at + 16) }
        return nil
    }

    // MARK: Shapes and checksums

    private static func number(_ digits: [UInt8]) -> Int {
        digits.prefix(18).reduce(0) { $0 * 10 + Int($1) }
    }

    private static func distinct(_ digits: [UInt8]) -> Int {
        Set(digits).count
    }

    /// ISO/IEC 7812-1.
    static func luhn(_ digits: [UInt8]) -> Bool {
        var sum = 0
        for (i, digit) in digits.reversed().enumerated() {
            let value = i.isMultiple(of: 2) ? Int(digit) : Int(digit) * 2
            sum += value > 9 ? value - 9 : value
        }
        return sum.isMultiple(of: 10)
    }

    private static func isCardShape(_ run: Run) -> Bool {
        if run.separators.isEmpty { return true }
        guard Set(run.separators).count == 1, run.separators[0] == 0x20 || run.separators[0] == 0x2D else {
            return false
        }
        return run.groups.dropLast().allSatisfy { $0 == 4 } && run.groups.count >= 4 || run.groups == [4, 6, 5]
    }

    private static func isCard(_ digits: [UInt8]) -> Bool {
        guard luhn(digits), distinct(digits) > 2 else { return false }
        let head = number(Array(digits.prefix(4)))
        switch digits.count {
        case 13: return digits[0] == 4
        case 14: return (3000...3059).contains(head) || (3600...3699).contains(head) || (3800...3999).contains(head)
        case 15: return (3400...3499).contains(head) || (3700...3799).contains(head)
        case 16:
            return digits[0] == 4 || (5100...5599).contains(head) || (2221...2720).contains(head) || head == 6011
                || (6440...6599).contains(head) || (3528...3589).contains(head) || (6200...6299).contains(head)
        case 19: return digits[0] == 4 || (6200...6299).contains(head)
        default: return false
        }
    }

    private static func isSocialSecurity(_ digits: [UInt8]) -> Bool {
        let (area, group, serial) = (
            number(Array(digits[0..<3])), number(Array(digits[3..<5])), number(Array(digits[5...]))
        )
        // Numbers printed on sample cards and in every manual belong to nobody.
        if [(78, 5, 1120), (219, 9, 9999), (123, 45, 6789)].contains(where: { $0 == (area, group, serial) }) {
            return false
        }
        return area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
    }

    private static func isCPF(_ digits: [UInt8]) -> Bool {
        guard distinct(digits) > 1 else { return false }
        for length in [9, 10] {
            var sum = 0
            for i in 0..<length { sum += Int(digits[i]) * (length + 1 - i) }
            if Int(digits[length]) != sum * 10 % 11 % 10 { return false }
        }
        return true
    }

    private static func isDate(_ month: Int, _ day: Int) -> Bool {
        (1...12).contains(month) && (1...31).contains(day)
    }

    private static func isSwedish(_ digits: [UInt8]) -> Bool {
        let ten = Array(digits.suffix(10))
        return isDate(number(Array(ten[2..<4])), number(Array(ten[4..<6]))) && luhn(ten)
    }

    private static func isPESEL(_ digits: [UInt8]) -> Bool {
        let weights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]
        let sum = zip(weights, digits).reduce(0) { $0 + $1.0 * Int($1.1) }
        // The century is added to the month in steps of 20.
        return isDate(number(Array(digits[2..<4])) % 20, number(Array(digits[4..<6])))
            && (10 - sum % 10) % 10 == Int(digits[10])
            && distinct(digits) > 3
    }

    private static func isNIR(_ digits: [UInt8]) -> Bool {
        guard digits[0] == 1 || digits[0] == 2, isDate(number(Array(digits[3..<5])), 1) else { return false }
        return 97 - number(Array(digits[0..<13])) % 97 == number(Array(digits[13...]))
    }

    private static func isSpanishLetter(_ value: Int, _ letter: UInt8) -> Bool {
        Array("TRWAGMYFPDXBNJZSQVHLCKE".utf8)[value % 23] == letter
    }

    /// The dihedral group's checksum (Verhoeff, 1969).
    static func verhoeff(_ digits: [UInt8]) -> Bool {
        func product(_ a: Int, _ b: Int) -> Int {
            if a < 5 { return b < 5 ? (a + b) % 5 : (a + b - 5) % 5 + 5 }
            return b < 5 ? (a - b + 5) % 5 + 5 : (a - b + 5) % 5
        }
        let permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
        var check = 0
        for (i, digit) in digits.reversed().enumerated() {
            var value = Int(digit)
            for _ in 0..<(i % 8) { value = permutation[value] }
            check = product(check, value)
        }
        return check == 0
    }

    /// ISO 13616: lengths by country, and the remainder 1 modulo 97.
    private static let ibanLengths: [String: Int] = [
        "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18,
        "EE": 20,
        "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27,
        "LI": 21,
        "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SA": 24,
        "SE": 24,
        "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29,
    ]

    private static func iban(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int? {
        guard let length = ibanLengths[String(decoding: [bytes.byte(at), bytes.byte(at + 1)], as: UTF8.self)] else {
            return nil
        }
        var text: [UInt8] = []
        var end = at
        while text.count < length, end < bytes.count, end - at < 48 {
            if bytes[end].isUpper || bytes[end].isDigit {
                text.append(bytes[end])
            } else if bytes[end] != 0x20 || !text.count.isMultiple(of: 4) {
                return nil
            }
            end += 1
        }
        guard text.count == length, !bytes.byte(end).isWord else { return nil }
        var rest = 0
        for byte in text[4...] + text[..<4] {
            let value = byte.isDigit ? Int(byte - 0x30) : Int(byte - 0x37)
            rest = (rest * (value > 9 ? 100 : 10) + value) % 97
        }
        return rest == 1 ? end : nil
    }

    private static func nino(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int? {
        let (a, b) = (bytes[at], bytes.byte(at + 1))
        guard !"DFIQUV".utf8.contains(a), !"DFIOQUV".utf8.contains(b) else { return nil }
        var digits = 0
        var end = at + 2
        while end < bytes.count, digits < 6, end - at < 14 {
            if bytes[end].isDigit { digits += 1 } else if bytes[end] != 0x20 { return nil }
            end += 1
        }
        if bytes.byte(end) == 0x20 { end += 1 }
        guard digits == 6, (0x41...0x44).contains(bytes.byte(end)), !bytes.byte(end + 1).isWord else { return nil }
        return end + 1
    }

    /// Six letters, two digits, month letter, two digits, four of the place, a check letter (DM 12 March 1974).
    private static func isFiscalCode(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Bool {
        guard at + 16 <= bytes.count, !bytes.byte(at + 16).isWord else { return false }
        let shape = Array("AAAAAA00A00A000A".utf8)
        for i in 0..<16 {
            let byte = bytes[at + i]
            if shape[i] == 0x41 ? !byte.isUpper : !byte.isDigit { return false }
        }
        let odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
        var sum = 0
        for i in 0..<15 {
            let byte = bytes[at + i]
            let value = byte.isDigit ? Int(byte - 0x30) : Int(byte - 0x41)
            sum += i.isMultiple(of: 2) ? odd[value] : value
        }
        return sum % 26 == Int(bytes[at + 15] - 0x41)
    }

    private static func phone(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (Kind, Range<Int>)? {
        var digits = 0
        var separators = 0
        var end = at + 1
        var last = at + 1
        while end < bytes.count, end - at < 24 {
            let byte = bytes[end]
            if byte.isDigit {
                digits += 1
                last = end + 1
            } else if byte == 0x20 || byte == 0x2D || byte == 0x2E || byte == UInt8(ascii: "(")
                || byte == UInt8(ascii: ")")
            {
                separators += 1
                // Two separators in a row are only a closing bracket's.
                if !bytes.byte(end - 1).isDigit, bytes.byte(end - 1) != UInt8(ascii: ")"), byte != UInt8(ascii: "(") {
                    break
                }
            } else {
                break
            }
            end += 1
        }
        guard !bytes.byte(last).isWord else { return nil }
        if bytes[at] == UInt8(ascii: "(") {
            guard digits == 10, bytes.byte(at + 4) == UInt8(ascii: ")"), separators >= 2, bytes.byte(at + 1) >= 0x32
            else { return nil }
        } else {
            guard (9...15).contains(digits), bytes.byte(at + 1) != 0x30, separators > 0 || digits >= 10 else {
                return nil
            }
        }
        return (.phone, at..<last)
    }
}
