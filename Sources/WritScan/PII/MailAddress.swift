// SPDX-License-Identifier: Apache-2.0

/// A mail address around its `@` (RFC 5321 without quoted local parts).
enum MailAddress {
    private static let notPeople: Set<String> = [
        "git", "noreply", "no-reply", "donotreply", "do-not-reply", "example", "user", "root", "hg", "postmaster",
    ]
    private static let reserved: Set<String> = [
        "example.com", "example.org", "example.net", "test.com", "domain.com", "email.com",
    ]
    /// Endings of files that image sets and packages write after an `@`.
    private static let notDomains: Set<String> = [
        "png", "jpg", "jpeg", "gif", "svg", "webp", "js", "ts", "css", "json", "md", "html",
    ]

    static func range(_ bytes: UnsafeRawBufferPointer, at sign: Int) -> Range<Int>? {
        var start = sign
        while start > 0, sign - start < 64, isLocal(bytes[start - 1]) { start -= 1 }
        while start < sign, bytes[start] == 0x2E || bytes[start] == 0x2D { start += 1 }
        guard start < sign, bytes[sign - 1] != 0x2E else { return nil }
        // `https://user:password@host` is a URL's part, and a longer run is no local part.
        guard !isLocal(bytes.byte(start - 1)), bytes.byte(start - 1) != UInt8(ascii: ":"),
            bytes.byte(start - 1) != UInt8(ascii: "/")
        else { return nil }
        var end = sign + 1
        while end < bytes.count, end - sign < 254, bytes[end].isAlphanumeric || bytes[end] == 0x2D || bytes[end] == 0x2E
        { end += 1 }
        while end > sign + 1, bytes[end - 1] == 0x2E || bytes[end - 1] == 0x2D { end -= 1 }
        let domain = String(decoding: bytes[(sign + 1)..<end].map(\.lowercased), as: UTF8.self)
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 63 }), let top = labels.last,
            top.utf8.count >= 2, top.utf8.allSatisfy(\.isLetter), !notDomains.contains(String(top)),
            !reserved.contains(domain), !["example", "test", "invalid", "local", "localhost"].contains(top)
        else { return nil }
        let local = String(decoding: bytes[start..<sign].map(\.lowercased), as: UTF8.self)
        guard !notPeople.contains(local) else { return nil }
        return start..<end
    }

    private static func isLocal(_ byte: UInt8) -> Bool {
        byte.isWord || byte == 0x2E || byte == 0x2D || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "%")
    }
}
