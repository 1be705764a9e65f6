// SPDX-License-Identifier: Apache-2.0
internal import Crypto
import WritCore

/// A public key with its name, in the spelling of C2SP signed-note: `<name>+<key id>+<base64(0x01 || key)>`.
public struct LedgerVerifierKey: Sendable, Hashable, CustomStringConvertible {
    /// The name; for a ledger it is also the origin line of its checkpoints.
    public let name: String
    /// Thirty-two bytes of Ed25519 public key.
    let publicKey: [UInt8]
    /// SHA-256(name || 0x0A || 0x01 || key), the first four bytes.
    let id: [UInt8]

    init(name: String, publicKey: [UInt8]) {
        self.name = name
        self.publicKey = publicKey
        id = Array(LedgerHash(hashing: Array(name.utf8) + [0x0A, 0x01] + publicKey).bytes.prefix(4))
    }

    /// Reads the spelling; nil when it is another or when the id isn't that of the key.
    public init?(_ text: String) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, NoteText.isKeyName(parts[0]), let id = Hex.bytes(parts[1]),
            let key = StrictBase64.bytes(parts[2]), key.count == 33, key[0] == 1
        else { return nil }
        self.init(name: parts[0], publicKey: Array(key.dropFirst()))
        guard self.id == id else { return nil }
    }

    /// The spelling that ``init(_:)`` reads.
    public var description: String { "\(name)+\(Hex.text(id))+\(StrictBase64.text([1] + publicKey))" }

    func isSignature(_ signature: [UInt8], of text: [UInt8]) -> Bool {
        do {
            return try Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
                .isValidSignature(signature, for: text)
        } catch {
            // Not a point on the curve: nothing verifies under it.
            return false
        }
    }
}

/// The key that signs checkpoints. It has no description that shows the secret.
struct LedgerSigner: Sendable {
    let verifierKey: LedgerVerifierKey
    private let key: Curve25519.Signing.PrivateKey

    /// A new key from the system's generator.
    init?(name: String) {
        guard NoteText.isKeyName(name) else { return nil }
        key = Curve25519.Signing.PrivateKey()
        verifierKey = LedgerVerifierKey(name: name, publicKey: Array(key.publicKey.rawRepresentation))
    }

    /// Reads `PRIVATE+KEY+<name>+<id>+<base64(0x01 || seed)>`; nil when it is damaged in any place.
    init?(text: String) {
        let prefix = "PRIVATE+KEY+"
        guard text.hasPrefix(prefix), text.hasSuffix("\n") else { return nil }
        let parts = text.dropFirst(prefix.count).dropLast()
            .split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, NoteText.isKeyName(parts[0]), let id = Hex.bytes(parts[1]),
            let seed = StrictBase64.bytes(parts[2]), seed.count == 33, seed[0] == 1
        else { return nil }
        do {
            key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed.dropFirst())
        } catch {
            return nil
        }
        verifierKey = LedgerVerifierKey(name: parts[0], publicKey: Array(key.publicKey.rawRepresentation))
        guard verifierKey.id == id else { return nil }
    }

    /// The text of the key file.
    var text: String {
        let seed = [1] + Array(key.rawRepresentation)
        return "PRIVATE+KEY+\(verifierKey.name)+\(Hex.text(verifierKey.id))+\(StrictBase64.text(seed))\n"
    }

    func sign(_ checkpoint: LedgerCheckpoint) throws(LedgerError) -> [UInt8] {
        let body = checkpoint.noteText
        do {
            let signature = try key.signature(for: Array(body.utf8))
            let line = StrictBase64.text(verifierKey.id + Array(signature))
            return Array("\(body)\n\u{2014} \(verifierKey.name) \(line)\n".utf8)
        } catch {
            throw LedgerError(.key, "can't sign the checkpoint")
        }
    }
}

/// A tree head as C2SP tlog-checkpoint writes it.
public struct LedgerCheckpoint: Sendable, Hashable {
    /// The log's identity, also the name of its key.
    public let origin: String
    /// How many entries the tree has.
    public let size: UInt64
    /// The tree's RFC 6962 root.
    public let root: LedgerHash

    /// The text that is signed.
    var noteText: String { "\(origin)\n\(size)\n\(StrictBase64.text(root.bytes))\n" }

    init(origin: String, size: UInt64, root: LedgerHash) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads a signed checkpoint.
    ///
    /// Signatures by other keys are passed over, as the specification asks, so that witnesses may add theirs.
    /// - Throws: ``LedgerError/Code/damaged`` when the text isn't a checkpoint of this key, or isn't signed by it.
    public init(signed bytes: [UInt8], key: LedgerVerifierKey) throws(LedgerError) {
        func damaged(_ message: String) -> LedgerError {
            LedgerError(
                .damaged, message, hint: "restore the file from a copy; `writ ledger verify` shows what is sound")
        }
        guard bytes.count <= 1 << 20, let text = String(validating: bytes, as: UTF8.self) else {
            throw damaged("not a signed note")
        }
        let scalars = text.unicodeScalars
        guard !scalars.contains(where: { $0.value < 0x20 && $0 != "\n" }), scalars.last == "\n" else {
            throw damaged("not a signed note")
        }
        // Lines of scalars: `Character` would take CR LF and combining marks for one.
        var lines = scalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        lines.removeLast()
        guard let gap = lines.lastIndex(of: ""), gap >= 3, gap + 1 < lines.count else {
            throw damaged("not a signed note")
        }
        guard gap == 3, let size = UInt64(lines[1]), String(size) == lines[1], let raw = StrictBase64.bytes(lines[2]),
            let root = LedgerHash(raw), !lines[0].isEmpty
        else { throw damaged("not a checkpoint") }
        self.init(origin: lines[0], size: size, root: root)
        guard origin == key.name else { throw damaged("checkpoint of another log") }
        let body = Array(noteText.utf8)
        var isSigned = false
        for line in lines[(gap + 1)...] {
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 3, words[0] == "\u{2014}", NoteText.isKeyName(words[1]),
                let signature = StrictBase64.bytes(words[2]), signature.count > 4
            else { throw damaged("malformed signature line") }
            guard words[1] == key.name, Array(signature.prefix(4)) == key.id else { continue }
            guard key.isSignature(Array(signature.dropFirst(4)), of: body) else {
                throw damaged("the signature doesn't hold")
            }
            isSigned = true
        }
        guard isSigned else { throw damaged("not signed by the ledger's key") }
    }
}

enum NoteText {
    /// A key's name: not empty, no space of any kind, no plus, no control character.
    static func isKeyName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 255
            && name.unicodeScalars.allSatisfy {
                $0 != "+" && $0.value >= 0x20 && $0.value != 0x7F && !$0.properties.isWhitespace
            }
    }
}
