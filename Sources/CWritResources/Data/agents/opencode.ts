// SPDX-License-Identifier: Apache-2.0
// Made by `writ install opencode`; `writ uninstall opencode` removes it. Starts writ-hook for every call and refuses
// whatever gets no answer that can be read.

import { spawn } from "node:child_process"

const hook = @HOOK@
const words = @ARGUMENTS@
// The hook answers after 8.25 seconds at the latest.
const milliseconds = 12_000
const maximumOutput = 16 * 1024 * 1024

function ask(event, directory, fields) {
  return new Promise((resolve, reject) => {
    const failed = (why) => reject(new Error(`writ: ${why}, so this is refused`))
    const child = spawn(hook, words, { cwd: directory, stdio: ["pipe", "pipe", "ignore"] })
    const timer = setTimeout(() => {
      child.kill("SIGKILL")
      failed("the hook did not answer in time")
    }, milliseconds)
    let output = ""
    child.stdout.setEncoding("utf8")
    child.stdout.on("data", (piece) => {
      output += piece
      if (output.length > maximumOutput) child.kill("SIGKILL")
    })
    child.on("error", () => {
      clearTimeout(timer)
      failed("the hook could not be started")
    })
    child.on("close", () => {
      clearTimeout(timer)
      try {
        const answer = JSON.parse(output)
        if (answer === null || typeof answer !== "object" || Array.isArray(answer)) throw new Error()
        resolve(answer)
      } catch {
        failed("the hook's answer could not be read")
      }
    })
    // The hook may answer without having read everything.
    child.stdin.on("error", () => {})
    child.stdin.end(JSON.stringify({ hook_event_name: event, cwd: directory, ...fields }))
  })
}

function mayGoOn(answer) {
  if (answer.verdict === "allow") return
  throw new Error(typeof answer.reason === "string" ? answer.reason : "writ: refused")
}

export const Writ = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => {
    mayGoOn(
      await ask("tool.execute.before", directory, {
        session_id: input.sessionID,
        tool_use_id: input.callID,
        tool_name: input.tool,
        tool_input: output.args ?? {},
      }),
    )
  },

  "tool.execute.after": async (input, output) => {
    let answer
    try {
      answer = await ask("tool.execute.after", directory, {
        session_id: input.sessionID,
        tool_use_id: input.callID,
        tool_name: input.tool,
        tool_input: input.args ?? {},
        tool_response: output.output ?? "",
      })
    } catch (fault) {
      answer = { verdict: "deny", reason: fault.message }
    }
    if (answer.verdict === "deny") output.output = String(answer.reason)
    else if (typeof answer.output === "string") output.output = answer.output
    if (typeof answer.note === "string") output.output = `${output.output}\n\n${answer.note}`
  },

  "chat.message": async (input, output) => {
    const texts = (output.parts ?? []).filter((part) => part.type === "text").map((part) => part.text)
    mayGoOn(
      await ask("chat.message", directory, { session_id: input.sessionID, agent_type: input.agent, prompt: texts.join("\n") }),
    )
  },

  event: async ({ event }) => {
    if (!["session.created", "session.idle", "session.deleted"].includes(event.type)) return
    const session = event.properties?.sessionID ?? event.properties?.info?.id ?? ""
    // What has begun or ended cannot be refused; a hook that fails here is noticed at the next call.
    await ask(event.type, directory, { session_id: session }).catch(() => {})
  },
})
