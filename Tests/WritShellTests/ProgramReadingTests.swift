// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritShell

@Suite struct ProgramReadingTests {
    private func reading(_ arguments: [Value], isFed: Bool = false) -> ProgramReading {
        ProgramTable.builtIn.effects(of: arguments, input: InputFacts(isProvided: isFed))
    }

    private func lines(_ line: String) -> [String] {
        EffectSummary.lines(reading(Value(line).splitIntoWords()).effects)
    }

    @Test func `names are found by path, version, suffix and target`() {
        for name in ["rm", "/bin/rm", "./rm", "rm.exe", "C:\\x\\rm.EXE"] {
            #expect(reading([Value(name), Value("x")]).isKnown, "\(name)")
        }
        for (name, word) in [
            ("python3.11", "python"), ("gcc-12", "gcc"), ("x86_64-linux-gnu-gcc-12", "gcc"), ("ruby2.7", "ruby"),
        ] {
            let reading = reading([Value(name), Value("--version")])
            #expect(reading.isKnown, "\(name)")
            #expect(reading.canonicalWords == [word])
        }
        #expect(!reading([Value("no-such-program")]).isKnown)
    }

    @Test func `canonical words leave options out`() {
        let cases: [(String, [String])] = [
            ("git -C x --no-pager push -f origin main", ["git", "push"]),
            ("aws --profile p s3 rm s3://b", ["aws", "s3", "rm"]),
            ("docker system prune -af", ["docker", "system", "prune"]),
            ("kubectl -n x delete pod y", ["kubectl", "delete"]),
            ("npm run build", ["npm", "run"]),
            ("ls -la", ["ls"]),
        ]
        for (line, words) in cases { #expect(reading(Value(line).splitIntoWords()).canonicalWords == words, "\(line)") }
    }

    @Test func `what is not known of a word stays in its effect`() {
        let home = Value(pieces: [.unknown(.environment("X")), .text("/y")])
        #expect(reading([Value("rm"), Value("-rf"), home]).effects == [.delete(home, traits: [.force, .recursive])])
        let attached = Value(pieces: [.text("-o"), .unknown(.output)])
        #expect(
            reading([Value("sort"), attached]).effects
                == [.write(Value(pieces: [.unknown(.output)]), appends: false), .output(.passesInput)])
        let long = Value(pieces: [.text("--output="), .unknown(.output), .text("/x")])
        #expect(
            reading([Value("sort"), long]).effects
                == [.write(Value(pieces: [.unknown(.output), .text("/x")]), appends: false), .output(.passesInput)])
    }

    @Test func `computed options and sub-commands are reported`() {
        #expect(
            reading([Value("rm"), Value(pieces: [.text("-"), .unknown(.output)]), Value("x")]).unknownOptions == 1)
        #expect(
            reading([Value("rm"), Value(pieces: [.text("--"), .unknown(.output)]), Value("x")]).unknownOptions == 1)
        #expect(reading([Value("git"), .unknown(.output)]).hasUnknownCommand)
        #expect(reading([.unknown(.output), Value("x")]).hasUnknownCommand)
    }

    @Test func `a shortened long option means what the whole one means`() {
        #expect(lines("rm --rec --forc x") == ["delete x force recursive"])
        #expect(lines("tar --checkpoint-act=exec=id -cf a b").contains("code sh id"))
        #expect(lines("git reset --h").contains { $0.hasPrefix("git.discard") })
    }

    @Test func `a double dash ends options`() {
        #expect(lines("rm -- -rf") == ["delete -rf"])
        #expect(lines("xargs -- rm -f") == ["run-with-input rm -f"])
    }

    @Test func `nothing traps on short and odd arguments`() {
        let odd = [
            "", "-", "--", "---", "-=", "--=", "+", "/", "=", "a=", "-o", "--output", "--output=", "{}", ";", "-e",
            "-c", "-exec", "@", ":",
        ]
        for name in ProgramTable.builtIn.names {
            _ = reading([Value(name)])
            for word in odd {
                _ = reading([Value(name), Value(word)])
                _ = reading([Value(name), Value(word), Value(word)])
            }
            _ = reading([
                Value(name), .unknown(.output), Value(pieces: [.text("-"), .unknown(.output)]),
                Value(pieces: [.glob("*")]),
            ])
        }
    }

    @Test func `packages are told apart from their versions`() {
        let cases: [(String, String, String, String)] = [
            ("npm", "lodash@4.17.21", "lodash", "4.17.21"), ("npm", "@scope/x@1", "@scope/x", "1"),
            ("npm", "@scope/x", "@scope/x", ""),
            ("pypi", "requests==2.0", "requests", "2.0"), ("pypi", "a[b,c]>=1,<2", "a", ">=1,<2"),
            ("pypi", "x", "x", ""),
            ("apt", "curl=7.1", "curl", "7.1"), ("docker", "h:5000/o/x:1", "h:5000/o/x", "1"),
            ("docker", "x@sha256:ab", "x", "sha256:ab"), ("go", "h/x@v1", "h/x", "v1"), ("npm", "./x@1", "./x@1", ""),
        ]
        for (ecosystem, text, name, version) in cases {
            let reference = PackageReference(ecosystem: ecosystem, text: text)
            #expect(reference.name == name && reference.version == version, "\(text)")
        }
    }

    @Test func `variables that make programs run something are known`() {
        let cases: [(assignment: String, lines: [String])] = [
            ("PAGER='sh -c id'", ["config.write (environment)", "shell.exec sh interpreter", "shell.exec id"]),
            ("PAGER=cat", []), ("GIT_SSH_COMMAND=./x", ["config.write (environment)", "shell.exec x opaque:unread"]),
            ("LD_PRELOAD=./x.so", ["config.write opaque:unread (environment)"]),
            (
                "BASH_ENV=./x",
                ["config.write (environment)", "file.read /proj/app/x", "shell.exec tool /proj/app/x interpreter opaque:unread"]
            ),
            ("NODE_OPTIONS='--require ./x.js'", ["config.write opaque:unread (environment)"]),
            ("NODE_OPTIONS=--max-old-space-size=4096", []), ("HOME=/x", []), ("FOO=bar", []),
            ("https_proxy=http://h:1", ["config.write (environment)"]),
            ("npm_config_registry=http://h", ["config.write (environment)"]),
            ("NODE_TLS_REJECT_UNAUTHORIZED=0", ["config.write unverified (environment)"]),
            ("GIT_SSL_NO_VERIFY=true", ["config.write unverified (environment)"]), ("GIT_SSL_NO_VERIFY=", []),
            ("RESTIC_PASSWORD_COMMAND='cat x'", ["config.write (environment)", "shell.exec cat", "file.read /proj/app/x"]),
            (
                "RIPGREP_CONFIG_PATH=./rc",
                ["file.read /proj/app/rc", "config.write opaque:unread (environment)"]
            ),
            ("GIT_CONFIG_VALUE_0=./x", ["config.write opaque:unread (environment)"]),
        ]
        for (assignment, expected) in cases {
            let found = ShellAnalyzer.analyze("\(assignment) tool", in: testContext()).operations.map(line)
            #expect(found == expected + ["shell.exec tool"], "\(assignment)")
        }
    }

    @Test func `a sub-command that is not in the table is unread`() {
        #expect(lines("docker frobnicate x") == ["unread the sub-command frobnicate, which is not in the table"])
        #expect(lines("docker") == [])
    }

    @Test func `a faulty table names its line`() {
        let cases: [(String, String)] = [
            ("program x\n  rest frob\n", "t:2: no role is called `frob`"),
            ("program x\n  rest read if -z\n", "t:2: the condition `-z` names no option of the program"),
            ("program x\n\nprogram x\n", "t:3: `x` is also at line 1 of another table or this one"),
            ("program x\n  wobble\n", "t:2: no line begins with `wobble`"),
            ("thing x\n", "t:1: expected `program` or `shared`"),
            ("program x\n  use y\n", "t:2: nothing shared is called `y`"),
            ("program x\n  rest delete +soft\n", "t:2: no trait is called `soft`"),
        ]
        for (text, message) in cases {
            #expect(throws: ProgramTableFault.self) { try ProgramTable(tables: [("t", text)]) }
            do throws(ProgramTableFault) {
                _ = try ProgramTable(tables: [("t", text)])
            } catch {
                #expect(error.description == message)
            }
        }
    }

    @Test func `an example that does not hold is reported with what the table says`() throws {
        let table = try ProgramTable(tables: [("t", "program x\n  rest read\n  match x a => write a\n")])
        #expect(
            try table.verifyExamples() == [
                .init(table: "t", line: 3, command: "x a", expected: "write a", actual: "read a")
            ])
    }

    @Test func `tables load fast and readings are cheap`() {
        // Generous limits for a busy machine in debug; the figures of a release build are printed by the same test.
        let clock = ContinuousClock()
        var table = ProgramTable.embedded()
        let load = clock.measure { table = ProgramTable.embedded() }
        let git = clock.measure { _ = table.contains("git") }
        let all = clock.measure { for name in table.names { _ = table.contains(name) } }
        func each(_ line: String) -> Duration {
            let arguments = Value(line).splitIntoWords()
            let rounds = 5_000
            var best = Duration.seconds(1)
            for _ in 0..<5 {
                var total = 0
                let time = clock.measure { for _ in 0..<rounds { total += table.effects(of: arguments).effects.count } }
                #expect(total > 0)
                best = min(best, time / rounds)
            }
            return best
        }
        print("index \(load), first git \(git), all programs \(all)")
        for line in [
            "ls -la src", "rm -rf build", "git push origin main", "curl -fsSL -o x https://h/y",
            "aws s3 rm s3://b --recursive",
        ] {
            print("\(line): \(each(line))")
        }
        #expect(load < .milliseconds(500))
    }
}
