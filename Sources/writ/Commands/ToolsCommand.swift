// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore
import WritPolicy

struct ToolsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tools", abstract: "Print the names of tools and actions that policies can use.")

    @Flag(help: "Print as JSON.")
    var json = false

    func run() throws {
        let actions = Operation.Kind.allCases.map(\.rawValue)
        if json {
            Terminal.line(
                JSON.object([
                    .init("version", .integer(Int64(ToolAliases.version))),
                    .init("actions", .array(actions.map { .string($0) })),
                    .init("aliases", .object(ToolAliases.table.map { .init($0.name, .string($0.action.rawValue)) })),
                    .init("shell_tools", .array(ToolAliases.shellTools.sorted().map { .string($0) })),
                ]).prettyText)
            return
        }
        Terminal.line(Terminal.styled("actions", .bold))
        for action in actions { Terminal.line("  \(action)") }
        Terminal.line(Terminal.styled("aliases (version \(ToolAliases.version))", .bold))
        for alias in ToolAliases.table { Terminal.line("  \(alias.name.padded(to: 20)) \(alias.action.rawValue)") }
        Terminal.line(Terminal.styled("shell tools of all agents", .bold))
        Terminal.line("  \(ToolAliases.shellTools.sorted().joined(separator: ", "))")
    }
}
