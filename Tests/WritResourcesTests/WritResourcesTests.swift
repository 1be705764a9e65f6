// SPDX-License-Identifier: Apache-2.0
import Testing
import WritResources

@Suite struct ResourceTests {
    @Test func `the seed policy is embedded whole`() {
        let text = Resource.named("policies/rune-coding.yaml")?.text
        #expect(text?.hasPrefix("version: \"1.0\"") == true)
        #expect(text?.utf8.last == 10)
    }

    @Test func `what was given back reads as before`() {
        for resource in Resource.all {
            let before = Array(resource.bytes)
            resource.releasePages()
            #expect(Array(resource.bytes) == before, "\(resource.name)")
        }
    }
}
