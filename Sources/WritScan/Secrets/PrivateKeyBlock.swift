// SPDX-License-Identifier: Apache-2.0

/// A PEM or PGP private key, parsed far enough to tell a key from a mention of one.
struct PrivateKeyBlock {
    enum State: Hashable {
        /// The structure inside is complete.
        case whole
        /// The structure begins as a key's does, and ends early: cut on purpose or for display.
        case truncated
        /// Whole, but locked with a passphrase.
        case encrypted
    }

    var range: Range<Int>
    var state: State
    /// `RSA`, `EC`, `OPENSSH`, `PGP` … or empty for PKCS #8.
    var label: String

    /// Longest block that is read, in bytes: a 16,384-bit RSA key with generous line ends.
    static let longest = 32 << 10

    /// Reads the block whose `-----BEGIN` starts at `start`.
    init?(_ bytes: UnsafeRawBufferPointer, at start: Int) {
        guard bytes.holds("-----BEGIN ", at: start) else { return nil }
        var at = start + 11
        var label: [UInt8] = []
        while at < bytes.count, label.count <= 40, bytes[at].isUpper || bytes[at].isDigit || bytes[at] == 0x20 {
            label.append(bytes[at])
            at += 1
        }
        guard bytes.holds("-----", at: at) else { return nil }
        at += 5
        var name = String(decoding: label, as: UTF8.self)
        guard let marker = ["PRIVATE KEY BLOCK", "PRIVATE KEY"].first(where: name.hasSuffix) else { return nil }
        name.removeLast(marker.utf8.count)
        while name.last == " " { name.removeLast() }

        // The body, with what languages put between its lines: escaped line ends, quotes, `+`, comment marks.
        var body: [UInt8] = []
        var isEncrypted = name == "ENCRYPTED"
        var end = at
        let limit = min(bytes.count, start + Self.longest)
        var lineStart = true
        var sawEnd = false
        scan: while at < limit {
            let byte = bytes[at]
            if byte == UInt8(ascii: "-"), bytes.holds("-----END", at: at) {
                sawEnd = true
                end = at + 8
                while end < limit, bytes[end].isUpper || bytes[end].isDigit || bytes[end] == 0x20 { end += 1 }
                while end < limit, bytes[end] == UInt8(ascii: "-") { end += 1 }
                break
            }
            if byte == 0x5C, "nrt".utf8.contains(bytes.byte(at + 1)) {
                at += 2
                lineStart = true
                continue
            }
            if lineStart, bytes.holds("Proc-Type", at: at) || bytes.holds("DEK-Info", at: at) || bytes.holds("Version:", at: at)
                || bytes.holds("Comment:", at: at) || bytes.holds("Hash:", at: at)
            {
                if bytes.holds("Proc-Type", at: at) { isEncrypted = true }
                while at < limit, bytes[at] != 0x0A, !(bytes[at] == 0x5C && bytes.byte(at + 1) == UInt8(ascii: "n")) { at += 1 }
                continue
            }
            if byte.isAlphanumeric || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=") {
                // `" + "` between quoted lines is punctuation, not base64.
                let isJoin = byte == UInt8(ascii: "+") && !bytes.byte(at - 1).isAlphanumeric && !bytes.byte(at + 1).isAlphanumeric
                if !isJoin { body.append(byte) }
                lineStart = false
                end = at + 1
            } else if byte == 0x0A {
                lineStart = true
            } else if byte > 0x20, !byte.isQuote, !",;\\#*>.-()|".utf8.contains(byte) {
                break scan
            }
            at += 1
        }
        guard body.count >= 40, !ValueShape.isPlaceholder(Array(body.prefix(400)), .lenient),
            ValueShape.entropy(body) >= 3.8
        else { return nil }
        let decoded = Base64.decode(body, lenient: true)
        switch Self.structure(decoded, label: name) {
        case .some(true): state = isEncrypted || Self.isLocked(decoded) ? .encrypted : .whole
        case .some(false): state = .truncated
        case .none:
            // Not a key's structure: only a closed block of real length still passes, as truncated.
            guard sawEnd, body.count >= 64 else { return nil }
            state = .truncated
        }
        self.label = name
        range = start..<end
    }

    /// True: complete. False: begins as a key does. Nil: something else.
    private static func structure(_ der: [UInt8], label: String) -> Bool? {
        if label == "OPENSSH" || label.isEmpty && der.starts(with: Array("openssh-key-v1".utf8)) {
            guard der.starts(with: Array("openssh-key-v1\0".utf8)) else { return nil }
            return der.count >= 200
        }
        if label == "PGP" {
            guard let first = der.first, first & 0x80 != 0 else { return nil }
            return der.count >= 200
        }
        // DER: SEQUENCE, then its length.
        guard der.count >= 4, der[0] == 0x30 else { return nil }
        var length = Int(der[1])
        var header = 2
        if length >= 0x80 {
            let count = length & 0x7F
            guard count >= 1, count <= 3, der.count >= 2 + count else { return nil }
            length = der[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }
            header += count
        }
        return der.count >= header + length && length > 16
    }

    private static func isLocked(_ decoded: [UInt8]) -> Bool {
        // OpenSSH names its cipher right after the magic; `none` is an unlocked key.
        guard decoded.starts(with: Array("openssh-key-v1\0".utf8)) else { return false }
        return !decoded.dropFirst(19).starts(with: Array("none".utf8))
    }
}

/// Base64 in both alphabets.
enum Base64 {
    /// Decodes; `lenient` stops at padding and drops what does not fill a byte, otherwise a foreign byte gives nothing.
    static func decode(_ text: some Sequence<UInt8>, lenient: Bool = false) -> [UInt8] {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text {
            let value: UInt32
            switch byte {
            case 0x41...0x5A: value = UInt32(byte) - 0x41
            case 0x61...0x7A: value = UInt32(byte) - 0x47
            case 0x30...0x39: value = UInt32(byte) + 4
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            case UInt8(ascii: "="): return out
            default:
                if lenient { continue }
                return []
            }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return out
    }
}
