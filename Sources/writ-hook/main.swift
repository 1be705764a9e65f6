// SPDX-License-Identifier: Apache-2.0

// Started by an agent for each of its events: reads the event, asks the daemon, prints the answer. Everything that goes
// wrong on the way ends in the agent's own spelling of a refusal, because nearly all agents take a crash or a time-out
// of a hook for consent.

Hook.run(CommandLine.arguments)
