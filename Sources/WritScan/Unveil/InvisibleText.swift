// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Text in characters that have no glyph, and characters that make text look like other text.
///
/// Honest uses pass: a selector after a character, joined emoji, flags of regions, a byte order mark at the start,
/// joiners in scripts that need them, soft hyphens, marks in right-to-left text, icons of patched fonts.
enum InvisibleText {
    static func read(_ bytes: UnsafeRawBufferPointer, into pass: inout UnveilPass) {
        var scan = Scan()
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte < 0x80, byte >= 0x20, byte != 0x7F {
                scan.visible(UInt32(byte), at, &pass)
                at += 1
                continue
            }
            if byte == 0x1B {
                scan.closeRun(at, &pass)
                at = TerminalText.read(bytes, at, into: &pass)
                continue
            }
            if byte == 0xC2, bytes.byte(at + 1) == 0x9B {
                scan.closeRun(at, &pass)
                at = TerminalText.readShort(bytes, at, into: &pass)
                continue
            }
            let (value, length) = decodeScalar(bytes, at)
            scan.take(value, Glyph(value), at, at + length, &pass)
            at += length
        }
        scan.finish(bytes.count, &pass)
    }

    private struct Scan {
        /// The run of characters without glyph that is open.
        var kind = Glyph.visible
        var runStart = 0
        var runEnd = 0
        var count = 0
        var values: [UInt32] = []
        /// The last character with a glyph, and the one before the run.
        var last: UInt32 = 0x0A
        // Characters of no width between letters, near each other.
        var splits = 0
        var splitStart = 0
        var splitEnd = 0
        var splitText: [UInt8] = []
        // Selectors after plain letters carry bits.
        var markedLetters = 0
        var markedStart = 0
        var markedValues: [UInt32] = []
        // Bidirectional controls of the current line.
        var open = 0
        var overrides = 0
        var bidiStart = 0
        var bidiEnd = 0
        var lineIsRightToLeft = false
        // The current word, for look-alikes.
        var wordStart = 0
        var ascii = 0
        var alike = 0
        var other = 0

        mutating func visible(_ value: UInt32, _ at: Int, _ pass: inout UnveilPass) {
            if kind != .visible { closeRun(at, &pass, next: value) }
            if value < 0x80 {
                let isLetter = UInt8(truncatingIfNeeded: value).isLetter
                if isLetter {
                    if ascii + alike + other == 0 { wordStart = at }
                    ascii += 1
                } else {
                    closeWord(at, &pass)
                    if value == 0x0A { closeLine(at, &pass) }
                }
            } else {
                letter(value, at, &pass)
            }
            last = value
        }

        private mutating func letter(_ value: UInt32, _ at: Int, _ pass: inout UnveilPass) {
            if (0x590...0x8FF).contains(value) || (0xFB1D...0xFDFF).contains(value) || (0xFE70...0xFEFC).contains(value)
            {
                lineIsRightToLeft = true
            }
            let isLetter = (0xC0..<0x590).contains(value) && value != 0xD7 && value != 0xF7
            guard isLetter || (0x13A0...0x13FF).contains(value) else { return closeWord(at, &pass) }
            if ascii + alike + other == 0 { wordStart = at }
            if (0x400...0x52F).contains(value), Folding.ascii(value) != 0, !InvisibleText.isPlainCyrillic(value) {
                alike += 1
            } else if InvisibleText.greekAlike.contains(value) {
                alike += 1
            } else {
                other += 1
            }
        }

        private mutating func closeWord(_ at: Int, _ pass: inout UnveilPass) {
            if alike > 0, ascii > 0, other == 0, ascii + alike >= 4 || alike >= 2 {
                pass.find(
                    "homoglyph-word", .medium, wordStart, at, confidence: 0.8,
                    "a word mixes Latin letters with letters of another alphabet that look the same",
                    "write the word in one alphabet")
            }
            ascii = 0
            alike = 0
            other = 0
        }

        private mutating func closeLine(_ at: Int, _ pass: inout UnveilPass) {
            if overrides > 0 || open > 0 {
                // Honest right-to-left text closes what it opens and does not need overrides.
                if !lineIsRightToLeft || open > 0 || overrides > 0 {
                    pass.find(
                        "bidi-control", .high, bidiStart, bidiEnd, confidence: 0.97,
                        "direction controls make this line read differently from what it is",
                        "remove the direction controls")
                }
            }
            overrides = 0
            open = 0
            lineIsRightToLeft = false
        }

        mutating func take(_ value: UInt32, _ glyph: Glyph, _ at: Int, _ end: Int, _ pass: inout UnveilPass) {
            switch glyph {
            case .visible:
                visible(value, at, &pass)
            case .softHyphen:
                break
            case .control:
                if value == 0x08 || value == 0x7F { closeRun(at, &pass) }
            case .bidi:
                if kind != .visible { closeRun(at, &pass) }
                if overrides == 0, open == 0 { bidiStart = at }
                bidiEnd = end
                switch value {
                case 0x202D, 0x202E:
                    overrides += 1
                    open += 1
                case 0x202C, 0x2069: open = max(0, open - 1)
                default: open += 1
                }
            case .mark where value != 0x61C && (lineIsRightToLeft || count == 0):
                if count > 0 { closeRun(at, &pass) }
            case .mark, .tag, .selector, .selectorSupplement, .zeroWidth, .filler, .privateUse:
                let family: Glyph =
                    switch glyph {
                    case .selectorSupplement: .selector
                    case .mark: .zeroWidth
                    default: glyph
                    }
                // Letters of the text may stand between selectors; other runs are without a gap.
                if kind != family, kind != .visible { closeRun(at, &pass) }
                if kind == .visible {
                    kind = family
                    runStart = at
                    count = 0
                    values.removeAll(keepingCapacity: true)
                }
                count += 1
                runEnd = end
                if values.count < 1 << 20 { values.append(value) } else { pass.cut() }
            }
        }

        mutating func closeRun(_ at: Int, _ pass: inout UnveilPass, next: UInt32 = 0x0A) {
            guard kind != .visible else { return }
            defer {
                kind = .visible
                count = 0
            }
            switch kind {
            case .tag: closeTags(&pass)
            case .selector: closeSelectors(&pass)
            case .zeroWidth: closeZeroWidth(next, &pass)
            case .filler: closeFiller(next, &pass)
            case .privateUse: closePrivate(&pass)
            case .visible, .selectorSupplement, .bidi, .mark, .softHyphen, .control: break
            }
        }

        private mutating func closeTags(_ pass: inout UnveilPass) {
            // Flags of regions: a black flag and a few tags, closed by a cancel tag.
            if last == 0x1F3F4, count <= 8 { return }
            let text = values.compactMap { (0xE0020...0xE007E).contains($0) ? UInt8($0 & 0x7F) : nil }
            pass.keep(text, runStart, runEnd, .tagCharacters)
            pass.find(
                "hidden-tag-characters", .critical, runStart, runEnd,
                "\(count) invisible tag characters hold text that no reader sees",
                "remove them; read what they say first")
        }

        private mutating func closeSelectors(_ pass: inout UnveilPass) {
            if count == 1 {
                guard last < 0x80, last != 0x23, last != 0x2A, !(0x30...0x39).contains(last) else { return }
                if markedLetters == 0 { markedStart = runStart }
                markedLetters += 1
                if markedValues.count < 65_536, let value = values.first { markedValues.append(value) }
                return
            }
            var text = [UInt8]()
            for value in values {
                switch value {
                case 0xFE00...0xFE0F: text.append(UInt8(value - 0xFE00))
                case 0xE0100...0xE01EF: text.append(UInt8(truncatingIfNeeded: value - 0xE0100 + 16))
                default: break
                }
            }
            // Two selectors for a byte: one for each half.
            if text.allSatisfy({ $0 < 16 }), text.count >= 4 {
                text = stride(from: 0, to: text.count - 1, by: 2).map { text[$0] << 4 | text[$0 + 1] }
            }
            if count == 2, text.count == 2, text[1] < 16 { return }
            pass.keep(text, runStart, runEnd, .variationSelectors)
            pass.find(
                "hidden-variation-selectors", .critical, runStart, runEnd,
                "\(count) variation selectors in a row hold bytes that no reader sees",
                "remove them; read what they say first")
        }

        private mutating func closeZeroWidth(_ next: UInt32, _ pass: inout UnveilPass) {
            let isEmoji = last >= 0x2190 && next >= 0x2190
            if count == 1, runStart == 0, values.first == 0xFEFF { return }
            let needsJoiners = InvisibleText.joins(last) || InvisibleText.joins(next)
            if count < 4 {
                guard !isEmoji, !needsJoiners else { return }
                guard last < 0x80, next < 0x80, UInt8(truncatingIfNeeded: last).isAlphanumeric else { return }
                let near = splits > 0 && runStart - splitEnd < 64
                if !near { closeSplits(&pass) }
                if splits == 0 { splitStart = runStart }
                splits += 1
                splitEnd = runEnd
                return
            }
            if needsJoiners, count < 8 { return }
            let text = ZeroWidthCode.decode(values)
            if !text.isEmpty { pass.keep(text, runStart, runEnd, .zeroWidth) }
            pass.find(
                "hidden-zero-width", .critical, runStart, runEnd,
                text.isEmpty
                    ? "\(count) characters of no width in a row"
                    : "\(count) characters of no width in a row spell text that no reader sees",
                "remove them; read what they say first")
        }

        private mutating func closeSplits(_ pass: inout UnveilPass) {
            if splits >= 3 {
                pass.find(
                    "zero-width-split", .high, splitStart, splitEnd, confidence: 0.97,
                    "\(splits) characters of no width stand inside words, so that searches miss what a model reads",
                    "remove them")
            }
            splits = 0
        }

        private mutating func closeFiller(_ next: UInt32, _ pass: inout UnveilPass) {
            let isKorean: (UInt32) -> Bool = {
                (0x1100...0x11FF).contains($0) || (0x3131...0x318F).contains($0) || (0xAC00...0xD7A3).contains($0)
            }
            let isMongolian: (UInt32) -> Bool = { (0x1800...0x18AF).contains($0) }
            if values.allSatisfy({ $0 == 0x34F }), count < 4 { return }
            if count < 8, isKorean(last) || isKorean(next) || isMongolian(last) || (0x1780...0x17FF).contains(last) {
                return
            }
            let text = ZeroWidthCode.decode(values)
            if count >= 8, !text.isEmpty { pass.keep(text, runStart, runEnd, .zeroWidth) }
            pass.find(
                "filler-character", .high, runStart, runEnd, confidence: 0.95,
                "\(count) filler characters look like nothing or like a blank and can be names or hold text",
                "remove them")
        }

        private mutating func closePrivate(_ pass: inout UnveilPass) {
            guard count >= 8 else { return }
            let text = values.map { UInt8(truncatingIfNeeded: $0) }
            let readable = text.count { $0 >= 0x20 && $0 < 0x7F }
            guard readable * 10 >= text.count * 9, text.contains(0x20) || text.count >= 24 else { return }
            pass.keep(text, runStart, runEnd, .privateUse)
            pass.find(
                "hidden-private-use", .high, runStart, runEnd, confidence: 0.95,
                "\(count) private-use characters in a row spell text that no reader sees", "remove them")
        }

        mutating func finish(_ end: Int, _ pass: inout UnveilPass) {
            closeRun(end, &pass)
            closeWord(end, &pass)
            closeLine(end, &pass)
            closeSplits(&pass)
            if markedLetters >= 6 {
                pass.find(
                    "hidden-variation-selectors", .high, markedStart, markedStart, confidence: 0.95,
                    "\(markedLetters) plain letters carry variation selectors, which can hold text", "remove them")
            }
        }
    }

    /// Scripts whose words need joiners, and ideographs, between which a break may be marked.
    static func joins(_ value: UInt32) -> Bool {
        (0x590...0x1CFF).contains(value) || (0x2E80...0xD7FF).contains(value) || (0xF900...0xFEFF).contains(value)
            || (0x10A00...0x11FFF).contains(value)
    }

    /// Cyrillic letters that look like no Latin letter, whatever ``Folding`` reads them as.
    static func isPlainCyrillic(_ value: UInt32) -> Bool {
        !"аеорсухіѕјһԁԛԝӏАВЕКМНОРСТХІЅЈкмтвн".unicodeScalars.contains { $0.value == value }
    }

    static let greekAlike: Set<UInt32> = Set("οΟΑΒΕΖΗΙΚΜΝΡΤΥΧνιρα".unicodeScalars.map(\.value).filter { $0 != 0x3B1 })
}

/// Text in two or four characters of no width, eight or seven bits for a letter.
enum ZeroWidthCode {
    static func decode(_ values: [UInt32]) -> [UInt8] {
        guard values.count >= 8 else { return [] }
        var symbols: [UInt32] = []
        for value in values where !symbols.contains(value) {
            symbols.append(value)
            if symbols.count > 6 { return [] }
        }
        guard symbols.count >= 2 else { return [] }
        symbols.sort()
        var best: [UInt8] = []
        func consider(_ text: [UInt8]) {
            guard text.count >= 2, text.count > best.count else { return }
            let readable = text.count { ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x0A || $0 == 0x09 || $0 >= 0x80 }
            if readable * 20 >= text.count * 19, String(validating: text, as: UTF8.self) != nil { best = text }
        }
        for zero in 0..<min(symbols.count, 3) {
            for one in 0..<min(symbols.count, 3) where one != zero {
                let bits = values.compactMap { $0 == symbols[zero] ? UInt8(0) : $0 == symbols[one] ? UInt8(1) : nil }
                consider(pack(bits, width: 8))
                if best.isEmpty { consider(pack(bits, width: 7)) }
            }
            if !best.isEmpty { return best }
        }
        if symbols.count == 4 {
            let pairs = values.flatMap { value -> [UInt8] in
                let digit = UInt8(symbols.firstIndex(of: value) ?? 0)
                return [digit >> 1, digit & 1]
            }
            consider(pack(pairs, width: 8))
        }
        return best
    }

    private static func pack(_ bits: [UInt8], width: Int) -> [UInt8] {
        var out: [UInt8] = []
        var at = 0
        while at + width <= bits.count {
            var byte: UInt8 = 0
            for bit in bits[at..<at + width] { byte = byte << 1 | bit }
            out.append(byte)
            at += width
        }
        return out
    }
}
