// SPDX-License-Identifier: Apache-2.0

import WritCore

/// The vocabulary that calls have in common: one name and one set of argument keys for each thing that agents do, so
/// that a rule, a ledger entry and an approval mean the same whichever agent called.
///
/// The names are Claude Code's, which agents already borrow from each other, and a few for what it has no tool for.
enum CommonTools {
    /// A tool and its arguments, from an agent's own names to the common ones. Keys that no table knows stay.
    static func normalized(_ name: String, _ input: JSON, by table: AgentTable) -> (tool: Tool, arguments: JSON) {
        var arguments = input
        // Some agents pass the arguments as text.
        if case .string(let text) = input { arguments = unpacked(text) }
        if let native = table.tools[name] {
            for (own, common) in native.keys.sorted(by: { $0.key < $1.key }) { arguments.rename(own, to: common) }
            let action = ToolShape.table[native.name]?.action ?? .toolOther
            let tool = Tool(name: native.name, action: action, native: native.name == name ? nil : name)
            return (tool, arguments)
        }
        if let (server, tool) = table.mcp.split(name) {
            return (Tool(name: name, action: .mcpCall, server: server, serverTool: tool), arguments)
        }
        return (Tool(name: name, action: .toolOther), arguments)
    }

    /// Arguments given as text: the object that it spells, or the text under a key of its own.
    static func unpacked(_ text: String) -> JSON {
        do {
            let value = try JSON(parsing: text)
            if value.members != nil { return value }
        } catch {
            // No object; what reads the arguments finds nothing it knows, and says so.
        }
        return ["input": .string(text)]
    }

    /// Brings arguments that can be written in several ways into one: a folder to run in, a list of one, a patch of one
    /// file.
    static func settle(_ call: inout Call) {
        switch call.tool.name {
        case "Bash", "PowerShell", "Monitor": settleShell(&call)
        case "WebFetch": settleFetch(&call.arguments)
        case "Read", "ReadMany": settlePaths(&call)
        case "Editor": settleEditor(&call)
        case "ApplyPatch": settlePatch(&call)
        case "Edit", "MultiEdit": settleEdits(&call)
        default: break
        }
        // One order, whatever the agent's.
        if ToolShape.of(call.tool) != nil, case .object(let members) = call.arguments {
            call.arguments = .object(members.sorted { $0.key < $1.key })
        }
    }

    private static func settleShell(_ call: inout Call) {
        guard call.tool.action == .shellExec else { return }
        if let folder = call.arguments["working_directory"]?.string {
            call.arguments.remove("working_directory")
            if !folder.isEmpty {
                call.workingDirectory = PathText.absolute(folder, in: call.workingDirectory, home: call.home)
            }
        }
        // The words of one program, as a shell would be given them.
        if let words = call.arguments["command"]?.array {
            let texts = words.compactMap(\.string)
            guard texts.count == words.count else { return }
            if texts.count == 3, ["bash", "sh", "zsh"].contains(PathText.name(texts[0])),
                texts[1] == "-lc" || texts[1] == "-c"
            {
                call.arguments.set("command", .string(texts[2]))
            } else {
                call.arguments.set("command", .string(texts.map(quoted).joined(separator: " ")))
            }
        } else if let lines = call.arguments["commands"]?.array, call.arguments["command"] == nil {
            let texts = lines.compactMap { $0.string ?? $0["command"]?.string }
            // One that cannot be read leaves the command out, which is judged as unknown.
            guard texts.count == lines.count else { return }
            call.arguments.remove("commands")
            call.arguments.set("command", .string(texts.joined(separator: "\n")))
        }
    }

    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "@"):
                    true
                default: false
                }
            }
        if isPlain { return word }
        var out = "'"
        for character in word.unicodeScalars {
            if character == "'" { out += "'\\''" } else { out.unicodeScalars.append(character) }
        }
        return out + "'"
    }

    private static func settleFetch(_ arguments: inout JSON) {
        if let list = arguments["urls"]?.array, list.count == 1, let only = list.first?.string {
            arguments.remove("urls")
            arguments.set("url", .string(only))
        }
        guard arguments["url"] == nil, arguments["urls"] == nil, let prompt = arguments["prompt"]?.string else {
            return
        }
        // The addresses stand in the sentence.
        let found = addresses(in: prompt)
        if found.count == 1, let only = found.first {
            arguments.set("url", .string(only))
        } else if !found.isEmpty {
            arguments.set("urls", .array(found.map { .string($0) }))
        }
    }

    /// At most 64 addresses of a text, wherever in a word they begin.
    private static func addresses(in text: String) -> [String] {
        let bytes = Array(text.utf8)
        var found: [String] = []
        var at = 0
        while at < bytes.count, found.count < 64 {
            guard bytes[at] | 0x20 == UInt8(ascii: "h"), isAddress(bytes[at...]) else {
                at += 1
                continue
            }
            let start = at
            while at < bytes.count, !endsAddress(bytes[at]) { at += 1 }
            var end = at
            while end > start, ".;!?,]".utf8.contains(bytes[end - 1]) { end -= 1 }
            let address = String(decoding: bytes[start..<end], as: UTF8.self)
            if !found.contains(address) { found.append(address) }
        }
        return found
    }

    private static func isAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
        ["http://", "https://"].contains { scheme in
            bytes.count > scheme.utf8.count && zip(bytes, scheme.utf8).allSatisfy { $0 == $1 || $0 | 0x20 == $1 }
        }
    }

    private static func endsAddress(_ byte: UInt8) -> Bool {
        byte <= 0x20 || "<>\"'`()".utf8.contains(byte)
    }

    private static func settlePaths(_ call: inout Call) {
        guard let list = call.arguments["paths"]?.array else {
            if call.arguments["file_path"]?.string?.isEmpty == false, call.arguments["paths"] == nil {
                become("Read", &call)
            }
            return
        }
        guard list.count == 1 else { return }
        guard let only = list.first?.string ?? list.first?["path"]?.string else { return }
        let isPattern = only.utf8.contains { "*?[".utf8.contains($0) }
        guard !isPattern else { return }
        call.arguments.remove("paths")
        call.arguments.set("file_path", .string(only))
        become("Read", &call)
    }

    /// One tool that reads, makes and changes files, by a word in its arguments.
    private static func settleEditor(_ call: inout Call) {
        let word = call.arguments["command"]?.string
        switch word {
        case "view", "read": become("Read", &call)
        case "create", "write", "overwrite": become("Write", &call)
        case "str_replace", "replace": become("Edit", &call)
        case nil:
            if call.arguments["old_string"] != nil {
                become("Edit", &call)
            } else if call.arguments["content"] != nil {
                become("Write", &call)
            }
        // Inserting and appending stay what they are: a change whose text is looked at.
        default: break
        }
        if call.tool.name != "Editor" {
            call.arguments.remove("command")
            if call.tool.name == "Edit" { settleEdits(&call) }
        }
    }

    private static func settlePatch(_ call: inout Call) {
        guard let text = call.arguments["patch"]?.string else { return }
        let patch = PatchEnvelope(text)
        guard patch.isWhole, patch.files.count == 1, let file = patch.files.first, file.movedTo == nil else { return }
        switch file.change {
        case .add(let content):
            call.arguments = ["file_path": .string(file.path), "content": .string(content)]
            become("Write", &call)
        case .delete:
            call.arguments = ["file_path": .string(file.path)]
            become("Delete", &call)
        case .update(let edits):
            let values = edits.map {
                JSON.object([.init("old_string", .string($0.old)), .init("new_string", .string($0.new))])
            }
            call.arguments = ["file_path": .string(file.path), "edits": .array(values)]
            become("MultiEdit", &call)
            settleEdits(&call)
        }
    }

    /// Several edits of which there is one are an edit, and an edit of nothing is a new text.
    private static func settleEdits(_ call: inout Call) {
        if let edits = call.arguments["edits"]?.array {
            guard edits.count == 1, let only = edits.first, let new = only["new_string"] else { return }
            call.arguments.remove("edits")
            call.arguments.set("old_string", only["old_string"] ?? "")
            call.arguments.set("new_string", new)
            if let all = only["replace_all"] { call.arguments.set("replace_all", all) }
            become("Edit", &call)
        }
        if call.arguments["replace_all"] == .bool(false) { call.arguments.remove("replace_all") }
        if call.arguments["old_string"] == "", let new = call.arguments["new_string"] {
            call.arguments.remove("old_string")
            call.arguments.remove("new_string")
            call.arguments.set("content", new)
            become("Write", &call)
        }
    }

    private static func become(_ name: String, _ call: inout Call) {
        guard call.tool.name != name else { return }
        let native = call.tool.native ?? call.tool.name
        call.tool = Tool(
            name: name, action: ToolShape.table[name]?.action ?? .toolOther, native: native == name ? nil : native)
    }
}

extension JSON {
    /// Takes a key out of an object.
    mutating func remove(_ key: String) {
        guard case .object(var members) = self else { return }
        members.removeAll { $0.key == key }
        self = .object(members)
    }

    /// Gives a member another key. What stood under that key gives way: the agent reads its own key.
    mutating func rename(_ key: String, to other: String) {
        guard key != other, case .object(var members) = self, let index = members.firstIndex(where: { $0.key == key })
        else { return }
        members[index].key = other
        let value = members[index]
        members = members.enumerated().filter { $0.offset == index || $0.element.key != other }.map(\.element)
        if let place = members.firstIndex(where: { $0.key == other }) { members[place] = value }
        self = .object(members)
    }
}
