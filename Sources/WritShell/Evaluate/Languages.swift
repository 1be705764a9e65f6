// SPDX-License-Identifier: Apache-2.0

/// Names of languages that code is given in.
enum Languages {
    /// The language that an interpreter runs.
    static func name(of interpreter: String) -> String? {
        var base = interpreter
        while let last = base.utf8.last, last >= 0x30 && last <= 0x39 || last == 0x2E { base = String(base.dropLast()) }
        switch base {
        case "sh", "bash", "dash", "zsh", "ksh", "ash", "mksh", "yash", "rbash", "fish", "csh", "tcsh": return "sh"
        case "python", "pypy", "pythonw", "py": return "python"
        case "node", "nodejs", "deno", "bun", "javascript", "js", "ts-node", "tsx", "qjs", "typescript":
            return "javascript"
        case "perl": return "perl"
        case "ruby", "irb", "jruby", "rb": return "ruby"
        case "php": return "php"
        case "lua", "luajit", "tarantool": return "lua"
        case "go", "golang": return "go"
        case "pwsh", "powershell": return "powershell"
        case "awk", "gawk", "mawk", "nawk": return "awk"
        default: return nil
        }
    }

    static func isShell(_ language: String) -> Bool {
        name(of: language) == "sh" || language == "posix"
    }
}
