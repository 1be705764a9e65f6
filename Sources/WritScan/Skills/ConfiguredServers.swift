// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// MCP servers that settings name: how each is called, what starts it or where it is.
enum ConfiguredServers {
    struct Server {
        var name: String
        /// Program and arguments; empty for one that is only an address.
        var command: [String]
        var url: String
        /// Where its command or address stands.
        var span: SourceSpan
    }

    private static let keys: Set<String> = [
        "mcpservers", "servers", "mcp_servers", "mcp-servers", "mcp", "context_servers", "amp.mcpservers", "extensions",
    ]
    /// Servers of one file that are read.
    private static let most = 200

    static func read(_ bytes: UnsafeRawBufferPointer, path: String) -> [Server] {
        var out: [Server] = []
        walk(SettingsTree.read(bytes, path: path).tree, 0, &out)
        return out
    }

    private static func walk(_ tree: SettingsTree, _ depth: Int, _ out: inout [Server]) {
        guard depth < 6, out.count < most, case .table(let entries) = tree else { return }
        for entry in entries {
            let key = entry.key.lowercased()
            guard case .table(let inner) = entry.value else { continue }
            if keys.contains(key) {
                for server in inner { add(server.key, server.value, &out) }
            } else if key.hasPrefix("mcp_servers.") {
                let name = entry.key.dropFirst("mcp_servers.".count)
                // `[mcp_servers.a.env]` belongs to a server.
                if !name.contains(".") { add(String(name.filter { $0 != "\"" }), entry.value, &out) }
            } else {
                walk(entry.value, depth + 1, &out)
            }
        }
    }

    private static func add(_ name: String, _ tree: SettingsTree, _ out: inout [Server]) {
        guard out.count < most, !name.isEmpty, case .table = tree else { return }
        var words: [String] = []
        var span: SourceSpan?
        switch tree["command"] ?? tree["cmd"] {
        case .text(let text, let place):
            words = text.split(separator: " ").map(String.init)
            span = place
        case .list(let items):
            words = items.compactMap { $0.string?.text }
            span = items.first?.string?.span
        case .table, .other, nil: break
        }
        words += (tree["args"] ?? tree["arguments"])?.strings ?? []
        let address = (tree["url"] ?? tree["serverurl"] ?? tree["httpurl"] ?? tree["uri"])?.string
        guard let place = span ?? address?.span else { return }
        out.append(Server(name: name, command: words, url: address?.text ?? "", span: place))
    }
}

extension ConfiguredServers.Server {
    /// The package that a runner of packages fetches and starts, without its version; nil for other programs.
    var package: (ecosystem: String, name: String)? {
        guard let program = command.first?.split(separator: "/").last else { return nil }
        let ecosystem: String
        var skip = 1
        switch program {
        case "npx", "bunx", "pnpx": ecosystem = "npm"
        case "uvx", "pipx": ecosystem = "pypi"
        case "npm", "pnpm", "yarn", "bun":
            ecosystem = "npm"
            skip = 2
        case "uv":
            ecosystem = "pypi"
            skip = 3
        default: return nil
        }
        var words = command.dropFirst(skip)
        if program == "pipx", words.first == "run" { words = words.dropFirst() }
        var named: String?
        while let word = words.popFirst() {
            if word == "--from" || word == "--spec" || word == "-p" || word == "--package" {
                named = words.popFirst()
                break
            }
            if word.hasPrefix("-") { continue }
            named = word
            break
        }
        guard var name = named, !name.contains("://"), !name.hasPrefix("."), !name.hasPrefix("/"),
            name.utf8.count <= 214
        else { return nil }
        if ecosystem == "npm" {
            if let at = name.dropFirst().firstIndex(of: "@") { name = String(name[..<at]) }
            if !name.hasPrefix("@"), name.contains("/") { return nil }
        } else {
            name = String(name.prefix { $0 != "=" && $0 != "<" && $0 != ">" && $0 != "[" && $0 != "@" && $0 != "~" })
        }
        return name.isEmpty ? nil : (ecosystem, name)
    }

    /// The address' host, in lower case; empty when there is none or it is put together when it is used.
    var host: String {
        guard let scheme = url.firstRange(of: "://") else { return "" }
        let rest = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = rest.split(separator: "@").last ?? ""
        guard !host.contains("$"), !host.contains("{") else { return "" }
        return host.prefix { $0 != ":" }.lowercased()
    }
}
