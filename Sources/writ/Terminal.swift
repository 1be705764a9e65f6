// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What commands print for people: colour only on a terminal, errors on standard error.
enum Terminal {
    /// Colours are in order: a terminal, `NO_COLOR` unset, `TERM` not `dumb`.
    static let hasColour: Bool = {
        guard isatty(1) == 1, getenv("NO_COLOR") == nil else { return false }
        guard let term = getenv("TERM") else { return false }
        return strcmp(term, "dumb") != 0
    }()

    static let errorsAreSeen = isatty(2) == 1

    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case cyan = "36"
    }

    static func styled(_ text: String, _ style: Style) -> String {
        hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// One line on standard output.
    static func line(_ text: String = "") {
        write(text + "\n", to: 1)
    }

    /// One line on standard error: `writ: message`, then what to do about it.
    static func error(_ message: String, hint: String? = nil) {
        write("writ: \(message)\n", to: 2)
        if let hint { write("      \(hint)\n", to: 2) }
    }

    /// A line on standard error that the next one replaces. Nothing when nobody watches.
    static func progress(_ text: String) {
        guard errorsAreSeen else { return }
        write("\r\u{1B}[K\(text)", to: 2)
    }

    /// Removes the progress line.
    static func endProgress() {
        progress("")
    }

    /// Text that came from outside, made harmless for a terminal: control characters and direction marks are shown.
    static func harmless(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: shown.append(contentsOf: "⏎".unicodeScalars)
            case 0x09: shown.append(" ")
            case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
                0xE0000...0xE007F:
                shown.append("\u{FFFD}")
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }

    /// The same for text of several lines.
    static func harmlessLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { harmless(String($0)) }.joined(
            separator: "\n")
    }

    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        // Where nobody reads what is printed there is nobody to tell.
        text.withUTF8 { _ = write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    /// - Returns: all bytes were taken.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var at = 0
        while at < bytes.count {
            #if canImport(Glibc)
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + at }, bytes.count - at)
            #else
            let count = Darwin.write(descriptor, bytes.baseAddress.map { $0 + at }, bytes.count - at)
            #endif
            if count > 0 { at += count } else if errno != EINTR { return false }
        }
        return true
    }
}
