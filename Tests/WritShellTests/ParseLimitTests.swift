// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing
import WritCore
import WritShell
import WritTestSupport

/// Runs work on a thread with 512 KiB of stack, as small as a server's workers have them.
private func onSmallStack<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value? {
    let result = Mutex<Value?>(nil)
    let done = DispatchSemaphore(value: 0)
    let box = Box(result: result, done: done)
    let thread = Thread {
        let value = work()
        box.result.withLock { $0 = value }
        box.done.signal()
    }
    thread.stackSize = 512 << 10
    thread.start()
    done.wait()
    return box.result.withLock { $0 }
}

private final class Box<Value: Sendable>: Sendable {
    let result: Mutex<Value?>
    let done: DispatchSemaphore

    init(result: consuming Mutex<Value?>, done: DispatchSemaphore) {
        self.result = result
        self.done = done
    }
}

@Test func `hostile nesting ends with an error and not with the stack`() {
    let openers = [
        "(", "( ", "((", "$(", "$((", "$(( (", "${a:-", "\"${a:-", "`", "<(", "a=(", "{ ", "if ", "while ", "[[ ( ", "[[ ! ",
        "@(", "case x in a) ", "f() { ", "coproc ", "\"$(", "cat <<E $(", "${ ", "${a[", "$[", "[[ x =~ (", "! ", "for ((",
        "a[$(", "function f ", "if a; then b; elif ", "time ", "echo `echo \\`", "${a b${",
    ]
    for opener in openers {
        for count in [50, 300, 20_000] {
            let script = String(repeating: opener, count: count)
            let outcome = onSmallStack {
                let outcome = ShellParser.parse(script)
                _ = ShellPrinter.print(outcome.script)
                _ = ShellTree.describe(outcome.script)
                return outcome.error != nil || outcome.script.statements.count <= count
            }
            #expect(outcome == true)
        }
    }
}

@Test func `closed nesting is read as far as the limits allow`() {
    let pairs = [("( ", ")"), ("$(", ")"), ("\"$(", ")\""), ("{ ", ";}"), ("if ", "; then b; fi"), ("${a:-", "}"), ("@(", ")")]
    for (open, close) in pairs {
        func nested(_ count: Int) -> String {
            "x " + (open.first == "(" || open.first == "{" || open.first == "i" ? "; " : "")
                + String(repeating: open, count: count) + "a" + String(repeating: close, count: count)
        }
        #expect(ShellParser.parse(nested(60)).error == nil, "\(open)")
        #expect(ShellParser.parse(nested(400)).error?.message == "nested too deep", "\(open)")
    }
}

@Test func `long inputs of every kind take linear time`() {
    // Debug builds are some thirty times slower than release builds; what is tested is that nothing is quadratic.
    let inputs: [(open: String, count: Int, close: String)] = [
        ("a;", 20_000, ""), ("abc def ", 10_000, ""), ("cat <<E\nx\nE\n", 2_000, ""), ("cat <<E ", 2_000, "\nE\n"),
        ("cat <<E\n", 20_000, ""), ("a[1]", 20_000, ""), ("a[1] ", 20_000, ""), ("a=(;)\n", 10_000, ""),
        ("${a b}", 10_000, ""), ("$((a) )", 10_000, ""), ("((a) )\n", 10_000, ""), ("a=(", 10_000, ""), ("[x] ", 20_000, ""),
        ("`a`", 10_000, ""), ("\\\n", 50_000, ""), ("'a'", 20_000, ""), ("\\a", 20_000, ""), ("$'\\n'", 20_000, ""),
        ("a|", 10_000, "a"), ("a&&", 10_000, "a"), ("[[ a && ", 1, ""), ("\"", 20_001, ""), ("${a:-'", 10_000, ""),
        ("cat <<E\n$(\nE\n", 2_000, ""), ("cat <<E\n`\nE\n", 2_000, ""), ("a#", 20_000, ""), ("9", 50_000, ""),
        ("{a", 20_000, ""), ("x=", 20_000, ""), ("$", 50_000, ""), ("for ((;;", 10_000, ""), ("\u{0}a", 20_000, ""),
    ]
    for (open, count, close) in inputs {
        let script = String(repeating: open, count: count) + close
        let clock = ContinuousClock()
        let took = clock.measure { _ = ShellParser.parse(script) }
        #expect(took < .seconds(3), "\(open) took \(took)")
    }
}

@Test func `random bytes and broken scripts never trap`() {
    var generator = SeededGenerator(seed: 20_240_607)
    let pieces = trickyPieces
    for round in 0..<4_000 {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...24, using: &generator) {
            if round % 4 == 0 {
                bytes.append(UInt8.random(in: 0...255, using: &generator))
            } else {
                bytes += Array((pieces.randomElement(using: &generator) ?? "").utf8)
            }
        }
        for dialect in ShellDialect.allCases {
            let outcome = ShellParser.parse(bytes, dialect: dialect)
            #expect((0...bytes.count).contains(outcome.error?.offset ?? 0))
            guard dialect == .bash else { continue }
            let text = ShellPrinter.print(outcome.script)
            let again = ShellParser.parse(text)
            #expect(again.error == nil, "\(String(decoding: bytes, as: UTF8.self)) became \(text)")
            #expect(ShellPrinter.print(again.script) == text, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}

private let trickyPieces = [
    "a", "b ", " ", "\n", ";", ";;", "&", "&&", "|", "||", "|&", "(", ")", "((", "))", "{ ", "}", " }", "[[ ", " ]]", "$", "$(",
    "${", "$((", "`", "\"", "'", "\\", "$'", "$\"", "<", ">", "<<E\n", "E\n", "<<-", "<<<", "<(", ">&", "2>", "{fd}>", "=", "+=",
    "a=(", "a[", "]", "if ", "then ", "fi ", "else ", "for ", "in ", "do ", "done ", "while ", "case ", "esac ", "function ",
    "coproc ", "time ", "! ", "#", "%", "/", ":", "-", "?", "*", "@", "!", "@(", "=~ ", "== ", "-f ", "x", "~", "\\\n", "é",
    "\u{0}", "declare ", "${a", ":-", "//", "[@]", "$[", "f() ", "select ", "until ", "^", ",", "E", "\t",
]
