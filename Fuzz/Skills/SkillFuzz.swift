// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritSkills

/// Reads the input as every kind of file that instructs or configures an agent. A trap, a hang, or a place outside the
/// input is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSkills(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    for path in ["SKILL.md", "hooks.json", "config.toml", "config.yaml", "package.json", ".husky/pre-commit", "a.ps1"] {
        for finding in scanner.scan(bytes, path: path) + scanner.scan(commandsOf: bytes, path: path) {
            precondition(finding.span.start >= 0 && finding.span.end <= count, "a finding outside the input")
        }
        _ = SkillScanner.references(in: bytes, path: path)
    }
    _ = scanner.scan(files: [
        SkillFile(path: "a.pyc", bytes: bytes), SkillFile(path: "a.py", bytes: Array(bytes.prefix(64))),
    ])
    return 0
}

/// The shell engine has a target of its own; here every command is one that sends what it reads.
private let scanner: SkillScanner = {
    do {
        return try SkillScanner { _ in
            [
                Operation(.secretRead), Operation(.httpRequest, traits: .upload),
                Operation(.shellExec, traits: .interpreter, taints: .net),
            ]
        }
    } catch {
        fatalError("the table of skill facts is missing: \(error)")
    }
}()
