// SPDX-License-Identifier: Apache-2.0

/// The format of Writ's own tables (programs, detector rules): one fact a line, indentation says what it belongs to.
///
///     program tar
///       option -f --file=FILE path
///       match tar -xf a.tgz
///
/// A line is `keyword value`; the value is everything after the first run of blanks, raw to the end of the line, so
/// patterns need no escapes. Two spaces a level; a line whose first character is `#` after its indentation is a
/// comment; blank lines separate. Tabs in the indentation are errors.
public struct Outline: Sendable, Hashable {
    /// One line with the lines below it.
    public struct Node: Sendable, Hashable {
        public var keyword: String
        public var value: String
        /// 1-based.
        public var line: Int
        public var children: [Node]

        /// Creates a line.
        public init(keyword: String, value: String, line: Int, children: [Node] = []) {
            self.keyword = keyword
            self.value = value
            self.line = line
            self.children = children
        }

        /// The values of the children with this keyword, in order.
        public func values(_ keyword: String) -> [String] {
            children.filter { $0.keyword == keyword }.map(\.value)
        }

        /// The value of the first child with this keyword.
        public func value(_ keyword: String) -> String? {
            children.first { $0.keyword == keyword }?.value
        }
    }

    /// Why a table was refused.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let message: String
        /// 1-based.
        public let line: Int

        public init(message: String, line: Int) {
            self.message = message
            self.line = line
        }

        public var description: String { "line \(line): \(message)" }
    }

    public var nodes: [Node]

    /// Reads a table. Nesting is at most 8 levels.
    public init(parsing text: some StringProtocol) throws(Fault) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads a table. Nesting is at most 8 levels.
    public init(parsing bytes: [UInt8]) throws(Fault) {
        // Open nodes from the outermost in; a line at depth d closes all that are deeper.
        var open: [Node] = []
        var roots: [Node] = []
        func close(to depth: Int) {
            while open.count > depth {
                let node = open.removeLast()
                if open.isEmpty { roots.append(node) } else { open[open.count - 1].children.append(node) }
            }
        }
        var start = 0
        var line = 0
        while start < bytes.count {
            line += 1
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            var stop = end
            while stop > start, bytes[stop - 1] == 0x20 || bytes[stop - 1] == 0x0D || bytes[stop - 1] == 0x09 {
                stop -= 1
            }
            var at = start
            while at < stop, bytes[at] == 0x20 { at += 1 }
            defer { start = end + 1 }
            if at == stop || bytes[at] == UInt8(ascii: "#") { continue }
            if bytes[at] == 0x09 { throw Fault(message: "tab in the indentation", line: line) }
            let width = at - start
            guard width.isMultiple(of: 2) else { throw Fault(message: "odd indentation", line: line) }
            let depth = width / 2
            guard depth <= open.count, depth < 8 else { throw Fault(message: "indented too deep", line: line) }
            close(to: depth)
            let wordStart = at
            while at < stop, bytes[at] != 0x20, bytes[at] != 0x09 { at += 1 }
            let keyword = String(decoding: bytes[wordStart..<at], as: UTF8.self)
            while at < stop, bytes[at] == 0x20 || bytes[at] == 0x09 { at += 1 }
            let value = String(decoding: bytes[at..<stop], as: UTF8.self)
            open.append(Node(keyword: keyword, value: value, line: line, children: []))
        }
        close(to: 0)
        nodes = roots
    }
}
