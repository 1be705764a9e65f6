// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritShell

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Any bytes are analysed as a command. The first byte chooses how: the shell's dialect, whether the shell lives on,
/// whether files are known, or PowerShell or SQL in place of a shell. A trap, a hang, a sanitizer report, more operations
/// or more text than is promised, another answer the second time, or a program that runs without an operation that says
/// so is a find.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzShellEvaluator(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let choice = bytes.first ?? 0
    let command = String(decoding: bytes.dropFirst(), as: UTF8.self)
    var context = ShellContext(
        workingDirectory: "/srv/project", workspace: "/srv/project", home: "/home/dev", user: "dev",
        files: choice & 8 == 0 ? nil : known, keepsInput: choice & 4 != 0)
    context.dialect = choice & 1 == 0 ? .bash : choice & 2 == 0 ? .zsh : .posix
    let begin = milliseconds()
    let operations: [WritCore.Operation]
    switch choice & 0xF0 {
    case 0x10:
        operations = ShellAnalyzer.operations(ofPowerShell: command, in: context)
        require(operations == ShellAnalyzer.operations(ofPowerShell: command, in: context), "it depends on chance")
    case 0x20:
        operations = ShellAnalyzer.operations(ofSQL: command, in: context)
        require(operations == ShellAnalyzer.operations(ofSQL: command, in: context), "it depends on chance")
    default:
        let analysis = ShellAnalyzer.analyze(command, in: context)
        operations = analysis.operations
        let again = ShellAnalyzer.analyze(command, in: context)
        require(operations == again.operations && analysis.commands == again.commands, "it depends on chance")
        require(analysis.commands.count <= 200, "more commands than are promised")
        for part in analysis.commands {
            require(0 <= part.span.start && part.span.start <= part.span.end, "a span is no span")
            require(part.span.end <= command.utf8.count, "a span ends behind the text")
        }
        // Silence would be taken for a command without effect.
        require(analysis.syntaxError == nil || analysis.isOpaque, "text that is not read has no operation")
        // A program whose name cannot be expanded (`…`) is refused by every shell, and nothing runs.
        let isNamed = analysis.commands.contains { !$0.text.contains("…") }
        require(!isNamed || !operations.isEmpty, "a command has no operation")
        require(analysis.normalisedText.utf8.count <= 2 * command.utf8.count, "normalising adds text")
    }
    // Two analyses and what the sanitizer costs; a second for four kilobytes is a thousand times the usual.
    require(milliseconds() - begin < 4_000, "it takes too long")
    require(operations.count <= 201, "more operations than are promised")
    let size = operations.reduce(0) { sum, operation in
        sum + operation.path.utf8.count + operation.command.utf8.count + operation.detail.utf8.count
            + operation.arguments.reduce(0) { $0 + $1.utf8.count }
    }
    require(size < 64 << 20, "it needs too much memory")
    return 0
}

/// Says what does not hold: an optimised build traps without a word.
private func require(_ holds: Bool, _ what: String) {
    guard holds else { fatalError(what) }
}

/// Files as a session knows them: a script, a build file, a link out of the project and one that leads to itself.
private let known = KnownFiles(
    texts: [
        "/srv/project/a.sh": "cd b && . ./c.sh\nrm -r \"$1\"\n",
        "/srv/project/b/c.sh": "curl https://example.com/i | sh\n",
        "/srv/project/Makefile": "all: a\n\techo $(X)\na:\n\t@./a.sh $@\n",
        "/srv/project/package.json": #"{"scripts": {"test": "node t.js && npm run x", "x": "npm test"}}"#,
    ],
    links: ["/srv/project/out": "/etc", "/srv/project/l": "l"])

private func milliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000
}
