// SPDX-License-Identifier: Apache-2.0
import WritCEL

/// Loads the input as an expression and evaluates it over a few variables; with a newline, the rest after the first
/// line is the text of a variable, so that functions meet hostile values as well. A trap or a hang is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzExpression(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let parts = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let source = String(decoding: parts.first ?? [], as: UTF8.self)
    let text = String(decoding: parts.dropFirst().first ?? [], as: UTF8.self)
    do throws(CELError) {
        let program = try CELProgram(source, in: world, expecting: nil)
        // What prints must read back, and print the same.
        let printed = program.ast.text
        if printed.utf8.count < 4_096 {
            let again = try CELProgram(printed, in: world, expecting: nil)
            precondition(again.ast.text == printed, "printing is not stable")
        }
        do throws(CELFault) {
            let values: [CELValue] = [
                .string(text), .int(-7), ["a", .string(text)], .map(CELMap([("k", 1)])), .bool(true),
            ]
            _ = try program.evaluate(values, budget: 20_000).text()
        } catch {
            _ = error.description
        }
    } catch {
        _ = error.description
    }
    return 0
}

private let world: CELEnvironment = {
    var environment = CELEnvironment()
    environment.declare("s", .string)
    environment.declare("op.n", .int)
    environment.declare("op.list", .list(.string))
    environment.declare("m", .map(.string, .dyn))
    environment.declare("b", .bool)
    return environment
}()
