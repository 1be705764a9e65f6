// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritShell

/// Any bytes are parsed in all dialects, printed and parsed again. The first byte chooses the dialect. A trap, a hang, a
/// sanitizer report or an unstable print is a find.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzShellParser(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let dialect: ShellDialect =
        switch bytes.first ?? 0 {
        case 1: .posix
        case 2: .zsh
        default: .bash
        }
    let outcome = ShellParser.parse(bytes, dialect: dialect)
    precondition((outcome.error?.offset ?? 0) <= count)
    let tree = ShellTree.describe(outcome.script)
    let text = ShellPrinter.print(outcome.script)
    // What cannot be read (`$((#)x)`) is kept and printed as it stood; what it reads as depends on the lines around it,
    // which printing changes.
    if dialect == .bash, outcome.error == nil, !tree.contains("unreadable") {
        // Printing needs more nesting than some inputs have (backquotes become parentheses), so depth is no find.
        let again = ShellParser.parse(text, dialect: dialect)
        let isRead = again.error == nil || again.error?.message == "nested too deep"
        precondition(isRead, "the printed text is not read")
    }
    return 0
}
