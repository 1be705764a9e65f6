// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What people and models read about an operation: short, clean, and without what may be a secret.
enum Wording {
    /// `Running `git push …``, `Reading `/home/dev/.ssh/id_rsa`` …
    static func phrase(_ operation: Operation, _ call: Call) -> String {
        let path = operation.path.isEmpty ? "a file" : "`\(short(operation.path))`"
        let host = operation.host.isEmpty ? "a host" : "`\(short(operation.host))`"
        let command = self.command(operation)
        let through = command.isEmpty ? "" : " (`\(command)`)"
        switch operation.kind {
        case .fileRead: return "Reading \(path)"
        case .fileWrite: return "Writing \(path)"
        case .fileDelete: return "Deleting \(path)"
        case .fileSearch: return "Searching \(operation.path.isEmpty ? "files" : path)"
        case .fileMode: return "Changing the mode of \(path)"
        case .shellExec: return command.isEmpty ? "Running a command" : "Running `\(command)`"
        case .shellBackground:
            return command.isEmpty ? "Running a command in the background" : "Leaving `\(command)` running"
        case .netConnect: return "Connecting to \(host)\(through)"
        case .netListen: return "Listening for connections\(through)"
        case .httpRequest:
            return "\(operation.method.isEmpty ? "A request" : "A `\(short(operation.method))` request") to \(host)"
        case .mcpCall: return "Calling `\(short(call.tool.canonicalName))`"
        case .mcpResource: return "Reading a resource of `\(short(call.tool.server ?? "an MCP server"))`"
        case .gitCommit: return "Committing"
        case .gitPush:
            let branch = operation.branch.isEmpty ? "" : " to `\(short(operation.branch))`"
            return operation.traits.contains(.force) ? "Force-pushing\(branch)" : "Pushing\(branch)"
        case .gitFetch: return "Fetching from \(operation.remote.isEmpty ? "a remote" : "`\(short(operation.remote))`")"
        case .gitConfig: return "Changing git's settings\(through)"
        case .gitDiscard: return "Discarding uncommitted work\(through)"
        case .gitRewrite: return "Rewriting history\(through)"
        case .pkgInstall: return "Installing \(package(operation))"
        case .pkgPublish: return "Publishing \(package(operation))"
        case .secretRead: return "Reading secrets\(operation.path.isEmpty ? through : " from \(path)")"
        case .browserNavigate: return "Opening \(host) in a browser"
        case .agentSpawn: return "Starting another agent"
        case .memoryWrite: return "Writing to the agent's memory"
        case .configWrite:
            return "Changing settings that act by themselves\(operation.path.isEmpty ? through : " (\(path))")"
        case .deployApply: return "Deploying\(through)"
        case .resourceDelete: return "Destroying a shared resource\(through)"
        case .resourceWrite: return "Changing a shared resource\(through)"
        case .processSignal: return "Signalling a process\(through)"
        case .privilegeRaise: return "Running with more rights\(through)"
        case .systemChange: return "Changing the machine itself\(through)"
        case .toolOther: return "Using `\(short(call.tool.canonicalName))`"
        }
    }

    /// What a scanner rule speaks about.
    static func phrase(_ request: PolicyRequest) -> String {
        switch request.phase {
        case .input: "This input"
        case .toolCall:
            request.commandText.isEmpty ? "This use of `\(short(request.call.tool.canonicalName))`" : "This command"
        case .toolResponse: "What `\(short(request.call.tool.canonicalName))` returned"
        case .output: "This output"
        case .contextFile: "This context file"
        case .skill: "This skill"
        }
    }

    /// The program with its first words; what may be data is left out, as is what is too long to be a word.
    static func command(_ operation: Operation) -> String {
        guard !operation.program.isEmpty else { return "" }
        var words = [operation.program]
        var isCut = false
        for argument in operation.arguments.dropFirst() {
            let isWord =
                argument.utf8.count <= 24
                && argument.utf8.allSatisfy {
                    switch $0 {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"): true
                    default: false
                    }
                }
            guard words.count < 4, isWord else {
                isCut = true
                break
            }
            words.append(argument)
        }
        return short(words.joined(separator: " ")) + (isCut ? " …" : "")
    }

    private static func package(_ operation: Operation) -> String {
        guard let package = operation.package else { return "packages" }
        return "`\(short(package.name))` (\(short(package.ecosystem)))"
    }

    static func fill(_ template: MessageTemplate, _ operation: Operation?, _ call: Call) -> String {
        template.parts.map { part in
            switch part {
            case .text(let text): text
            case .field(let name): field(name, operation, call)
            }
        }.joined()
    }

    private static func field(_ name: String, _ operation: Operation?, _ call: Call) -> String {
        if name == "tool" { return short(call.tool.canonicalName) }
        guard let operation else { return "…" }
        let value =
            switch name {
            case "command": command(operation)
            case "program": operation.program
            case "path": operation.path
            case "host": operation.host
            case "package": operation.package?.name ?? ""
            case "branch": operation.branch
            case "remote": operation.remote
            case "detail": operation.detail
            case "action": operation.kind.rawValue
            case "method": operation.method
            default: ""
            }
        return value.isEmpty ? "…" : short(value)
    }

    /// Cut to 120 characters, control and invisible characters and backticks replaced.
    static func short(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars.prefix(120) {
            let isPlain = scalar.value >= 0x20 && !InvisibleText.isInvisible(scalar) && scalar != "`"
            out.unicodeScalars.append(isPlain ? scalar : "?")
        }
        return text.unicodeScalars.count > 120 ? out + "…" : out
    }

    static func sentence(_ text: String) -> String {
        guard let last = text.last else { return text }
        return ".!?".contains(last) ? text : text + "."
    }

    /// What was found and, where it is known, what to do about it.
    static func sentences(_ finding: Finding) -> String {
        [finding.message, finding.remedy].filter { !$0.isEmpty }
            .map { sentence($0.prefix(1).uppercased() + $0.dropFirst()) }.joined(separator: " ")
    }

    static func number(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    /// ` in 10m`, or nothing.
    static func window(_ seconds: Int?) -> String {
        guard let seconds else { return "" }
        for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60)]
        where seconds >= size && seconds.isMultiple(of: size) {
            return " in \(seconds / size)\(unit)"
        }
        return " in \(seconds)s"
    }
}
