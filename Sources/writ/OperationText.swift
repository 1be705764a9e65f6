// SPDX-License-Identifier: Apache-2.0
import WritCore

/// One operation on one line, for people.
enum OperationText {
    static func line(_ operation: Operation) -> String {
        var parts: [String] = []
        func add(_ label: String, _ text: String) {
            if !text.isEmpty {
                parts.append(label.isEmpty ? Terminal.harmless(text) : "\(label) \(Terminal.harmless(text))")
            }
        }
        add("path", operation.path)
        add("host", operation.host + (operation.port > 0 ? ":\(operation.port)" : ""))
        add("method", operation.method)
        if let package = operation.package {
            add(
                "package", "\(package.ecosystem):\(package.name)\(package.version.isEmpty ? "" : "@" + package.version)"
            )
        }
        add("remote", operation.remote)
        add("branch", operation.branch)
        add("", operation.detail)
        add(
            "traits",
            Operation.Traits.names.filter { operation.traits.contains($0.trait) }.map(\.name).joined(separator: ", "))
        add(
            "carries",
            Operation.Taints.names.filter { operation.taints.contains($0.taint) }.map(\.name).joined(separator: ", "))
        let opaque = operation.opaque.map { Terminal.styled("  opaque (\($0.rawValue))", .yellow) } ?? ""
        return
            "\(Terminal.styled(operation.kind.rawValue.padded(to: 16), .bold)) \(parts.joined(separator: "  "))\(opaque)"
    }
}

extension String {
    func padded(to width: Int) -> String {
        count < width ? self + String(repeating: " ", count: width - count) : self
    }
}
