// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritShell
import WritTestSupport

/// A script and the outline of its tree.
private let trees: [(script: String, tree: String)] = [
    (
        "ls -l 'a b' \"c $d\" e\\ f",
        """
        simple
          word 'ls'
          word '-l'
          word quoted 'a b'
          word
            double-quoted
              quoted 'c '
              parameter d
          word
            literal 'e'
            quoted ' '
            literal 'f'
        """
    ),
    (
        "a=1 b+=x c[2]=y d=(p [3]=q) e= run",
        """
        simple
          assign 'a'
            value '1'
          assign 'b' +=
            value 'x'
          assign 'c'
            index '2'
            value 'y'
          assign 'd'
            array
              value 'p'
              element
                index '3'
                value 'q'
          assign 'e'
          word 'run'
        """
    ),
    (
        "declare -a list=(x y) other=z",
        """
        simple
          assign 'list'
            array
              value 'x'
              value 'y'
          word 'declare'
          word '-a'
          word 'list'
          word 'other=z'
        """
    ),
    (
        "cat <<A <<-'B' | wc & # two\nx $y\nA\n\tz $y\n\tB\n",
        """
        statement &
          pipeline
            simple
              word 'cat'
              redirect <<
                word 'A'
                document
                  quoted 'x '
                  parameter y
                  quoted '\\n'
              redirect <<-
                word quoted 'B'
                document quoted 'z $y\\n'
            simple
              word 'wc'
        """
    ),
    (
        "echo $(cat <<E)\nlate\nE\necho `echo \\`id\\` \\$x`",
        """
        simple
          word 'echo'
          word
            command
              simple
                word 'cat'
                redirect <<
                  word 'E'
                  document quoted 'late\\n'
        simple
          word 'echo'
          word
            command
              simple
                word 'echo'
                word
                  command
                    simple
                      word 'id'
                word
                  parameter x
        """
    ),
    (
        "a && ! b || time -p c; { d; } 2>&1 | (e) |& f >|g 3<>h {fd}<i &>>j",
        """
        statement
          simple
            word 'a'
          and
            pipeline !
              simple
                word 'b'
          or
            pipeline time
              simple
                word 'c'
        pipeline | |&
          group
            simple
              word 'd'
            redirect 2>&
              word '1'
          subshell
            simple
              word 'e'
          simple
            word 'f'
            redirect >|
              word 'g'
            redirect 3<>
              word 'h'
            redirect {fd}<
              word 'i'
            redirect &>>
              word 'j'
        """
    ),
    (
        "if a; then b; elif c; then d; else e; fi >o; while x; do y; done; until x; do y; done",
        """
        if
          condition
            simple
              word 'a'
          then
            simple
              word 'b'
          condition
            simple
              word 'c'
          then
            simple
              word 'd'
          else
            simple
              word 'e'
          redirect >
            word 'o'
        while
          condition
            simple
              word 'x'
          do
            simple
              word 'y'
        until
          condition
            simple
              word 'x'
          do
            simple
              word 'y'
        """
    ),
    (
        "for i in 1 {2..3}; do a; done; for j; do b; done; for ((k=0;k<3;)) { c; }; select s in x; do d; done",
        """
        for 'i'
          in
            word '1'
            word '{2..3}'
          do
            simple
              word 'a'
        for 'j'
          do
            simple
              word 'b'
        for-arithmetic
          initial 'k=0'
          condition 'k<3'
          do
            simple
              word 'c'
        select 's'
          in
            word 'x'
          do
            simple
              word 'd'
        """
    ),
    (
        "case $x in a|b*) one;; (esac) ;& ?) two;;& *) esac",
        """
        case
          subject
            parameter x
          arm
            pattern 'a'
            pattern 'b*'
            body
              simple
                word 'one'
          arm ;&
            pattern 'esac'
            body
          arm ;;&
            pattern '?'
            body
              simple
                word 'two'
          arm
            pattern '*'
            body
        """
    ),
    (
        "f-x.y() { a; } >l\nfunction g { b; }\nfunction h() (c)\ncoproc P { d; }\ncoproc e f",
        """
        function 'f-x.y'
          group
            simple
              word 'a'
            redirect >
              word 'l'
        function 'g'
          group
            simple
              word 'b'
        function 'h'
          subshell
            simple
              word 'c'
        coproc 'P'
          group
            simple
              word 'd'
        coproc
          simple
            word 'e'
            word 'f'
        """
    ),
    (
        "[[ ! -f $a && ( b == c* || d < e ) && x =~ ^(a b|c)+$ ]]; (( a+(b) )) ; ((a) ; (b))",
        """
        test
          and
            and
              not
                unary -f
                  word
                    parameter a
              or
                binary ==
                  word 'b'
                  word 'c*'
                binary <
                  word 'd'
                  word 'e'
            binary =~
              word 'x'
              word '^(a b|c)+$'
        arithmetic ' a+(b) '
        subshell
          subshell
            simple
              word 'a'
          subshell
            simple
              word 'b'
        """
    ),
    (
        "x $((1+$n)) $[2] $((a) | (b)) <(c) >(d) !(e|f*) $'\\x41\\n\\101\\u00e9\\cA\\0zz' $\"t\" $$ $ $1a",
        """
        simple
          word 'x'
          word
            arithmetic
              literal '1+'
              parameter n
          word
            arithmetic '2'
          word
            command
              pipeline
                subshell
                  simple
                    word 'a'
                subshell
                  simple
                    word 'b'
          word
            process <
              simple
                word 'c'
          word
            process >
              simple
                word 'd'
          word
            extended !
              word 'e'
              word 'f*'
          word quoted 'A\\nAé\\x01'
          word
            double-quoted quoted 't'
          word
            parameter $
          word '$'
          word
            parameter 1
            literal 'a'
        """
    ),
    (
        "p ${a:-b} ${#a} ${#a[@]} ${!a} ${!a*} ${!a[@]} ${a[1]} ${a##*/} ${a%.c} ${a//x/y} ${a/#x} ${a:1:2} ${a^^} ${a@Q} ${#} ${#-} ${!}",
        """
        simple
          word 'p'
          word
            parameter a
              fallback :- 'b'
          word
            parameter a
              length
          word
            parameter a
              index '@'
              length
          word
            parameter !a
          word
            parameter a
              names
          word
            parameter a
              index '@'
              names
          word
            parameter a
              index '1'
          word
            parameter a
              trim ## '*/'
          word
            parameter a
              trim % '.c'
          word
            parameter a
              replace // 'x'
              with 'y'
          word
            parameter a
              replace /# 'x'
          word
            parameter a
              offset quoted '1'
              length quoted '2'
          word
            parameter a
              case ^^
          word
            parameter a
              transform Q
          word
            parameter #
          word
            parameter -
              length
          word
            parameter !
        """
    ),
    (
        "\"${a:-\"x y\" '}'}\" ${b:-'c}'\"${d#'e'}\"} ${f//\\//_}",
        """
        simple
          word
            double-quoted
              parameter a
                fallback :-
                  double-quoted quoted 'x y'
                  quoted ' \\'}\\''
          word
            parameter b
              fallback :-
                quoted 'c}'
                double-quoted
                  parameter d
                    trim # quoted 'e'
          word
            parameter f
              replace // quoted '/'
              with '_'
        """
    ),
    (
        "i\\\nf x\\\ny; then HO\\\nME=1; fi; $\\\n(z); echo a#b #c",
        """
        if
          condition
            simple
              word 'xy'
          then
            simple
              assign 'HOME'
                value '1'
        simple
          word
            command
              simple
                word 'z'
        simple
          word 'echo'
          word 'a#b'
        """
    ),
    (
        "${ x; } ${bad form} \u{0}ok",
        """
        simple
          word
            command
              simple
                word 'x'
          word
            unreadable
              text 'bad form'
          word 'ok'
        """
    ),
    (
        "!(x); ! ; time; then=1; echo then } fi",
        """
        pipeline !
          subshell
            simple
              word 'x'
        pipeline !
          simple
        pipeline time
          simple
        simple
          assign 'then'
            value '1'
        simple
          word 'echo'
          word 'then'
          word '}'
          word 'fi'
        """
    ),
]

@Test func `scripts become the trees that bash would run`() {
    for (script, tree) in trees {
        let outcome = ShellParser.parse(script)
        #expect(outcome.error == nil, "\(script)")
        #expect(ShellTree.describe(outcome.script) == tree + "\n", "\(script)")
    }
}

@Test func `printed trees are read as the same trees`() {
    for (script, _) in trees {
        let first = ShellParser.parse(script).script
        let text = ShellPrinter.print(first)
        let second = ShellParser.parse(text)
        #expect(second.error == nil, "\(text)")
        #expect(ShellTree.describe(second.script) == ShellTree.describe(first), "\(text)")
        #expect(ShellPrinter.print(second.script) == text)
    }
}

@Test func `half a character behind a backslash takes nothing of what follows`() {
    // Bash ends the command at each of these signs; with one of them inside the word, what follows would not be seen.
    for half in [[0xDB], [0xE3], [0xE3, 0x81], [0xF0], [0xF0, 0x9F], [0xF0, 0x9F, 0x98], [0xFF], [0x80]] as [[UInt8]] {
        for sign in [";", "|", "&", "\n", "&&"] {
            let outcome = ShellParser.parse(Array("echo a\\".utf8) + half + Array("\(sign)rm x".utf8))
            #expect(outcome.error == nil)
            #expect(ShellTree.describe(outcome.script).contains("word 'rm'"), "\(half) \(sign)")
        }
        let group = ShellParser.parse(Array("(echo a\\".utf8) + half + Array(")".utf8))
        #expect(group.error == nil, "\(half)")
    }
    #expect(ShellTree.describe(ShellParser.parse("echo \\é;").script).contains("quoted 'é'"))
}

@Test func `a zero byte is nothing, also in what is printed`() {
    // No script can hold one: bash drops it while reading, and so does the parser, before it reads.
    let text = Array("$(($(\\)))!)".utf8)
    for place in 0...text.count {
        let with = ShellParser.parse(Array(text[..<place]) + [0] + Array(text[place...]))
        let without = ShellParser.parse(text)
        #expect(ShellPrinter.print(with.script) == ShellPrinter.print(without.script), "\(place)")
    }
}

@Test func `zsh forms are read in zsh`() {
    let table: [(script: String, printed: String)] = [
        ("ls *(.) x(N)", "ls *(.) x(N)"),
        ("for f (a b) rm $f", "for f in a b; do\n    rm ${f}\ndone"),
        ("repeat 3 date", "for ((;3;)); do\n    date\ndone"),
        ("{ a } always { b }", "{\n    a\n    b\n}"),
        (
            "() { rm $1 } /tmp/x",
            "{\n    function (anonymous) () {\n        rm ${1}\n    }\n    '(anonymous)' /tmp/x\n}"
        ),
        ("diff =(a) =ls", "diff <(a) =ls"),
        ("make &!", "make &"),
        ("if [[ -f a ]] { b } else { c }", "if [[ -f a ]]; then\n    b\nelse\n    c\nfi"),
        ("echo x >! y", "echo x > y"),
    ]
    for (script, printed) in table {
        let outcome = ShellParser.parse(script, dialect: .zsh)
        #expect(outcome.error == nil, "\(script)")
        #expect(ShellPrinter.print(outcome.script) == printed, "\(script)")
    }
}

@Test func `faults are named with their place`() {
    let table: [(script: String, fault: String?)] = [
        ("a\n b 'c", "2:6: unterminated single quote opened at line 2"),
        ("x\ny\necho \"a\nb", "4:2: unterminated double quote opened at line 3"),
        ("echo $'a", "1:9: unterminated `$'` opened at line 1"),
        ("echo `a", "1:8: unterminated backquote opened at line 1"),
        ("echo $(a", "1:9: unclosed `$(` opened at line 1"),
        ("echo $((1", "1:10: unclosed `((` opened at line 1"),
        ("echo ${a", "1:9: unclosed `${` opened at line 1"),
        ("a=(b", "1:5: unclosed `(` of an array opened at line 1"),
        ("a[1", "1:4: unclosed `[` opened at line 1"),
        ("(a", "1:3: unclosed `(` opened at line 1"),
        ("{ a; ", "1:6: unclosed `{` opened at line 1"),
        ("if a; then\nb", "2:2: missing `fi` for `if` opened at line 1"),
        ("while a; b", "1:11: missing `do` for `while` opened at line 1"),
        ("case x in a) b", "1:15: missing `esac` for `case` opened at line 1"),
        ("[[ a", "1:5: unclosed `[[` opened at line 1"),
        ("[[ a b ]]", "1:6: unexpected `b`"),
        ("a )", "1:3: unexpected `)`"),
        (";; a", "1:1: unexpected `;;`"),
        ("a ;; b", "1:3: unexpected `;;`"),
        ("a | | b", "1:5: unexpected `|`"),
        ("a &&", "1:5: unexpected end"),
        ("a & & b", "1:5: unexpected `&`"),
        ("( )", "1:3: unexpected `)`"),
        ("if ; then a; fi", "1:4: unexpected `;`"),
        ("if a; then fi", "1:12: unexpected `fi`"),
        ("fi", "1:1: unexpected `fi`"),
        ("} a", "1:1: unexpected `}`"),
        ("for i in a; b", "1:13: unexpected `b`"),
        ("for ((a;b)); do c; done", "1:1: `for ((` needs three expressions"),
        ("f() a", "1:5: unexpected `a`"),
        ("f(a", "1:2: unexpected `(`"),
        ("a >", "1:4: unexpected end"),
        ("a >\nb", "1:4: unexpected newline"),
        ("a < > b", "1:5: unexpected `>`"),
        ("a=(;)", "1:4: unexpected `;`"),
        ("cat <<E\nno end", nil),
        ("echo 'ok' # '", nil),
        ("a=(b\u{1B}", "1:6: unclosed `(` of an array opened at line 1"),
        ("( ) \u{1B}[2J", "1:3: unexpected `)`"),
        ("(a) \u{1B}[2J", "1:5: unexpected `?[2J`"),
        ("", nil),
    ]
    for (script, fault) in table {
        #expect(ShellParser.parse(script).error?.description == fault, "\(script)")
    }
}

@Test func `what stands before a fault is kept`() {
    let table: [(script: String, printed: String)] = [
        ("rm a; rm b\n)", "rm a\nrm b"),
        // Bash drops the line of a bad array and runs the next one.
        ("x=(;) dropped\nrm c", "rm c"),
        ("{ x=(;)\nrm d", "rm d"),
        // Backquotes are read when they expand: their first commands run.
        ("echo `rm e\nfor`", "echo $(rm e)"),
        ("cat <<E\n$(rm f) ${\nE\nrm g", "cat <<E\n$(rm f) ${\nE\nrm g"),
    ]
    for (script, printed) in table {
        #expect(ShellPrinter.print(ShellParser.parse(script).script) == printed, "\(script)")
    }
}

@Test func `faults inside of text that expands later are warnings`() {
    let outcome = ShellParser.parse("echo `for`; cat <<E\n`\nE\necho ${a b}")
    #expect(outcome.error == nil)
    #expect(
        outcome.warnings.map(\.description) == [
            "1:10: unexpected end", "3:1: unterminated backquote opened at line 2", "4:6: bad substitution",
        ])
}

@Test func `spans count the bytes of the original text`() throws {
    let outcome = ShellParser.parse("é=1; echo \u{0}a `b \\`c\\``")
    let command = try #require(outcome.script.statements.last?.first.commands.first)
    guard case .simple(_, let words) = command.body else {
        Issue.record("not a simple command")
        return
    }
    #expect(
        words.map(\.span) == [
            SourceSpan(start: 6, end: 10), SourceSpan(start: 12, end: 13), SourceSpan(start: 14, end: 23),
        ])
    guard case .command(let inner, let span) = words[2].parts[0],
        case .simple(_, let innerWords) = inner.statements[0].first.commands[0].body
    else {
        Issue.record("not a command substitution")
        return
    }
    #expect(span == SourceSpan(start: 14, end: 23))
    #expect(innerWords.map(\.span) == [SourceSpan(start: 15, end: 16), SourceSpan(start: 18, end: 22)])
}

@Test func `an outline is also JSON`() {
    let tree = ShellTree(ShellParser.parse("a b").script)
    #expect(
        tree.json
            == .object([
                JSON.Member("kind", "script"),
                JSON.Member(
                    "children",
                    .array([
                        .object([
                            JSON.Member("kind", "simple"), JSON.Member("start", .integer(0)),
                            JSON.Member("end", .integer(3)),
                            JSON.Member("children", .array([node("a", 0), node("b", 2)])),
                        ])
                    ])),
            ]))

    func node(_ text: String, _ start: Int64) -> JSON {
        .object([
            JSON.Member("kind", "word"), JSON.Member("start", .integer(start)), JSON.Member("end", .integer(start + 1)),
            JSON.Member(
                "children",
                .array([.object([JSON.Member("kind", "literal"), JSON.Member("detail", .string("'\(text)'"))])])),
        ])
    }
}

/// Mutates the scripts above and asks `bash -n` about each: what bash accepts must be read. The parser may read more
/// (patterns of `extglob` are read without the option). `[[` is left out, because bash ends silently, and with 0, at some
/// faults in it, and `!(`, which is a negated subshell where a command starts, whatever the option says.
@Test(.enabled(if: BashOracle.isAvailable))
func `whatever bash accepts is read`() throws {
    var generator = SeededGenerator(seed: 7)
    let pieces = [
        "(", ")", "((", "))", "{ ", " }", ";", ";;", "&", "&&", "|", "<", ">", "<<E\n", "$(", "${", "`", "\"", "'",
        "\\", "\n",
        "$", "#", " ", "! ", "[[ ", " ]]", "if ", "then ", "fi ", "for ", "in ", "do ", "done ", "case ", "esac", "a=(",
        "x",
        "time ", "coproc ", "function ", "=", "E\n", "\\\n", "$'", "-", "/", ":", "2>", "{fd}>", "f() ", "while ",
        "else ",
    ]
    var agreed = 0
    var stricter = 0
    var total = 0
    for _ in 0..<400 {
        guard var script = trees.randomElement(using: &generator).map({ Array($0.script.utf8) }) else { return }
        for _ in 0..<Int.random(in: 1...2, using: &generator) {
            let place = Int.random(in: 0...script.count, using: &generator)
            if Bool.random(using: &generator), let piece = pieces.randomElement(using: &generator) {
                script.insert(contentsOf: Array(piece.utf8), at: place)
            } else {
                let stop = min(script.count, place + Int.random(in: 1...3, using: &generator))
                script.removeSubrange(place..<stop)
            }
        }
        script.removeAll { $0 == 0 }
        let text = String(decoding: script, as: UTF8.self)
        if text.contains("[[") || text.contains("!(") { continue }
        let isAccepted = try bashAccepts(script)
        let isRead = ShellParser.parse(script).error == nil
        total += 1
        agreed += isAccepted == isRead ? 1 : 0
        stricter += isAccepted && !isRead ? 1 : 0
        #expect(isRead || !isAccepted, "\(String(decoding: script, as: UTF8.self))")
    }
    print("mutated scripts: bash and the parser agree on \(agreed) of \(total); bash alone accepts \(stricter)")
    #expect(agreed * 100 >= total * 95)
}

/// `bash -n`. Some faults are printed and yet end with 0, so anything printed but a warning counts.
private func bashAccepts(_ script: [UInt8]) throws -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: BashOracle.shell)
    process.arguments = ["--norc", "-O", "extglob", "-n"]
    process.environment = ["LANG": "C.UTF-8"]
    let input = Pipe()
    let errors = Pipe()
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: script)
    try input.fileHandleForWriting.close()
    let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    let complaints = text.split(separator: "\n").filter { !$0.contains("warning:") }
    return process.terminationStatus == 0 && complaints.isEmpty
}
