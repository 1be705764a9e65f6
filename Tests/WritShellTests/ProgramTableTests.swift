// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritShell

@Suite struct ProgramTableTests {
    @Test func `every table loads and every example of a table holds`() throws {
        let failures = try ProgramTable.builtIn.verifyExamples()
        #expect(failures.isEmpty, "\(failures.map(\.description).joined(separator: "\n"))")
    }
}
