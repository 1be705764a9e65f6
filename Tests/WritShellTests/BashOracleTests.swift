// SPDX-License-Identifier: Apache-2.0
import Testing

@Test(.enabled(if: BashOracle.isAvailable))
func `the oracle records what bash starts`() throws {
    let commands = try BashOracle.run(
        """
        x='a b'; mkdir "$x" $'c\\td'
        KEY=v run-it *.txt > out.log 2> err.log
        cd sub && tool <<< hello | sink
        missing; echo "$(date)" > /dev/null
        """,
        programs: ["mkdir", "run-it", "tool", "sink", "date"], outputs: ["tool": "from tool", "date": "today"],
        files: ["one.txt": "1", "sub/two.txt": "2"])
    var tail = commands
    let expected = [
        RecordedCommand(argv: ["mkdir", "a b", "c\td"], cwd: "~", environment: [:]),
        RecordedCommand(
            argv: ["run-it", "one.txt"], cwd: "~", environment: ["KEY": "v"], output: "~/out.log", errors: "~/err.log"),
        RecordedCommand(argv: ["date"], cwd: "~/sub", environment: [:]),
        RecordedCommand(argv: ["sink"], cwd: "~/sub", environment: [:], input: "from tool"),
        RecordedCommand(argv: ["tool"], cwd: "~/sub", environment: [:], input: "hello\n"),
    ]
    // The two ends of a pipe start in any order.
    tail.sort { ($0.cwd, $0.argv[0]) < ($1.cwd, $1.argv[0]) }
    #expect(tail == expected)
}
