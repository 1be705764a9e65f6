// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCEL
import WritTestSupport

@Suite struct HostileTests {
    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test func `texts that nest or never end are refused with a place`() {
        let deep = "error 1:81: expression is nested more than 80 deep"
        let rows = [
            Row(Self.repeated("(", 4_096), deep),
            Row(Self.repeated("[", 4_096), deep),
            Row(Self.repeated("{", 4_096), deep),
            Row(Self.repeated("!", 4_096), "error 1:1: expression is nested more than 80 deep"),
            Row(Self.repeated("-", 4_096), "error 1:1: expression is nested more than 80 deep"),
            Row(Self.repeated("f(", 2_048), "error 1:161: expression is nested more than 80 deep"),
            Row("a" + Self.repeated(".b", 2_000), "error 1:1: expression is nested more than 80 deep"),
            Row("a" + Self.repeated("[0]", 1_000), "error 1:1: expression is nested more than 80 deep"),
            Row("1" + Self.repeated("+1", 2_000), "error 1:1: expression is nested more than 80 deep"),
            Row("true" + Self.repeated("?true:true", 400), "error 1:801: expression is nested more than 80 deep"),
            Row("[" + Self.repeated("1,", 2_000) + "]", "error 1:2002: expression has more than 1000 parts"),
            Row(Self.repeated("a", 4_097), "error 1:1: expression is longer than 4096 bytes"),
            Row("'" + Self.repeated("a", 4_095), "error 1:1: text in quotes does not end"),
            Row(Self.repeated("\\", 4_000), "error 1:1: unexpected character `\\`"),
            Row(Self.repeated("`", 4_000), "error 1:1: field name in backticks does not end or is empty"),
            Row("[1].all(x,)", "error 1:11: `all` needs an expression after its variables, got `)`"),
            Row("[1].map(x,x,)", "error 1:13: expected a value, got `)`"),
            Row("{}.transformMap(k,v,)", "error 1:21: `transformMap` needs an expression after its variables, got `)`"),
            Row("cel.bind(x,,)", "error 1:12: expected a value, got `,`"),
            Row("\u{0}", "error 1:1: unexpected character U+0"),
            Row("", "error 1:1: expected a value, got the end"),
            Row(
                "[1].map(a,[1].map(b,[1].map(c,[1].map(d,d))))",
                "error 1:35: macros are nested more than 3 deep"),
        ]
        for row in rows { #expect(outcome(of: row.source) == row.outcome, "\(row.source.prefix(20))") }
    }

    @Test func `what the specification asks of every grammar passes`() {
        let rows = [
            Row((["false"] + Array(repeating: "false", count: 30) + ["true"]).joined(separator: " || "), "true"),
            Row("0" + Self.repeated(" + 1", 24), "24"),
            Row(Self.repeated("(", 32) + "7" + Self.repeated(")", 32), "7"),
            Row(Self.repeated("[", 12) + "1" + Self.repeated("]", 12) + Self.repeated("[0]", 12), "1"),
            Row(Self.repeated("int(", 12) + "7" + Self.repeated(")", 12), "7"),
            Row(Self.repeated("true ? ", 1) + "1 : 2", "1"),
            Row(Self.repeated("!", 32) + "true", "true"),
        ]
        #expect(rows.map { Row($0.source, outcome(of: $0.source)) } == rows)
    }

    @Test func `a macro bomb ends at its budget, even where faults are absorbed`() {
        var environment = CELEnvironment()
        environment.declare("n", .list(.int))
        let numbers: [CELValue] = [.list((0..<1_000).map { .int(Int64($0)) })]
        let inner = "n.exists(x, n.exists(y, n.exists(z, x + y + z < 0)))"
        let rows = [
            Row(inner, "fault 1:23: costs more than its budget"),
            Row("\(inner) || true", "fault 1:23: costs more than its budget"),
            Row("n.all(x, n.map(y, n.map(z, [x, y, z])).size() >= 0)", "fault 1:18: costs more than its budget"),
            Row("n.map(x, n + n + n).size() > 0", "fault 1:1: costs more than its budget"),
            Row("n.map(x, string(x)).join(',').size() > 0", "true"),
        ]
        let places: Set<String> = Set(rows.map(\.outcome))
        #expect(places.count == 4)
        for row in rows {
            let found = outcome(of: row.source, in: environment, values: numbers)
            #expect(found.hasSuffix(row.outcome.hasPrefix("fault") ? "costs more than its budget" : row.outcome))
            #expect(!row.outcome.hasPrefix("fault") || found.hasPrefix("fault 1:"))
        }
    }

    @Test func `sharing does not make comparing and printing exponential`() {
        // Each binding doubles the size, none the memory.
        var source = "v0 == w0"
        for level in 0..<20 {
            source =
                "cel.bind(v\(level), [v\(level + 1), v\(level + 1)], cel.bind(w\(level), [w\(level + 1), w\(level + 1)], \(source)))"
        }
        source = "cel.bind(v20, [n], cel.bind(w20, [n], \(source)))"
        var environment = CELEnvironment()
        environment.declare("n", .int)
        let found = outcome(of: source, in: environment, values: [1], limits: CELLimits(depth: 100))
        #expect(found.hasSuffix("costs more than its budget"))
        let printed = outcome(
            of: source.replacing("v0 == w0", with: "'%s'.format([v0])"), in: environment, values: [1],
            limits: CELLimits(depth: 100))
        #expect(printed.hasSuffix("costs more than its budget"))
    }

    @Test func `sharing does not make checking exponential`() {
        // Each level would use the type of the one before as the key and as the value of a map.
        var source = "true"
        for level in (1..<60).reversed() {
            source = "cel.bind(m\(level), {}, [m\(level)[m\(level - 1)], m\(level - 1)] == [] || \(source))"
        }
        source = "cel.bind(m0, [], \(source))"
        let clock = ContinuousClock()
        let start = clock.now
        let found = outcome(of: source, limits: CELLimits(depth: 200))
        #expect(found.hasSuffix("the key of this map must be a bool, int, uint or string, not list(dyn)"), "\(found)")
        let chain = (1..<60).reversed().reduce("true") { "cel.bind(m\($1), [m\($1 - 1), m\($1 - 1)], \($0))" }
        #expect(outcome(of: "cel.bind(m0, [], \(chain))", limits: CELLimits(depth: 200)) == "true")
        #expect(clock.now - start < .seconds(2))
    }

    @Test func `long values are paid for and answered in time`() {
        var environment = CELEnvironment()
        environment.declare("text", .string)
        environment.declare("list", .list(.string))
        environment.declare("map", .map(.string, .int))
        let long = Self.repeated("a", 1 << 20)
        let values: [CELValue] = [
            .string(long), .list((0..<100_000).map { .string("item \($0)") }),
            .map(CELMap((0..<50_000).map { ("key \($0)", .int(Int64($0))) })),
        ]
        let rows = [
            Row("text.size()", "1048576"),
            Row("text.contains('b')", "false"),
            Row("text.contains('aaaaaaaaaaaaaaaaaaaaaaaab')", "false"),
            Row("text.matches('(a*)*b')", "false"),
            Row("text.matches('(a|aa)+$')", "true"),
            Row("'item 99999' in list", "true"),
            Row("map['key 49999']", "49999"),
            Row("text + text + text + text == text", "fault 1:1: costs more than its budget"),
            Row("text.replace('a', text).size()", "fault 1:1: costs more than its budget"),
            Row("text.split('').size()", "fault 1:1: costs more than its budget"),
            Row("list.exists(x, text + x == text)", "fault 1:16: costs more than its budget"),
            Row("list.exists(x, x.matches(x + '('))", "fault 1:16: bad pattern"),
        ]
        let clock = ContinuousClock()
        for row in rows {
            let start = clock.now
            let found = outcome(of: row.source, in: environment, values: values)
            let isBudget = row.outcome.hasSuffix("budget")
            #expect(
                isBudget
                    ? found.hasSuffix("costs more than its budget") : found.hasPrefix(String(row.outcome.prefix(11))),
                "\(row.source): \(found.prefix(200))")
            #expect(clock.now - start < .seconds(5), "\(row.source)")
        }
    }

    @Test func `no soup of tokens traps`() {
        let sample = Sample()
        let words = [
            "(", ")", "[", "]", "{", "}", ",", ".", ":", "?", "!", "-", "+", "*", "/", "%", "<", "<=", "==", "!=", "&&",
            "||", "in", "true", "null", "1", "0", "9223372036854775807", "1u", "1.5", "'a'", "b'\\xff'", "r'(a'", "op",
            "kind", "argv", "op.argv", "findings", "f", "has", "exists", "map", "all", "size", "matches", "now", "dyn",
            "timestamp", "'2024-01-01T00:00:00Z'", "getHours", "format", "'%s%d'", "optional", "none", ".?", "[?",
            "`a-b`",
            "cel.bind", "split", "substring", "math.greatest", "duration", "'1h'", "\\", "\u{1F431}", "//", "\n",
        ]
        var random = SeededGenerator(seed: 4)
        var loaded = 0
        for _ in 0..<40_000 {
            let count = Int.random(in: 1...14, using: &random)
            let source = (0..<count).map { _ in words.randomElement(using: &random) ?? "" }
                .joined(separator: Bool.random(using: &random) ? "" : " ")
            let found = outcome(of: source, in: sample.environment, values: sample.values, budget: 5_000)
            if !found.hasPrefix("error") { loaded += 1 }
        }
        #expect(loaded > 500)
    }

    @Test func `what the checker accepts has its overloads`() throws {
        let sample = Sample()
        var random = SeededGenerator(seed: 7)
        var faults = 0
        for _ in 0..<4_000 {
            var generator = TypedGenerator(random: random)
            let source = generator.expression(.bool, depth: 4)
            random = generator.random
            let program: CELProgram
            let again: CELProgram
            do throws(CELError) {
                let limits = CELLimits(macroDepth: 8)
                program = try CELProgram(source, in: sample.environment, limits: limits)
                again = try CELProgram(program.ast.text, in: sample.environment, limits: limits)
                #expect(again.ast.text == program.ast.text)
            } catch {
                Issue.record("\(source): \(error)")
                return
            }
            do throws(CELFault) {
                let holds = try program.holds(sample.values)
                #expect(try program.evaluate(sample.values) == .bool(holds))
                #expect(try again.holds(sample.values) == holds, "\(source)")
            } catch {
                faults += 1
                if [.noSuchOverload, .noSuchField, .unknownName].contains(error.code) {
                    Issue.record("\(source): \(error)")
                    return
                }
            }
        }
        #expect(faults > 50)
    }
}

/// Makes expressions of a wanted type out of the sample's variables.
struct TypedGenerator {
    var random: SeededGenerator
    private var variables: [(name: String, type: CELType)] = []
    private var count = 0

    init(random: SeededGenerator) {
        self.random = random
    }

    private mutating func pick<T>(_ options: [T]) -> T {
        options[Int.random(in: 0..<options.count, using: &random)]
    }

    mutating func expression(_ type: CELType, depth: Int) -> String {
        let bound = variables.filter { $0.type == type }.map(\.name)
        if !bound.isEmpty, Int.random(in: 0..<3, using: &random) == 0 { return pick(bound) }
        guard depth > 0 else { return leaf(type) }
        let next = depth - 1
        if Int.random(in: 0..<8, using: &random) == 0 {
            let condition = expression(.bool, depth: next)
            return "(\(condition) ? \(expression(type, depth: next)) : \(expression(type, depth: next)))"
        }
        switch type {
        case .bool:
            switch Int.random(in: 0..<10, using: &random) {
            case 0: return "(\(expression(.bool, depth: next)) && \(expression(.bool, depth: next)))"
            case 1: return "(\(expression(.bool, depth: next)) || \(expression(.bool, depth: next)))"
            case 2: return "!\(expression(.bool, depth: next))"
            case 3:
                let operand = pick([CELType.int, .string, .double, .timestamp, .duration])
                let operation = pick(["==", "!=", "<", "<=", ">", ">="])
                return "(\(expression(operand, depth: next)) \(operation) \(expression(operand, depth: next)))"
            case 4: return "(\(expression(.string, depth: next)) in \(expression(.list(.string), depth: next)))"
            case 5:
                return expression(.string, depth: next) + "." + pick(["contains", "startsWith", "endsWith", "matches"])
                    + "('e')"
            case 6: return macro(pick(["all", "exists", "exists_one"]), .string, .bool, next)
            case 7: return macro(pick(["all", "exists"]), .int, .bool, next)
            case 8: return "has(call.args.\(pick(["path", "mode"])))"
            default: return "findings.exists(f, f.severity > \(expression(.int, depth: next)))"
            }
        case .int:
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                return
                    "(\(expression(.int, depth: next)) \(pick(["+", "-", "*", "/", "%"])) \(expression(.int, depth: next)))"
            case 1: return "size(\(expression(.string, depth: next)))"
            case 2: return "\(expression(.list(.int), depth: next)).size()"
            case 3: return "\(expression(.list(.int), depth: next))[\(expression(.int, depth: next))]"
            default: return "session.counts[\(expression(.string, depth: next))]"
            }
        case .string:
            switch Int.random(in: 0..<5, using: &random) {
            case 0: return "(\(expression(.string, depth: next)) + \(expression(.string, depth: next)))"
            case 1: return "string(\(expression(pick([.int, .double, .timestamp, .duration]), depth: next)))"
            case 2: return "\(expression(.list(.string), depth: next)).join(',')"
            case 3: return "\(expression(.string, depth: next)).substring(\(expression(.int, depth: next)))"
            default: return "\(expression(.string, depth: next)).\(pick(["lowerAscii", "trim", "reverse"]))()"
            }
        case .double:
            return
                "(\(expression(.double, depth: next)) \(pick(["+", "-", "*", "/"])) \(expression(.double, depth: next)))"
        case .timestamp: return "(\(expression(.timestamp, depth: next)) + \(expression(.duration, depth: next)))"
        case .duration: return "(\(expression(.timestamp, depth: next)) - \(expression(.timestamp, depth: next)))"
        case .list(let element):
            switch Int.random(in: 0..<3, using: &random) {
            case 0: return "[\(expression(element, depth: next)), \(expression(element, depth: next))]"
            case 1: return macro("map", pick([.int, .string]), element, next)
            default: return macro("filter", element, .bool, next)
            }
        default: return leaf(type)
        }
    }

    private mutating func macro(_ name: String, _ over: CELType, _ result: CELType, _ depth: Int) -> String {
        let list = expression(.list(over), depth: depth)
        count += 1
        let variable = "v\(count)"
        variables.append((variable, over))
        let body = expression(result, depth: depth)
        variables.removeLast()
        return "\(list).\(name)(\(variable), \(body))"
    }

    private mutating func leaf(_ type: CELType) -> String {
        switch type {
        case .bool: pick(["true", "false", "op.force", "has(op.git.branch)"])
        case .int: pick(["0", "-1", "3", "op.port", "findings.size()", "9223372036854775807"])
        case .string: pick(["''", "'--force'", "op.kind", "op.git.remote", "'é\\U0001F431'"])
        case .double: pick(["0.5", "-1e10", "double(op.port)"])
        case .timestamp: pick(["now", "timestamp(0)", "timestamp('2024-02-29T00:00:00Z')"])
        case .duration: pick(["duration('1h')", "duration('-1ms')"])
        case .list(.string): pick(["op.argv", "['a']", "['b', op.kind]"])
        case .list: "[1, 2, op.port]"
        default: "null"
        }
    }
}
