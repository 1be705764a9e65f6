// SPDX-License-Identifier: Apache-2.0
import Testing
import WritShell

@Suite struct ValueTests {
    @Test func `what is not known stands as a star in a pattern`() {
        let value = Value(pieces: [.text("/home/"), .unknown(.environment("USER")), .text("/.ssh/"), .glob("*")])
        #expect(value.text == nil)
        #expect(value.pattern == "/home/*/.ssh/*")
        #expect(value.display == "/home/…/.ssh/*")
        #expect(value.knownPrefix == "/home/")
    }
}
