// SPDX-License-Identifier: Apache-2.0
internal import WritCore

extension InvisibleText {
    /// The first such character, with its place.
    static func first(in text: String) -> (scalar: Unicode.Scalar, mark: SourceMark)? {
        // Most policies are plain ASCII: one pass over the bytes settles it.
        if text.utf8.allSatisfy({ ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) { return nil }
        var mark = SourceMark(line: 1, column: 1)
        for scalar in text.unicodeScalars {
            if isInvisible(scalar) { return (scalar, mark) }
            if scalar == "\n" {
                mark.line += 1
                mark.column = 1
            } else {
                mark.column += 1
            }
        }
        return nil
    }
}
