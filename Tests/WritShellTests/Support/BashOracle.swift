// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One program start that bash made while it ran a script.
struct RecordedCommand: Sendable, Hashable {
    /// The name it was started by and its arguments.
    var argv: [String]
    /// The folder it was started in; the scratch home is written as `~`.
    var cwd: String
    /// Variables that the script added to or changed in the environment.
    var environment: [String: String]
    /// What was on standard input, when it was a file, a pipe or a here-document; at most 4,096 bytes.
    var input: String?
    /// Target of standard output, when it is a file: an absolute path, the scratch home as `~`.
    var output: String?
    /// Target of standard error, when it is a file.
    var errors: String?
}

/// Runs scripts under a real bash in which every program is a shim that only records how it was started.
///
/// For scripts that this project's tests wrote themselves, and nothing else: builtins and redirections are real. The shims
/// are the only programs on `PATH`; the home is a scratch folder that is removed afterwards; the environment is empty
/// but for `PATH`, `HOME`, `LANG` and `USER`; bash is stopped after a few seconds and limited in processes' time and file
/// size. It does not fence the network (`/dev/tcp` is a builtin's business), which is why scripts are chosen by hand.
struct BashOracle {
    /// Why nothing was recorded.
    enum Fault: Error {
        case noBash
        case timedOut
        case unreadable(String)
    }

    static let shell = "/bin/bash"

    /// Whether this machine can run the comparison.
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: shell) }

    /// The starts of programs, in the order in which they were made.
    ///
    /// - Parameters:
    ///   - programs: names that exist on `PATH`; a name that is not among them is "not found".
    ///   - outputs: what a program prints, by name; the others print nothing and all exit with 0.
    ///   - files: files to put into the home, by relative path.
    static func run(
        _ script: String, programs: [String], outputs: [String: String] = [:], files: [String: String] = [:],
        seconds: Double = 5
    ) throws -> [RecordedCommand] {
        guard isAvailable else { throw Fault.noBash }
        let scratch = FileManager.default.temporaryDirectory.appending(path: "shell-oracle-\(UUID().uuidString)")
            .resolvingSymlinksInPath()
        defer {
            do {
                try FileManager.default.removeItem(at: scratch)
            } catch {
                print("the scratch folder \(scratch.path) stays behind: \(error)")
            }
        }
        let home = scratch.appending(path: "home")
        let shims = scratch.appending(path: "bin")
        let records = scratch.appending(path: "records")
        for folder in [home, shims, records] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        for (path, content) in files {
            let file = home.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: file)
        }
        for program in programs where !program.contains("/") {
            let file = shims.appending(path: program)
            try Data(shim(program: program, records: records.path, output: outputs[program]).utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        try start(script, home: home, shims: shims, seconds: seconds)
        return try read(records, home: home.path)
    }

    /// A bash script without any program of its own: builtins, `/proc` and redirections are enough to record a start.
    /// Records are named by a running number, taken by creating the file exclusively.
    private static func shim(program: String, records: String, output: String?) -> String {
        let quotedOutput = output.map { "'" + $0.replacing("'", with: "'\\''") + "'" }
        return """
            #!\(shell)
            input=
            if [[ ! -t 0 && -e /proc/self/fd/0 && ! /proc/self/fd/0 -ef /dev/null ]]; then
                IFS= read -r -d '' -t 2 -n 4096 input
                has_input=1
            fi
            set -C
            number=100000
            until { : > '\(records)'/$number; } 2>/dev/null; do ((number++)); done
            set +C
            {
                printf 'argv\\0%s\\0' "$(( $# + 1 ))"
                printf '%s\\0' '\(program)' "$@"
                printf 'cwd\\0%s\\0' "$PWD"
                [[ -n $has_input ]] && printf 'input\\0%s\\0' "$input"
                for stream in 1 2; do
                    for file in "$HOME"/* "$HOME"/*/* "$HOME"/*/*/*; do
                        [[ -f $file && /proc/self/fd/1$stream -ef $file ]] && printf '%s\\0%s\\0' "fd$stream" "$file"
                    done
                done
                while IFS= read -r -d '' entry; do
                    printf 'env\\0%s\\0' "$entry"
                done < /proc/$$/environ
            } 11>&1 12>&2 > '\(records)'/$number
            \(quotedOutput.map { "printf '%s' \($0)" } ?? ":")
            exit 0

            """
    }

    private static func start(_ script: String, home: URL, shims: URL, seconds: Double) throws {
        let process = Process()
        process.executableURL = URL(filePath: shell)
        let limits = "ulimit -t 5 -f 20480 -c 0; eval \"$1\""
        process.arguments = ["--noprofile", "--norc", "-c", limits, "bash", script]
        process.currentDirectoryURL = home
        process.environment = ["PATH": shims.path, "HOME": home.path, "LANG": "C.UTF-8", "USER": "writ"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let done = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in done.signal() }
        try process.run()
        if done.wait(timeout: .now() + seconds) == .timedOut {
            process.terminate()
            if done.wait(timeout: .now() + 1) == .timedOut { kill(process.processIdentifier, SIGKILL) }
            throw Fault.timedOut
        }
    }

    private static func read(_ records: URL, home: String) throws -> [RecordedCommand] {
        let given: Set<String> = ["PATH", "HOME", "LANG", "USER", "PWD", "OLDPWD", "SHLVL", "_"]
        func shown(_ path: String) -> String {
            path == home ? "~" : path.hasPrefix(home + "/") ? "~" + path.dropFirst(home.count) : path
        }
        return try FileManager.default.contentsOfDirectory(atPath: records.path).sorted().map { name in
            let data = try Data(contentsOf: records.appending(path: name))
            var fields = data.split(separator: 0, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }[...]
            var command = RecordedCommand(argv: [], cwd: "", environment: [:])
            while let key = fields.popFirst(), !key.isEmpty {
                guard let value = fields.popFirst() else { throw Fault.unreadable(name) }
                switch key {
                case "argv":
                    guard let count = Int(value), count <= fields.count else { throw Fault.unreadable(name) }
                    command.argv = Array(fields.prefix(count))
                    fields = fields.dropFirst(count)
                case "cwd": command.cwd = shown(value)
                case "input": command.input = value
                case "fd1": command.output = shown(value)
                case "fd2": command.errors = shown(value)
                case "env":
                    let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    guard let variable = parts.first.map(String.init), !given.contains(variable) else { continue }
                    command.environment[variable] = parts.count > 1 ? String(parts[1]) : ""
                default: throw Fault.unreadable(name)
                }
            }
            return command
        }
    }
}
