// SPDX-License-Identifier: Apache-2.0

/// Container images and workflow actions.
enum ImageFiles {
    static func dockerfile(_ text: String, _ reading: inout DependencyReading) {
        var stages: Set<String> = []
        var defaults: [String: String] = [:]
        for (number, bytes) in TextLines(text) {
            let line = LineText.trimmed(String(decoding: bytes, as: UTF8.self))
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard let verb = words.first?.uppercased(), words.count > 1 else { continue }
            if verb == "ARG" {
                let parts = words[1].split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2, stages.isEmpty { defaults[parts[0]] = parts[1].filter { $0 != "\"" } }
            } else if verb == "FROM" {
                let arguments = words.dropFirst().filter { !$0.hasPrefix("--") }
                guard let image = arguments.first else { continue }
                if arguments.count >= 3, arguments[1].lowercased() == "as" { stages.insert(arguments[2].lowercased()) }
                if image.lowercased() != "scratch", !stages.contains(image.lowercased()) {
                    add(image, defaults, line: number, &reading)
                }
            } else if verb == "COPY", let from = words.first(where: { $0.hasPrefix("--from=") })?.dropFirst(7),
                !stages.contains(from.lowercased()), Int(from) == nil
            {
                add(String(from), defaults, line: number, &reading)
            }
        }
    }

    /// An image's reference: `host/name:tag@digest`. What holds an unknown variable is passed over.
    private static func add(
        _ reference: String, _ defaults: [String: String], line: Int, _ reading: inout DependencyReading
    ) {
        var text = reference
        if text.contains("$") {
            for (name, value) in defaults {
                text.replace("${\(name)}", with: value)
                text.replace("$\(name)", with: value)
            }
        }
        guard !text.contains("$") else { return }
        let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
        guard let image = parts.first else { return }
        let digest = parts.count > 1 ? parts[1] : ""
        var name = image
        var tag = ""
        if let mark = image.lastIndex(of: ":"), !image[mark...].contains("/") {
            name = String(image[..<mark])
            tag = String(image[image.index(after: mark)...])
        }
        reading.add(Dependency("docker", name, tag, integrity: digest, line: line))
    }

    static func compose(_ text: String, _ reading: inout DependencyReading) {
        for entry in PlacedYAML(text).entries where entry.key == "image" && entry.path.first == "services" {
            add(entry.value, [:], line: entry.line, &reading)
        }
    }

    static func actions(_ text: String, _ reading: inout DependencyReading) {
        for entry in PlacedYAML(text).entries where entry.key == "uses" || entry.key == "image" {
            if entry.key == "image" {
                if entry.path.last == "container" || entry.path.contains("services") {
                    add(entry.value, [:], line: entry.line, &reading)
                }
                continue
            }
            if entry.value.hasPrefix("docker://") {
                add(String(entry.value.dropFirst(9)), [:], line: entry.line, &reading)
                continue
            }
            guard !entry.value.hasPrefix("."), let mark = entry.value.lastIndex(of: "@") else { continue }
            reading.add(
                Dependency(
                    "github-actions", String(entry.value[..<mark]),
                    String(entry.value[entry.value.index(after: mark)...]), line: entry.line))
        }
    }
}
