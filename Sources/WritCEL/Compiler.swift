// SPDX-License-Identifier: Apache-2.0
internal import WritPattern

/// Turns a syntax tree into steps: resolves names, checks types, folds constants, chooses overloads.
struct Compiler {
    struct Typed {
        let node: any Node
        let type: CELType
        /// Steps, for the meter.
        let weight: Int
    }

    private struct Local {
        let name: String
        let type: CELType
        let index: Int
    }

    let environment: CELEnvironment
    /// Without checks a part that means nothing becomes a step that fails.
    let isChecked: Bool
    private var solver = TypeSolver()
    private var locals: [Local] = []
    private(set) var localCount = 0
    private(set) var slots: Set<Int> = []
    private var folding: Meter

    init(_ environment: CELEnvironment, isChecked: Bool, foldingBudget: Int) {
        self.environment = environment
        self.isChecked = isChecked
        folding = Meter(left: foldingBudget)
    }

    mutating func program(
        _ expression: CELExpression, expecting: CELType?
    ) throws(SyntaxFault) -> (root: any Node, type: CELType, weight: Int) {
        let root = try compile(expression)
        if isChecked, let expecting, !solver.assign(expecting, root.type) {
            throw SyntaxFault(
                message: "expected \(expecting), got \(solver.final(root.type))", offset: expression.range.lowerBound)
        }
        return (root.node, solver.final(root.type), root.weight)
    }

    // MARK: Faults

    private func refuse(
        _ code: CELFault.Code, _ message: String, _ expression: CELExpression, hint: String? = nil
    ) throws(SyntaxFault) -> Typed {
        let offset = expression.range.lowerBound
        guard isChecked else { return Typed(node: FaultNode(offset, CELFault(code, message)), type: .dyn, weight: 1) }
        throw SyntaxFault(message: message, offset: offset, hint: hint)
    }

    private mutating func made(_ node: any Node, _ type: CELType, _ parts: [Typed], cost: Int = 1) -> Typed {
        let weight = parts.reduce(cost) { $0 + $1.weight }
        let type = isChecked ? type : .dyn
        if parts.allSatisfy({ $0.node.constant != nil }) {
            // A constant that fails fails when it is reached: `1 / 0 || true` is true.
            var frame = Frame(activation: [CELValue](), locals: [], meter: folding)
            do throws(CELFault) {
                let value = try node.value(&frame)
                folding = frame.meter
                return Typed(node: ConstantNode(node.offset, value), type: type, weight: 1)
            } catch {
                folding.left = min(folding.left, max(0, frame.meter.left))
            }
        }
        return Typed(node: node, type: type, weight: weight)
    }

    /// `wanted` fits; else a fault at the part.
    private mutating func require(
        _ wanted: CELType, _ part: Typed, _ expression: CELExpression, _ what: String
    ) throws(SyntaxFault) {
        guard isChecked, !solver.assign(wanted, part.type) else { return }
        // The key of a map that says nothing about its keys.
        let shown = solver.known(wanted).isParameter ? "a bool, int, uint or string" : solver.final(wanted).description
        throw SyntaxFault(
            message: "\(what) must be \(shown), not \(solver.final(part.type))", offset: expression.range.lowerBound)
    }

    // MARK: Expressions

    private mutating func compile(_ expression: CELExpression) throws(SyntaxFault) -> Typed {
        let offset = expression.range.lowerBound
        switch expression.kind {
        case .constant(let constant):
            return Typed(
                node: ConstantNode(offset, constant.value), type: isChecked ? constant.value.type : .dyn, weight: 1)
        case .identifier, .select(_, _, isOptional: false):
            if let path = components(expression) { return try name(path.names, path.parts, expression) }
            guard case .select(let operand, let field, _) = expression.kind else {
                return try refuse(.unknownName, "expected a name", expression)
            }
            return try select(try compile(operand), field, expression)
        case .select(let operand, let field, _):
            let inner = try compile(operand)
            let type = try fieldType(inner.type, field, expression, isOptional: true)
            return made(OptionalSelectNode(offset, inner.node, field), type, [inner])
        case .has(let operand, let field): return try has(operand, field, expression)
        case .index(let operand, let index, let isOptional):
            return try self.index(operand, index, isOptional, expression)
        case .not(let operand):
            let inner = try compile(operand)
            try require(.bool, inner, operand, "the operand of `!`")
            return made(NotNode(offset, inner.node), .bool, [inner])
        case .negate(let operand):
            let inner = try compile(operand)
            let type = solver.known(inner.type)
            // The type of an element of an empty list is known when it is there, which is never.
            guard !isChecked || type == .int || type == .double || type == .dyn || type.isParameter else {
                return try refuse(.noSuchOverload, "`-` does not apply to \(solver.final(type))", expression)
            }
            return made(NegateNode(offset, inner.node), type, [inner])
        case .and(let terms): return try logic(terms, "&&", deciding: false, offset)
        case .or(let terms): return try logic(terms, "||", deciding: true, offset)
        case .binary(let operation, let left, let right):
            return try binary(operation, left, right, expression)
        case .conditional(let condition, let then, let otherwise):
            let a = try compile(condition)
            try require(.bool, a, condition, "the condition before `?`")
            let b = try compile(then)
            let c = try compile(otherwise)
            guard !isChecked || solver.assign(b.type, c.type) else {
                return try refuse(
                    .noSuchOverload,
                    "both results must have one type, not \(solver.final(b.type)) and \(solver.final(c.type))",
                    expression, hint: "wrap one in dyn(…) to mix them")
            }
            let type = solver.join(b.type, c.type)
            if case .bool(let isTrue)? = a.node.constant {
                let kept = isTrue ? b : c
                return Typed(node: kept.node, type: isChecked ? type : .dyn, weight: kept.weight)
            }
            return made(ConditionalNode(offset, a.node, b.node, c.node), type, [a, b, c])
        case .call(let name, let arguments): return try call(name, nil, arguments, expression)
        case .memberCall(let target, let name, let arguments):
            return try memberCall(target, name, arguments, expression)
        case .list(let elements):
            var parts: [Typed] = []
            var type: CELType?
            for element in elements {
                let part = try compile(element.value)
                var own = part.type
                if element.isOptional {
                    own = solver.fresh()
                    try require(.optional(own), part, element.value, "an element after `?`")
                    own = solver.known(own)
                }
                type = type.map { solver.join($0, own) } ?? own
                parts.append(part)
            }
            let node = ListNode(offset, zip(parts, elements).map { ($0.node, $1.isOptional) })
            return made(node, .list(type ?? solver.fresh()), parts)
        case .map(let entries): return try map(entries, offset)
        case .macro(let macro, let over, let variables, let arguments):
            return try self.macro(macro, over, variables, arguments, expression)
        }
    }

    private mutating func logic(
        _ terms: [CELExpression], _ operation: String, deciding: Bool, _ offset: Int
    ) throws(SyntaxFault) -> Typed {
        var parts: [Typed] = []
        for term in terms {
            let part = try compile(term)
            try require(.bool, part, term, "each side of `\(operation)`")
            parts.append(part)
        }
        return made(LogicNode(offset, parts.map(\.node), deciding: deciding), .bool, parts)
    }

    private mutating func map(_ entries: [CELExpression.Entry], _ offset: Int) throws(SyntaxFault) -> Typed {
        var parts: [Typed] = []
        var rows: [(key: any Node, value: any Node, isOptional: Bool)] = []
        var keyType: CELType?
        var valueType: CELType?
        for entry in entries {
            let key = try compile(entry.key)
            let value = try compile(entry.value)
            let ownKey = solver.freshKey()
            guard !isChecked || solver.assign(ownKey, key.type) else {
                throw SyntaxFault(
                    message: "a key must be a bool, int, uint or string, not \(solver.final(key.type))",
                    offset: entry.key.range.lowerBound)
            }
            var own = value.type
            if entry.isOptional {
                own = solver.fresh()
                try require(.optional(own), value, entry.value, "the value of a key after `?`")
                own = solver.known(own)
            }
            keyType = keyType.map { solver.join($0, ownKey) } ?? ownKey
            valueType = valueType.map { solver.join($0, own) } ?? own
            parts += [key, value]
            rows.append((key.node, value.node, entry.isOptional))
        }
        return made(MapNode(offset, rows), .map(keyType ?? solver.freshKey(), valueType ?? solver.fresh()), parts)
    }

    // MARK: Names and fields

    /// The names of a chain of plain fields, with the expression each ends.
    private func components(_ expression: CELExpression) -> (names: [String], parts: [CELExpression])? {
        var names: [String] = []
        var parts: [CELExpression] = []
        var rest = expression
        while true {
            parts.append(rest)
            switch rest.kind {
            case .identifier(let name):
                names.append(name)
                return (names.reversed(), parts.reversed())
            // A quoted field with dots in it is one field.
            case .select(let operand, let field, false) where !field.contains("."):
                names.append(field)
                rest = operand
            default: return nil
            }
        }
    }

    private mutating func name(
        _ names: [String], _ parts: [CELExpression], _ expression: CELExpression
    ) throws(SyntaxFault) -> Typed {
        var base: Typed?
        var used = 0
        if let local = locals.last(where: { $0.name == names[0] }) {
            base = Typed(node: LocalNode(parts[0].range.lowerBound, local.index), type: local.type, weight: 1)
            used = 1
        } else {
            search: for count in (1...names.count).reversed() {
                let joined = names[..<count].joined(separator: ".")
                for candidate in environment.candidates(joined) {
                    if let reason = withheld(candidate) {
                        return try refuse(.unknownName, "`\(candidate)` \(reason)", expression)
                    }
                    let offset = parts[count - 1].range.lowerBound
                    if let variable = environment.variables[candidate] {
                        slots.insert(variable.slot)
                        let type = isChecked ? variable.type : .dyn
                        base = Typed(node: SlotNode(offset, variable.slot), type: type, weight: 1)
                    } else if let type = CELType.named[candidate] {
                        base = Typed(
                            node: ConstantNode(offset, .type(type)), type: isChecked ? .type(type) : .dyn, weight: 1)
                    } else {
                        continue
                    }
                    used = count
                    break search
                }
            }
        }
        guard var value = base else { return try unknown(names, expression) }
        for index in used..<names.count { value = try select(value, names[index], parts[index]) }
        return value
    }

    private func withheld(_ path: String) -> String? {
        guard !environment.withheld.isEmpty else { return nil }
        var rest = Substring(path)
        while true {
            if let reason = environment.withheld[String(rest)] { return reason }
            guard let dot = rest.lastIndex(of: ".") else { return nil }
            rest = rest[..<dot]
        }
    }

    private func unknown(_ names: [String], _ expression: CELExpression) throws(SyntaxFault) -> Typed {
        let path = names.joined(separator: ".")
        if environment.groups.contains(path) {
            return try refuse(
                .unknownName, "`\(path)` is a group of fields, not a value", expression, hint: "name one of its fields")
        }
        // The first name that is wrong, next to those that would be right.
        var group = ""
        for name in names {
            let next = group.isEmpty ? name : "\(group).\(name)"
            guard environment.groups.contains(next) else { break }
            group = next
        }
        let depth = group.isEmpty ? 0 : group.split(separator: ".").count
        let wrong = names[depth]
        if group.isEmpty {
            let roots = environment.variables.keys.map { String($0.prefix { $0 != "." }) } + locals.map(\.name)
            return try refuse(
                .unknownName, "unknown name `\(wrong.prefix(60))`", expression,
                hint: environment.suggestion(for: wrong, among: Set(roots)))
        }
        let fields = environment.variables.keys.filter { $0.hasPrefix(group + ".") }
            .map { String($0.dropFirst(group.count + 1).prefix { $0 != "." }) }
        return try refuse(
            .unknownName, "unknown field `\(wrong.prefix(60))` of `\(group)`", expression,
            hint: environment.suggestion(for: wrong, among: Set(fields)))
    }

    private mutating func select(
        _ operand: Typed, _ field: String, _ expression: CELExpression
    ) throws(SyntaxFault) -> Typed {
        let type = try fieldType(operand.type, field, expression, isOptional: false)
        return made(SelectNode(expression.range.lowerBound, operand.node, field), type, [operand])
    }

    private mutating func fieldType(
        _ type: CELType, _ field: String, _ expression: CELExpression, isOptional: Bool
    ) throws(SyntaxFault) -> CELType {
        guard isChecked else { return .dyn }
        let found: CELType
        switch solver.known(type) {
        case .dyn: found = .dyn
        case .parameter: found = .dyn
        case .map(let key, let value):
            guard solver.assign(.string, key) else {
                throw SyntaxFault(
                    message: "keys of this map are \(solver.final(key)), not string",
                    offset: expression.range.lowerBound,
                    hint: "write map[key]")
            }
            found = value
        case .record(let name):
            let fields = environment.records[name] ?? [:]
            guard let type = fields[field] else {
                throw SyntaxFault(
                    message: "unknown field `\(field.prefix(60))` of `\(name)`", offset: expression.range.lowerBound,
                    hint: environment.suggestion(for: field, among: fields.keys))
            }
            found = type
        case .optional(let inner):
            return .optional(try fieldType(inner, field, expression, isOptional: false))
        case let other:
            throw SyntaxFault(
                message: "type \(solver.final(other)) has no fields", offset: expression.range.lowerBound)
        }
        return isOptional ? .optional(found) : found
    }

    private mutating func has(
        _ operand: CELExpression, _ field: String, _ expression: CELExpression
    ) throws(SyntaxFault) -> Typed {
        let offset = expression.range.lowerBound
        if let path = operand.path, !locals.contains(where: { $0.name == path.prefix { $0 != "." } }) {
            for candidate in environment.candidates("\(path).\(field)") {
                if let reason = withheld(candidate) {
                    return try refuse(.unknownName, "`\(candidate)` \(reason)", expression)
                }
                if let variable = environment.variables[candidate] {
                    slots.insert(variable.slot)
                    return Typed(
                        node: IsSetNode(offset, variable.slot), type: isChecked ? .bool : .dyn, weight: 1)
                }
            }
        }
        let inner = try compile(operand)
        _ = try fieldType(inner.type, field, expression, isOptional: false)
        return made(HasNode(offset, inner.node, field), .bool, [inner])
    }

    private mutating func index(
        _ operand: CELExpression, _ index: CELExpression, _ isOptional: Bool, _ expression: CELExpression
    ) throws(SyntaxFault) -> Typed {
        let container = try compile(operand)
        let key = try compile(index)
        var type = solver.known(container.type)
        var isOptionalResult = isOptional
        if case .optional(let inner) = type {
            type = solver.known(inner)
            isOptionalResult = true
        }
        var result = CELType.dyn
        if isChecked {
            switch type {
            case .list(let element):
                try require(.int, key, index, "the index of a list")
                result = element
            case .map(let wanted, let value):
                try require(wanted, key, index, "the key of this map")
                result = value
            case .record:
                try require(.string, key, index, "the key of this map")
            case .dyn, .parameter: break
            case let other:
                throw SyntaxFault(
                    message: "type \(solver.final(other)) has no elements", offset: expression.range.lowerBound)
            }
        }
        let node = IndexNode(expression.range.lowerBound, container.node, key.node, isOptional: isOptional)
        return made(node, isOptionalResult ? .optional(result) : result, [container, key])
    }

    // MARK: Operators

    private mutating func binary(
        _ operation: CELOperator, _ left: CELExpression, _ right: CELExpression, _ expression: CELExpression
    ) throws(SyntaxFault) -> Typed {
        let a = try compile(left)
        let b = try compile(right)
        let offset = expression.range.lowerBound
        let type = isChecked ? result(of: operation, a.type, b.type) : .dyn
        guard let type else {
            let mixed = [a.type, b.type].map { solver.final($0) }
            let numbers: Set<CELType> = [.int, .uint, .double]
            return try refuse(
                .noSuchOverload, "`\(operation.rawValue)` does not apply to \(mixed[0]) and \(mixed[1])", expression,
                hint: Set(mixed).isSubset(of: numbers) ? "convert one side: int(…), uint(…), double(…)" : nil)
        }
        switch operation {
        case .equal, .notEqual:
            return made(EqualNode(offset, a.node, b.node, expected: operation == .equal), type, [a, b])
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return made(OrderNode(offset, operation, a.node, b.node), type, [a, b])
        case .isIn:
            if case .list(let list)? = b.node.constant, list.count > 6, a.node.constant == nil,
                list.allSatisfy({ $0.string != nil })
            {
                let texts = Set(list.compactMap { CELKey($0) })
                return made(SetNode(offset, a.node, texts), type, [a])
            }
            return made(MembershipNode(offset, a.node, b.node), type, [a, b])
        case .add, .subtract, .multiply, .divide, .modulo:
            return made(ArithmeticNode(offset, operation, a.node, b.node), type, [a, b])
        }
    }

    /// Nil when the operator has no such overload.
    private mutating func result(of operation: CELOperator, _ left: CELType, _ right: CELType) -> CELType? {
        let a = solver.known(left)
        let b = solver.known(right)
        switch operation {
        case .equal, .notEqual: return solver.assign(a, b) ? .bool : nil
        case .isIn:
            switch b {
            case .list(let element): return solver.assign(element, a) ? .bool : nil
            case .map(let key, _): return solver.assign(key, a) ? .bool : nil
            case .record: return solver.assign(.string, a) ? .bool : nil
            case .dyn, .parameter: return .bool
            default: return nil
            }
        default: break
        }
        var results: [CELType] = []
        for row in Compiler.overloads[operation] ?? [] {
            var trial = solver
            let types = trial.instantiate([row.left, row.right, row.result])
            if trial.assign([types[0], types[1]], [a, b]) { results.append(trial.known(types[2])) }
        }
        guard let first = results.first else { return nil }
        // Several fit when a side is dyn: one type is known only if they agree.
        if case .list = first, results.count == 1, case .add = operation { return solver.join(a, b) }
        return results.allSatisfy { $0 == first } ? first : .dyn
    }

    private static let overloads: [CELOperator: [(left: CELType, right: CELType, result: CELType)]] = {
        let numbers: [CELType] = [.int, .uint, .double]
        let same = numbers.map { ($0, $0, $0) }
        let list = CELType.list(.parameter("E"))
        let ordered = (numbers + [.bool, .string, .bytes, .timestamp, .duration]).map { ($0, $0, CELType.bool) }
        return [
            .add: same + [
                (.string, .string, .string), (.bytes, .bytes, .bytes), (list, list, list),
                (.timestamp, .duration, .timestamp), (.duration, .timestamp, .timestamp),
                (.duration, .duration, .duration),
            ],
            .subtract: same + [
                (.timestamp, .duration, .timestamp), (.timestamp, .timestamp, .duration),
                (.duration, .duration, .duration),
            ],
            .multiply: same, .divide: same, .modulo: [(.int, .int, .int), (.uint, .uint, .uint)],
            .less: ordered, .lessOrEqual: ordered, .greater: ordered, .greaterOrEqual: ordered,
        ]
    }()

    // MARK: Calls

    private mutating func memberCall(
        _ target: CELExpression, _ name: String, _ arguments: [CELExpression], _ expression: CELExpression
    ) throws(SyntaxFault) -> Typed {
        // `math.abs(x)`: a function with a namespace, unless a variable has that name.
        if let path = target.path, !locals.contains(where: { $0.name == path.prefix { $0 != "." } }),
            environment.candidates("\(path).\(name)").contains(where: {
                environment.functions[$0]?.contains { !$0.isMember } == true
            })
        {
            return try call("\(path).\(name)", nil, arguments, expression)
        }
        return try call(name, target, arguments, expression)
    }

    private mutating func call(
        _ name: String, _ target: CELExpression?, _ arguments: [CELExpression], _ expression: CELExpression
    ) throws(SyntaxFault) -> Typed {
        var parts: [Typed] = []
        for part in (target.map { [$0] } ?? []) + arguments { parts.append(try compile(part)) }
        let offset = expression.range.lowerBound
        let isMember = target != nil
        let names = isMember ? [name] : environment.candidates(name)
        var found: [Overload] = []
        for name in names where found.isEmpty {
            found = (environment.functions[name] ?? []).filter { $0.isMember == isMember }
        }
        guard !found.isEmpty else {
            let other = environment.functions[name]?.first
            let hint =
                other.map { $0.isMember ? "call it on a value: x.\(name)(…)" : "call it as \(name)(…)" }
                ?? environment.suggestion(for: name, among: environment.functions.keys)
            return try refuse(.unknownName, "unknown function `\(name.prefix(60))`", expression, hint: hint)
        }
        let fitting = found.filter { $0.takes(parts.count) }
        guard isChecked else {
            guard !fitting.isEmpty else {
                return try refuse(.noSuchOverload, "no such overload: \(name)", expression)
            }
            let nodes = parts.map(\.node)
            let node: any Node =
                isFallback(name, isMember, parts)
                ? FallbackNode(offset, nodes[0], nodes[1], keepsOptional: name == "or")
                : DispatchNode(offset, name, nodes, fitting)
            return made(node, .dyn, parts, cost: cost(fitting))
        }
        var chosen: [(overload: Overload, solver: TypeSolver, result: CELType)] = []
        for overload in fitting {
            var trial = solver
            let signature = trial.instantiate(overload.parameters + [overload.result])
            let wanted = parts.indices.map { signature[min($0, overload.parameters.count - 1)] }
            if trial.assign(wanted, parts.map(\.type)) {
                chosen.append((overload, trial, signature[signature.count - 1]))
            }
        }
        guard let first = chosen.first else {
            let types = parts.map { solver.final($0.type).description }
            let shown =
                isMember
                ? "\(types[0]).\(name)(\(types.dropFirst().joined(separator: ", ")))"
                : "\(name)(\(types.joined(separator: ", ")))"
            return try refuse(.noSuchOverload, "no overload \(shown)", expression, hint: signatures(name, found))
        }
        if name == "matches", let special = try pattern(parts, arguments, offset) { return special }
        let types = parts.map { solver.known($0.type) }
        let isCertain = !types.contains(where: \.isUncertain)
        if chosen.count == 1 || isCertain && first.overload.parameters.allSatisfy({ !$0.isParameter }) {
            solver = first.solver
            let needsDispatch = zip(types.indices, types).contains { index, type in
                let wanted = first.overload.parameters[min(index, first.overload.parameters.count - 1)]
                return (type == .dyn || type.isParameter || type == .null) && !(wanted == .dyn || wanted.isParameter)
            }
            let nodes = parts.map(\.node)
            let node: any Node =
                if isFallback(name, isMember, parts) {
                    FallbackNode(offset, nodes[0], nodes[1], keepsOptional: name == "or")
                } else if needsDispatch {
                    DispatchNode(offset, name, nodes, [first.overload])
                } else {
                    CallNode(offset, nodes, first.overload.body)
                }
            return made(node, solver.known(first.result), parts, cost: first.overload.cost)
        }
        let results = chosen.map { $0.solver.final($0.result) }
        let result = results.allSatisfy { $0 == results[0] } ? results[0] : .dyn
        let node = DispatchNode(offset, name, parts.map(\.node), chosen.map(\.overload))
        return made(node, result, parts, cost: cost(chosen.map(\.overload)))
    }

    /// `x.or(y)` and `x.orValue(y)` look at `y` only when they need it.
    private func isFallback(_ name: String, _ isMember: Bool, _ parts: [Typed]) -> Bool {
        isMember && parts.count == 2 && (name == "or" || name == "orValue")
    }

    private func cost(_ overloads: [Overload]) -> Int {
        overloads.map(\.cost).max() ?? 1
    }

    private func signatures(_ name: String, _ overloads: [Overload]) -> String {
        let all = overloads.map { overload in
            let parameters = overload.parameters.map(\.description)
            return overload.isMember
                ? "\(parameters[0]).\(name)(\(parameters.dropFirst().joined(separator: ", ")))"
                : "\(name)(\(parameters.joined(separator: ", ")))"
        }
        return "there is " + all.prefix(4).joined(separator: ", ") + (all.count > 4 ? " …" : "")
    }

    /// `matches` with a constant pattern: compiled while loading, where a bad one is an error with a place.
    private mutating func pattern(
        _ parts: [Typed], _ arguments: [CELExpression], _ offset: Int
    ) throws(SyntaxFault) -> Typed? {
        guard parts.count == 2, case .string(let source)? = parts[1].node.constant else { return nil }
        do throws(CELFault) {
            let pattern = try Library.compiled(source)
            guard solver.assign(.string, parts[0].type) else { return nil }
            let node = PatternNode(offset, parts[0].node, pattern)
            return made(node, .bool, [parts[0]], cost: 2)
        } catch {
            throw SyntaxFault(message: error.message, offset: arguments.last?.range.lowerBound ?? offset)
        }
    }

    // MARK: Macros

    private mutating func macro(
        _ macro: CELMacro, _ over: CELExpression, _ variables: [String], _ arguments: [CELExpression],
        _ expression: CELExpression
    ) throws(SyntaxFault) -> Typed {
        let offset = expression.range.lowerBound
        let range = try compile(over)
        if macro == .bind || macro == .optionalMap || macro == .optionalFlatMap {
            return try bind(macro, range, over, variables[0], arguments[0], offset)
        }
        var types: [CELType]
        switch solver.known(range.type) {
        case .list(let element): types = variables.count == 2 ? [.int, element] : [element]
        case .map(let key, let value): types = variables.count == 2 ? [key, value] : [key]
        case .record: types = variables.count == 2 ? [.string, .dyn] : [.string]
        case .dyn, .parameter: types = [.dyn, .dyn]
        case let other:
            return try refuse(
                .noSuchOverload, "`\(macro.rawValue)` walks a list or a map, not \(solver.final(other))", over)
        }
        if !isChecked { types = [.dyn, .dyn] }
        let base = locals.count
        for (name, type) in zip(variables, types) {
            locals.append(Local(name: name, type: type, index: locals.count))
        }
        localCount = max(localCount, locals.count)
        defer { locals.removeSubrange(base...) }
        var condition: Typed?
        var result: Typed?
        switch macro {
        case .all, .exists, .existsOne, .filter: condition = try compile(arguments[0])
        default:
            if arguments.count == 2 { condition = try compile(arguments[0]) }
            result = try compile(arguments[arguments.count - 1])
        }
        if let condition {
            try require(.bool, condition, arguments[0], "the condition of `\(macro.rawValue)`")
        }
        if macro == .sortBy, let result {
            let key = solver.final(result.type)
            guard !isChecked || key == .dyn || CELType.ordered.contains(key) else {
                return try refuse(.noSuchOverload, "`sortBy` has no order for \(key)", arguments[0])
            }
        }
        let type: CELType
        switch macro {
        case .all, .exists, .existsOne: type = .bool
        case .filter: type = .list(types[0])
        case .sortBy: type = .list(types[0])
        case .transformMap: type = .map(types[0], result?.type ?? .dyn)
        case .transformMapEntry: type = .map(.dyn, .dyn)
        default: type = .list(result?.type ?? .dyn)
        }
        let node = ComprehensionNode(
            offset, macro, over: range.node, first: base, second: variables.count == 2 ? base + 1 : nil,
            condition: condition?.node, result: result?.node, cost: 1 + (condition?.weight ?? 0) + (result?.weight ?? 0)
        )
        return Typed(node: node, type: isChecked ? type : .dyn, weight: range.weight + 1)
    }

    private mutating func bind(
        _ macro: CELMacro, _ range: Typed, _ over: CELExpression, _ name: String, _ body: CELExpression, _ offset: Int
    ) throws(SyntaxFault) -> Typed {
        var type = range.type
        if macro != .bind {
            let held = solver.fresh()
            try require(.optional(held), range, over, "what `\(macro.rawValue)` is called on")
            type = isChecked ? solver.known(held) : .dyn
        }
        let index = locals.count
        locals.append(Local(name: name, type: type, index: index))
        localCount = max(localCount, locals.count)
        defer { locals.removeLast() }
        let inner = try compile(body)
        let node = BindNode(offset, macro, over: range.node, index: index, body: inner.node)
        let result = macro == .optionalMap ? CELType.optional(inner.type) : inner.type
        return Typed(node: node, type: isChecked ? result : .dyn, weight: range.weight + inner.weight + 1)
    }
}

extension CELType {
    var isParameter: Bool {
        if case .parameter = self { true } else { false }
    }

    /// Has `dyn` or a free parameter in it, so that more than one overload may fit.
    var isUncertain: Bool {
        switch self {
        case .dyn, .parameter: true
        case .list(let inner), .optional(let inner): inner.isUncertain
        case .map(let key, let value): key.isUncertain || value.isUncertain
        case .opaque(_, let inner): inner.contains { $0.isUncertain }
        default: false
        }
    }
}

/// `text.matches("constant")`
final class PatternNode: TruthNode {
    let offset: Int
    let operand: any Node
    let pattern: Pattern

    init(_ offset: Int, _ operand: any Node, _ pattern: Pattern) {
        self.operand = operand
        self.pattern = pattern
        self.offset = offset
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        let value = try operand.value(&frame)
        guard case .string(let text) = value else {
            throw fault(.noSuchOverload, "no such overload: \(value.type.name).matches(string)")
        }
        try frame.meter.charge(bytes: text.utf8.count)
        return pattern.matches(text)
    }
}
