// SPDX-License-Identifier: Apache-2.0
// Made by `writ install amp`; `writ uninstall amp` removes it. Starts writ-hook for every call and refuses whatever gets
// no answer that can be read.

import { spawn } from "node:child_process"

const hook = @HOOK@
const words = @ARGUMENTS@
// The hook answers after 8.25 seconds at the latest.
const milliseconds = 12_000
const maximumOutput = 16 * 1024 * 1024

function ask(event, fields) {
  return new Promise((resolve, reject) => {
    const failed = (why) => reject(new Error(`writ: ${why}, so this is refused`))
    const child = spawn(hook, words, { stdio: ["pipe", "pipe", "ignore"] })
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
    child.stdin.end(JSON.stringify({ hook_event_name: event, cwd: process.cwd(), ...fields }))
  })
}

function reason(answer) {
  return typeof answer.reason === "string" ? answer.reason : "writ: refused"
}

export default function (amp) {
  amp.on("tool.call", async (event, ctx) => {
    let answer
    try {
      answer = await ask("tool.call", {
        session_id: event.thread?.id,
        tool_use_id: event.toolUseID,
        tool_name: event.tool,
        tool_input: event.input ?? {},
      })
      if (answer.verdict === "allow") return { action: "allow" }
      if (answer.verdict === "ask") {
        const isAgreed = await ctx.ui.confirm({ title: "Writ", message: reason(answer), confirmButtonText: "Allow" })
        if (isAgreed === true) return { action: "allow" }
      }
    } catch (fault) {
      // Without a person to ask, and without an answer, nothing runs.
      answer ??= { reason: fault.message }
    }
    return { action: "reject-and-continue", message: reason(answer) }
  })

  amp.on("tool.result", async (event) => {
    try {
      const answer = await ask("tool.result", {
        session_id: event.thread?.id,
        tool_use_id: event.toolUseID,
        tool_name: event.tool,
        tool_input: event.input ?? {},
        tool_response: event.output ?? event.error ?? "",
      })
      if (answer.verdict === "deny") return { status: "error", error: reason(answer), output: reason(answer) }
      if (answer.output !== undefined) return { status: event.status, error: event.error, output: answer.output }
    } catch (fault) {
      const message = fault.message
      return { status: "error", error: message, output: message }
    }
  })

  const watch = (name, fields) =>
    amp.on(name, async (event) => {
      // Cannot be refused; a hook that fails here is noticed at the next call.
      await ask(name, { session_id: event.thread?.id, ...fields(event) }).catch(() => {})
    })
  watch("session.start", () => ({}))
  watch("agent.start", (event) => ({ prompt: String(event.message ?? "") }))
  watch("agent.end", (event) => ({ status: event.status }))
}
