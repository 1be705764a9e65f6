// SPDX-License-Identifier: Apache-2.0

/// How much of a container is read: a small file can unfold to any size.
public struct ContainerLimits: Sendable, Hashable {
    /// Bytes of all parts together.
    public var total = 48 << 20
    /// Bytes of one part.
    public var member = 16 << 20
    /// Parts.
    public var members = 10_000
    /// Containers in containers.
    public var depth = 4

    /// Creates the usual limits.
    public init() {}
}

/// What a container holds, as far as it could be read.
public struct ContainerContents: Sendable, Hashable {
    /// One part.
    public struct Member: Sendable, Hashable {
        /// Its path in the container; parts of parts stand behind a `!`.
        public var path: String
        public var content: [UInt8]
        /// Text that the document holds and keeps from its reader's eyes.
        public var isHidden: Bool

        /// Creates a part.
        public init(path: String, content: [UInt8], isHidden: Bool = false) {
            self.path = path
            self.content = content
            self.isHidden = isHidden
        }
    }

    public var members: [Member] = []
    /// What was not read and why, in words for people. A container with gaps is never called clean.
    public var gaps: [String] = []
    /// A part unfolds to more than 32 times its packed size, past its limit.
    public var isBomb = false

    /// Creates an empty one.
    public init() {}
}

/// Takes containers apart: zip, tar, gzip, office documents, PDF and notebooks.
public enum Container {
    /// The parts of a file; nil when it is of no kind that is opened here.
    ///
    /// Pure and bounded: no file is written, no name of a part is used as a path, and what passes a limit is a gap.
    public static func open(
        _ bytes: [UInt8], path: String, limits: ContainerLimits = ContainerLimits()
    ) -> ContainerContents? {
        var opening = Opening(limits: limits)
        let isOpen = opening.open(bytes, path: path, inside: "", depth: 0)
        return isOpen || !opening.contents.members.isEmpty || !opening.contents.gaps.isEmpty ? opening.contents : nil
    }

    /// The bytes begin as a picture that may hold texts beside what it shows.
    public static func isPicture(_ bytes: [UInt8]) -> Bool { PictureText.isPicture(bytes) }
}

/// One container being taken apart, with what is left of its limits.
struct Opening {
    let limits: ContainerLimits
    var contents = ContainerContents()
    private var used = 0
    /// Bytes that were unfolded and looked through, whether or not they held a text.
    private var unfolded = 0

    init(limits: ContainerLimits) {
        self.limits = limits
    }

    /// Bytes that one part may have now.
    var room: Int { max(0, min(limits.member, limits.total - used)) }

    var isFull: Bool {
        used >= limits.total || contents.members.count >= limits.members || unfolded >= 4 * limits.total
    }

    /// Counts bytes that cost work and may leave nothing: many small parts unfold to much, again and again.
    mutating func unfold(_ count: Int) { unfolded += count }

    mutating func gap(_ text: String) {
        guard contents.gaps.count < 200, contents.gaps.last != text else { return }
        contents.gaps.append(text)
    }

    /// Notes a part that was cut at its limit.
    mutating func see(packed: Int, unpacked: Int) {
        if unpacked >= 1 << 20, unpacked / 32 >= packed { contents.isBomb = true }
    }

    /// Takes a part up, opened when it is a container itself.
    mutating func add(_ path: String, _ bytes: [UInt8], inside prefix: String, depth: Int) {
        guard !isFull else {
            gap("the limit of \(limits.total >> 20) MiB or \(limits.members) parts was reached; the rest was not read")
            return
        }
        let name = prefix + path
        used += bytes.count
        if depth < limits.depth {
            if open(bytes, path: path, inside: name + "!", depth: depth + 1) { return }
        } else if Self.isContainer(bytes) {
            gap("`\(name)` is a container \(limits.depth) deep and was not opened")
        }
        contents.members.append(.init(path: name, content: bytes))
    }

    static func isContainer(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x1F, 0x8B, 8]) || TarReader.isTar(bytes)
            || bytes.starts(with: "%PDF-".utf8)
    }

    /// Opens bytes by what they begin with; false when they are no container.
    mutating func open(_ bytes: [UInt8], path: String, inside prefix: String, depth: Int) -> Bool {
        if bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6]) {
            ZipReader.read(bytes, inside: prefix, depth: depth, into: &self)
            return true
        }
        if bytes.starts(with: [0x1F, 0x8B, 8]) {
            gzip(bytes, path: path, inside: prefix, depth: depth)
            return true
        }
        if TarReader.isTar(bytes) {
            TarReader.read(bytes, inside: prefix, depth: depth, into: &self)
            return true
        }
        if bytes.starts(with: "%PDF-".utf8) {
            PDFReader.read(bytes, inside: prefix, into: &self)
            return true
        }
        // Of both the parts are read, and the bytes too, as they are.
        if PictureText.isPicture(bytes) { PictureText.read(bytes, inside: prefix, into: &self) }
        if ZipReader.isTail(bytes) {
            ZipReader.read(bytes, inside: prefix, depth: depth, into: &self)
            return false
        }
        if path.lowercased().hasSuffix(".ipynb") { return Notebook.read(bytes, inside: prefix, into: &self) }
        return false
    }

    /// Text that was made from a part: it counts against the limits like any other.
    mutating func addText(_ path: String, _ text: String, isHidden: Bool = false) {
        guard !text.isEmpty else { return }
        guard !isFull else { return gap("the limit of \(limits.total >> 20) MiB was reached; the rest was not read") }
        let bytes = Array(text.utf8.prefix(room))
        used += bytes.count
        contents.members.append(.init(path: path, content: bytes, isHidden: isHidden))
    }

    private mutating func gzip(_ bytes: [UInt8], path: String, inside prefix: String, depth: Int) {
        let limit = room
        let (out, end) = Inflate.gzipRead(bytes, limit: limit)
        if out.isEmpty { return gap("`\(prefix.isEmpty ? path : prefix)` is no whole gzip file and was not read") }
        if out.count >= limit {
            gap("`\(prefix.isEmpty ? path : prefix)` unfolds past \(limit >> 20) MiB; the rest was not read")
            see(packed: end, unpacked: out.count)
        }
        var name = path.split(separator: "/").last.map(String.init) ?? path
        if name.hasSuffix(".gz") { name.removeLast(3) }
        if name.hasSuffix(".tgz") { name = String(name.dropLast(4)) + ".tar" }
        add(name, out, inside: prefix, depth: depth)
    }
}
