// SPDX-License-Identifier: Apache-2.0

/// What the type parameters met so far stand for.
struct TypeSolver {
    private var bindings: [String: CELType] = [:]
    private var count = 0

    mutating func fresh() -> CELType {
        count += 1
        return .parameter("?\(count)")
    }

    /// For the key of an empty map. Only ever stands for a type that can be a key.
    ///
    /// Invariant: every key of a map type is such a parameter or a scalar. So a type has one part that nests, and stays
    /// as small as the expression; with keys that nest, a few sharing bindings would make a type of exponential size.
    mutating func freshKey() -> CELType {
        count += 1
        return .parameter("?key\(count)")
    }

    private static func isKey(_ name: String) -> Bool { name.hasPrefix("?key") }

    /// The signature with parameters of its own.
    mutating func instantiate(_ types: [CELType]) -> [CELType] {
        var names: [String: CELType] = [:]
        return types.map { instantiate($0, &names) }
    }

    private mutating func instantiate(_ type: CELType, _ names: inout [String: CELType]) -> CELType {
        switch type {
        case .parameter(let name):
            if let known = names[name] { return known }
            let own = fresh()
            names[name] = own
            return own
        case .list(let element): return .list(instantiate(element, &names))
        case .map(let key, let value): return .map(instantiate(key, &names), instantiate(value, &names))
        case .type(let inner): return .type(instantiate(inner, &names))
        case .optional(let inner): return .optional(instantiate(inner, &names))
        case .opaque(let name, let inner): return .opaque(name, inner.map { instantiate($0, &names) })
        default: return type
        }
    }

    /// The type with what is known in it; a free parameter stays.
    func known(_ type: CELType) -> CELType {
        switch type {
        case .parameter(let name): bindings[name].map { known($0) } ?? type
        case .list(let element): .list(known(element))
        case .map(let key, let value): .map(known(key), known(value))
        case .type(let inner): .type(known(inner))
        case .optional(let inner): .optional(known(inner))
        case .opaque(let name, let inner): .opaque(name, inner.map { known($0) })
        default: type
        }
    }

    /// The type with `dyn` for what stays unknown.
    func final(_ type: CELType) -> CELType {
        switch known(type) {
        case .parameter: .dyn
        case .list(let element): .list(final(element))
        case .map(let key, let value): .map(final(key), final(value))
        case .type(let inner): .type(final(inner))
        case .optional(let inner): .optional(final(inner))
        case .opaque(let name, let inner): .opaque(name, inner.map { final($0) })
        case let other: other
        }
    }

    /// A value of `source` may stand where `target` is wanted. Binds parameters, but for a refusal.
    mutating func assign(_ target: CELType, _ source: CELType) -> Bool {
        let before = bindings
        if unify(target, source) { return true }
        bindings = before
        return false
    }

    mutating func assign(_ targets: [CELType], _ sources: [CELType]) -> Bool {
        let before = bindings
        for (target, source) in zip(targets, sources) where !unify(target, source) {
            bindings = before
            return false
        }
        return true
    }

    private mutating func unify(_ target: CELType, _ source: CELType) -> Bool {
        switch (known(target), known(source)) {
        case (let a, let b) where a == b: return true
        case (.parameter(let a), .parameter(let b)):
            if TypeSolver.isKey(a), !TypeSolver.isKey(b) {
                bindings[b] = .parameter(a)
            } else {
                bindings[a] = .parameter(b)
            }
            return true
        case (.parameter(let name), let other), (let other, .parameter(let name)):
            if TypeSolver.isKey(name), ![.bool, .int, .uint, .string, .dyn].contains(other) { return false }
            guard !occurs(name, in: other) else { return false }
            bindings[name] = other
            return true
        case (.dyn, _), (_, .dyn): return true
        case (.list(let a), .list(let b)), (.optional(let a), .optional(let b)): return unify(a, b)
        case (.opaque(let a, let x), .opaque(let b, let y)):
            return a == b && x.count == y.count && zip(x, y).allSatisfy { unify($0, $1) }
        // Types compare with each other whatever they denote.
        case (.type, .type): return true
        case (.map(let a, let x), .map(let b, let y)): return unify(a, b) && unify(x, y)
        case (.record, .map(let key, _)), (.map(let key, _), .record): return unify(key, .string)
        case (.timestamp, .null), (.duration, .null), (.optional, .null), (.record, .null): return true
        case (.null, .timestamp), (.null, .duration), (.null, .optional), (.null, .record): return true
        default: return false
        }
    }

    private func occurs(_ name: String, in type: CELType) -> Bool {
        switch type {
        case .parameter(let other): name == other
        case .list(let inner), .type(let inner), .optional(let inner): occurs(name, in: inner)
        case .map(let key, let value): occurs(name, in: key) || occurs(name, in: value)
        case .opaque(_, let inner): inner.contains { occurs(name, in: $0) }
        default: false
        }
    }

    /// The type of a place that holds both: the more general one, `dyn` when they do not fit.
    mutating func join(_ first: CELType, _ second: CELType) -> CELType {
        guard assign(first, second) else { return .dyn }
        return general(known(first), known(second))
    }

    private func general(_ a: CELType, _ b: CELType) -> CELType {
        switch (a, b) {
        case (.dyn, _), (_, .dyn): .dyn
        case (.null, _): b
        case (.list(let x), .list(let y)): .list(general(x, y))
        case (.optional(let x), .optional(let y)): .optional(general(x, y))
        case (.map(let k, let x), .map(let l, let y)): .map(general(k, l), general(x, y))
        case (.opaque(let name, let x), .opaque(_, let y)): .opaque(name, zip(x, y).map { general($0, $1) })
        default: a
        }
    }
}
