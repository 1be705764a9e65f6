// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCEL
import WritCore

@Suite struct EvaluationTests {
    let sample = Sample()

    @Test func `conditions over declared paths`() {
        let rows = [
            Row("op.kind == 'exec' && '--force' in op.argv", "true"),
            Row("op.argv.exists(a, a.startsWith('--'))", "true"),
            Row("op.argv.filter(a, !a.startsWith('-'))[1]", "\"push\""),
            Row("op.git.remote + '/' + op.git.branch", "\"origin/\""),
            Row("has(op.git.remote) && !has(op.git.branch)", "true"),
            Row("has(call.args.path) && !has(call.args.mode)", "true"),
            Row("call.args.count + 1", "4"),
            Row("findings.exists(f, f.severity >= 3 && f.confidence > 0.5)", "true"),
            Row("findings.map(f, f.rule)", "[\"secrets/key\"]"),
            Row("session.counts['denied'] > 1 ? 'many' : 'few'", "\"many\""),
            Row("now - timestamp('2023-11-14T22:00:00Z')", "duration(\"800s\")"),
            Row("op.port in [80, 443]", "true"),
            Row("op.kind in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'exec']", "true"),
        ]
        #expect(sample.outcomes(rows) == rows)
    }

    @Test func `a fault is absorbed by the side that decides and by nothing else`() {
        let rows = [
            Row("1 / 0 > 1 || true", "true"),
            Row("false && 1 / 0 > 1", "false"),
            Row("call.args.mode == 'x' || op.force", "true"),
            Row("call.args.mode == 'x' && op.force", "fault 1:1: no such key: `mode`"),
            Row("op.force && (\n  call.args.path > 3)", "fault 2:3: no such overload: string > int"),
            Row("[0, 1].exists(x, 1 / x == 1)", "true"),
            Row("[1, 0].all(x, 1 / x == 1)", "fault 1:15: division by zero"),
        ]
        #expect(sample.outcomes(rows) == rows)
    }

    @Test func `numbers never wrap`() {
        let rows = [
            Row("9223372036854775807 + 1", "fault 1:1: int overflow"),
            Row("-9223372036854775808 - 1", "fault 1:1: int overflow"),
            Row("-9223372036854775808 / -1", "fault 1:1: int overflow"),
            Row("-9223372036854775808 % -1", "fault 1:1: int overflow"),
            Row("-(-9223372036854775808)", "fault 1:1: int overflow"),
            Row("0u - 1u", "fault 1:1: uint overflow"),
            Row("int(1e300)", "fault 1:1: int out of range"),
            Row("uint(-1)", "fault 1:1: uint out of range"),
            Row("duration('9223372036s') + duration('1s')", "fault 1:1: time out of range"),
            Row("duration(9223372036854775807)", "fault 1:1: duration out of range"),
            Row("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "fault 1:1: time out of range"),
            Row("math.abs(-9223372036854775808)", "fault 1:1: int overflow"),
            Row("math.bitShiftLeft(1, 9223372036854775807)", "0"),
        ]
        #expect(sample.outcomes(rows) == rows)
    }

    @Test func `texts are code points and are never normalised`() {
        let rows = [
            Row("size('e\\u0301')", "2"),
            Row("'\\u00e9' == 'e\\u0301'", "false"),
            Row("{'\\u00e9': 1, 'e\\u0301': 2}.size()", "2"),
            Row("'\\u00e9' in ['e\\u0301']", "false"),
            // The Ångström sign and A with a ring are as long as each other in UTF-8.
            Row("'\\u212b' == 'A\\u030a'", "false"),
            Row("'a\\U0001F431b'.substring(1, 2)", "\"🐱\""),
            Row("'a\\U0001F431b'.indexOf('b')", "2"),
            Row("'\\r\\n'.size()", "2"),
            Row("r'\\d+\\' + \"x\"", "\"\\\\d+\\\\x\""),
        ]
        #expect(sample.outcomes(rows) == rows)
    }

    @Test func `dates agree with the calendar in every century`() {
        // 100 years of 146,097 / 4 days each, seen through the text form and back.
        var seconds: Int64 = -62_135_596_800
        while seconds < 253_402_300_799 {
            let time = CELTimestamp(seconds: seconds, nanoseconds: 120_000_000)
            #expect(CELTimestamp(time.text) == time)
            seconds += 86_400 * 997 + 3_607
        }
        let rows = [
            Row("timestamp('2024-02-29T12:00:00+05:30')", "timestamp(\"2024-02-29T06:30:00Z\")"),
            Row(
                "timestamp('2023-02-29T12:00:00Z') == now", "fault 1:1: text is not a timestamp of the years 1 to 9999"),
            Row("timestamp('2024-12-31T23:00:00Z').getDayOfYear()", "365"),
            Row("timestamp('2024-07-01T12:00:00Z').getHours('Europe/Berlin')", "14"),
            Row("timestamp('2024-01-01T12:00:00Z').getHours('Europe/Berlin')", "13"),
            Row("timestamp('2024-01-01T12:00:00Z').getHours('../../etc/passwd')", "fault 1:1: unknown time zone"),
            Row("string(duration('1h1m1s1ms'))", "\"3661.001s\""),
            Row("duration('-1.5h')", "duration(\"-5400s\")"),
        ]
        #expect(sample.outcomes(rows) == rows)
    }

    @Test func `numbers of different types share a key`() {
        let rows = [
            Row("{1: 'a'}[1u]", "\"a\""),
            Row("{1: 'a'}[dyn(1.0)]", "\"a\""),
            Row("{dyn(1): 'a', dyn(1u): 'b'}", "fault 1:1: repeated key in a map"),
            Row("{18446744073709551615u: 1}[18446744073709551615u]", "1"),
            Row("dyn(1) in {1u: 2}", "true"),
        ]
        // A key of the wrong static type is an error while loading; through dyn it is looked up.
        let checked = sample.outcomes(rows)
        #expect(checked[0].outcome == "error 1:10: the key of this map must be int, not uint")
        #expect(Array(checked.dropFirst()) == Array(rows.dropFirst()))
    }

    @Test func `bindings and two-variable macros`() {
        let rows = [
            Row("cel.bind(x, op.argv, x.size() + x[0].size())", "6"),
            Row("op.argv.all(i, v, i < 3 && v != '')", "true"),
            Row("op.argv.transformList(i, v, i > 0, v)", "[\"push\", \"--force\"]"),
            Row("{'a': 1, 'b': 2}.transformMap(k, v, v * 2)", "{\"a\": 2, \"b\": 4}"),
            Row("{'a': 1}.transformMapEntry(k, v, {v: k})", "{1: \"a\"}"),
            Row("[1, 2].map(x, [3, 4].map(y, x * y))", "[[3, 4], [6, 8]]"),
            Row("[1].exists_one(x, x == 1)", "true"),
            Row("optional.of(3).optMap(x, x + 1).orValue(0)", "4"),
            Row("optional.of(1).orValue(1 / 0)", "1"),
            Row("optional.none().or(optional.of(2)).value()", "2"),
            Row("call.args.?mode.orValue('none')", "\"none\""),
        ]
        #expect(sample.outcomes(rows) == rows)
    }

    @Test func `a defined function is called with checked types and its error has a place`() throws {
        struct Refusal: Error, CustomStringConvertible { let description = "not a number" }
        var environment = CELEnvironment()
        environment.define("severity", parameters: [.string], result: .int, cost: 5) { arguments in
            guard case .string(let text) = arguments[0], let level = ["low": 1, "high": 3][text] else {
                throw Refusal()
            }
            return .int(Int64(level))
        }
        environment.define("under", member: true, parameters: [.string, .string], result: .bool) { arguments in
            .bool((arguments[0].string ?? "").hasPrefix(arguments[1].string ?? ""))
        }
        let rows = [
            Row("severity('high') > severity('low')", "true"),
            Row("true && severity('odd') == 1", "fault 1:9: severity: not a number"),
            Row("'/a/b'.under('/a')", "true"),
            Row("severity(1)", "error 1:1: no overload severity(int) (there is severity(string))"),
            Row("severty('low')", "error 1:1: unknown function `severty` (did you mean `severity`?)"),
        ]
        #expect(rows.map { Row($0.source, outcome(of: $0.source, in: environment)) } == rows)
    }

    @Test func `only the slots a condition names are read`() throws {
        final class Recorder: CELActivation {
            let values: [CELValue]
            var read: [Int] = []
            init(_ values: [CELValue]) { self.values = values }
            func value(slot: Int) -> CELValue {
                read.append(slot)
                return values[slot]
            }
        }
        let program = try CELProgram("op.kind == 'none' && op.force || op.port == 443", in: sample.environment)
        #expect(program.slots == [0, 2, 5])
        let recorder = Recorder(sample.values)
        #expect(try program.holds(recorder))
        #expect(recorder.read == [0, 5])
    }
}

@Suite struct ValueTests {
    @Test func `a document becomes values that print as literals`() throws {
        let json = try JSON(parsing: #"{"a": [1, 2.5, null, true, "x\n"], "b": {"c": 18446744073709551615}}"#)
        let value = CELValue(json)
        #expect(value.text() == #"{"a": [1, 2.5, null, true, "x\n"], "b": {"c": 1.8446744073709552e+19}}"#)
        #expect(value.text(limit: 12) == #"{"a": [1, 2.5, …], …}"#)
        #expect(value == CELValue(json))
    }

    @Test func `a map keeps its order and compares without it`() {
        let entries = (0..<20).map { ("k\($0)", CELValue.int(Int64($0))) }
        let map = CELMap(entries)
        #expect(map.keys.compactMap(\.string) == entries.map(\.0))
        #expect(map == CELMap(Array(entries.reversed())))
        #expect(map["k7"] == 7)
        #expect(map["k20"] == nil)
        #expect(CELMap([(key: 1, value: "a"), (key: .uint(1), value: "b")]) == nil)
        #expect(CELMap([(key: 1.5, value: "a")]) == nil)
        #expect(CELMap([("a", 1), ("a", 2)]) == CELMap([("a", 2)]))
    }
}
