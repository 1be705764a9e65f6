// SPDX-License-Identifier: Apache-2.0
public import WritCore

extension PolicySchema {
    /// A JSON Schema (draft 2020-12) of policies of dialect 2, for completion and checking in editors.
    public static var jsonSchema: JSON {
        var schema = JSON.object([
            JSON.Member("$schema", "https://json-schema.org/draft/2020-12/schema"), JSON.Member("title", "Writ policy"),
        ])
        for member in json(document).members ?? [] { schema.set(member.key, member.value) }
        return schema
    }

    private static func json(_ section: Section) -> JSON {
        var members: [JSON.Member] = [
            JSON.Member("type", "object"), JSON.Member("additionalProperties", false),
            JSON.Member(
                "properties",
                .object(
                    section.keys.map { key in
                        var value = json(key.shape)
                        value.set("description", .string(key.summary))
                        return JSON.Member(key.name, value)
                    })),
        ]
        let required = section.keys.filter(\.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { members.append(JSON.Member("required", .array(required))) }
        return .object(members)
    }

    private static func json(_ shape: Shape) -> JSON {
        switch shape {
        case .string, .condition: ["type": "string"]
        case .bool: ["type": "boolean"]
        case .integer: ["type": "integer"]
        case .number: ["type": "number"]
        case .duration: ["type": "string", "pattern": "^[0-9]+[smhd]$"]
        case .date: ["type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"]
        case .any: [:]
        case .choice(let words): ["enum": .array(words.map { .string($0) })]
        case .list(let element):
            switch element {
            case .section, .list, .any: ["type": "array", "items": json(element)]
            default: ["anyOf": [["type": "array", "items": json(element)], json(element)]]
            }
        case .section(let section): json(section)
        case .map(let value): ["type": "object", "additionalProperties": json(value)]
        }
    }

    /// The reference of dialect 2 as Markdown: every section with its keys.
    public static var reference: String {
        var seen: Set<String> = []
        var out = """
            # Policy reference

            Every key of a policy of dialect 2, printed from the schema that the loader enforces: what is not here is refused.
            Keys in bold are required. The [guide](policy.md) explains them; `writ policy schema` prints the same for editors.

            A list may be written as one value. Durations: `90s`, `10m`, `24h`, `7d`. Dates: `2030-01-31` or
            `2030-01-31T12:00:00Z`. A condition is a CEL expression that yields a boolean.


            """
        func write(_ section: Section) {
            guard seen.insert(section.title).inserted else { return }
            out +=
                "## \(section.title.prefix(1).uppercased())\(section.title.dropFirst())\n\n| key | value | meaning |\n| --- | --- | --- |\n"
            var inner: [Section] = []
            for key in section.keys {
                let name = key.isRequired ? "**`\(key.name)`**" : "`\(key.name)`"
                out += "| \(name) | \(words(key.shape)) | \(key.summary) |\n"
                inner += sections(key.shape)
            }
            out += "\n"
            inner.forEach(write)
        }
        write(document)
        return out
    }

    private static func words(_ shape: Shape) -> String {
        switch shape {
        case .string: "text"
        case .condition: "condition"
        case .bool: "`true`, `false`"
        case .integer: "whole number"
        case .number: "number"
        case .duration: "duration"
        case .date: "date"
        case .any: "anything"
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .list(.list(let element)): "list of lists of \(words(element))"
        case .list(let element): "list of \(words(element))"
        case .section(let section): section.title
        case .map(let value): "names with \(words(value))"
        }
    }

    private static func sections(_ shape: Shape) -> [Section] {
        switch shape {
        case .section(let section): [section]
        case .list(let element), .map(let element): sections(element)
        default: []
        }
    }
}
