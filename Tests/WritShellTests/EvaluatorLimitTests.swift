// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritShell

/// Hostile sizes end in an answer that says so. What they cost is the benchmark's business.
@Suite struct EvaluatorLimitTests {
    /// What makes an analysis opaque, each cause once.
    private func causes(_ command: String) -> Set<Operation.Opaque> {
        Set(ShellAnalyzer.analyze(command, in: testContext()).operations.compactMap(\.opaque))
    }

    @Test func `ten thousand nested parentheses are past the limit`() {
        for (open, close) in [("(", ")"), ("( ", " )"), ("$(", ")"), ("{ ", "; }"), ("\"$(", ")\""), ("<(", ")")] {
            let nested =
                (open.first == "$" || open.first == "<" || open.first == "\"" ? "echo " : "")
                + String(repeating: open, count: 10_000) + "a" + String(repeating: close, count: 10_000)
            #expect(causes(nested) == [.limit], "\(open)")
        }
    }

    @Test func `a one-liner of five megabytes and a million commands are past the limit`() {
        #expect(causes(String(repeating: "echo aaaaaaaaaa; ", count: 300_000)) == [.limit])
        #expect(causes(String(repeating: "a;", count: 500_000)) == [.limit])
        #expect(causes("echo " + String(repeating: "x", count: 5 << 20)) == [])
        #expect(causes(String(repeating: "a|", count: 100_000) + "a") == [.limit])
        #expect(causes("a" + String(repeating: "&&a", count: 100_000)) == [.limit])
    }

    @Test func `a million semicolons are no script`() {
        // `;;` stands nowhere but in a `case`: bash refuses it too.
        #expect(causes(String(repeating: ";", count: 1_000_000)) == [.unparsable])
        #expect(causes(String(repeating: "; ", count: 1_000_000)) == [.unparsable])
    }

    @Test func `a push of several branches is an operation for each`() {
        func branches(_ command: String) -> [String] {
            ShellAnalyzer.analyze(command, in: testContext()).operations.filter { $0.kind == .gitPush }.map(\.branch)
        }
        #expect(branches("git push origin fix main") == ["fix", "main"])
        #expect(branches("git push --delete origin fix main") == ["fix", "main"])
        #expect(branches("git push origin fix fix") == ["fix"])
    }

    @Test func `a sourced file is read behind the end of options, and without one there is still an operation`() {
        for command in [". -- ./x.sh", "source -- ./x.sh a"] {
            #expect(
                ShellAnalyzer.analyze(command, in: testContext()).operations.contains {
                    $0.kind == .fileRead && $0.path.hasSuffix("/x.sh")
                }, "\(command)")
        }
        #expect(ShellAnalyzer.analyze(".", in: testContext()).operations.map(\.kind) == [.shellExec])
    }

    @Test func `places lie within the text, whatever was added to read it`() {
        // The text is completed with a quote and `esac`, or read line by line.
        for command in [
            "case $1 in a) rm b;; *) trap \"rm c", "for f in a; do rm d", "fi\nrm -rf e\nif x; then rm f", "a ) rm g ; (",
        ] {
            var context = testContext()
            context.keepsInput = false
            let analysis = ShellAnalyzer.analyze(command, in: context)
            let spans = analysis.commands.map(\.span) + analysis.operations.compactMap(\.span)
            #expect(!spans.isEmpty && spans.allSatisfy { $0.start <= $0.end && $0.end <= command.utf8.count }, "\(command)")
        }
    }

    @Test func `what comes before the limit counts`() {
        let many = String(repeating: "echo a; ", count: 100_000)
        let found = lines("rm -rf /; " + many)
        #expect(found.contains("file.delete / force recursive"))
        #expect(found.contains { $0.hasSuffix("opaque:limit") })
    }

    @Test func `a make file, a package file and PowerShell have limits too`() {
        let deep = String(repeating: "$(", count: 5_000) + "X" + String(repeating: ")", count: 5_000)
        let rules = (0..<5_000).map { "t\($0): t\($0 + 1)\n\techo \($0)\n" }.joined()
        let loop = "A = $(A)$(A)\nB := $(A)\nall:\n\techo $(B)\n"
        let scripts = "{\"scripts\":{\"x\":\"npm run x && npm run x\"}}"
        let files = KnownFiles(texts: [
            "/proj/app/deep.mk": "X = \(deep)\nall:\n\techo $(X)\n", "/proj/app/rules.mk": rules, "/proj/app/loop.mk": loop,
            "/proj/app/package.json": scripts, "/proj/app/again.mk": "all:\n\t$(MAKE) -f again.mk\n\t$(MAKE) -f again.mk\n",
        ])
        for name in ["deep", "rules", "loop", "again"] {
            let found = ShellAnalyzer.analyze("make -f \(name).mk", in: testContext(files: files)).operations
            #expect(found.contains { $0.opaque != nil }, "\(name)")
            #expect(found.count <= 201)
        }
        let again = ShellAnalyzer.analyze("npm run x", in: testContext(files: files)).operations
        #expect(again.contains { $0.opaque == .limit } && again.count <= 201)
        for text in [
            String(repeating: "(", count: 10_000), String(repeating: "& {", count: 10_000),
            String(repeating: "echo a;", count: 100_000), String(repeating: "$(", count: 10_000),
        ] {
            let found = ShellAnalyzer.operations(ofPowerShell: text, in: testContext())
            #expect(found.contains { $0.opaque == .limit } && found.count <= 201, "\(text.prefix(8))")
        }
    }
}
