// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritTestSupport

@Suite struct JSONTests {
    @Test(
        arguments: [
            ("null", JSON.null), (" [1, -2.5e1, \"a\\u00e9\\n\", true] ", [1, .number(-25), "aé\n", true]),
            ("{\"b\":{},\"a\":[]}", ["b": [:], "a": []]), ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("\"\\ud83d\\ude00\"", "😀"),
            ("\"\\ud83d\"", "\u{FFFD}"), ("\"\\ud83d\\u0041\"", "\u{FFFD}A"),
        ] as [(String, JSON)])
    func `reads a value`(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(arguments: [
        ("", "unexpected end of text at byte 0"), ("{\"a\":1,\"a\":2}", "duplicate key at byte 7"),
        ("[1,]", "expected a value at byte 3"), ("01", "unexpected text after the value at byte 1"),
        ("1e999", "number out of range at byte 0"), ("\"\t\"", "control character in a string at byte 1"),
        ("\u{FEFF}1", "expected a value at byte 0"), ("{'a':1}", "expected a key in double quotes at byte 1"),
        ("\"\\x\"", "unknown escape in a string at byte 2"), ("nul", "unexpected end of text at byte 0"),
    ])
    func `refuses what is not JSON, and says where`(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
        #expect(error?.description == message)
    }

    @Test func `a duplicate among many keys is found in linear time`() {
        let many = (0..<20_000).map { "\"k\($0)\":0" }.joined(separator: ",")
        let error = #expect(throws: JSONError.self) { try JSON(parsing: "{\(many),\"k7\":1}") }
        #expect(error?.message == "duplicate key")
    }

    @Test func `nesting past the limit is an error and no deeper recursion`() {
        let deep = String(repeating: "[", count: 1_000_000)
        let error = #expect(throws: JSONError.self) { try JSON(parsing: deep) }
        #expect(error?.message == "nested more than 128 deep")
    }

    @Test func `B51 no control character or direction mark leaves the writer unescaped`() throws {
        let hostile = "a\u{1B}[2Jb\nc\u{202E}d\u{9B}e\u{2028}f"
        let text = JSON.string(hostile).text
        #expect(text == #""a\u001b[2Jb\nc\u202ed\u009be\u2028f""#)
        #expect(try JSON(parsing: text) == .string(hostile))
    }

    @Test func `equal values have one canonical form`() throws {
        let one = try JSON(parsing: #"{"b":[{"y":1,"x":2}],"a":"é"}"#)
        let two = try JSON(parsing: #"{"a":"é","b":[{"x":2,"y":1}]}"#)
        #expect(one.canonicalBytes == two.canonicalBytes)
        #expect(String(decoding: one.canonicalBytes, as: UTF8.self) == #"{"a":"é","b":[{"x":2,"y":1}]}"#)
    }

    @Test func `writing then reading gives the same value, and no mutation of the text traps`() throws {
        var random = SeededGenerator(seed: 42)
        for round in 0..<2_000 {
            let value = sample(depth: 0, using: &random)
            let bytes = value.bytes
            #expect(try JSON(parsing: bytes) == value, "round \(round)")
            var mutated = bytes
            for _ in 0..<3 where !mutated.isEmpty {
                mutated[Int.random(in: 0..<mutated.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? JSON(parsing: mutated)
        }
    }

    private func sample(depth: Int, using random: inout SeededGenerator) -> JSON {
        switch Int.random(in: 0..<(depth > 3 ? 5 : 7), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: return .number(Double.random(in: -1e9...1e9, using: &random) + 0.5e-3)
        case 4:
            let scalars = (0..<Int.random(in: 0..<8, using: &random)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0..<0x3000, using: &random))
            }
            return .string(String(String.UnicodeScalarView(scalars)))
        case 5:
            return .array(
                (0..<Int.random(in: 0..<4, using: &random)).map { _ in sample(depth: depth + 1, using: &random) })
        default:
            return .object(
                (0..<Int.random(in: 0..<4, using: &random)).map {
                    JSON.Member("k\($0)", sample(depth: depth + 1, using: &random))
                })
        }
    }
}
