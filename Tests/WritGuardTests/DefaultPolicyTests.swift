// SPDX-License-Identifier: Apache-2.0
import Testing
import WritGuard
import WritPolicy
import WritScan

@Suite struct DefaultPolicyTests {
    @Test func `every rule matches its own examples`() {
        do throws(PolicyErrors) {
            _ = try PolicyLayer.load(
                .builtin, DefaultPolicy.sources, options: Engines.policyOptions(key: .random(), checksExamples: true))
        } catch {
            for fault in error.errors { Issue.record("\(fault)") }
        }
    }

    @Test func `a person's own policy takes the place of a default one, but not of the floor`() {
        let names = DefaultPolicy.sources(besides: ["destruction", "self-protection"]).map(\.file)
        #expect(!names.contains("destruction.yaml"))
        #expect(names.contains("self-protection.yaml"))
    }
}
