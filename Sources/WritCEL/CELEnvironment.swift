// SPDX-License-Identifier: Apache-2.0

/// What the names in an expression mean.
///
/// A variable is a path, `now` or `op.git.remote`, with one slot. A shorter path may be declared as well: the longest
/// declared path of a chain of fields wins, the rest are fields of its value.
public struct CELEnvironment: Sendable {
    struct Variable: Sendable {
        let slot: Int
        let type: CELType
    }

    private(set) var variables: [String: Variable] = [:]
    /// Proper prefixes of declared paths: `op`, `op.git`.
    private(set) var groups: Set<String> = []
    private(set) var records: [String: [String: CELType]] = [:]
    private(set) var functions: [String: [Overload]] = Library.overloads
    private(set) var withheld: [String: String] = [:]
    private var slotCount = 0
    /// The namespace names are looked up in first: in `a.b`, `x` may be `a.b.x`, `a.x` or `x`.
    public var container: String

    /// Creates an environment with the standard functions.
    public init(container: String = "") {
        self.container = container
    }

    /// Declares a variable or a field path and returns its slot; declaring a path again changes its type alone.
    @discardableResult
    public mutating func declare(_ path: String, _ type: CELType) -> Int {
        let slot = variables[path]?.slot ?? slotCount
        if slot == slotCount { slotCount += 1 }
        variables[path] = Variable(slot: slot, type: type)
        withheld[path] = nil
        var rest = Substring(path)
        while let dot = rest.lastIndex(of: ".") {
            rest = rest[..<dot]
            groups.insert(String(rest))
        }
        return slot
    }

    /// Declares the fields of a record type, for values such as the elements of a list. A record's value is a map.
    public mutating func declareRecord(_ name: String, _ fields: [String: CELType]) {
        records[name] = fields
    }

    /// Makes a declared path, or a group of them, an error that says why, without giving up its slots.
    public mutating func withhold(_ path: String, because reason: String) {
        withheld[path] = reason
    }

    /// The slot of a path.
    public func slot(of path: String) -> Int? {
        variables[path]?.slot
    }

    /// The declared paths with their types, in the order of their slots.
    public var paths: [(path: String, type: CELType)] {
        variables.sorted { $0.value.slot < $1.value.slot }.map { ($0.key, $0.value.type) }
    }

    /// Adds an overload of a function, pure and without side effects: constant calls are evaluated while loading.
    ///
    /// - Parameters:
    ///   - name: plain or dotted (`math.abs`).
    ///   - member: called on its first parameter, `x.f(y)`.
    ///   - cost: units a call costs besides the bytes of its text arguments.
    ///   - body: gets values of the declared types. What it throws becomes a ``CELFault``; its text is shown to people.
    public mutating func define(
        _ name: String, member: Bool = false, parameters: [CELType], result: CELType, cost: Int = 1,
        _ body: @escaping @Sendable ([CELValue]) throws -> CELValue
    ) {
        let overload = Overload(isMember: member, parameters: parameters, result: result, cost: max(cost, 1)) {
            arguments, meter throws(CELFault) in
            for argument in arguments {
                switch argument {
                case .string(let text): try meter.charge(bytes: text.utf8.count)
                case .bytes(let bytes): try meter.charge(bytes: bytes.count)
                case .list(let list): try meter.charge(list.count)
                default: break
                }
            }
            do {
                return try body(arguments)
            } catch let fault as CELFault {
                throw fault
            } catch {
                throw CELFault(.function, "\(name): \(String("\(error)".prefix(200)))")
            }
        }
        // An overload with the same parameters takes the place of the old one.
        functions[name, default: []].removeAll { $0.isMember == member && $0.parameters == parameters }
        functions[name, default: []].append(overload)
    }

    /// The names a name may stand for, from the innermost namespace out.
    func candidates(_ name: String) -> [String] {
        if name.hasPrefix(".") { return [String(name.dropFirst())] }
        if container.isEmpty { return [name] }
        var names: [String] = []
        var prefix = Substring(container)
        while true {
            names.append("\(prefix).\(name)")
            guard let dot = prefix.lastIndex(of: ".") else { break }
            prefix = prefix[..<dot]
        }
        return names + [name]
    }

    /// A declared name close to a misspelt one.
    func suggestion(for name: String, among names: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8.prefix(64))
        var best: (distance: Int, name: String)?
        for candidate in names.sorted() where candidate != name {
            let distance = editDistance(wanted, Array(candidate.utf8.prefix(64)))
            if distance <= max(1, min(wanted.count / 3, 2)), distance < best?.distance ?? .max {
                best = (distance, candidate)
            }
        }
        return best.map { "did you mean `\($0.name)`?" }
    }
}

/// Where a program gets the values of its variables from: asked for a slot each time the variable is used.
public protocol CELActivation {
    /// The value of a slot, of the type the path was declared with.
    func value(slot: Int) throws(CELFault) -> CELValue
}

extension [CELValue]: CELActivation {
    /// Slots are indices; a slot past the end is a fault.
    public func value(slot: Int) throws(CELFault) -> CELValue {
        guard indices.contains(slot) else { throw CELFault(.unknownName, "variable has no value") }
        return self[slot]
    }
}

/// One signature of a function.
struct Overload: Sendable {
    typealias Body = @Sendable ([CELValue], inout Meter) throws(CELFault) -> CELValue

    let isMember: Bool
    let parameters: [CELType]
    let result: CELType
    let cost: Int
    /// The last parameter may repeat.
    var isVariadic = false
    let body: Body

    init(
        isMember: Bool, parameters: [CELType], result: CELType, cost: Int, isVariadic: Bool = false,
        body: @escaping Body
    ) {
        self.isMember = isMember
        self.parameters = parameters
        self.result = result
        self.cost = cost
        self.isVariadic = isVariadic
        self.body = body
    }

    func takes(_ count: Int) -> Bool {
        isVariadic ? count >= parameters.count : count == parameters.count
    }

    func accepts(_ arguments: [CELValue]) -> Bool {
        guard takes(arguments.count) else { return false }
        for (index, argument) in arguments.enumerated()
        where !argument.fits(parameters[min(index, parameters.count - 1)]) { return false }
        return true
    }
}

extension CELValue {
    /// Of this type as far as the outermost constructor says.
    func fits(_ type: CELType) -> Bool {
        switch (type, self) {
        case (.dyn, _), (.parameter, _), (.null, .null), (.bool, .bool), (.int, .int), (.uint, .uint),
            (.double, .double), (.string, .string), (.bytes, .bytes), (.timestamp, .timestamp), (.duration, .duration),
            (.list, .list), (.map, .map), (.record, .map), (.type, .type), (.optional, .optional):
            true
        case (.opaque(let name, _), .network(let value)): value.type.name == name
        default: false
        }
    }
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let substituted = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
