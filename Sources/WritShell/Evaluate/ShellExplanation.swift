// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// An analysis told to people and to programs: commands with their effects, and what is not known and why.
public struct ShellExplanation: Sendable {
    public let analysis: ShellAnalysis

    /// Explains an analysis.
    public init(_ analysis: ShellAnalysis) {
        self.analysis = analysis
    }

    /// Text in lines: each command once, its effects below it, what it runs indented further.
    ///
    /// - Parameter isColoured: with ANSI colours; control characters of the analysed text are shown as escapes always.
    public func text(isColoured: Bool = false) -> String {
        func paint(_ text: String, _ code: String) -> String { isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
        var lines: [String] = []
        var lastCommand: String?
        var lastDepth = -1
        for operation in analysis.operations {
            let indent = String(repeating: "    ", count: operation.depth)
            if operation.command != lastCommand || operation.depth != lastDepth {
                lines.append(
                    indent + paint(Self.visible(operation.command.isEmpty ? "(text)" : operation.command), "1"))
                lastCommand = operation.command
                lastDepth = operation.depth
            }
            lines.append(indent + "  " + Self.line(operation, paint))
        }
        if lines.isEmpty { lines.append("runs nothing") }
        let unknown = analysis.operations.filter { $0.opaque != nil }
        if !unknown.isEmpty {
            lines.append("")
            lines.append("not known:")
            for operation in unknown {
                let why = operation.opaque.map { Self.reason($0) } ?? ""
                let detail = operation.detail.isEmpty ? "" : " (\(Self.visible(operation.detail)))"
                lines.append("  " + paint(operation.opaque?.rawValue ?? "", "33") + ": " + why + detail)
            }
        }
        if let error = analysis.syntaxError { lines.append("not a script from \(error)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The operations with all they say, the commands and the error.
    public var json: JSON {
        var members: [JSON.Member] = [
            .init("operations", .array(analysis.operations.map { Self.json($0) })),
            .init(
                "commands",
                .array(
                    analysis.commands.map { command in
                        .object([
                            .init("text", .string(command.text)), .init("start", .integer(Int64(command.span.start))),
                            .init("end", .integer(Int64(command.span.end))),
                            .init("depth", .integer(Int64(command.depth))),
                        ])
                    })),
            .init("opaque", .bool(analysis.isOpaque)),
        ]
        if let error = analysis.syntaxError {
            members.append(
                .init(
                    "syntaxError",
                    .object([
                        .init("message", .string(error.message)), .init("offset", .integer(Int64(error.offset))),
                        .init("line", .integer(Int64(error.line))), .init("column", .integer(Int64(error.column))),
                    ])))
        }
        return .object(members)
    }

    private static func line(_ operation: Operation, _ paint: (String, String) -> String) -> String {
        var line = paint(operation.kind.rawValue, operation.opaque == nil ? "36" : "33")
        if !operation.path.isEmpty { line += " " + visible(operation.path) }
        if !operation.host.isEmpty {
            line += " " + visible(operation.host)
            if operation.port > 0 { line += ":\(operation.port)" }
        }
        if !operation.method.isEmpty { line += " " + visible(operation.method) }
        if let package = operation.package {
            line += " \(visible(package.ecosystem)) \(visible(package.name))"
            if !package.version.isEmpty { line += " \(visible(package.version))" }
        }
        if !operation.remote.isEmpty { line += " " + visible(operation.remote) }
        if !operation.branch.isEmpty { line += " " + visible(operation.branch) }
        let traits = Operation.Traits.names.filter { operation.traits.contains($0.trait) }.map(\.name)
        if !traits.isEmpty { line += " [" + traits.joined(separator: " ") + "]" }
        let taints = Operation.Taints.names.filter { operation.taints.contains($0.taint) }.map(\.name)
        if !taints.isEmpty { line += " from " + paint(taints.joined(separator: ", "), "31") }
        if let opaque = operation.opaque { line += " " + paint("opaque: " + opaque.rawValue, "33") }
        if !operation.detail.isEmpty { line += " (" + visible(operation.detail) + ")" }
        return line
    }

    private static func reason(_ opaque: Operation.Opaque) -> String {
        switch opaque {
        case .unread: "runs what nobody here has read"
        case .computed: "the program or its code is made while it runs"
        case .tainted: "fetched, decoded or secret data becomes code"
        case .limit: "past a limit of size, depth or count"
        case .unparsable: "not a script in the language it is given as"
        }
    }

    /// Text that cannot move the cursor or hide a part of itself.
    private static func visible(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(2_000) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse:
                if scalar == "\n" { result += "⏎" } else { result += "\\u{" + String(scalar.value, radix: 16) + "}" }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func json(_ operation: Operation) -> JSON {
        var members: [JSON.Member] = [.init("kind", .string(operation.kind.rawValue))]
        func add(_ key: String, _ text: String) { if !text.isEmpty { members.append(.init(key, .string(text))) } }
        add("program", operation.program)
        add("command", operation.command)
        members.append(.init("arguments", .array(operation.arguments.map { .string($0) })))
        add("path", operation.path)
        if operation.isPattern { members.append(.init("isPattern", .bool(true))) }
        add("host", operation.host)
        if operation.port > 0 { members.append(.init("port", .integer(Int64(operation.port)))) }
        add("method", operation.method)
        if let package = operation.package {
            members.append(
                .init(
                    "package",
                    .object([
                        .init("ecosystem", .string(package.ecosystem)), .init("name", .string(package.name)),
                        .init("version", .string(package.version)),
                    ])))
        }
        add("remote", operation.remote)
        add("branch", operation.branch)
        members.append(
            .init(
                "traits",
                .array(Operation.Traits.names.filter { operation.traits.contains($0.trait) }.map { .string($0.name) })))
        members.append(
            .init(
                "taints",
                .array(Operation.Taints.names.filter { operation.taints.contains($0.taint) }.map { .string($0.name) })))
        if let opaque = operation.opaque { members.append(.init("opaque", .string(opaque.rawValue))) }
        add("detail", operation.detail)
        members.append(.init("depth", .integer(Int64(operation.depth))))
        if let span = operation.span {
            members.append(.init("start", .integer(Int64(span.start))))
            members.append(.init("end", .integer(Int64(span.end))))
        }
        members.append(.init("role", .string(operation.role.rawValue)))
        return .object(members)
    }
}
