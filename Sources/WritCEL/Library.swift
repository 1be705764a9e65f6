// SPDX-License-Identifier: Apache-2.0
internal import WritPattern

/// The standard functions and the extensions for text, numbers, base64, optionals, lists, sets, patterns and networks.
enum Library {
    static let overloads: [String: [Overload]] = {
        var table: [String: [Overload]] = [:]
        for rows in [standard, times, texts, numbers, optionals, lists, networks] {
            for row in rows { table[row.name, default: []].append(row.overload) }
        }
        return table
    }()

    typealias Row = (name: String, overload: Overload)

    /// One overload; `.member` is called on its first parameter.
    enum Form { case function, member }

    static func row(
        _ name: String, _ form: Form, _ parameters: [CELType], _ result: CELType, cost: Int = 1,
        _ body: @escaping Overload.Body
    ) -> Row {
        (name, Overload(isMember: form == .member, parameters: parameters, result: result, cost: cost, body: body))
    }

    /// Reached only when a caller passes types the row does not declare, which the dispatch rules out.
    static func mismatch(_ name: String) -> CELFault {
        CELFault(.noSuchOverload, "no such overload: \(name)")
    }

    static func unary<A, R>(
        _ name: String, _ form: Form, _ a: Lens<A>, _ result: Lens<R>,
        _ body: @escaping @Sendable (A, inout Meter) throws(CELFault) -> R
    ) -> Row {
        row(name, form, [a.type], result.type) { values, meter throws(CELFault) in
            guard values.count == 1, let x = a.read(values[0]) else { throw mismatch(name) }
            return result.make(try body(x, &meter))
        }
    }

    static func binary<A, B, R>(
        _ name: String, _ form: Form, _ a: Lens<A>, _ b: Lens<B>, _ result: Lens<R>,
        _ body: @escaping @Sendable (A, B, inout Meter) throws(CELFault) -> R
    ) -> Row {
        row(name, form, [a.type, b.type], result.type) { values, meter throws(CELFault) in
            guard values.count == 2, let x = a.read(values[0]), let y = b.read(values[1]) else { throw mismatch(name) }
            return result.make(try body(x, y, &meter))
        }
    }

    static func ternary<A, B, C, R>(
        _ name: String, _ form: Form, _ a: Lens<A>, _ b: Lens<B>, _ c: Lens<C>, _ result: Lens<R>,
        _ body: @escaping @Sendable (A, B, C, inout Meter) throws(CELFault) -> R
    ) -> Row {
        row(name, form, [a.type, b.type, c.type], result.type) { values, meter throws(CELFault) in
            guard values.count == 3, let x = a.read(values[0]), let y = b.read(values[1]), let z = c.read(values[2])
            else { throw mismatch(name) }
            return result.make(try body(x, y, z, &meter))
        }
    }

    private static func range(_ what: String) -> CELFault { CELFault(.outOfRange, "\(what) out of range") }

    private static let parameter = CELType.parameter("T")

    private static let standard: [Row] =
        [
            // size, as a function and as a method
            [Form.function, .member].flatMap { form in
                [
                    unary("size", form, .string, .int) { text, meter throws(CELFault) in
                        try meter.charge(bytes: text.utf8.count)
                        return Int64(text.unicodeScalars.count)
                    },
                    unary("size", form, .bytes, .int) { bytes, _ throws(CELFault) in Int64(bytes.count) },
                    row("size", form, [.list(parameter)], .int) { values, _ throws(CELFault) in
                        guard case .list(let list)? = values.first else { throw mismatch("size") }
                        return .int(Int64(list.count))
                    },
                    row("size", form, [.map(parameter, .parameter("V"))], .int) { values, _ throws(CELFault) in
                        guard case .map(let map)? = values.first else { throw mismatch("size") }
                        return .int(Int64(map.count))
                    },
                ]
            },
            [Form.function, .member].map { form in
                binary("matches", form, .string, .string, .bool) { text, pattern, meter throws(CELFault) in
                    // Compiling costs far more than searching; constant patterns never come here.
                    try meter.charge(2_000 + pattern.utf8.count * 20)
                    try meter.charge(bytes: text.utf8.count)
                    return try compiled(pattern).matches(text)
                }
            },
            [
                binary("contains", .member, .string, .string, .bool) { text, part, meter throws(CELFault) in
                    try meter.charge(bytes: text.utf8.count + part.utf8.count)
                    return Text.find(part, in: text)
                },
                binary("startsWith", .member, .string, .string, .bool) { text, part, meter throws(CELFault) in
                    try meter.charge(bytes: part.utf8.count)
                    return text.utf8.starts(with: part.utf8)
                },
                binary("endsWith", .member, .string, .string, .bool) { text, part, meter throws(CELFault) in
                    try meter.charge(bytes: part.utf8.count)
                    return text.utf8.count >= part.utf8.count
                        && text.utf8.suffix(part.utf8.count).elementsEqual(part.utf8)
                },
                row("dyn", .function, [parameter], .dyn) { values, _ throws(CELFault) in values.first ?? .null },
                row("type", .function, [parameter], .type(parameter)) { values, _ throws(CELFault) in
                    .type(values.first?.type ?? .null)
                },
            ],
            conversions,
        ].flatMap { $0 }

    static func compiled(_ pattern: String) throws(CELFault) -> Pattern {
        do throws(Pattern.Fault) {
            guard pattern.utf8.count <= 4_096 else { throw Pattern.Fault(message: "longer than 4096 bytes") }
            return try Pattern(pattern, memoryLimit: 1 << 20)
        } catch {
            throw CELFault(.badArgument, "bad pattern: \(error.message)")
        }
    }

    private static let conversions: [Row] = [
        unary("bool", .function, .bool, .bool) { value, _ throws(CELFault) in value },
        unary("bool", .function, .string, .bool) { text, _ throws(CELFault) in
            switch text {
            case "1", "t", "T", "true", "TRUE", "True": return true
            case "0", "f", "F", "false", "FALSE", "False": return false
            default: throw CELFault(.badArgument, "text is not a bool")
            }
        },
        unary("int", .function, .int, .int) { value, _ throws(CELFault) in value },
        unary("int", .function, .uint, .int) { value, _ throws(CELFault) in
            guard let int = Int64(exactly: value) else { throw range("int") }
            return int
        },
        unary("int", .function, .double, .int) { value, _ throws(CELFault) in
            // Both ends are left out: the nearest doubles may stand for numbers beyond them.
            guard value > -0x1p63, value < 0x1p63 else { throw range("int") }
            return Int64(value)
        },
        unary("int", .function, .string, .int) { text, _ throws(CELFault) in
            guard text.utf8.count <= 32, let int = Int64(text) else {
                throw CELFault(.badArgument, "text is not an int")
            }
            return int
        },
        unary("int", .function, .timestamp, .int) { value, _ throws(CELFault) in value.seconds },
        unary("int", .function, .duration, .int) { value, _ throws(CELFault) in value.nanoseconds / 1_000_000_000 },
        unary("uint", .function, .uint, .uint) { value, _ throws(CELFault) in value },
        unary("uint", .function, .int, .uint) { value, _ throws(CELFault) in
            guard let uint = UInt64(exactly: value) else { throw range("uint") }
            return uint
        },
        unary("uint", .function, .double, .uint) { value, _ throws(CELFault) in
            guard value >= 0, value < 0x1p64 else { throw range("uint") }
            return UInt64(value)
        },
        unary("uint", .function, .string, .uint) { text, _ throws(CELFault) in
            guard text.utf8.count <= 32, let uint = UInt64(text) else {
                throw CELFault(.badArgument, "text is not a uint")
            }
            return uint
        },
        unary("double", .function, .double, .double) { value, _ throws(CELFault) in value },
        unary("double", .function, .int, .double) { value, _ throws(CELFault) in Double(value) },
        unary("double", .function, .uint, .double) { value, _ throws(CELFault) in Double(value) },
        unary("double", .function, .string, .double) { text, _ throws(CELFault) in
            guard text.utf8.count <= 400, let double = Double(text) else {
                throw CELFault(.badArgument, "text is not a double")
            }
            return double
        },
        unary("string", .function, .string, .string) { value, _ throws(CELFault) in value },
        unary("string", .function, .bool, .string) { value, _ throws(CELFault) in value ? "true" : "false" },
        unary("string", .function, .int, .string) { value, _ throws(CELFault) in String(value) },
        unary("string", .function, .uint, .string) { value, _ throws(CELFault) in String(value) },
        unary("string", .function, .double, .string) { value, _ throws(CELFault) in Text.double(value) },
        unary("string", .function, .bytes, .string) { bytes, meter throws(CELFault) in
            try meter.charge(bytes: bytes.count)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CELFault(.badArgument, "bytes are not UTF-8")
            }
            return text
        },
        unary("string", .function, .timestamp, .string) { value, _ throws(CELFault) in value.text },
        unary("string", .function, .duration, .string) { value, _ throws(CELFault) in value.text },
        unary("bytes", .function, .bytes, .bytes) { value, _ throws(CELFault) in value },
        unary("bytes", .function, .string, .bytes) { text, meter throws(CELFault) in
            try meter.charge(bytes: text.utf8.count)
            return Array(text.utf8)
        },
        unary("timestamp", .function, .timestamp, .timestamp) { value, _ throws(CELFault) in value },
        unary("timestamp", .function, .string, .timestamp) { text, _ throws(CELFault) in
            guard text.utf8.count <= 64, let time = CELTimestamp(text) else {
                throw CELFault(.badArgument, "text is not a timestamp of the years 1 to 9999")
            }
            return time
        },
        unary("timestamp", .function, .int, .timestamp) { seconds, _ throws(CELFault) in
            guard let time = CELTimestamp(checking: seconds) else { throw range("timestamp") }
            return time
        },
        unary("duration", .function, .duration, .duration) { value, _ throws(CELFault) in value },
        unary("duration", .function, .string, .duration) { text, _ throws(CELFault) in
            guard text.utf8.count <= 128, let span = CELDuration(text) else {
                throw CELFault(.badArgument, "text is not a duration within 292 years")
            }
            return span
        },
        unary("duration", .function, .int, .duration) { seconds, _ throws(CELFault) in
            let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            guard !overflow else { throw range("duration") }
            return CELDuration(nanoseconds: product)
        },
    ]

    private static let parts: [(String, @Sendable (CivilDate) -> Int64)] = [
        ("getFullYear", { $0.year }), ("getMonth", { $0.month - 1 }), ("getDate", { $0.day }),
        ("getDayOfMonth", { $0.day - 1 }), ("getDayOfWeek", { $0.weekday }), ("getDayOfYear", { $0.dayOfYear }),
        ("getHours", { $0.hour }), ("getMinutes", { $0.minute }), ("getSeconds", { $0.second }),
    ]

    private static let times: [Row] =
        parts.flatMap { name, part -> [Row] in
            [
                unary(name, .member, .timestamp, .int) { time, _ throws(CELFault) in
                    part(CivilDate(seconds: time.seconds))
                },
                binary(name, .member, .timestamp, .string, .int) { time, zone, meter throws(CELFault) in
                    try meter.charge(500)
                    guard let date = time.civil(in: zone) else { throw CELFault(.badArgument, "unknown time zone") }
                    return part(date)
                },
            ]
        } + [
            unary("getMilliseconds", .member, .timestamp, .int) { time, _ throws(CELFault) in
                Int64(time.nanoseconds) / 1_000_000
            },
            binary("getMilliseconds", .member, .timestamp, .string, .int) { time, zone, _ throws(CELFault) in
                guard time.civil(in: zone) != nil else { throw CELFault(.badArgument, "unknown time zone") }
                return Int64(time.nanoseconds) / 1_000_000
            },
            unary("getHours", .member, .duration, .int) { span, _ throws(CELFault) in
                span.nanoseconds / 3_600_000_000_000
            },
            unary("getMinutes", .member, .duration, .int) { span, _ throws(CELFault) in
                span.nanoseconds / 60_000_000_000
            },
            unary("getSeconds", .member, .duration, .int) { span, _ throws(CELFault) in
                span.nanoseconds / 1_000_000_000
            },
            unary("getMilliseconds", .member, .duration, .int) { span, _ throws(CELFault) in
                span.nanoseconds / 1_000_000 % 1_000
            },
        ]
}

/// How a Swift type is read from a value and made into one.
struct Lens<T>: Sendable {
    let type: CELType
    let read: @Sendable (CELValue) -> T?
    let make: @Sendable (T) -> CELValue
}

extension Lens where T == Bool {
    static var bool: Lens { Lens(type: .bool, read: { $0.bool }, make: { .bool($0) }) }
}

extension Lens where T == Int64 {
    static var int: Lens {
        Lens(type: .int, read: { if case .int(let value) = $0 { value } else { nil } }, make: { .int($0) })
    }
}

extension Lens where T == UInt64 {
    static var uint: Lens {
        Lens(type: .uint, read: { if case .uint(let value) = $0 { value } else { nil } }, make: { .uint($0) })
    }
}

extension Lens where T == Double {
    static var double: Lens {
        Lens(type: .double, read: { if case .double(let value) = $0 { value } else { nil } }, make: { .double($0) })
    }
}

extension Lens where T == String {
    static var string: Lens { Lens(type: .string, read: { $0.string }, make: { .string($0) }) }
}

extension Lens where T == [UInt8] {
    static var bytes: Lens {
        Lens(type: .bytes, read: { if case .bytes(let value) = $0 { value } else { nil } }, make: { .bytes($0) })
    }
}

extension Lens where T == CELTimestamp {
    static var timestamp: Lens {
        Lens(
            type: .timestamp, read: { if case .timestamp(let value) = $0 { value } else { nil } },
            make: { .timestamp($0) })
    }
}

extension Lens where T == CELDuration {
    static var duration: Lens {
        Lens(
            type: .duration, read: { if case .duration(let value) = $0 { value } else { nil } }, make: { .duration($0) }
        )
    }
}

extension Lens where T == [CELValue] {
    static var list: Lens { Lens(type: .list(.dyn), read: { $0.list }, make: { .list($0) }) }
    static var strings: Lens { Lens(type: .list(.string), read: { $0.list }, make: { .list($0) }) }
}

extension Lens where T == CELValue {
    static var any: Lens { Lens(type: .dyn, read: { $0 }, make: { $0 }) }
}
