// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// What the arguments of a call mean, whichever tool carries them: operations, commands for an interpreter, content.
public enum ToolOperations {
    /// Text that a call writes, sends or gives to a model.
    public struct Content: Sendable, Hashable {
        public var text: String
        /// The file that it goes to; nil when it goes elsewhere.
        public var path: String?
        /// The part of the file that it takes the place of, where the call says.
        public var replaced: String?
    }

    /// Values deeper or more than this in an unknown tool's arguments are not looked for.
    private static let maximumValues = 2_000

    /// The operations that the arguments name by themselves. Commands in them are ``commands(of:)``.
    public static func operations(of call: Call) -> [Operation] {
        var reader = ArgumentReader(call)
        if let shape = ToolShape.of(call.tool) {
            reader.read(shape)
        } else {
            reader.readUnknown()
        }
        if leavesSandbox(call.arguments) {
            reader.operations.append(Operation(.privilegeRaise, detail: "leaves the agent's sandbox"))
        }
        return reader.operations
    }

    /// Whether a call asks its host to run it outside the host's own sandbox, in any agent's words for that.
    private static func leavesSandbox(_ arguments: JSON) -> Bool {
        for key in [
            "dangerouslyDisableSandbox", "disable_sandbox", "disableSandbox", "requestSandboxBypass",
            "with_escalated_permissions", "unsandboxed",
        ] where arguments[key]?.bool == true || arguments[key]?.string?.lowercased() == "true" {
            return true
        }
        if let wish = arguments["sandbox_permissions"]?.string { return wish != "use_default" }
        if ["none", "off", "false", "disabled", "danger-full-access"].contains(arguments["sandbox"]?.string ?? "") {
            return true
        }
        return arguments["required_permissions"]?.array?.contains { $0.string == "all" } == true
    }

    /// Texts in the arguments that some interpreter runs.
    public static func commands(of call: Call) -> [CommandText] {
        if let shape = ToolShape.of(call.tool) {
            guard let key = shape.command, let text = call.arguments[key]?.string else { return [] }
            return [CommandText(place: key, text: text, dialect: shape.dialect)]
        }
        var commands: [CommandText] = []
        walk(call.arguments) { place, key, value in
            guard let text = value.string, let dialect = dialect(ofKey: key) else { return }
            commands.append(CommandText(place: place, text: text, dialect: dialect))
        }
        return commands
    }

    /// Texts in the arguments that are written, sent or given to a model.
    public static func contents(of call: Call) -> [Content] {
        guard let shape = ToolShape.of(call.tool) else {
            var contents: [Content] = []
            walk(call.arguments) { _, _, value in
                if let text = value.string, !text.isEmpty { contents.append(Content(text: text, path: nil)) }
            }
            return contents
        }
        if let key = shape.command, let command = call.arguments[key]?.string {
            return EmbeddedPatch.all(in: command).flatMap { patchContents(of: call, $0.text) }
        }
        if let key = shape.patch { return patchContents(of: call, call.arguments[key]?.string ?? "") }
        let path = shape.paths.compactMap { call.arguments[$0]?.string }.first.map {
            PathText.absolute($0, in: call.workingDirectory, home: call.home)
        }
        var contents: [Content] = []
        for key in shape.contents {
            guard let value = call.arguments[key] else { continue }
            if let text = value.string {
                let replaced = key == "new_string" ? call.arguments["old_string"]?.string : nil
                contents.append(Content(text: text, path: path, replaced: replaced))
            } else if let elements = value.array {
                // Several edits: what each puts in counts, what it takes out does not.
                for element in elements {
                    for key in ["new_string", "content", "text"] {
                        guard let text = element[key]?.string else { continue }
                        let replaced = key == "new_string" ? element["old_string"]?.string : nil
                        contents.append(Content(text: text, path: path, replaced: replaced))
                    }
                }
            }
        }
        return contents
    }

    /// What a patch puts into each of its files.
    private static func patchContents(of call: Call, _ text: String) -> [Content] {
        let patch = PatchEnvelope(text)
        guard patch.isWhole else { return [Content(text: text, path: nil)] }
        return patch.files.flatMap { file -> [Content] in
            let path = PathText.absolute(file.movedTo ?? file.path, in: call.workingDirectory, home: call.home)
            switch file.change {
            case .add(let content): return [Content(text: content, path: path)]
            case .update(let edits): return edits.map { Content(text: $0.new, path: path, replaced: $0.old) }
            case .delete: return []
            }
        }
    }

    /// Which interpreter a key of an unknown tool's arguments names.
    private static func dialect(ofKey key: String) -> CommandText.Dialect? {
        switch key.lowercased() {
        case "command", "cmd", "command_line", "commandline", "shell_command", "bash", "shell", "script": .shell
        case "sql", "sql_query", "statement": .sql
        case "code", "python", "javascript", "expression": .code
        default: nil
        }
    }

    /// Visits every value with its place and its nearest key, breadth bounded.
    static func walk(_ root: JSON, _ visit: (_ place: String, _ key: String, _ value: JSON) -> Void) {
        var open: [(place: String, key: String, value: JSON)] = [("", "", root)]
        var count = 0
        while let next = open.popLast(), count < maximumValues {
            count += 1
            visit(next.place, next.key, next.value)
            let prefix = next.place.isEmpty ? "" : next.place + "."
            switch next.value {
            case .array(let elements):
                for (index, element) in elements.enumerated().reversed() {
                    open.append(("\(prefix)\(index)", next.key, element))
                }
            case .object(let members):
                for member in members.reversed() { open.append((prefix + member.key, member.key, member.value)) }
            case .null, .bool, .integer, .number, .string: break
            }
        }
    }
}

/// Turns arguments into operations.
private struct ArgumentReader {
    let call: Call
    var operations: [Operation] = []

    init(_ call: Call) {
        self.call = call
    }

    private func absolute(_ path: String) -> String {
        PathText.absolute(path, in: call.workingDirectory, home: call.home)
    }

    mutating func read(_ shape: ToolShape) {
        if let key = shape.patch {
            readPatch(call.arguments[key]?.string ?? "")
            return
        }
        switch shape.action {
        case .fileSearch: search(shape)
        case .fileRead, .fileWrite, .fileDelete:
            for key in shape.paths {
                for path in texts(key) {
                    let isPattern = shape.takesPatterns && path.utf8.contains { "*?[".utf8.contains($0) }
                    operations.append(Operation(shape.action, path: absolute(path), isPattern: isPattern))
                }
            }
            // A file tool without its path is judged as what it is, on nobody knows which file.
            if operations.isEmpty {
                operations.append(Operation(shape.action, isPattern: true, opaque: .computed, detail: "no path given"))
            }
        case .httpRequest, .netConnect, .browserNavigate, .mcpResource:
            var found = false
            for key in shape.urls {
                for url in texts(key) {
                    found = true
                    connect(url, kind: shape.action)
                }
            }
            if !found { operations.append(Operation(shape.action, method: "GET", detail: call.tool.name)) }
        case .agentSpawn:
            let name = shape.name.flatMap { call.arguments[$0]?.string } ?? ""
            operations.append(Operation(.agentSpawn, detail: name))
        case .shellExec:
            // A shell tool without a command that can be read runs something that nobody knows.
            guard let key = shape.command else { break }
            guard let command = call.arguments[key]?.string else {
                operations.append(Operation(.shellExec, opaque: .unparsable, detail: "no command given"))
                break
            }
            for patch in EmbeddedPatch.all(in: command) { readPatch(patch.text, in: patch.folder) }
        default:
            if !shape.isInert { operations.append(Operation(shape.action, detail: call.tool.name)) }
        }
    }

    /// The texts of an argument that is one text or a list; of a list's objects, the text that names a file.
    private func texts(_ key: String) -> [String] {
        guard let value = call.arguments[key] else { return [] }
        if let text = value.string { return text.isEmpty ? [] : [text] }
        return (value.array ?? []).compactMap { element in
            let text = element.string ?? element["file_path"]?.string ?? element["path"]?.string
            return text?.isEmpty == false ? text : nil
        }
    }

    /// Every path of a patch; a file that is moved is written in one place and gone from the other.
    private mutating func readPatch(_ text: String, in folder: String? = "") {
        let patch = PatchEnvelope(text)
        func absolute(_ path: String) -> String {
            guard let folder else { return path.hasPrefix("/") ? path : "/**/" + path }
            return PathText.absolute(path, in: self.absolute(folder.isEmpty ? "." : folder), home: call.home)
        }
        let isPattern = folder == nil
        for file in patch.files {
            switch file.change {
            case .add, .update:
                operations.append(Operation(.fileWrite, path: absolute(file.path), isPattern: isPattern))
            case .delete: operations.append(Operation(.fileDelete, path: absolute(file.path), isPattern: isPattern))
            }
            if let target = file.movedTo {
                operations.append(Operation(.fileDelete, path: absolute(file.path), isPattern: isPattern))
                operations.append(Operation(.fileWrite, path: absolute(target), isPattern: isPattern))
            }
        }
        if !patch.isWhole {
            operations.append(
                Operation(
                    .fileWrite, isPattern: true,
                    opaque: patch.files.count >= PatchEnvelope.maximumFiles ? .limit : .unparsable,
                    detail: "the patch cannot be read whole"))
        }
    }

    private mutating func search(_ shape: ToolShape) {
        let root = shape.paths.compactMap { call.arguments[$0]?.string }.first ?? "."
        var path = absolute(root)
        var isPattern = false
        if let key = shape.glob, let glob = call.arguments[key]?.string, !glob.isEmpty {
            isPattern = glob.contains { "*?[{".contains($0) }
            let inside =
                glob.hasPrefix("/") || glob.hasPrefix("~")
                ? absolute(glob) : PathText.absolute(glob, in: path, home: call.home)
            // The pattern may climb out of the folder it is said to stay in.
            path = inside
        }
        operations.append(
            Operation(.fileSearch, path: path, isPattern: isPattern, traits: .recursive))
        // What is found is shown, so a search of contents in one file is a read of it.
        if shape.readsContent, !isPattern { operations.append(Operation(.fileRead, path: path, traits: .potential)) }
    }

    /// A tool that no table knows, or one of an MCP server: the call itself, and every path and URL in its arguments.
    mutating func readUnknown() {
        operations.append(
            Operation(call.tool.action == .toolOther ? .toolOther : call.tool.action, detail: call.tool.canonicalName))
        var seen: Set<String> = []
        var found: [Operation] = []
        let kind = Self.fileKind(call.tool)
        ToolOperations.walk(call.arguments) { _, key, value in
            guard let text = value.string, !text.isEmpty, text.utf8.count <= 4_096, found.count < 100,
                !text.utf8.contains(0x0A)
            else { return }
            var path = text
            if let scheme = text.range(of: "://") {
                guard text.hasPrefix("file://") else {
                    let isScheme = text[..<scheme.lowerBound].allSatisfy { $0.isLetter || $0.isNumber || $0 == "+" }
                    if isScheme, seen.insert(text).inserted {
                        found.append(ArgumentReader.endpoint(text, kind: .netConnect))
                    }
                    return
                }
                path = "/" + text[scheme.upperBound...].drop { $0 == "/" }
            } else if !Self.isPathKey(key), !Self.looksLikePath(text) {
                return
            }
            let absolute = absolute(path)
            guard seen.insert(absolute).inserted else { return }
            let isPattern = path.contains { "*?[".contains($0) }
            found.append(Operation(kind, path: absolute, isPattern: isPattern, traits: .potential))
        }
        operations += found
    }

    private mutating func connect(_ url: String, kind: Operation.Kind) {
        if url.hasPrefix("file:") {
            operations.append(Operation(.fileRead, path: absolute("/" + url.dropFirst(5).drop { $0 == "/" })))
        } else {
            operations.append(ArgumentReader.endpoint(url, kind: kind))
        }
    }

    /// Host, port and method of a URL.
    static func endpoint(_ url: String, kind: Operation.Kind) -> Operation {
        var rest = Substring(url)
        var port = 0
        if let scheme = url.range(of: "://") {
            port = url.hasPrefix("https") || url.hasPrefix("wss") ? 443 : url.hasPrefix("http") ? 80 : 0
            rest = url[scheme.upperBound...]
        }
        var authority = rest.prefix { !"/?#\\".contains($0) }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        var host = String(authority)
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            let after = host[host.index(after: end)...]
            if after.hasPrefix(":"), let given = Int(after.dropFirst()) { port = given }
            host = String(host[host.index(after: host.startIndex)..<end])
        } else if let colon = host.lastIndex(of: ":"), let given = Int(host[host.index(after: colon)...]) {
            port = given
            host = String(host[..<colon])
        }
        while host.hasSuffix(".") { host.removeLast() }
        return Operation(kind, host: host.lowercased(), port: port, method: "GET")
    }

    /// What a tool of this name does with a file, when that is all that is known of it.
    private static func fileKind(_ tool: Tool) -> Operation.Kind {
        let name = (tool.serverTool ?? tool.name).lowercased()
        if ["delete", "remove", "unlink", "rmdir", "trash"].contains(where: name.contains) { return .fileDelete }
        if ["write", "create", "edit", "update", "append", "save", "move", "rename", "copy", "put", "patch", "replace"]
            .contains(where: name.contains)
        {
            return .fileWrite
        }
        return .fileRead
    }

    private static func isPathKey(_ key: String) -> Bool {
        switch key.lowercased() {
        case "path", "paths", "file", "files", "file_path", "filepath", "filename", "file_name", "dir", "directory",
            "folder",
            "cwd", "root", "source", "destination", "src", "dst", "dest", "target_file", "absolute_path",
            "relative_path",
            "uri":
            true
        default: false
        }
    }

    private static func looksLikePath(_ text: String) -> Bool {
        text.hasPrefix("/") || text.hasPrefix("~/") || text.hasPrefix("./") || text.hasPrefix("../")
            || text.contains("/../")
    }
}

extension StringProtocol {
    /// Where `text` first stands; `Foundation` is not wanted here for this alone.
    fileprivate func range(of text: String) -> Range<Index>? {
        guard let first = text.first else { return nil }
        var start = startIndex
        while let at = self[start...].firstIndex(of: first) {
            if self[at...].hasPrefix(text) { return at..<index(at, offsetBy: text.count) }
            start = index(after: at)
        }
        return nil
    }
}
