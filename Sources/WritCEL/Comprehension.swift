// SPDX-License-Identifier: Apache-2.0

/// The macros that walk a list or a map.
final class ComprehensionNode: Node {
    let offset: Int
    let macro: CELMacro
    let over: any Node
    /// Where the variables live: the second is the value, with the index or the key first.
    let first: Int
    let second: Int?
    let condition: (any Node)?
    let result: (any Node)?
    /// Units each round costs, besides what its functions charge.
    let cost: Int

    init(
        _ offset: Int, _ macro: CELMacro, over: any Node, first: Int, second: Int?, condition: (any Node)?,
        result: (any Node)?, cost: Int
    ) {
        self.macro = macro
        self.over = over
        self.first = first
        self.second = second
        self.condition = condition
        self.result = result
        self.cost = cost
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        switch macro {
        case .all: return .bool(try search(&frame, deciding: false))
        case .exists: return .bool(try search(&frame, deciding: true))
        case .existsOne: return .bool(try count(&frame))
        case .transformMap, .transformMapEntry: return try map(&frame)
        case .sortBy: return try sort(&frame)
        default: return try list(&frame)
        }
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        switch macro {
        case .all: return try search(&frame, deciding: false)
        case .exists: return try search(&frame, deciding: true)
        case .existsOne: return try count(&frame)
        default: throw fault(.noSuchOverload, "expected a bool")
        }
    }

    /// Binds the variables for each round until the body returns false.
    private func each(
        _ frame: inout Frame, _ body: (inout Frame) throws(CELFault) -> Bool
    ) throws(CELFault) {
        switch try over.value(&frame) {
        case .list(let list):
            for (index, element) in list.enumerated() {
                try pay(&frame)
                if let second {
                    frame.locals[first] = .int(Int64(index))
                    frame.locals[second] = element
                } else {
                    frame.locals[first] = element
                }
                guard try body(&frame) else { return }
            }
        case .map(let map):
            for index in 0..<map.count {
                let entry = map.entry(at: index)
                try pay(&frame)
                frame.locals[first] = entry.key
                if let second { frame.locals[second] = entry.value }
                guard try body(&frame) else { return }
            }
        case let other: throw fault(.noSuchOverload, "no such overload: \(other.type.name).\(macro.rawValue)")
        }
    }

    private func pay(_ frame: inout Frame) throws(CELFault) {
        do throws(CELFault) {
            try frame.meter.charge(cost)
        } catch {
            throw error.at(offset)
        }
    }

    private func search(_ frame: inout Frame, deciding: Bool) throws(CELFault) -> Bool {
        guard let condition else { return !deciding }
        var kept: CELFault?
        var isDecided = false
        try each(&frame) { frame throws(CELFault) in
            do throws(CELFault) {
                isDecided = try condition.truth(&frame) == deciding
            } catch {
                if error.code == .budget { throw error }
                if kept == nil { kept = error }
            }
            return !isDecided
        }
        if isDecided { return deciding }
        if let kept { throw kept }
        return !deciding
    }

    private func count(_ frame: inout Frame) throws(CELFault) -> Bool {
        guard let condition else { return false }
        var count = 0
        try each(&frame) { frame throws(CELFault) in
            if try condition.truth(&frame) { count += 1 }
            return true
        }
        return count == 1
    }

    private func list(_ frame: inout Frame) throws(CELFault) -> CELValue {
        var out: [CELValue] = []
        try each(&frame) { frame throws(CELFault) in
            if let condition, try !condition.truth(&frame) { return true }
            out.append(try result?.value(&frame) ?? frame.locals[second ?? first])
            return true
        }
        return .list(out)
    }

    private func sort(_ frame: inout Frame) throws(CELFault) -> CELValue {
        var elements: [CELValue] = []
        var keys: [CELValue] = []
        try each(&frame) { frame throws(CELFault) in
            elements.append(frame.locals[first])
            if let result { keys.append(try result.value(&frame)) }
            return true
        }
        do throws(CELFault) {
            return .list(try Library.sorted(elements, by: keys, &frame.meter))
        } catch {
            throw error.at(offset)
        }
    }

    private func map(_ frame: inout Frame) throws(CELFault) -> CELValue {
        var pairs: [(key: CELValue, value: CELValue)] = []
        try each(&frame) { frame throws(CELFault) in
            if let condition, try !condition.truth(&frame) { return true }
            guard let value = try result?.value(&frame) else { return true }
            if macro == .transformMap {
                try frame.meter.charge(key: frame.locals[first])
                pairs.append((frame.locals[first], value))
            } else if case .map(let entry) = value {
                try frame.meter.charge(entry.count)
                pairs.append(contentsOf: entry.entries)
            } else {
                throw fault(.noSuchOverload, "expected a map, got \(value.type.name)")
            }
            return true
        }
        guard let map = CELMap(pairs) else { throw fault(.repeatedKey, "repeated key in a map") }
        return .map(map)
    }
}

/// `cel.bind(x, value, body)`, and `optMap`, `optFlatMap`, which bind what an optional holds.
final class BindNode: ValueNode {
    let offset: Int
    let macro: CELMacro
    let over: any Node
    let index: Int
    let body: any Node

    init(_ offset: Int, _ macro: CELMacro, over: any Node, index: Int, body: any Node) {
        self.macro = macro
        self.over = over
        self.index = index
        self.body = body
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        let bound = try over.value(&frame)
        guard macro != .bind else {
            frame.locals[index] = bound
            return try body.value(&frame)
        }
        guard case .optional(let held) = bound else {
            throw fault(.noSuchOverload, "expected an optional, got \(bound.type.name)")
        }
        guard let held else { return .optional(nil) }
        frame.locals[index] = held
        let value = try body.value(&frame)
        return macro == .optionalMap ? .optional(value) : value
    }
}
