// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritResources

@testable import WritPolicy

@Suite struct WorkedExampleTests {
    @Test func `the production policy passes its own tests`() throws {
        let layer = try PolicyLayer.load(.organization, [Fixture.source("production.yaml")])
        let report = PolicyTests.run(layer)
        #expect(report.failures.map(\.description) == [])
        #expect(report.passed == 7)
    }

    @Test func `the gateway policy passes its own tests`() throws {
        let layer = try PolicyLayer.load(.team, [Fixture.source("mcp-gateway.yaml")])
        let report = PolicyTests.run(layer)
        #expect(report.failures.map(\.description) == [])
        #expect(report.passed == 7)
    }

    @Test func `the structural companion loads`() throws {
        let layer = try PolicyLayer.load(.project, [Fixture.source("coding-structural.yaml")])
        #expect(layer.documents.map(\.name) == ["coding-structural"])
        #expect(Set(layer.notes.map(\.code)) == ["W130"])
    }

    @Test func `the coding policy of dialect 1 loads byte for byte`() throws {
        let text = try #require(Resource.named("policies/rune-coding.yaml")).text
        let (document, notes) = try PolicyDocument.read(Array(text.utf8), file: "coding.yaml")
        let patterns = document.rules.first?.scanner?.blockedPatterns?.map(\.value)
        #expect(patterns == [#"curl.*\|.*sh"#, #"wget.*\|.*bash"#, #"env\b"#, #"\.env"#, "secrets", #"rm\s+-rf"#])
        #expect(notes.map(\.code) == ["W101"])
        #expect(document.rules.map(\.name).count == 4)
    }
}
