// SPDX-License-Identifier: Apache-2.0
import WritCore

/// `$((…))`: 64-bit integers that wrap, with the side effects that assignments and indexes have.
extension Evaluator {
    /// The number; nil when it is not known.
    func arithmetic(_ word: Word, _ state: inout ShellState) -> Int? {
        arithmeticValue(of: document(word, &state), &state)
    }

    /// The number that text stands for in an arithmetic context.
    func arithmeticValue(of value: Value, _ state: inout ShellState, depth: Int = 0) -> Int? {
        guard let text = value.literalText else { return nil }
        // A leading zero means base eight.
        if text.utf8.first != 0x30 || text.utf8.count == 1, !text.hasPrefix("-0"), !text.hasPrefix("+"),
            let number = Int(text)
        {
            return number
        }
        if text.utf8.count > 4_096 {
            // An index in it may run a command, which is then not looked for.
            reachLimit("a longer calculation than is followed")
            return nil
        }
        if depth > 8 { return nil }
        // `a[$(cmd)]` out of a variable: arithmetic expands it again.
        runHidden(text, &state)
        var expression = ArithmeticExpression(bytes: Array(text.utf8), depth: depth)
        return expression.evaluate(self, &state)
    }
}

/// A recursive-descent reading of one expression, evaluated as it is read.
private struct ArithmeticExpression {
    let bytes: [UInt8]
    let depth: Int
    private var at = 0
    private var nesting = 0
    /// Not taken: the other side of `&&`, `||`, `?:`. Nothing is assigned there.
    private var isDry = false

    init(bytes: [UInt8], depth: Int) {
        self.bytes = bytes
        self.depth = depth
    }

    mutating func evaluate(_ evaluator: Evaluator, _ state: inout ShellState) -> Int? {
        skipBlanks()
        if at == bytes.count { return 0 }
        var result: Int?
        repeat {
            result = assignment(evaluator, &state)
            skipBlanks()
        } while take(",")
        return at == bytes.count ? result : nil
    }

    private mutating func skipBlanks() {
        while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x09 || bytes[at] == 0x0A { at += 1 }
    }

    private func starts(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard at + count <= bytes.count else { return false }
        return text.withUTF8Buffer { buffer in
            for index in 0..<count where buffer[index] != bytes[at + index] { return false }
            return true
        }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        skipBlanks()
        guard starts(text) else { return false }
        at += text.utf8CodeUnitCount
        return true
    }

    private mutating func assignment(_ evaluator: Evaluator, _ state: inout ShellState) -> Int? {
        nesting += 1
        defer { nesting -= 1 }
        if nesting > 32 {
            at = bytes.count
            return nil
        }
        skipBlanks()
        let start = at
        if let name = identifier() {
            let key = index(evaluator, &state)
            skipBlanks()
            for (symbol, length) in Self.assignments where starts(symbol) {
                if length == 1, at + 1 < bytes.count, bytes[at + 1] == 0x3D { break }
                at += length
                let right = assignment(evaluator, &state)
                let old = length == 1 ? 0 : number(of: name, key, evaluator, &state)
                var result: Int?
                if length == 1 {
                    result = right
                } else if let old, let right {
                    result = Self.binary("\(symbol)", old, right)
                }
                if !isDry {
                    evaluator.assign(
                        name, key: key, result.map { Value(String($0)) } ?? .unknown(.variable(name)), &state)
                }
                return result
            }
        }
        at = start
        return conditional(evaluator, &state)
    }

    private static let assignments: [(StaticString, Int)] = [
        ("<<=", 3), (">>=", 3), ("+=", 2), ("-=", 2), ("*=", 2), ("/=", 2), ("%=", 2), ("&=", 2), ("|=", 2), ("^=", 2),
        ("=", 1),
    ]

    private mutating func conditional(_ evaluator: Evaluator, _ state: inout ShellState) -> Int? {
        let condition = binary(0, evaluator, &state)
        guard take("?") else { return condition }
        let outer = isDry
        isDry = outer || condition == 0
        let first = assignment(evaluator, &state)
        guard take(":") else { return nil }
        isDry = outer || (condition != nil && condition != 0)
        let second = assignment(evaluator, &state)
        isDry = outer
        guard let condition else { return first == second ? first : nil }
        return condition != 0 ? first : second
    }

    /// Operators from the loosest; longer spellings before those they begin with.
    private static let levels: [[StaticString]] = [
        ["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<=", ">=", "<", ">"], ["<<", ">>"], ["+", "-"],
        ["*", "/", "%"],
    ]

    private mutating func binary(_ level: Int, _ evaluator: Evaluator, _ state: inout ShellState) -> Int? {
        if level == Self.levels.count { return power(evaluator, &state) }
        var left = binary(level + 1, evaluator, &state)
        while true {
            skipBlanks()
            guard let symbol = Self.levels[level].first(where: { isOperator($0) }) else { return left }
            at += symbol.utf8CodeUnitCount
            let outer = isDry
            if level == 0 { isDry = outer || (left != nil && left != 0) }
            if level == 1 { isDry = outer || left == 0 }
            let right = binary(level + 1, evaluator, &state)
            isDry = outer
            if level == 0, let known = left, known != 0 {
                left = 1
            } else if level == 1, left == 0 {
                left = 0
            } else if let first = left, let second = right {
                left = Self.binary("\(symbol)", first, second)
            } else {
                left = nil
            }
        }
    }

    /// The operator stands here, and is not the beginning of a longer one or of an assignment.
    private func isOperator(_ symbol: StaticString) -> Bool {
        guard starts(symbol) else { return false }
        let count = symbol.utf8CodeUnitCount
        guard at + count < bytes.count else { return true }
        let next = bytes[at + count]
        switch "\(symbol)" {
        case "|", "&": return next != bytes[at] && next != 0x3D
        case "<", ">": return next != bytes[at] && next != 0x3D
        case "<<", ">>", "+", "-", "%", "^", "/": return next != 0x3D
        case "*": return next != 0x3D && next != 0x2A
        default: return true
        }
    }

    private static func binary(_ symbol: String, _ left: Int, _ right: Int) -> Int? {
        switch symbol {
        case "||": left != 0 || right != 0 ? 1 : 0
        case "&&": left != 0 && right != 0 ? 1 : 0
        case "|", "|=": left | right
        case "^", "^=": left ^ right
        case "&", "&=": left & right
        case "==": left == right ? 1 : 0
        case "!=": left != right ? 1 : 0
        case "<=": left <= right ? 1 : 0
        case ">=": left >= right ? 1 : 0
        case "<": left < right ? 1 : 0
        case ">": left > right ? 1 : 0
        case "<<", "<<=": left &<< (right & 63)
        case ">>", ">>=": left &>> (right & 63)
        case "+", "+=": left &+ right
        case "-", "-=": left &- right
        case "*", "*=": left &* right
        case "/", "/=": right == 0 ? nil : left.dividedReportingOverflow(by: right).partialValue
        case "%", "%=": right == 0 ? nil : left.remainderReportingOverflow(dividingBy: right).partialValue
        default: nil
        }
    }

    private mutating func power(_ evaluator: Evaluator, _ state: inout ShellState) -> Int? {
        let base = unary(evaluator, &state)
        guard take("**") else { return base }
        nesting += 1
        defer { nesting -= 1 }
        if nesting > 32 {
            at = bytes.count
            return nil
        }
        let exponent = power(evaluator, &state)
        guard let base, let exponent, exponent >= 0, exponent < 64 else { return nil }
        return (0..<exponent).reduce(1) { result, _ in result &* base }
    }

    private mutating func unary(_ evaluator: Evaluator, _ state: inout ShellState) -> Int? {
        nesting += 1
        defer { nesting -= 1 }
        if nesting > 32 {
            at = bytes.count
            return nil
        }
        skipBlanks()
        if take("++") { return step(1, evaluator, &state) }
        if take("--") { return step(-1, evaluator, &state) }
        if take("!") { return unary(evaluator, &state).map { $0 == 0 ? 1 : 0 } }
        if take("~") { return unary(evaluator, &state).map { ~$0 } }
        if take("-") { return unary(evaluator, &state).map { 0 &- $0 } }
        if take("+") { return unary(evaluator, &state) }
        if take("(") {
            var result: Int?
            repeat { result = assignment(evaluator, &state) } while take(",")
            return take(")") ? result : nil
        }
        return primary(evaluator, &state)
    }

    private mutating func step(_ amount: Int, _ evaluator: Evaluator, _ state: inout ShellState) -> Int? {
        skipBlanks()
        guard let name = identifier() else { return unary(evaluator, &state) }
        let key = index(evaluator, &state)
        let result = number(of: name, key, evaluator, &state).map { $0 &+ amount }
        if !isDry {
            evaluator.assign(name, key: key, result.map { Value(String($0)) } ?? .unknown(.variable(name)), &state)
        }
        return result
    }

    private mutating func primary(_ evaluator: Evaluator, _ state: inout ShellState) -> Int? {
        skipBlanks()
        if let name = identifier() {
            let key = index(evaluator, &state)
            let old = number(of: name, key, evaluator, &state)
            skipBlanks()
            if starts("++") || starts("--") {
                let amount = bytes[at] == 0x2B ? 1 : -1
                at += 2
                if !isDry {
                    evaluator.assign(
                        name, key: key, old.map { Value(String($0 &+ amount)) } ?? .unknown(.variable(name)), &state)
                }
            }
            return old
        }
        let start = at
        while at < bytes.count, isDigit(bytes[at]) || isLetter(bytes[at]) || bytes[at] == 0x23 || bytes[at] == 0x40 {
            at += 1
        }
        guard at > start else {
            at = bytes.count
            return nil
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if let hash = text.firstIndex(of: "#"), let base = Int(text[..<hash]), (2...36).contains(base) {
            return Int(text[text.index(after: hash)...], radix: base)
        }
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return Int(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0"), text.utf8.count > 1 { return Int(text.dropFirst(), radix: 8) }
        return Int(text)
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte == 0x5F
    }

    private mutating func identifier() -> String? {
        guard at < bytes.count, isLetter(bytes[at]) else { return nil }
        let start = at
        while at < bytes.count, isLetter(bytes[at]) || isDigit(bytes[at]) { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    /// `[…]` after a name.
    private mutating func index(_ evaluator: Evaluator, _ state: inout ShellState) -> String? {
        guard at < bytes.count, bytes[at] == 0x5B else { return nil }
        at += 1
        let start = at
        at = bytes.closing(0x5D, of: 0x5B, from: at)
        let inside = Array(bytes[start..<at])
        if at < bytes.count { at += 1 }
        if depth > 4 { return nil }
        var expression = ArithmeticExpression(bytes: inside, depth: depth + 1)
        return expression.evaluate(evaluator, &state).map { String($0) } ?? String(decoding: inside, as: UTF8.self)
    }

    private func number(of name: String, _ key: String?, _ evaluator: Evaluator, _ state: inout ShellState) -> Int? {
        var value = evaluator.value(of: name, state)
        if let key, let variable = state.variables[name] {
            switch variable.content {
            case .list(let items): value = Int(key).flatMap { items[$0] } ?? Value("")
            case .map(let items): value = items[key] ?? Value("")
            case .scalar, .choice, .unset: break
            }
        }
        if value.isEmpty { return 0 }
        return evaluator.arithmeticValue(of: value, &state, depth: depth + 1)
    }
}
