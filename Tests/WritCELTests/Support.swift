// SPDX-License-Identifier: Apache-2.0
import WritCEL

/// The text of a value, of a fault while evaluating, or of an error while loading.
func outcome(
    of source: String, in environment: CELEnvironment = CELEnvironment(), values: [CELValue] = [],
    limits: CELLimits = CELLimits(), budget: Int = CELProgram.defaultBudget
) -> String {
    do throws(CELError) {
        let program = try CELProgram(source, in: environment, limits: limits, expecting: nil)
        do throws(CELFault) {
            return try program.evaluate(values, budget: budget).text()
        } catch {
            return "fault \(error)"
        }
    } catch {
        return "error \(error)"
    }
}

struct Row: Equatable {
    let source: String
    let outcome: String

    init(_ source: String, _ outcome: String) {
        self.source = source
        self.outcome = outcome
    }
}

/// What a policy sees, cut down: scalars, lists, a map, a nested path and a list of records.
struct Sample {
    var environment = CELEnvironment()
    var values: [CELValue] = []

    init() {
        environment.declareRecord("finding", ["severity": .int, "rule": .string, "confidence": .double])
        add("op.kind", .string, "exec")
        add("op.argv", .list(.string), ["git", "push", "--force"])
        add("op.force", .bool, true)
        add("op.git.remote", .string, "origin")
        add("op.git.branch", .string, "")
        add("op.port", .int, 443)
        add("session.counts", .map(.string, .int), .map(CELMap([("denied", 2)])))
        add("call.args", .map(.string, .dyn), .map(CELMap([("path", "src/a.swift"), ("count", 3)])))
        add(
            "findings", .list(.record("finding")),
            [.map(CELMap([("severity", 4), ("rule", "secrets/key"), ("confidence", 0.9)]))])
        add("now", .timestamp, .timestamp(CELTimestamp(seconds: 1_700_000_000)))
        add("response.text", .string, "")
        environment.withhold("response", because: "is not known before the call")
    }

    mutating func add(_ path: String, _ type: CELType, _ value: CELValue) {
        environment.declare(path, type)
        values.append(value)
    }

    func outcomes(_ rows: [Row]) -> [Row] {
        rows.map { Row($0.source, outcome(of: $0.source, in: environment, values: values)) }
    }
}
