// SPDX-License-Identifier: Apache-2.0
import Testing
import WritScan

@Suite struct InstructionImportTests {
    @Test func `paths behind an @ are imports where hosts take them for some`() {
        let cases: [(text: String, paths: [String])] = [
            ("@a.md", ["/r/d/a.md"]), ("x @./a.md.\n", ["/r/d/a.md"]), ("(@a.md)", []), ("\t@../b/c.md, @~/n.md", ["/r/b/c.md", "/h/n.md"]),
            ("@/etc/x.md", ["/etc/x.md"]), ("me@a.md", []), ("@someone", []), ("`@a.md` @b.md", ["/r/d/b.md"]),
            ("```\n@a.md\n```\n@b.md", ["/r/d/b.md"]), ("@a.md @a.md", ["/r/d/a.md"]), ("@../../../../x.md", ["/x.md"]),
        ]
        for (text, paths) in cases {
            #expect(InstructionImports.paths(in: Array(text.utf8), of: "/r/d/CLAUDE.md", home: "/h") == paths, "\(text)")
        }
        let many = (0..<100).map { "@f\($0).md" }.joined(separator: " ")
        #expect(InstructionImports.paths(in: Array(many.utf8), of: "/r/A.md", home: "").count == InstructionImports.limit)
        #expect(InstructionImports.paths(in: Array("@~/a.md".utf8), of: "/r/A.md", home: "") == [])
    }
}
