// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@Suite struct PathTextTests {
    @Test(arguments: [
        ("a", "/w/a"), ("./a/../b//c/", "/w/b/c"), ("../../../x", "/x"), ("~", "/home/dev"),
        ("~/.ssh", "/home/dev/.ssh"),
        ("/etc/./passwd", "/etc/passwd"), ("", "/w"), (".", "/w"), ("/", "/"), ("a~", "/w/a~"),
        ("/proc/self/root/etc/shadow", "/etc/shadow"), ("/proc/4711/root/etc", "/etc"), ("/proc/self/cwd/a", "/w/a"),
        ("/proc/self/task/12/root/etc", "/etc"), ("/proc/sys/root/x", "/proc/sys/root/x"),
    ])
    func `B28 B37 one file has one absolute path`(path: String, absolute: String) {
        #expect(PathText.absolute(path, in: "/w", home: "/home/dev") == absolute)
    }

    @Test(arguments: [
        ("/proj", "/proj", true), ("/proj/a", "/proj", true), ("/proj2", "/proj", false), ("/pro", "/proj", false),
        ("/x", "/", true),
    ])
    func `B33 paths are compared by whole segments`(path: String, root: String, isUnder: Bool) {
        #expect(PathText.isUnder(path, root) == isUnder)
    }
}
