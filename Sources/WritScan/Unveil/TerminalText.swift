// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Escape sequences that make a terminal show something else than the text says. Colours are honest.
enum TerminalText {
    /// Reads the sequence at `at` (an escape) and returns where the text goes on.
    static func read(_ bytes: UnsafeRawBufferPointer, _ at: Int, into pass: inout UnveilPass) -> Int {
        let next = bytes.byte(at + 1)
        if next == UInt8(ascii: "[") { return control(bytes, at, at + 2, into: &pass) }
        if next == UInt8(ascii: "]") || next == UInt8(ascii: "P") || next == UInt8(ascii: "_") {
            return string(bytes, at, into: &pass)
        }
        return at + 1
    }

    /// Reads the sequence that begins with one sign of eight bits, `U+009B`, of two bytes in UTF-8.
    static func readShort(_ bytes: UnsafeRawBufferPointer, _ at: Int, into pass: inout UnveilPass) -> Int {
        control(bytes, at, at + 2, into: &pass)
    }

    private static func control(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ body: Int, into pass: inout UnveilPass
    ) -> Int {
        var at = body
        var parameters: [Int] = [0]
        while at < bytes.count, at - start < 64, bytes[at] >= 0x20, bytes[at] < 0x40 {
            if bytes[at].isDigit {
                parameters[parameters.count - 1] = min(
                    9999, parameters[parameters.count - 1] * 10 + Int(bytes[at] - 0x30))
            } else if bytes[at] == UInt8(ascii: ";") || bytes[at] == UInt8(ascii: ":") {
                parameters.append(0)
            }
            at += 1
        }
        guard at < bytes.count else { return bytes.count }
        let final = bytes[at]
        at += 1
        if final == UInt8(ascii: "m"), conceals(parameters) {
            var end = at
            while end < bytes.count, end - at < 16_384, bytes[end] != 0x1B { end += 1 }
            pass.keep(Array(bytes[at..<end]), start, end, .terminalEscape)
            if end - at >= 4 {
                pass.find(
                    "terminal-concealed-text", .high, start, end,
                    "a terminal sequence conceals the text that follows", "remove the sequence")
            }
        }
        return at
    }

    /// Conceal, or letters in the colour of their ground.
    private static func conceals(_ parameters: [Int]) -> Bool {
        var letters: [Int]?
        var ground: [Int]?
        var at = 0
        while at < parameters.count {
            let code = parameters[at]
            switch code {
            case 8: return true
            case 30...37: letters = [5, code - 30]
            case 90...97: letters = [5, code - 82]
            case 40...47: ground = [5, code - 40]
            case 100...107: ground = [5, code - 92]
            case 38, 48:
                // A colour of the table has one number more, one of red, green and blue three.
                let count = at + 1 < parameters.count && parameters[at + 1] == 5 ? 2 : 4
                let colour = Array(parameters[(at + 1)..<min(parameters.count, at + 1 + count)])
                if code == 38 { letters = colour } else { ground = colour }
                at += count
            default: break
            }
            at += 1
        }
        return letters != nil && letters == ground
    }

    private static func string(_ bytes: UnsafeRawBufferPointer, _ start: Int, into pass: inout UnveilPass) -> Int {
        var at = start + 2
        while at < bytes.count, at - start < 65_536, bytes[at] != 0x07, bytes[at] != 0x1B, bytes[at] != 0x0A { at += 1 }
        let body = Array(bytes[(start + 2)..<at])
        if body.starts(with: Array("52;".utf8)) {
            pass.find(
                "terminal-clipboard", .high, start, at, "a terminal sequence writes to the clipboard",
                "remove the sequence")
        } else if !body.starts(with: Array("8;".utf8)), body.count >= 24 {
            pass.keep(body, start, at, .terminalEscape)
        }
        return at < bytes.count && bytes[at] == 0x07 ? at + 1 : at
    }
}
