// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritDelegation

@Suite struct VectorTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/vectors/delegations.json").standardizedFileURL

    private static func published() throws -> JSON {
        try JSON(parsing: Array(Data(contentsOf: file)))
    }

    @Test func `every published vector comes out as it says`() throws {
        let file = try Self.published()
        let vectors = file["vectors"]?.array ?? []
        #expect(vectors.count > 100)
        for vector in vectors {
            #expect(try VectorRun(file, vector).outcome == vector["expect"], "\(vector["name"]?.string ?? "")")
        }
        #expect(Set(vectors.compactMap { $0["name"]?.string }).count == vectors.count)
    }

    @Test func `every code has a vector`() throws {
        let vectors = try Self.published()["vectors"]?.array ?? []
        let told = Set(vectors.compactMap { $0["expect"]?["error"]?.string })
        #expect(told == Set(DelegationError.Code.allCases.map(\.rawValue)))
    }

    @Test func `the page on the format has every code`() throws {
        let page = Self.file.deletingLastPathComponent().appending(path: "../writ-format.md").standardizedFileURL
        let text = try String(contentsOf: page, encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `WRIT_E_") }
        let codes = rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        #expect(codes == DelegationError.Code.allCases.map(\.rawValue))
    }

    @Test func `the published vectors are what the generator makes`() throws {
        let made = try Vectors.document().prettyText + "\n"
        if ProcessInfo.processInfo.environment["WRIT_GOLDEN"] == "rewrite" {
            try Data(made.utf8).write(to: Self.file)
        }
        // Other systems' cryptography may put chance into signatures; here they are the same each time.
        #if os(Linux)
        #expect(try String(contentsOf: Self.file, encoding: .utf8) == made)
        #endif
    }
}

/// One vector, put to the engine.
private struct VectorRun {
    let vector: JSON
    let anchors: TrustAnchors
    let now: Int64
    let audience: String

    init(_ file: JSON, _ vector: JSON) throws {
        self.vector = vector
        anchors = try TrustAnchors(parsing: (vector["anchors"] ?? file["anchors"] ?? .null).bytes)
        now = try #require((vector["now"] ?? file["now"])?.integer)
        audience = try #require((vector["audience"] ?? file["audience"])?.string)
    }

    var outcome: JSON {
        get throws {
            do throws(DelegationError) {
                return try run()
            } catch {
                return [
                    "error": .string(error.code.rawValue), "link": error.link.map { .integer(Int64($0)) } ?? .null,
                ]
            }
        }
    }

    private func text(_ key: String) -> String { vector[key]?.string ?? "" }

    private func run() throws(DelegationError) -> JSON {
        switch text("kind") {
        case "anchors":
            let anchors = try TrustAnchors(parsing: (vector["file"] ?? .null).bytes)
            return ["count": .integer(Int64(anchors.anchors.count))]
        case "list":
            let list = try RevocationList.verify(
                text("text"), anchors: anchors, highestSeen: vector["highest_seen"]?.integer, now: now)
            return ["entries": .integer(Int64(list.entries.count)), "seq": .integer(list.sequence)]
        case "proof":
            let chain = try chain()
            var replay = ReplayCache(capacity: 16)
            let use = ProofOfPossession.Use(
                tool: text("tool"), server: text("server"), arguments: vector["arguments"] ?? .null)
            let proofs = vector["proofs"]?.array ?? []
            for proof in proofs {
                try ProofOfPossession.verify(proof.string ?? "", of: chain, for: use, now: now, replay: &replay)
            }
            return ["proofs": .integer(Int64(proofs.count))]
        case "derive":
            let chain = try chain()
            var grants: [Delegation.Capability] = []
            for json in vector["grants"]?.array ?? [] { grants.append(try Delegation.Capability(json)) }
            let narrowing = Delegation.Narrowing(
                id: "01a11f92-3c00-7000-8000-000000000009", holder: Example.holders[1].publicKey.bytes, issuedAt: now,
                expires: now + 60, agent: .init(id: text("agent")), grants: grants)
            let derived = try Delegation.derive(from: chain, narrowing, signedBy: Example.holders[0])
            let links = try DelegationChain.verify(derived.text, anchors: anchors, expecting: expectation()).links
            return ["links": .integer(Int64(links.count))]
        default:
            let chain = try chain()
            return ["ids": .array(chain.links.map { .string($0.id) }), "digest": .string(chain.digest)]
        }
    }

    private func chain() throws(DelegationError) -> DelegationChain {
        try DelegationChain.verify(text("text"), anchors: anchors, expecting: expectation())
    }

    private func expectation() throws(DelegationError) -> DelegationChain.Expectation {
        var lists: [RevocationList] = []
        for list in vector["revocations"]?.array ?? [] {
            lists.append(try RevocationList.verify(list.string ?? "", anchors: anchors, highestSeen: nil, now: now))
        }
        return DelegationChain.Expectation(
            audience: audience, now: now, environment: vector["environment"]?.string,
            revocations: Revocations(lists: lists), maximumRevocationAge: vector["max_revocation_age"]?.integer,
            maximumLifetime: vector["max_lifetime"]?.integer)
    }
}
