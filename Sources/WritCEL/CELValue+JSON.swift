// SPDX-License-Identifier: Apache-2.0
public import WritCore

extension CELValue {
    /// A JSON value: whole numbers become `int`, other numbers `double`, objects maps with string keys.
    public init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .int(value)
        case .number(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .list(elements.map { CELValue($0) })
        case .object(let members): self = .map(CELMap(members.map { ($0.key, CELValue($0.value)) }))
        }
    }

    /// The value as people read it: a literal where the language has one, `timestamp("…")`, `duration("…")`, a type's
    /// name. Cut with `…` after about `limit` bytes, so that it can be shown whatever the value is.
    public func text(limit: Int = 400) -> String {
        var out = ""
        write(to: &out, limit: limit)
        return out
    }

    private func write(to out: inout String, limit: Int) {
        guard out.utf8.count < limit else {
            if !out.hasSuffix("…") { out += "…" }
            return
        }
        switch self {
        case .null: out += "null"
        case .bool(let value): out += CELConstant.bool(value).text
        case .int(let value): out += CELConstant.int(value).text
        case .uint(let value): out += CELConstant.uint(value).text
        case .double(let value): out += value.isFinite ? CELConstant.double(value).text : Text.double(value)
        case .string(let value):
            let room = limit - out.utf8.count
            let isCut = value.utf8.count > room
            out += quoted(isCut ? String(decoding: value.utf8.prefix(room), as: UTF8.self) : value)
            if isCut { out += "…" }
        case .bytes(let value):
            out += CELConstant.bytes(Array(value.prefix(limit))).text
        case .list(let list):
            out += "["
            for (index, element) in list.enumerated() {
                if index > 0 { out += ", " }
                if out.utf8.count >= limit {
                    out += "…"
                    break
                }
                element.write(to: &out, limit: limit)
            }
            out += "]"
        case .map(let map):
            out += "{"
            for index in 0..<map.count {
                let entry = map.entry(at: index)
                if index > 0 { out += ", " }
                if out.utf8.count >= limit {
                    out += "…"
                    break
                }
                entry.key.write(to: &out, limit: limit)
                out += ": "
                entry.value.write(to: &out, limit: limit)
            }
            out += "}"
        case .timestamp(let value): out += "timestamp(\"\(value.text)\")"
        case .duration(let value): out += "duration(\"\(value.text)\")"
        case .type(let value): out += value.name
        case .network(let value): out += value.prefix == nil ? "ip(\"\(value.text)\")" : "cidr(\"\(value.text)\")"
        case .optional(nil): out += "optional.none()"
        case .optional(let value?):
            out += "optional.of("
            value.write(to: &out, limit: limit)
            out += ")"
        }
    }
}

extension CELValue: CustomStringConvertible {
    /// ``text(limit:)`` with its default limit.
    public var description: String { text() }
}
