// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Runs conformance tests of the specification: an array of `{file, section, test}`, the tests in the JSON form of
/// `cel.expr.conformance.test.SimpleTest`.
public enum CELConformance {
    /// A test that did not pass.
    public struct Failure: Sendable, Hashable {
        /// `file/section/name`
        public let test: String
        /// The source of the test.
        public let expression: String
        /// What was expected and what came, on one line.
        public let message: String
    }

    /// What a run found.
    public struct Report: Sendable, Hashable {
        /// Tests that gave what they should.
        public var passed = 0
        /// Tests that did not, those that could not be understood among them.
        public var failed = 0
        /// One entry for each failed test, in the order of the document.
        public var failures: [Failure] = []
    }

    /// Runs every test; one that cannot be understood counts as failed.
    public static func run(_ document: JSON) -> Report {
        var report = Report()
        for row in document.array ?? [] {
            let test = row["test"] ?? row
            let name = [row["file"]?.string, row["section"]?.string, test["name"]?.string].compactMap { $0 }
            if let message = failure(of: test) {
                report.failed += 1
                report.failures.append(
                    Failure(
                        test: name.joined(separator: "/"), expression: test["expr"]?.string ?? "", message: message))
            } else {
                report.passed += 1
            }
        }
        if document.array == nil {
            report.failed += 1
            report.failures.append(Failure(test: "", expression: "", message: "the document is not an array of tests"))
        }
        return report
    }

    /// Nil when the test passes.
    private static func failure(of test: JSON) -> String? {
        guard let source = test["expr"]?.string else { return "no expression" }
        var environment = CELEnvironment(container: test["container"]?.string ?? "")
        for declaration in test["type_env"]?.array ?? [] {
            guard let name = declaration["name"]?.string else { return "declaration without a name" }
            if let ident = declaration["ident"] {
                guard let type = ident["type"].flatMap({ self.type($0) }) else { return "unknown type of `\(name)`" }
                environment.declare(name, type)
            }
            for overload in declaration["function"]?["overloads"]?.array ?? [] {
                let parameters = (overload["params"]?.array ?? []).map { type($0) ?? .dyn }
                environment.define(
                    name, member: overload["is_instance_function"]?.bool ?? false, parameters: parameters,
                    result: overload["result_type"].flatMap { type($0) } ?? .dyn
                ) { _ in throw CELFault(.function, "declared alone") }
            }
        }
        var values: [String: CELValue] = [:]
        for member in test["bindings"]?.members ?? [] {
            guard let json = member.value["value"], let value = value(json) else {
                return "unknown value of `\(member.key)`"
            }
            values[member.key] = value
            if environment.variables[member.key] == nil { environment.declare(member.key, .dyn) }
        }
        let activation: [CELValue?] = environment.paths.map { values[$0.path] }
        let expectsError = test["eval_error"] != nil || test["any_eval_errors"] != nil
        var limits = CELLimits(sourceBytes: 64 << 10, nodes: 10_000, depth: 150, macroDepth: 12)
        limits.foldingBudget = 200_000
        limits.hasTestMacros = true
        do throws(CELError) {
            let program = try CELProgram(
                source, in: environment, limits: limits, expecting: nil,
                isChecked: !(test["disable_check"]?.bool ?? false))
            let result = test["typed_result"]
            if let deduced = result?["deduced_type"] {
                guard let wanted = type(deduced) else { return "unknown deduced type" }
                guard same(wanted, program.type) else { return "deduced \(program.type), expected \(wanted)" }
            }
            if test["check_only"]?.bool == true { return nil }
            do throws(CELFault) {
                let value = try program.evaluate(Bound(values: activation), budget: 1_000_000)
                if expectsError { return "expected an error, got \(value)" }
                guard var expected = self.value(result?["result"] ?? test["value"] ?? ["bool_value": true]) else {
                    return "unknown expected value"
                }
                if values.isEmpty, !source.contains("\\") { expected = withoutLeftoverEscapes(expected) }
                return value == expected ? nil : "expected \(expected), got \(value)"
            } catch {
                return expectsError ? nil : "error: \(error)"
            }
        } catch {
            // The suite has one kind of error for checking and evaluating.
            return expectsError ? nil : "error: \(error)"
        }
    }

    /// The tests are converted from protobuf's text format, where `\?` is a question mark. A common converter leaves
    /// that escape standing in bytes. An expression without a backslash cannot make one: there it is undone.
    private static func withoutLeftoverEscapes(_ value: CELValue) -> CELValue {
        guard case .bytes(let bytes) = value else { return value }
        var out: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isLeftover = byte == UInt8(ascii: "\\") && bytes.dropFirst(index + 1).first == UInt8(ascii: "?")
            if !isLeftover { out.append(byte) }
        }
        return .bytes(out)
    }

    private struct Bound: CELActivation {
        let values: [CELValue?]

        func value(slot: Int) throws(CELFault) -> CELValue {
            guard values.indices.contains(slot), let value = values[slot] else {
                throw CELFault(.unknownName, "variable has no value")
            }
            return value
        }
    }

    /// `dyn` in the expected type is `dyn`, a type parameter any type.
    private static func same(_ wanted: CELType, _ found: CELType) -> Bool {
        switch (wanted, found) {
        case (.list(let a), .list(let b)), (.type(let a), .type(let b)), (.optional(let a), .optional(let b)):
            same(a, b)
        case (.map(let a, let x), .map(let b, let y)): same(a, b) && same(x, y)
        case (.opaque(let a, let x), .opaque(let b, let y)): a == b && x.count == y.count && zip(x, y).allSatisfy(same)
        default: wanted == found
        }
    }

    private static func type(_ json: JSON) -> CELType? {
        guard let member = json.members?.first else { return .dyn }
        switch member.key {
        case "primitive":
            switch member.value.string {
            case "BOOL": return .bool
            case "INT64": return .int
            case "UINT64": return .uint
            case "DOUBLE": return .double
            case "STRING": return .string
            case "BYTES": return .bytes
            default: return nil
            }
        case "well_known":
            switch member.value.string {
            case "TIMESTAMP": return .timestamp
            case "DURATION": return .duration
            case "ANY": return .dyn
            default: return nil
            }
        case "message_type":
            switch CELType.named[member.value.string ?? ""] {
            case .timestamp: return .timestamp
            case .duration: return .duration
            default: return nil
            }
        case "null": return .null
        case "dyn": return .dyn
        case "list_type": return type(member.value["elem_type"] ?? .object([])).map { .list($0) }
        case "map_type":
            guard let key = type(member.value["key_type"] ?? .object([])),
                let value = type(member.value["value_type"] ?? .object([]))
            else { return nil }
            return .map(key, value)
        case "type": return type(member.value).map { .type($0) }
        case "type_param": return member.value.string.map { .parameter($0) }
        case "abstract_type":
            guard let name = member.value["name"]?.string else { return nil }
            var parameters: [CELType] = []
            for parameter in member.value["parameter_types"]?.array ?? [] {
                guard let parameter = type(parameter) else { return nil }
                parameters.append(parameter)
            }
            return name == "optional_type" ? .optional(parameters.first ?? .dyn) : .opaque(name, parameters)
        default: return nil
        }
    }

    private static func value(_ json: JSON) -> CELValue? {
        guard let member = json.members?.first else { return nil }
        let held = member.value
        switch member.key {
        case "null_value": return .null
        case "bool_value": return held.bool.map { .bool($0) }
        case "int64_value": return (held.integer ?? held.string.flatMap { Int64($0) }).map { .int($0) }
        case "uint64_value":
            return (held.integer.flatMap { UInt64(exactly: $0) } ?? held.string.flatMap { UInt64($0) }).map {
                .uint($0)
            }
        case "double_value":
            if let number = held.double { return .double(number) }
            switch held.string {
            case "NaN": return .double(.nan)
            case "Infinity": return .double(.infinity)
            case "-Infinity": return .double(-.infinity)
            default: return nil
            }
        case "string_value": return held.string.map { .string($0) }
        case "bytes_value": return held.string.flatMap { Base64.decode($0) }.map { .bytes($0) }
        case "list_value":
            var list: [CELValue] = []
            for element in held["values"]?.array ?? [] {
                guard let value = value(element) else { return nil }
                list.append(value)
            }
            return .list(list)
        case "map_value":
            var entries: [(key: CELValue, value: CELValue)] = []
            for entry in held["entries"]?.array ?? [] {
                guard let key = entry["key"].flatMap({ value($0) }), let value = entry["value"].flatMap({ value($0) })
                else { return nil }
                entries.append((key, value))
            }
            return CELMap(entries).map { .map($0) }
        case "type_value": return held.string.flatMap { CELType.named[$0] }.map { .type($0) }
        case "object_value":
            switch held["@type"]?.string {
            case "type.googleapis.com/google.protobuf.Timestamp":
                return held["value"]?.string.flatMap { CELTimestamp($0) }.map { .timestamp($0) }
            case "type.googleapis.com/google.protobuf.Duration":
                return held["value"]?.string.flatMap { CELDuration($0) }.map { .duration($0) }
            default: return nil
            }
        default: return nil
        }
    }
}
