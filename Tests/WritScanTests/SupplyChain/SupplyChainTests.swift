// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritScan
import WritTestSupport

private func index() throws -> PackageIndex {
    let pypi = try PackageIndex.Listing(
        ecosystem: "pypi",
        tabSeparated: """
            name\tversion\tmonth\trank\tsummary
            Requests\t2\t2026-05\t1\t
            python-dateutil\t2\t2026-01\t2\t
            numpy\t2\t2026-11\t3\t
            ruamel.yaml\t1\t2026-11\t4\t
            quiet-corner\t0.1\t2019-03\t\t
            """)
    let npm = try PackageIndex.Listing(
        ecosystem: "npm",
        tabSeparated: """
            name\tversion\tdownloads_a_month\tsummary
            @types/node\t1\t900000000\t
            express\t4\t300000000\t
            left-pad\t1\t9000000\t
            lodash\t4\t800000000\t
            tiny-thing\t1\t600\t
            """)
    return try PackageIndex(bytes: PackageIndex.build([pypi, npm], day: 20_261_119, popularCount: 4))
}

@Suite struct PackageIndexTests {
    @Test(
        arguments: [
            ("pypi", "requests", .popular(rank: 1)), ("pypi", "RUAMEL_yaml", .popular(rank: 4)),
            ("pypi", "quiet.corner", .registered(downloadsPerWeek: nil, lastRelease: .init(year: 2019, month: 3))),
            ("pypi", "no-such", .unknown), ("npm", "express", .popular(rank: 3)), ("crates", "serde", .unknown),
        ] as [(String, String, PackageIndex.Standing)])
    func `a name has one standing in all its spellings`(
        ecosystem: String, name: String, standing: PackageIndex.Standing
    ) throws {
        #expect(try index().standing(of: name, in: ecosystem) == standing)
    }

    @Test func `an index that is cut or altered is refused or answers, and never traps`() throws {
        let whole = PackageIndex.build(
            [.init(ecosystem: "npm", factKind: .downloads, entries: [.init(name: "express", downloadsPerMonth: 9)])],
            day: 20_261_119)
        var random = SeededGenerator(seed: 7)
        for length in stride(from: 0, to: 600, by: 7) {
            #expect(throws: PackageIndex.Fault.self) { try PackageIndex(bytes: Array(whole.prefix(length))) }
        }
        for _ in 0..<300 {
            var altered = whole
            altered[Int.random(in: 0..<altered.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            do {
                _ = try PackageIndex(bytes: altered).standing(of: "express", in: "npm")
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }
}

@Suite struct SupplyChainTests {
    @Test(
        arguments: [
            ("pypi", "reqeusts", "requests"), ("pypi", "request", "requests"), ("pypi", "requestss", "requests"),
            ("pypi", "rwquests", "requests"), ("pypi", "requ3sts", "requests"),
            ("pypi", "pythondateutil", "python-dateutil"),
            ("pypi", "dateutil-python", "python-dateutil"), ("pypi", "nurnpy", "numpy"),
            ("pypi", "numpy-official", "numpy"),
            ("pypi", "numру", "numpy"), ("npm", "types-node", "@types/node"), ("npm", "exprress", "express"),
            ("npm", "node-express", "express"), ("pypi", "requests", nil), ("pypi", "flask", nil),
            ("npm", "left-pad", nil),
            ("pypi", "", nil), ("npm", "x", nil),
        ] as [(String, String, String?)])
    func `B59 a look-alike is told with the package that was meant`(
        ecosystem: String, name: String, target: String?
    ) throws {
        let reading = SupplyChain(index: try index()).read(.init(ecosystem: ecosystem, name: name))
        #expect(reading.target == target)
    }

    @Test func `what the index does not hold is unknown, not bad`() throws {
        let reading = SupplyChain(index: try index()).read(.init(ecosystem: "npm", name: "brand-new-thing"))
        #expect(reading.standing == .unknown)
        #expect(reading.findings.map(\.rule) == ["unknown-package"])
        let elsewhere = SupplyChain(index: try index()).read(.init(ecosystem: "crates", name: "brand-new-thing"))
        #expect(elsewhere.findings == [])
    }

    @Test func `little used is said, and use that is not known is said to be so`() throws {
        let judge = SupplyChain(index: try index())
        let seldom = judge.read(.init(ecosystem: "npm", name: "tiny-thing"), minimumWeeklyDownloads: 1_000)
        #expect(seldom.findings.map(\.rule) == ["rarely-used"])
        let unknown = judge.read(.init(ecosystem: "pypi", name: "quiet-corner"), minimumWeeklyDownloads: 1_000)
        #expect(unknown.findings.map(\.rule) == ["use-unknown"])
    }

    @Test func `a name of any length ends in bounded time`() throws {
        let judge = SupplyChain(index: try index())
        for length in [64, 65, 214, 215, 100_000] {
            _ = judge.read(.init(ecosystem: "npm", name: String(repeating: "a-", count: length / 2)))
        }
    }
}

@Suite struct SignedIndexTests {
    @Test func `only an index that the key signed is taken`() throws {
        let bytes = PackageIndex.build(
            [.init(ecosystem: "npm", factKind: .downloads, entries: [.init(name: "express", downloadsPerMonth: 9)])],
            day: 20_261_119)
        let keys = SignedIndex.newKeys()
        let other = SignedIndex.newKeys()
        let signature = try SignedIndex.sign(bytes, secret: keys.secret)
        #expect(try SignedIndex.open(bytes, signature: signature, key: keys.open).day == 20_261_119)
        var altered = bytes
        altered[20] ^= 1
        let refused: [([UInt8], String, String)] = [
            (altered, signature, keys.open), (bytes, signature, other.open), (bytes, "", keys.open),
            (bytes, "writ-index-v1 AAAA", keys.open), (bytes, signature, "short"), (Array(bytes.dropLast()), signature, keys.open),
        ]
        for (bytes, signature, key) in refused {
            #expect(throws: SignedIndex.Fault.self) { try SignedIndex.open(bytes, signature: signature, key: key) }
        }
    }

    @Test func `keys are base64 of 32 bytes`() {
        #expect(SignedIndex.isKey(SignedIndex.newKeys().open))
        #expect(["", "AAAA", String(repeating: "*", count: 44), String(repeating: "A", count: 44)].map(SignedIndex.isKey) == [false, false, false, false])
    }
}
