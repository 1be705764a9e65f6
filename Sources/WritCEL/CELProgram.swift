// SPDX-License-Identifier: Apache-2.0

/// An expression, checked and compiled once and evaluated many times.
public struct CELProgram: Sendable {
    /// A budget that any sensible condition stays far below and that takes a few milliseconds to spend.
    public static let defaultBudget = 200_000

    /// Shared by all copies: a condition is handed on for every operation that it is asked about.
    private final class Parts: Sendable {
        let source: String
        let ast: CELExpression
        let type: CELType
        let slots: [Int]
        let root: any Node
        let weight: Int
        let localCount: Int

        init(
            source: String, ast: CELExpression, type: CELType, slots: [Int], root: any Node, weight: Int,
            localCount: Int
        ) {
            self.source = source
            self.ast = ast
            self.type = type
            self.slots = slots
            self.root = root
            self.weight = weight
            self.localCount = localCount
        }
    }

    private let parts: Parts

    /// The text it was compiled from.
    public var source: String { parts.source }
    /// The syntax tree, for static analysis.
    public var ast: CELExpression { parts.ast }
    /// The static type of the result.
    public var type: CELType { parts.type }
    /// The slots it may read, in ascending order.
    public var slots: [Int] { parts.slots }
    /// The units that every evaluation spends before it looks at a value.
    public var weight: Int { parts.weight }
    /// The result when it does not depend on any variable.
    public var constant: CELValue? { parts.root.constant }

    /// Reads, checks and compiles an expression.
    ///
    /// - Parameters:
    ///   - expecting: the type the result must have; `dyn` results pass and are checked while evaluating. Nil: any.
    /// - Throws: ``CELError`` with the place of the first fault.
    public init(
        _ source: String, in environment: CELEnvironment, limits: CELLimits = CELLimits(), expecting: CELType? = .bool
    ) throws(CELError) {
        try self.init(source, in: environment, limits: limits, expecting: expecting, isChecked: true)
    }

    /// Without checks types and names are looked at while evaluating alone; for the conformance suite.
    init(
        _ source: String, in environment: CELEnvironment, limits: CELLimits, expecting: CELType?, isChecked: Bool
    ) throws(CELError) {
        let bytes = Array(source.utf8)
        do throws(SyntaxFault) {
            let tree = try Parser.parse(bytes, limits)
            var compiler = Compiler(environment, isChecked: isChecked, foldingBudget: limits.foldingBudget)
            let program = try compiler.program(tree, expecting: expecting)
            parts = Parts(
                source: source, ast: tree, type: program.type, slots: compiler.slots.sorted(), root: program.root,
                weight: program.weight, localCount: compiler.localCount)
        } catch {
            let (line, column) = position(of: error.offset, in: bytes)
            throw CELError(message: error.message, offset: error.offset, line: line, column: column, hint: error.hint)
        }
    }

    /// The value of the expression.
    ///
    /// - Parameter budget: units this evaluation may spend: about one a step, one a round of a macro, one for each
    ///   16 bytes of text looked at. Bounds time and memory; a macro bomb ends here.
    /// - Throws: ``CELFault``. A caller that decides on the value treats it as the closed side.
    public func evaluate(
        _ activation: some CELActivation, budget: Int = CELProgram.defaultBudget
    ) throws(CELFault) -> CELValue {
        do throws(CELFault) {
            var frame = try frame(activation, budget)
            return try parts.root.value(&frame)
        } catch {
            throw error.at(ast.range.lowerBound).located(in: Array(source.utf8))
        }
    }

    /// The truth of a condition; faster than ``evaluate(_:budget:)``, and a value that is no bool is a fault.
    public func holds(
        _ activation: some CELActivation, budget: Int = CELProgram.defaultBudget
    ) throws(CELFault) -> Bool {
        do throws(CELFault) {
            var frame = try frame(activation, budget)
            return try parts.root.truth(&frame)
        } catch {
            throw error.at(ast.range.lowerBound).located(in: Array(source.utf8))
        }
    }

    private func frame(_ activation: some CELActivation, _ budget: Int) throws(CELFault) -> Frame {
        var meter = Meter(left: max(0, budget))
        try meter.charge(parts.weight)
        let locals = parts.localCount == 0 ? [] : [CELValue](repeating: .null, count: parts.localCount)
        return Frame(activation: activation, locals: locals, meter: meter)
    }
}
