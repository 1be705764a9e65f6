// SPDX-License-Identifier: Apache-2.0
public import WritCore

extension YAMLNode {
    /// Reads a YAML file, of which JSON is a part, as strictly as a policy, as a JSON value.
    ///
    /// - Throws: ``PolicyErrors`` with the place of the first fault.
    public static func json(_ bytes: [UInt8], file: String) throws(PolicyErrors) -> JSON {
        try YAMLReader.read(YAMLReader.text(of: bytes, file: file), file: file).json
    }

    /// The value without its places; the depth was bounded by the reader.
    var json: JSON {
        switch content {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .string(let value): .string(value)
        case .sequence(let elements): .array(elements.map(\.json))
        case .mapping(let members): .object(members.map { JSON.Member($0.key, $0.value.json) })
        }
    }
}
