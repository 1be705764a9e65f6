// SPDX-License-Identifier: Apache-2.0

/// Characters that make a reviewer see another text than the one that a program reads.
package enum InvisibleText {
    /// The character takes no space, or changes the order in which others are shown.
    package static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F: true
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0x3164, 0xFEFF, 0xFFA0: true
        case 0xFFF9...0xFFFB, 0x1D173...0x1D17A, 0xE0000...0xE0FFF: true
        // Selectors 1 to 15; the sixteenth only asks for the coloured form of an emoji.
        case 0xFE00...0xFE0E: true
        // C1 controls and DEL; C0 controls but tab and line ends.
        case 0x7F...0x9F, 0x00...0x08, 0x0B, 0x0C, 0x0E...0x1F: true
        default: false
        }
    }
}
