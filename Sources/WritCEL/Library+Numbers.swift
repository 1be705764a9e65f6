// SPDX-License-Identifier: Apache-2.0

extension Library {
    static let numbers: [Row] =
        ["greatest", "least"].flatMap { (name: String) -> [Row] in
            let wanted: Order = name == "greatest" ? .greater : .less
            let choose: Overload.Body = { values, meter throws(CELFault) in
                // One list stands for its elements.
                var candidates = values
                if values.count == 1, case .list(let list) = values[0] { candidates = list }
                guard var best = candidates.first else { throw CELFault(.badArgument, "math.\(name) of an empty list") }
                for candidate in candidates {
                    guard candidate.fits(.int) || candidate.fits(.uint) || candidate.fits(.double) else {
                        throw CELFault(.noSuchOverload, "no such overload: math.\(name)(\(candidate.type.name))")
                    }
                    try meter.charge(1)
                    if try order(candidate, best, &meter) == wanted { best = candidate }
                }
                return best
            }
            // One number, one type: what several numbers of one type give; else whatever the largest is.
            let same: [Row] = [CELType.int, .uint, .double].flatMap { type in
                [
                    (
                        "math.\(name)",
                        Overload(
                            isMember: false, parameters: [type], result: type, cost: 1, isVariadic: true, body: choose)
                    ),
                    (
                        "math.\(name)",
                        Overload(
                            isMember: false, parameters: [.list(type)], result: type, cost: 1, body: choose)
                    ),
                ]
            }
            return same + [
                (
                    "math.\(name)",
                    Overload(
                        isMember: false, parameters: [.dyn], result: .dyn, cost: 1, isVariadic: true,
                        body: choose)
                )
            ]
        } + [
            real("ceil") { $0.rounded(.up) }, real("floor") { $0.rounded(.down) },
            real("round") { $0.rounded(.toNearestOrAwayFromZero) }, real("trunc") { $0.rounded(.towardZero) },
            real("sqrt") { $0.squareRoot() },
            unary("math.sqrt", .function, .int, .double) { value, _ throws(CELFault) in Double(value).squareRoot() },
            unary("math.sqrt", .function, .uint, .double) { value, _ throws(CELFault) in Double(value).squareRoot() },
            unary("math.abs", .function, .int, .int) { value, _ throws(CELFault) in
                guard value != .min else { throw CELFault(.overflow, "int overflow") }
                return abs(value)
            },
            unary("math.abs", .function, .uint, .uint) { value, _ throws(CELFault) in value },
            unary("math.abs", .function, .double, .double) { value, _ throws(CELFault) in abs(value) },
            unary("math.sign", .function, .int, .int) { value, _ throws(CELFault) in value.signum() },
            unary("math.sign", .function, .uint, .uint) { value, _ throws(CELFault) in value == 0 ? 0 : 1 },
            unary("math.sign", .function, .double, .double) { value, _ throws(CELFault) in
                value.isNaN || value == 0 ? value : value < 0 ? -1 : 1
            },
            unary("math.isNaN", .function, .double, .bool) { value, _ throws(CELFault) in value.isNaN },
            unary("math.isInf", .function, .double, .bool) { value, _ throws(CELFault) in value.isInfinite },
            unary("math.isFinite", .function, .double, .bool) { value, _ throws(CELFault) in value.isFinite },
        ] + bits("bitAnd", { $0 & $1 }, { $0 & $1 }) + bits("bitOr", { $0 | $1 }, { $0 | $1 })
        + bits("bitXor", { $0 ^ $1 }, { $0 ^ $1 }) + shifts

    private static let shifts: [Row] = [
        unary("math.bitNot", .function, .int, .int) { value, _ throws(CELFault) in ~value },
        unary("math.bitNot", .function, .uint, .uint) { value, _ throws(CELFault) in ~value },
        binary("math.bitShiftLeft", .function, .int, .int, .int) { value, by, _ throws(CELFault) in
            value << (try shift(by))
        },
        binary("math.bitShiftLeft", .function, .uint, .int, .uint) { value, by, _ throws(CELFault) in
            value << (try shift(by))
        },
        // Without the sign, as the extension has it.
        binary("math.bitShiftRight", .function, .int, .int, .int) { value, by, _ throws(CELFault) in
            Int64(bitPattern: UInt64(bitPattern: value) >> (try shift(by)))
        },
        binary("math.bitShiftRight", .function, .uint, .int, .uint) { value, by, _ throws(CELFault) in
            value >> (try shift(by))
        },
    ]

    private static func real(_ name: String, _ body: @escaping @Sendable (Double) -> Double) -> Row {
        unary("math.\(name)", .function, .double, .double) { value, _ throws(CELFault) in body(value) }
    }

    private static func bits(
        _ name: String, _ signed: @escaping @Sendable (Int64, Int64) -> Int64,
        _ unsigned: @escaping @Sendable (UInt64, UInt64) -> UInt64
    ) -> [Row] {
        [
            binary("math.\(name)", .function, .int, .int, .int) { a, b, _ throws(CELFault) in signed(a, b) },
            binary("math.\(name)", .function, .uint, .uint, .uint) { a, b, _ throws(CELFault) in unsigned(a, b) },
        ]
    }

    private static func shift(_ by: Int64) throws(CELFault) -> Int64 {
        guard by >= 0 else { throw CELFault(.badArgument, "negative shift") }
        // Swift's smart shift empties the number for 64 and more.
        return by
    }

    static let optionals: [Row] = [
        row("optional.of", .function, [held], .optional(held)) { values, _ throws(CELFault) in
            .optional(values.first ?? .null)
        },
        row("optional.ofNonZeroValue", .function, [held], .optional(held)) { values, _ throws(CELFault) in
            guard let value = values.first, !value.isZero else { return .optional(nil) }
            return .optional(value)
        },
        row("optional.none", .function, [], .optional(held)) { _, _ throws(CELFault) in .optional(nil) },
        row("hasValue", .member, [.optional(held)], .bool) { values, _ throws(CELFault) in
            guard case .optional(let value)? = values.first else { throw mismatch("hasValue") }
            return .bool(value != nil)
        },
        row("value", .member, [.optional(held)], held) { values, _ throws(CELFault) in
            guard case .optional(let value)? = values.first else { throw mismatch("value") }
            guard let value else { throw CELFault(.badArgument, "optional holds no value") }
            return value
        },
        row("or", .member, [.optional(held), .optional(held)], .optional(held)) { values, _ throws(CELFault) in
            guard values.count == 2, case .optional(let value) = values[0] else { throw mismatch("or") }
            return value == nil ? values[1] : values[0]
        },
        row("orValue", .member, [.optional(held), held], held) { values, _ throws(CELFault) in
            guard values.count == 2, case .optional(let value) = values[0] else { throw mismatch("orValue") }
            return value ?? values[1]
        },
    ]

    private static let held = CELType.parameter("T")
}
