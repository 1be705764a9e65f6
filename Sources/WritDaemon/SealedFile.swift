// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritScan

/// A document that nobody without this machine's key can have written: the seal stands in the file's first line, the
/// canonical body in its second.
enum SealedFile {
    /// - Parameter purpose: keeps a seal of one kind of file from standing on another.
    static func write(
        _ body: JSON, to path: String, purpose: String, key: FingerprintKey
    ) throws(DaemonFault) {
        let bytes = body.canonicalBytes
        try SmallFile.write(Array("\(seal(bytes, purpose, key))\n".utf8) + bytes, to: path)
    }

    /// The body of version 1; nil when the seal is not of these bytes, or they are something else.
    static func open(_ bytes: [UInt8], purpose: String, key: FingerprintKey) -> JSON? {
        guard let end = bytes.firstIndex(of: 0x0A) else { return nil }
        let text = bytes[(end + 1)...]
        guard String(decoding: bytes[..<end], as: UTF8.self) == seal(text, purpose, key) else { return nil }
        let body: JSON
        do { body = try JSON(parsing: Array(text)) } catch { return nil }
        return body["v"]?.integer == 1 ? body : nil
    }

    private static func seal(_ body: some Sequence<UInt8>, _ purpose: String, _ key: FingerprintKey) -> String {
        key.fingerprint(of: Array("\(purpose)\n".utf8) + body)
    }
}
