// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Reader {
    /// `[[ … ]]`, with the cursor behind the opening brackets.
    @inline(never)
    mutating func readTest(opened: Int) throws(Stop) -> Command.Body {
        let condition = try readAlternatives(opened: opened)
        guard endsTest() else {
            throw at >= end ? fail("unclosed `[[`", at: at, opened: opened) : unexpected()
        }
        at += 2
        return .test(condition)
    }

    private func endsTest() -> Bool {
        current == Byte.closeBracket && byte(at + 1) == Byte.closeBracket && Byte.isMeta(byte(at + 2))
    }

    /// Operands joined by `||`.
    private mutating func readAlternatives(opened: Int) throws(Stop) -> Condition {
        var operands = [try readConjunction(opened: opened)]
        while current == Byte.bar, byte(at + 1) == Byte.bar {
            at += 2
            operands.append(try readConjunction(opened: opened))
        }
        return Reader.balanced(operands[...], Condition.or)
    }

    /// Operands joined by `&&`.
    private mutating func readConjunction(opened: Int) throws(Stop) -> Condition {
        var operands = [try readOperandOfTest(opened: opened)]
        while current == Byte.ampersand, byte(at + 1) == Byte.ampersand {
            at += 2
            operands.append(try readOperandOfTest(opened: opened))
        }
        return Reader.balanced(operands[...], Condition.and)
    }

    /// A long chain becomes a flat tree, so that whoever walks it does not go deep. The operators are associative.
    private static func balanced(
        _ operands: ArraySlice<Condition>, _ join: (Condition, Condition) -> Condition
    ) -> Condition {
        // Invariant: callers give at least one operand.
        if operands.count == 1 { return operands[operands.startIndex] }
        // Short chains keep the shape in which people read them.
        if operands.count <= 8 { return operands.dropFirst().reduce(operands[operands.startIndex], join) }
        let middle = operands.startIndex + operands.count / 2
        return join(balanced(operands[..<middle], join), balanced(operands[middle...], join))
    }

    private mutating func readOperandOfTest(opened: Int) throws(Stop) -> Condition {
        try skipNewlines()
        var isNegated = false
        while current == Byte.bang, Byte.isMeta(byte(at + 1)) {
            isNegated.toggle()
            at += 1
            try skipNewlines()
        }
        let condition = try readPrimary(opened: opened)
        try skipNewlines()
        return isNegated ? .not(condition) : condition
    }

    @inline(never)
    private mutating func readPrimary(opened: Int) throws(Stop) -> Condition {
        if current == Byte.openParen {
            let parenthesis = at
            try enter()
            at += 1
            let condition = try readAlternatives(opened: opened)
            guard current == Byte.closeParen else { throw notClosed("(", opened: parenthesis) }
            at += 1
            depth -= 1
            return condition
        }
        if at >= end { throw fail("unclosed `[[`", at: at, opened: opened) }
        if endsTest() || Byte.isMeta(current) && !startsProcess() { throw unexpected() }
        let start = at
        let first = try readWord()
        let length = at - start
        skipBlanks()
        if length == 2, byte(start) == Byte.minus, Reader.isUnary(byte(start + 1)), !endsOperand() {
            return .unary(operator: text(start, start + 2), try readWord())
        }
        if endsOperand() {
            if length == 2, byte(start) == Byte.minus, Reader.isUnary(byte(start + 1)) { throw unexpected() }
            return .word(first)
        }
        let sign = at
        if current == Byte.less || current == Byte.greater {
            at += 1
            skipBlanks()
            if endsOperand() { throw unexpected() }
            return .binary(operator: text(sign, sign + 1), first, try readWord())
        }
        let name = try readBinaryOperator()
        skipBlanks()
        if name == "=~" {
            if at >= end || current == Byte.newline { throw unexpected() }
            let regex = try readRegex()
            if regex.span.start == regex.span.end { throw unexpected() }
            return .binary(operator: name, first, regex)
        }
        if at >= end || Byte.isMeta(current) && !startsProcess() {
            if !(dialect == .zsh && current == Byte.openParen) { throw unexpected() }
        }
        return .binary(operator: name, first, try readWord())
    }

    /// Whether an operand cannot start here.
    private func endsOperand() -> Bool {
        switch current {
        case Byte.less, Byte.greater: false
        case 0 where at >= end: true
        default: Byte.isMeta(current) || endsTest()
        }
    }

    private mutating func readBinaryOperator() throws(Stop) -> String {
        let start = at
        var stop = at
        while stop < at + 4, !Byte.isMeta(byte(stop)) { stop += 1 }
        let name = text(start, stop)
        switch name {
        case "=", "==", "!=", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-ef", "-nt", "-ot":
            at = stop
            return name
        default: throw unexpected()
        }
    }

    private static func isUnary(_ letter: UInt8) -> Bool {
        switch letter {
        case UInt8(ascii: "a")...UInt8(ascii: "h"), UInt8(ascii: "k"), UInt8(ascii: "n")...UInt8(ascii: "p"),
            UInt8(ascii: "r")...UInt8(ascii: "x"), UInt8(ascii: "z"), UInt8(ascii: "G"), UInt8(ascii: "L"),
            UInt8(ascii: "N"), UInt8(ascii: "O"), UInt8(ascii: "R"), UInt8(ascii: "S"):
            true
        default: false
        }
    }
}
