// SPDX-License-Identifier: Apache-2.0

/// An expression, checked and compiled once and evaluated many times.
public struct CELProgram: Sendable {
    /// A budget that any sensible condition stays far below and that takes a few milliseconds to spend.
    public static let defaultBudget = 200_000

    /// The text it was compiled from.
    public let source: String
    /// The syntax tree, for static analysis.
    public let ast: CELExpression
    /// The static type of the result.
    public let type: CELType
    /// The slots it may read, in ascending order.
    public let slots: [Int]
    /// The result when it does not depend on any variable.
    public var constant: CELValue? { root.constant }
    private let root: any Node
    private let weight: Int
    private let localCount: Int

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
            self.source = source
            ast = tree
            type = program.type
            root = program.root
            weight = program.weight
            localCount = compiler.localCount
            slots = compiler.slots.sorted()
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
            return try root.value(&frame)
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
            return try root.truth(&frame)
        } catch {
            throw error.at(ast.range.lowerBound).located(in: Array(source.utf8))
        }
    }

    private func frame(_ activation: some CELActivation, _ budget: Int) throws(CELFault) -> Frame {
        var meter = Meter(left: max(0, budget))
        try meter.charge(weight)
        let locals = localCount == 0 ? [] : [CELValue](repeating: .null, count: localCount)
        return Frame(activation: activation, locals: locals, meter: meter)
    }
}
