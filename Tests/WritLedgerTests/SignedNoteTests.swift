// SPDX-License-Identifier: Apache-2.0

import Testing
import WritCore

@testable import WritLedger

@Suite struct SignedNoteTests {
    /// The published example of the Go checksum database's notes, made by another implementation.
    @Test func `a key of another implementation reads and prints alike`() throws {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        let key = try #require(LedgerVerifierKey(text))
        #expect(key.description == text)
        let words =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
        let line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
        let signature = try #require(StrictBase64.bytes(line))
        #expect(Array(signature.prefix(4)) == key.id)
        #expect(key.isSignature(Array(signature.dropFirst(4)), of: Array(words.utf8)))
        #expect(!key.isSignature(Array(signature.dropFirst(4)), of: Array(words.utf8.dropLast())))
    }

    @Test func `a signed checkpoint reads back, and with any bit flipped it doesn't`() throws {
        let signer = try #require(LedgerSigner(name: "writ.local/host"))
        let checkpoint = LedgerCheckpoint(origin: "writ.local/host", size: 70_000, root: .leaf([1]))
        let note = try signer.sign(checkpoint)
        #expect(try LedgerCheckpoint(signed: note, key: signer.verifierKey) == checkpoint)
        for bit in 0..<note.count * 8 {
            var changed = note
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: LedgerError.self) { try LedgerCheckpoint(signed: changed, key: signer.verifierKey) }
        }
        for length in 0..<note.count {
            #expect(throws: LedgerError.self) {
                try LedgerCheckpoint(signed: Array(note.prefix(length)), key: signer.verifierKey)
            }
        }
    }

    @Test func `a witness may add its signature`() throws {
        let signer = try #require(LedgerSigner(name: "writ.local/host"))
        let checkpoint = LedgerCheckpoint(origin: "writ.local/host", size: 1, root: .leaf([1]))
        let note = try signer.sign(checkpoint) + Array("\u{2014} witness.example AAAAAAAAAAAA\n".utf8)
        #expect(try LedgerCheckpoint(signed: note, key: signer.verifierKey) == checkpoint)
    }

    @Test func `a checkpoint of another key is refused`() throws {
        let signer = try #require(LedgerSigner(name: "writ.local/host"))
        let other = try #require(LedgerSigner(name: "writ.local/host"))
        let note = try other.sign(LedgerCheckpoint(origin: "writ.local/host", size: 1, root: .leaf([1])))
        let error = #expect(throws: LedgerError.self) { try LedgerCheckpoint(signed: note, key: signer.verifierKey) }
        #expect(error?.message == "not signed by the ledger's key")
    }

    @Test func `the signing key's file tells any flipped bit`() throws {
        let signer = try #require(LedgerSigner(name: "writ.local/host"))
        #expect(LedgerSigner(text: signer.text)?.verifierKey == signer.verifierKey)
        let bytes = Array(signer.text.utf8)
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let found = LedgerSigner(text: String(decoding: changed, as: UTF8.self))
            #expect(found?.verifierKey != signer.verifierKey)
        }
    }

    @Test(arguments: ["", "a b", "a+b", "a\nb", "a\u{2003}b"])
    func `a name that would break a note is refused`(_ name: String) {
        #expect(LedgerSigner(name: name) == nil)
    }
}
