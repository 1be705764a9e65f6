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
        ("/a/../proc/self/root/etc", "/etc"), ("/procs/self/root", "/procs/self/root"), ("/proc", "/proc"),
        ("/a//b", "/a/b"), ("/a/b/", "/a/b"), ("//", "/"), ("/a/..", "/"), ("/a/.b/..c", "/a/.b/..c"),
        ("/a/...", "/a/..."), ("~x/y", "/w/~x/y"), ("~/../x", "/home/x"), ("/proc/self/cwd/../x", "/x"),
        ("/é/./ü", "/é/ü"), ("/a/\u{301}b", "/a/\u{301}b"),
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

    @Test(arguments: [("/a/b", "b"), ("/a/b/", "b"), ("b", "b"), ("/", "/"), ("", ""), ("a//b//", "b"), ("/é", "é")])
    func `a path's name is its last segment`(path: String, name: String) {
        #expect(PathText.name(path) == name)
    }

    @Test func `a span keeps its offsets, and one past four gigabytes is the largest`() {
        #expect([SourceSpan(start: 3, end: 9)].map { [$0.start, $0.end] } == [[3, 9]])
        #expect(SourceSpan(start: 9, end: 3) == SourceSpan(start: 9, end: 9))
        #expect(SourceSpan(start: 1, end: .max).end == .max)
        #expect(SourceSpan(start: 1 << 40, end: 1 << 41) == SourceSpan(start: .max, end: .max))
        var span = SourceSpan(start: 1, end: 2)
        span.end = 70_000
        span.start = 4_000
        #expect(span == SourceSpan(start: 4_000, end: 70_000))
    }
}
