// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
import WritShell

/// What a call would do and which text it carries: the tool's own arguments, and every command in them.
struct CallReading {
    /// A text that detectors look at.
    struct Content {
        var text: [UInt8]
        /// The file it goes to or comes from.
        var path: String?
        /// What it replaces; nil where that is not known.
        var before: [UInt8]?
    }

    /// A command's text is not read further than this; past it, it is opaque.
    static let maximumCommandBytes = 8 << 20

    /// Agents that start a shell for every command with the command as its argument. Of others it is not known: they may
    /// type into a terminal that lives on.
    private static let startsShells: Set<String> = ["claude-code", "gemini-cli", "qwen-code", "opencode"]

    var operations: [Operation] = []
    var commandText = ""
    var contents: [Content] = []
    /// The dependency files that the call writes, before and after all its edits.
    var dependencyChanges: [DependencyChange] = []

    static func of(_ call: Call, in surroundings: Guard.Surroundings) -> CallReading {
        var reading = CallReading()
        reading.read(call, surroundings)
        return reading
    }

    private mutating func read(_ call: Call, _ surroundings: Guard.Surroundings) {
        switch call.event {
        case .beforeTool, .permissionRequest:
            readTool(call, surroundings)
        case .afterTool:
            if let response = call.response { contents = Self.texts(in: response).map { Content(text: $0, path: nil) } }
        case .prompt:
            if let prompt = call.prompt { contents = [Content(text: Array(prompt.utf8), path: nil)] }
            // Files that the host puts into the conversation by itself count where they are secrets; reading any other
            // is what the person asked for.
            operations = Self.classified(PromptReferences.operations(of: call), call, surroundings).filter {
                $0.kind == .secretRead
            }
        case .configChange:
            operations = [
                Operation(
                    .configWrite, path: call.arguments["file_path"]?.string ?? "", detail: "agent-settings changed")
            ]
        case .sessionStart, .sessionEnd, .subagentStart, .subagentStop, .stop, .other:
            break
        }
    }

    private mutating func readTool(_ call: Call, _ surroundings: Guard.Surroundings) {
        operations = Self.classified(ToolOperations.operations(of: call), call, surroundings)
        for command in ToolOperations.commands(of: call) {
            let context = ShellContext(
                workingDirectory: call.workingDirectory, workspace: call.workspace, home: call.home,
                user: surroundings.user, files: surroundings.files, isCaseInsensitive: surroundings.isCaseInsensitive,
                keepsInput: !Self.startsShells.contains(call.agent.kind))
            switch command.dialect {
            case .shell:
                let analysis = ShellAnalyzer.analyze(command.text, in: context)
                operations += analysis.operations
                if commandText.isEmpty { commandText = command.text }
            case .powershell:
                operations += ShellAnalyzer.operations(ofPowerShell: command.text, in: context)
                if commandText.isEmpty { commandText = command.text }
            case .code:
                operations.append(
                    Operation(
                        .shellExec, program: command.dialect.rawValue, command: command.text, traits: .interpreter,
                        opaque: .computed, detail: "\(command.dialect.rawValue) code is not followed"))
                if commandText.isEmpty { commandText = command.text }
            case .sql:
                operations += ShellAnalyzer.operations(ofSQL: command.text, in: context)
            }
        }
        let writesWhole = operations.contains { $0.kind == .fileWrite }
        contents = ToolOperations.contents(of: call).map { content in
            var before = content.replaced.map { Array($0.utf8) }
            if before == nil, writesWhole, let path = content.path { before = surroundings.previous?(path) }
            return Content(text: Array(content.text.utf8), path: content.path, before: before)
        }
        dependencyChanges = DependencyChange.all(in: ToolOperations.contents(of: call), previous: surroundings.previous)
    }

    /// The operations on the files that their paths really name, and what reading or changing these means besides: the
    /// same words that the shell engine has for a command with the same effect.
    private static func classified(
        _ operations: [Operation], _ call: Call, _ surroundings: Guard.Surroundings
    ) -> [Operation] {
        var all: [Operation] = []
        for var operation in operations {
            if !operation.path.isEmpty, !operation.isPattern, let real = surroundings.files?.resolved(operation.path) {
                operation.path = real
            }
            all.append(operation)
            guard !operation.path.isEmpty, let meaning = meaning(of: operation.kind) else { continue }
            let classes = PathClasses.classify(
                operation.path, home: call.home, workspace: call.workspace, isPattern: operation.isPattern,
                isCaseInsensitive: surroundings.isCaseInsensitive)
            for one in classes where one.kind == meaning.pathKind {
                all.append(
                    Operation(
                        meaning.kind, path: operation.path, isPattern: operation.isPattern, traits: operation.traits,
                        detail: one.word))
            }
        }
        return all
    }

    /// What an operation on a file is when the file is one of a special kind.
    private static func meaning(of kind: Operation.Kind) -> (kind: Operation.Kind, pathKind: PathClass.Kind)? {
        switch kind {
        case .fileRead: (.secretRead, .secret)
        case .fileWrite, .fileDelete, .fileMode: (.configWrite, .configuration)
        default: nil
        }
    }

    /// Every string in a tool's response, keys too: an instruction hides in either.
    private static func texts(in value: JSON) -> [[UInt8]] {
        var texts: [[UInt8]] = []
        var open = [value]
        while let next = open.popLast() {
            switch next {
            case .string(let text): if !text.isEmpty { texts.append(Array(text.utf8)) }
            case .array(let elements): open += elements.reversed()
            case .object(let members):
                for member in members.reversed() {
                    open.append(member.value)
                    if member.key.utf8.count > 40 { texts.append(Array(member.key.utf8)) }
                }
            case .null, .bool, .integer, .number: break
            }
        }
        return texts
    }
}
