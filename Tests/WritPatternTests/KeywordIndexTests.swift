// SPDX-License-Identifier: Apache-2.0
import Testing
import WritPattern

@Suite struct KeywordIndexTests {
    struct Hit: Hashable {
        let id: Int, end: Int
    }

    static func hits(_ keywords: [String], in text: String) throws -> [Hit] {
        let index = try KeywordIndex(keywords.map { Array($0.utf8) })
        var found: [Hit] = []
        Array(text.utf8).withUnsafeBytes { bytes in index.forEachHit(in: bytes) { found.append(Hit(id: $0, end: $1)) } }
        return found
    }

    @Test func `overlapping and nested keywords are all found, in either case`() throws {
        #expect(
            try Set(Self.hits(["he", "she", "hers", "his"], in: "usHERs his")) == [
                Hit(id: 1, end: 4), Hit(id: 0, end: 4), Hit(id: 2, end: 6), Hit(id: 3, end: 10),
            ])
        #expect(try Self.hits(["", "a"], in: "") == [])
        #expect(try Self.hits([], in: "abc") == [])
    }

    @Test func `the index and the pattern set agree with a plain search`() throws {
        // A small alphabet makes overlaps frequent; the generator is seeded by the round.
        for round in 0..<30 {
            var state = UInt64(round + 1)
            func next(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int((state >> 33) % UInt64(bound))
            }
            func word(_ length: Int) -> String { String((0..<length).map { _ in Array("abA.")[next(4)] }) }
            let keywords = Array(Set((0..<8).map { _ in word(1 + next(5)).lowercased() })).sorted()
            let text = word(400)
            var expected: Set<Hit> = []
            let folded = Array(text.lowercased().utf8)
            for (id, keyword) in keywords.enumerated() {
                let bytes = Array(keyword.utf8)
                for end in bytes.count...folded.count where Array(folded[(end - bytes.count)..<end]) == bytes {
                    expected.insert(Hit(id: id, end: end))
                }
            }
            #expect(try Set(Self.hits(keywords, in: text)) == expected, "round \(round)")
            let set = try PatternSet(keywords.map { PatternSet.Entry($0, isLiteral: true, isCaseInsensitive: true) })
            let restored = try PatternSet(trusted: set.serialized())
            for matcher in [set, restored] {
                var found: Set<Hit> = []
                try Array(text.utf8).withUnsafeBytes { bytes in
                    try matcher.forEachMatch(in: bytes) { id, _, end in found.insert(Hit(id: id, end: end)) }
                }
                #expect(found == expected, "round \(round)")
            }
        }
    }

    @Test func `a pattern set names the entry it refuses`() {
        // The wording is the library's.
        let fault = #expect(throws: PatternSet.Fault.self) {
            try PatternSet([PatternSet.Entry("a"), PatternSet.Entry("(b")])
        }
        #expect(fault?.entry == 1)
        #expect(throws: PatternSet.Fault(message: "a pattern set needs at least one pattern")) { try PatternSet([]) }
    }
}
