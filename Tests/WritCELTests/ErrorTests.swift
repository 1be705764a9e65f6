// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCEL

@Suite struct ErrorTests {
    let sample = Sample()

    @Test func `an error while loading names the place and the next step`() {
        let rows = [
            Row("op.knd == 'exec'", "error 1:1: unknown field `knd` of `op` (did you mean `kind`?)"),
            Row("op.git.remot == ''", "error 1:1: unknown field `remot` of `op.git` (did you mean `remote`?)"),
            Row("opp.kind == 'exec'", "error 1:1: unknown name `opp` (did you mean `op`?)"),
            Row("op.git == null", "error 1:1: `op.git` is a group of fields, not a value (name one of its fields)"),
            Row("response.text == ''", "error 1:1: `response.text` is not known before the call"),
            Row(
                "findings.exists(f, f.severty > 1)",
                "error 1:20: unknown field `severty` of `finding` (did you mean `severity`?)"),
            Row("op.kind = 'exec'", "error 1:9: unexpected character `=` (write `==` to compare)"),
            Row("op.force & true", "error 1:10: unexpected character `&` (write `&&`)"),
            Row("op.kind == ", "error 1:12: expected a value, got the end"),
            Row("(op.force", "error 1:10: expected `)`, got the end"),
            Row("op.force op.force", "error 1:10: expected an operator or the end, got `op`"),
            Row("op.kind == 3", "error 1:1: `==` does not apply to string and int"),
            Row(
                "op.port > 1.5",
                "error 1:1: `>` does not apply to int and double (convert one side: int(…), uint(…), double(…))"),
            Row("op.force &&\n  op.port", "error 2:3: each side of `&&` must be bool, not int"),
            Row("!op.kind", "error 1:2: the operand of `!` must be bool, not string"),
            Row("op.kind ? 1 : 2", "error 1:1: the condition before `?` must be bool, not string"),
            Row(
                "op.force ? 1 : 'a'",
                "error 1:1: both results must have one type, not int and string (wrap one in dyn(…) to mix them)"),
            Row("op.kind.matches('a(')", "error 1:17: bad pattern: missing ): a("),
            Row("op.kind.matches('(?=a)')", "error 1:17: bad pattern: invalid perl operator: (?="),
            Row(
                "contains(op.kind, 'a')",
                "error 1:1: unknown function `contains` (call it on a value: x.contains(…))"),
            Row(
                "op.kind.contains(1)",
                "error 1:1: no overload string.contains(int) (there is string.contains(string))"),
            Row("op.port.exists(x, true)", "error 1:1: `exists` walks a list or a map, not int"),
            Row("op.argv.exists(1, true)", "error 1:16: `exists` needs the name of a variable, got a number"),
            Row("op.argv.exists(x.y, true)", "error 1:16: `exists` needs the name of a variable"),
            Row("op.argv.filter(x, x)", "error 1:19: the condition of `filter` must be bool, not string"),
            Row("has(op)", "error 1:1: `has` needs one field, as in has(a.b)"),
            Row("'abc", "error 1:1: text in quotes does not end"),
            Row("'\\q'", "error 1:2: unknown escape in a text (write `\\\\` for a backslash, or r\"…\" for a pattern)"),
            Row("9223372036854775808", "error 1:1: number does not fit an int"),
            Row("{1.5: 2}", "error 1:2: a key must be a bool, int, uint or string, not double"),
            Row("for == 1", "error 1:1: `for` is a reserved word"),
            Row("Type{a: 1}", "error 1:1: messages are not supported (write a map: {\"key\": …})"),
            Row("op.kind == 'é' && \u{200B}true", "error 1:19: unexpected character U+200B"),
        ]
        #expect(sample.outcomes(rows) == rows)
    }

    @Test func `a condition must be a bool`() {
        let error = #expect(throws: CELError.self) { try CELProgram("op.kind", in: sample.environment) }
        #expect(error?.description == "1:1: expected bool, got string")
        let fault = #expect(throws: CELFault.self) {
            try CELProgram("call.args.count", in: sample.environment).holds(sample.values)
        }
        #expect(fault?.description == "1:1: expected a bool")
    }

    @Test func `printing is stable and forgets spelling`() throws {
        let rows = [
            Row("a&&(b||c)&&!d", "a && (b || c) && !d"),
            Row("( a . b )[ 'x' ]", "a.b[\"x\"]"),
            Row("1-(2-3)*-4", "1 - (2 - 3) * -4"),
            Row("-(1)", "-(1)"),
            Row("a?b:c?d:e", "a ? b : c ? d : e"),
            Row("(a?b:c)?d:e", "(a ? b : c) ? d : e"),
            Row("x.map(y,y>1,[y,{y:2u}])", "x.map(y, y > 1, [y, {y: 2u}])"),
            Row("has(a.b)&&a.?c[?0].d()", "has(a.b) && a.?c[?0].d()"),
            Row("[b'\\x00a', r'\\d']", "[b\"\\x00a\", \"\\\\d\"]"),
            Row("cel.bind(x,1.0,x+.5e1)", "cel.bind(x, 1.0, x + 5.0)"),
            Row("a.`b-c`", "a.`b-c`"),
            Row("!(a == b) in c", "!(a == b) in c"),
        ]
        var environment = CELEnvironment()
        for name in ["a", "b", "c", "d", "e", "x"] { environment.declare(name, .dyn) }
        environment.define("d", member: true, parameters: [.dyn], result: .dyn) { $0[0] }
        for row in rows {
            let text = try CELProgram(row.source, in: environment, expecting: nil).ast.text
            #expect(text == row.outcome)
            #expect(try CELProgram(text, in: environment, expecting: nil).ast.text == text)
        }
    }

    @Test func `the tree names paths and places`() throws {
        let source = "op.kind == 'exec' && op.git.remote != ''"
        let tree = try CELProgram(source, in: sample.environment).ast
        guard case .and(let terms) = tree.kind else {
            Issue.record("not a conjunction")
            return
        }
        let found = terms.flatMap(\.children).compactMap(\.path)
        #expect(found == ["op.kind", "op.git.remote"])
        let bytes = Array(source.utf8)
        #expect(
            terms.map { String(decoding: bytes[$0.range], as: UTF8.self) } == [
                "op.kind == 'exec'", "op.git.remote != ''",
            ])
    }
}
