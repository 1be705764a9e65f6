// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore

struct AgentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "Which agents Writ speaks with, and what each can enforce.",
        discussion: """
            Examples:
              writ agents
              writ agents show codex
              writ agents vectors gemini-cli > gemini-cli.json
            """,
        subcommands: [List.self, Show.self, VectorsCommand.self, Table.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the agents.")

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            if json {
                Terminal.line(JSON.array(Agents.all.map { CapabilityTable.json(of: $0) }).text)
                return
            }
            for adapter in Agents.all {
                let can = CapabilityTable.summary(of: adapter)
                Terminal.line("\(Terminal.styled(adapter.kind.padded(to: 16), .bold)) \(can.joined(separator: ", "))")
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what each event of an agent can do.")

        @Argument(help: "The agent.", completion: Offer.agents)
        var agent: String

        func run() throws {
            guard let adapter = Agents.adapter(agent) else {
                throw ValidationError("`\(agent)` is no agent that Writ knows; `writ agents` lists them")
            }
            for row in adapter.events {
                let can = CapabilityTable.abilities(of: row)
                Terminal.line(
                    "\(row.event.padded(to: 28)) \(can.isEmpty ? "watch" : can.joined(separator: ", "))"
                        + (row.isInstalled ? "" : " (not installed)"))
                if !row.limit.isEmpty { Terminal.line("    \(row.limit)") }
            }
            for limit in adapter.limits { Terminal.line("- \(limit)") }
        }
    }

    struct VectorsCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "vectors", abstract: "Print payloads with the answer that each decision must be spelled as.")

        @Argument(help: "The agent.", completion: Offer.agents)
        var agent: String

        func run() throws {
            guard let adapter = Agents.adapter(agent) else {
                throw ValidationError("`\(agent)` is no agent that Writ knows; `writ agents` lists them")
            }
            Terminal.write(Vectors.text(of: adapter), to: 1)
        }
    }

    struct Table: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the capability tables as Markdown, as they stand in the documentation.")

        func run() throws {
            Terminal.write(CapabilityTable.markdown, to: 1)
        }
    }
}
