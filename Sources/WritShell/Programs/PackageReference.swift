// SPDX-License-Identifier: Apache-2.0

/// A package as command lines name it, told apart into name and version.
public struct PackageReference: Sendable, Hashable {
    /// Without version, extras and operators; a URL or path stays as it is.
    public let name: String
    /// As written, operators included when they say more than equality; empty when none was.
    public let version: String

    /// Reads `name@version` (npm, Go, Cargo, Homebrew), `name==version` (PyPI, conda), `name=version` (apt, apk),
    /// `name:version` (images).
    public init(ecosystem: String, text: String) {
        if text.contains("://") || text.hasPrefix(".") || text.hasPrefix("/") {
            self.init(name: text, version: "")
            return
        }
        switch ecosystem {
        case "pypi", "conda":
            let end = text.firstIndex { "=<>!~; [".contains($0) }
            guard let end else {
                self.init(name: text, version: "")
                return
            }
            var rest = text[end...]
            if rest.hasPrefix("[") { rest = rest.drop { $0 != "]" }.dropFirst() }
            rest = rest.prefix { $0 != ";" }
            var version = rest.filter { $0 != " " }
            while version.hasPrefix("=") { version.removeFirst() }
            self.init(name: String(text[..<end]), version: version)
        case "apt", "apk": self.init(splitting: text, at: "=")
        case "docker", "oci":
            // A colon before the last slash belongs to a port.
            let slash = text.lastIndex(of: "/") ?? text.startIndex
            if let at = text.firstIndex(of: "@") {
                self.init(name: String(text[..<at]), version: String(text[text.index(after: at)...]))
            } else if let colon = text[slash...].firstIndex(of: ":") {
                self.init(name: String(text[..<colon]), version: String(text[text.index(after: colon)...]))
            } else {
                self.init(name: text, version: "")
            }
        default:
            // The first character may be the `@` of a scope.
            guard let at = text.dropFirst().lastIndex(of: "@") else {
                self.init(name: text, version: "")
                return
            }
            self.init(name: String(text[..<at]), version: String(text[text.index(after: at)...]))
        }
    }

    private init(name: String, version: String) {
        self.name = name
        self.version = version
    }

    private init(splitting text: String, at separator: Character) {
        guard let index = text.firstIndex(of: separator) else {
            self.init(name: text, version: "")
            return
        }
        self.init(name: String(text[..<index]), version: String(text[text.index(after: index)...]))
    }
}
