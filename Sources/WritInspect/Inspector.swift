// SPDX-License-Identifier: Apache-2.0
internal import Synchronization
public import WritCore
public import WritScan

/// Runs the detectors over content of any size and turns what they say into findings with a place, an identity and an
/// excerpt. Files, clock and process are the caller's.
public final class Inspector: Sendable {
    /// What the inspector is told once.
    public struct Options: Sendable {
        /// By scanner, the probability from which a finding is reported.
        public var minimumConfidence: [String: Double]
        /// The phase of all content; nil lets each path decide.
        public var phase: Phase?
        /// The most findings one file may have; above it comes a note.
        public var findingLimit: Int
        /// Mark changes that need a person's review.
        public var gate: ReviewGate?

        /// Creates options.
        public init(
            minimumConfidence: [String: Double] = [:], phase: Phase? = nil, findingLimit: Int = 5_000,
            gate: ReviewGate? = nil
        ) {
            self.minimumConfidence = minimumConfidence
            self.phase = phase
            self.findingLimit = findingLimit
            self.gate = gate
        }
    }

    let detectors: DetectorSet
    let options: Options
    let places: AgentPlaces?
    let containers: any ContainerReader
    private let cache: FindingCache?
    private let largeCode = Mutex<Void>(())
    /// The fingerprints of `WritScan` are not used here: an identity is made that needs no key.
    private let context = ScanContext(key: .random())

    /// Creates an inspector.
    ///
    /// - Parameters:
    ///   - places: tells instruction files by their path; needed unless only secrets are looked for.
    ///   - cache: remembers what unchanged content gave.
    public init(
        detectors: DetectorSet, options: Options = Options(), places: AgentPlaces? = nil,
        containers: any ContainerReader = ClosedContainers(), cache: FindingCache? = nil
    ) {
        self.detectors = detectors
        self.options = options
        self.places = places
        self.containers = containers
        self.cache = cache
    }

    /// Looks at content of any length.
    ///
    /// - Throws: when a detector could not do its work or reading failed; "nothing found" is never concluded from that.
    public func inspect(_ subject: Subject, _ source: some ByteSource) throws -> Inspection {
        var source = source
        let reader = WindowReader<PeekedSource>.block + WindowReader<PeekedSource>.margin
        let head = try source.read(reader)
        return try inspect(subject, PeekedSource(head: head, rest: source), head: head, counting: nil)
    }

    /// Looks at a change: what it adds, what it takes away, and what it turns into a finding elsewhere in the file.
    ///
    /// - Parameter content: the version after; empty for a removed file.
    public func inspect(_ subject: Subject, change: Change, _ content: [UInt8]) throws -> Inspection {
        var added = change.previous.isEmpty ? nil : LineDiff.added(before: change.previous[0], after: content)
        for other in change.previous.dropFirst() {
            added = added?.intersection(LineDiff.added(before: other, after: content))
        }
        var result = Inspection()
        if change.kind != .removed {
            result = try inspect(
                subject, PeekedSource(head: content, rest: BytesInMemory([])), head: content, counting: added)
            if let added, let before = change.previous.first {
                // A finding on an old line counts when the change brought it about: a check that is gone, a source
                // that now reaches an old sink.
                // The lines of a container's parts are not the file's own.
                let isNew = { (found: LocatedFinding) in
                    found.path == subject.path && added.overlaps(found.finding.line...found.endLine)
                }
                let old = result.findings.filter { !isNew($0) }
                result.findings.removeAll { !isNew($0) }
                if !old.isEmpty {
                    var known: [String: Int] = [:]
                    var earlier = subject
                    earlier.change = nil
                    for found in try inspect(earlier, BytesInMemory(before)).findings {
                        known[Self.likeness(found), default: 0] += 1
                    }
                    for found in old {
                        if let count = known[Self.likeness(found)], count > 0 {
                            known[Self.likeness(found)] = count - 1
                        } else {
                            result.findings.append(found)
                        }
                    }
                    result.findings.sort(by: Self.precedes)
                }
            }
        }
        let isText = ContentKind(content) == .text
        if detectors.selected.contains(.code), let before = change.previous.first, !before.isEmpty, isText,
            before.count + content.count <= 4 << 20
        {
            let gone = try detectors.diff().findings(before: before, after: content, path: subject.path)
            var finisher = Finisher(subject: subject, redactor: try redactor())
            finisher.take(gone, in: content, firstLine: 1, beginsLine: true)
            result.findings = (result.findings + finisher.findings.filter(isSure)).sorted(by: Self.precedes)
        }
        if let gate = options.gate {
            let all =
                added ?? (content.isEmpty ? LineSet() : LineSet(1..<LineIndex(content).line(of: content.count) + 1))
            result.review += gate.items(
                path: subject.path, before: change.previous.first ?? [], after: content, added: all
            ).map { item in
                var item = item
                item.commit = subject.commit
                return item
            }
        }
        return result
    }

    /// Equal for the same finding in two versions of a file.
    private static func likeness(_ found: LocatedFinding) -> String {
        "\(found.path) \(found.finding.scanner) \(found.finding.rule) \(found.excerpt?.text ?? "")"
    }

    static func precedes(_ a: LocatedFinding, _ b: LocatedFinding) -> Bool {
        (a.finding.line, a.column ?? 0, a.finding.scanner, a.finding.rule)
            < (b.finding.line, b.column ?? 0, b.finding.scanner, b.finding.rule)
    }

    private func isSure(_ found: LocatedFinding) -> Bool {
        found.finding.confidence >= options.minimumConfidence[found.finding.scanner] ?? 0
    }

    // MARK: One content

    private func inspect(
        _ subject: Subject, _ source: PeekedSource, head: [UInt8], counting: LineSet?, isPart: Bool = false
    ) throws -> Inspection {
        var result = Inspection()
        let phase = subject.phase ?? options.phase ?? phase(of: subject.path)
        // What instructs an agent is loaded by its name, so that zeros in it hide nothing from the agent.
        let kind = ContentKind(
            head,
            mustBeText: phase == .contextFile || ContentKind.isNamedText(subject.path))
        var onlySecrets = false
        var source = source
        var content: any ByteSource = source
        let others = detectors.others.filter { subject.lineNumbers == nil && $0.reads(subject.path) }
        var hasZeros = false
        // What reads whole files gets those that are longer than a window in one piece.
        var whole: [UInt8]?
        switch kind {
        case .text:
            if !isPart, subject.lineNumbers == nil, subject.path.lowercased().hasSuffix(".ipynb") {
                let isOpen = try open(subject, &source, into: &result)
                onlySecrets = isOpen && result.notes.isEmpty
                content = source
            } else if !source.isWhole, !others.isEmpty {
                if try source.extend(to: Self.wholeLimit) {
                    whole = source.bytes
                } else {
                    result.notes.append(
                        Note(
                            .limit, path: subject.path,
                            "over \(Self.wholeLimit >> 20) MiB: dependencies in it are not judged"))
                }
                content = source
            }
            if head.contains(0) {
                content = ZeroFilter(source)
                hasZeros = true
            }
        case .wide(let width, let isLittleEndian):
            content = WideDecoder(source, width: width, isLittleEndian: isLittleEndian)
        case .binary:
            onlySecrets = true
            // Pictures hold texts for programs: descriptions, comments, what stands behind their end. Any file may end
            // as an archive.
            if !isPart, subject.lineNumbers == nil {
                _ = try open(subject, &source, into: &result)
                content = source
            }
            result.notes.append(Note(.binary, path: subject.path, "binary: read for secrets only"))
        case .container(let name):
            onlySecrets = true
            // A part is opened, or not, with the container that it is in.
            let isOpen = isPart ? false : try open(subject, &source, into: &result)
            if !isOpen, result.notes.isEmpty {
                result.notes.append(
                    Note(.container, path: subject.path, "\(name): parts not opened, its bytes read for secrets only"))
            }
            content = source
        }
        let inside = result.findings.filter { $0.finding.scanner == DetectorName.secrets.rawValue }
        let key =
            cache != nil && counting == nil && subject.lineNumbers == nil && source.isShort && head.count >= 64
            ? FindingCache.Key(
                path: subject.path, phase: phase, content: head,
                surroundings: others.map { $0.surroundings(of: subject.path) }.joined(separator: " ")
                    + Self.digest(of: subject.siblings)) : nil
        if let key, let cache, let known = cache.findings(for: key) {
            result.findings += known.map { located($0, subject) }
            result.bytes = head.count
            result.wasCached = true
            return result
        }
        var finisher = Finisher(subject: subject, redactor: try redactor())
        var windows = WindowReader(AnySource(content))
        var count = 0
        var isCut = false
        while let window = try windows.next() {
            result.bytes = window.base + window.kept.upperBound
            count += 1
            let found = try findings(subject, phase, window, onlySecrets: onlySecrets, others)
            finisher.take(
                found.filter { isSure($0) }, in: window.bytes, firstLine: window.firstLine,
                beginsLine: window.beginsLine, base: window.base)
            if finisher.findings.count > options.findingLimit {
                // The rest is read all the same: many small findings must not cover a large one behind them.
                isCut = true
                let strongest = finisher.findings.enumerated().sorted {
                    ($1.element.finding.severity, $0.offset) < ($0.element.finding.severity, $1.offset)
                }
                finisher.findings = strongest.prefix(options.findingLimit).sorted { $0.offset < $1.offset }
                    .map(\.element)
            }
        }
        if isCut {
            result.notes.append(
                Note(
                    .limit, path: subject.path,
                    "more than \(options.findingLimit) findings: the strongest of them are listed"))
        }
        if hasZeros, !isPart, detectors.selected.contains(.unicode), isSure(Self.zeros) {
            finisher.take([Self.zeros], in: [], firstLine: 1, beginsLine: true)
        }
        if count > 1, !onlySecrets, detectors.selected != [.secrets] {
            result.notes.append(
                Note(
                    .windows, path: subject.path,
                    "\(result.bytes) bytes in \(count) windows: what spans more than \(WindowReader<AnySource>.margin >> 10) KiB may be missed"
                ))
        }
        if phase == .skill, subject.path.hasSuffix(".pyc") || subject.path.hasSuffix(".pyo"),
            detectors.selected.contains(.skill)
        {
            let files = [SkillFile(path: subject.path, bytes: head)] + subject.siblings
            let found = try detectors.skillScanner().scan(files: files)
                .filter { $0.path == subject.path && $0.finding.rule.hasPrefix("bytecode") }.map(\.finding).filter(
                    isSure)
            finisher.take(found, in: [], firstLine: 1, beginsLine: true)
        }
        if let whole {
            // Excerpts of these are made without what the windows found.
            var second = Finisher(subject: subject, redactor: .search(secretSearch))
            for detector in others {
                let found = try detector.findings(
                    path: subject.path, content: whole, previous: subject.change?.previous.first, context)
                second.take(
                    Array(found.filter(isSure).prefix(options.findingLimit)), in: whole, firstLine: 1, beginsLine: true)
                if found.count > options.findingLimit {
                    result.notes.append(
                        Note(.limit, path: subject.path, "more than \(options.findingLimit) findings of dependencies"))
                }
            }
            finisher.findings = (finisher.findings + second.findings).sorted(by: Self.precedes)
        }
        if !inside.isEmpty {
            // What a part holds unpacked stands in the container's own bytes too.
            var known: [String: Int] = [:]
            for found in inside { known[found.finding.rule, default: 0] += 1 }
            finisher.findings.removeAll { found in
                guard found.finding.scanner == DetectorName.secrets.rawValue, let count = known[found.finding.rule],
                    count > 0
                else { return false }
                known[found.finding.rule] = count - 1
                return true
            }
        }
        if !isPart, counting == nil, let named = try judge(name: subject, phase) {
            finisher.take(named.filter(isSure), in: [], firstLine: 1, beginsLine: true)
        }
        if let key, let cache, result.notes.isEmpty, inside.isEmpty { cache.remember(finisher.findings, for: key) }
        result.findings += finisher.findings
        return result
    }

    /// What a file's name says to a model that lists the folder: characters that nobody sees, or a whole order.
    private func judge(name subject: Subject, _ phase: Phase) throws -> [Finding]? {
        let name = Array((subject.path.split(separator: "/").last ?? "").utf8)
        let selected = detectors.selected
        guard name.count >= 24 || name.contains(where: { $0 >= 0x80 }),
            selected.contains(.promptInjection) || selected.contains(.unicode)
        else { return nil }
        var words = 0
        var isWord = false
        for byte in name {
            // A hash is one word, however often letters and digits take turns in it.
            let isPart = byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x80 || byte >= 0x30 && byte <= 0x39
            if isPart, !isWord { words += 1 }
            isWord = isPart
        }
        let unveiling = Unveiler().unveil(name)
        var found = selected.contains(.unicode) ? unveiling.findings : []
        // Names of tests and articles are sentences too: what counts is an order that leaves little doubt.
        if selected.contains(.promptInjection), words >= 6 {
            let text = name.map { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") ? 0x20 : $0 }
            let request = ScanRequest(text: text, phase: phase)
            found += try detectors.injection().judge(request, unveiling).findings.filter { $0.confidence >= 0.95 }
        }
        return found.map { finding in
            var finding = finding
            finding.span = SourceSpan(start: 0, end: 0)
            finding.line = 1
            finding.message = "the file's name: " + finding.message
            return finding
        }
    }

    private static let zeros = Finding(
        scanner: DetectorName.unicode.rawValue, rule: "zero-bytes", category: "hidden_text", severity: .medium,
        confidence: 0.9, message: "zeros in a text make git and other tools take it for binary and show nothing of it",
        remedy: "remove the zeros")

    /// Names what a file is judged with; empty when there is nothing.
    private static func digest(of siblings: [SkillFile]) -> String {
        guard !siblings.isEmpty else { return "" }
        return siblings.map { FindingIdentity.digest($0.path + "\n" + String(decoding: $0.bytes, as: UTF8.self)) }
            .joined(separator: " ")
    }

    /// Bytes of a file that detectors of whole files are given.
    static let wholeLimit = 8 << 20

    /// Looks at the parts of a container; false when it was not opened.
    private func open(_ subject: Subject, _ source: inout PeekedSource, into result: inout Inspection) throws -> Bool {
        guard !(containers is ClosedContainers) else { return false }
        let isWhole = try source.extend(to: OpenContainers.longest)
        let opened = try containers.members(of: subject.path, source.bytes, isWhole: isWhole)
        result.notes += opened.notes.map { Note($0.kind, path: subject.path, $0.message) }
        var binaries = 0
        for member in opened.members {
            var part = subject
            part.path = subject.path + "!" + member.path
            part.change = nil
            part.lineNumbers = nil
            part.siblings = []
            var inner = try inspect(
                part, PeekedSource(head: member.content, rest: BytesInMemory([])), head: member.content,
                counting: nil, isPart: true)
            inner.bytes = 0
            if member.isHidden, detectors.selected.contains(.unicode), let found = Self.hiddenText(member.content),
                isSure(found)
            {
                var finisher = Finisher(subject: part, redactor: .search(secretSearch))
                finisher.take([found], in: member.content, firstLine: 1, beginsLine: true)
                result.findings += finisher.findings
            }
            result.findings += inner.findings
            binaries += inner.notes.count { $0.kind == .binary }
            result.notes += inner.notes.filter { $0.kind != .binary }
        }
        if binaries > 0 {
            result.notes.append(
                Note(.binary, path: subject.path, "parts that are binary were read for secrets only", count: binaries))
        }
        if detectors.selected.contains(.unicode) {
            let found = Self.unread(opened, size: source.bytes.count).filter(isSure)
            var finisher = Finisher(subject: subject, redactor: .search(secretSearch))
            finisher.take(found, in: [], firstLine: 1, beginsLine: true)
            result.findings += finisher.findings
        }
        return !opened.members.isEmpty || !opened.notes.isEmpty
    }

    /// What is packed so that no scanner reads it to its end is a finding, not a note alone.
    private static func unread(_ opened: ContainerParts, size: Int) -> [Finding] {
        guard !opened.notes.isEmpty else { return [] }
        func finding(_ rule: String, _ message: String) -> Finding {
            Finding(
                scanner: DetectorName.unicode.rawValue, rule: rule, category: "hidden_text", severity: .medium,
                confidence: 0.8, message: message, remedy: "look into it before anything unpacks it, or remove it")
        }
        var found: [Finding] = []
        let unfolded = opened.members.reduce(0) { $0 + $1.content.count }
        if opened.isBomb || unfolded >= 8 << 20 && unfolded / 16 >= size {
            found.append(finding("archive-bomb", "it unfolds to many times its size and was not read to its end"))
        }
        let isDeep = opened.members.contains { member in
            guard member.path.utf8.count(where: { $0 == UInt8(ascii: "!") }) >= 4 else { return false }
            if case .container = ContentKind(member.content) { return true }
            return false
        }
        if isDeep { found.append(finding("nested-archive", "archives lie in archives deeper than they are opened")) }
        return found
    }

    /// What there is to say of text that a document keeps from its reader; a page number or a bullet is no text.
    private static func hiddenText(_ bytes: [UInt8]) -> Finding? {
        let text = String(decoding: bytes.prefix(1 << 16), as: UTF8.self)
        guard text.unicodeScalars.lazy.filter({ $0.properties.isAlphabetic }).prefix(20).count == 20 else { return nil }
        return Finding(
            scanner: DetectorName.unicode.rawValue, rule: "hidden-document-text", category: "hidden_text",
            severity: .medium, confidence: 0.8, message: "text that a reader of the document does not see",
            remedy: "read it before a model does; what must stay should be visible")
    }

    private func located(_ found: LocatedFinding, _ subject: Subject) -> LocatedFinding {
        var found = found
        found.path = subject.path
        found.commit = subject.commit
        found.agent = subject.agent
        return found
    }

    private func isSure(_ finding: Finding) -> Bool {
        finding.confidence >= options.minimumConfidence[finding.scanner] ?? 0
    }

    private func phase(of path: String) -> Phase {
        guard let place = places?.place(inRepository: path) else { return .toolResponse }
        return AgentPlaces.phase(of: place.kind)
    }

    /// All detectors over one window; lines count from the window's start.
    private func findings(
        _ subject: Subject, _ phase: Phase, _ window: WindowReader<AnySource>.Window, onlySecrets: Bool,
        _ others: [any FileDetector]
    ) throws -> [Finding] {
        var found: [Finding] = []
        let request = ScanRequest(text: window.bytes, phase: phase, path: subject.path)
        let selected = detectors.selected
        if !onlySecrets { detectors.warmUp() }
        if selected.contains(.secrets) { found += try detectors.secrets().findings(in: request, context) }
        if !onlySecrets {
            if selected.contains(.promptInjection) || selected.contains(.unicode) {
                let unveiling = Unveiler().unveil(window.bytes, path: subject.path)
                if selected.contains(.promptInjection) {
                    found += try detectors.injection().judge(request, unveiling).findings
                }
                if selected.contains(.unicode) { found += hidden(unveiling) }
            }
            if selected.contains(.code), subject.lineNumbers == nil {
                let code = try detectors.code()
                // Tokens of a whole window take tens of megabytes: one at a time keeps the promise about memory.
                found +=
                    window.bytes.count > 256 << 10
                    ? try largeCode.withLock { _ in
                        defer { SystemMemory.giveBack() }
                        return try code.findings(in: request, context)
                    }
                    : try code.findings(in: request, context)
            }
            if selected.contains(.skill) {
                if phase == .skill, !subject.siblings.isEmpty {
                    let all = try detectors.skillScanner().scan(
                        window.bytes, path: subject.path, beside: subject.siblings)
                    found += all.prefix(context.findingLimit)
                } else {
                    found += try detectors.skill().findings(in: request, context)
                }
            }
            if selected.contains(.personalData) {
                found += PersonalDataDetector().findings(in: request, context)
            }
            for detector in others where window.base == 0 && window.isLast {
                found += try detector.findings(
                    path: subject.path, content: window.bytes, previous: subject.change?.previous.first, context)
            }
        }
        // A credential is one finding, the detector's that knows its form.
        let secrets = found.filter { $0.scanner == DetectorName.secrets.rawValue }
        if !secrets.isEmpty {
            found.removeAll { other in
                other.scanner == DetectorName.code.rawValue && other.cwe == "CWE-798"
                    && secrets.contains { $0.line == other.line }
            }
        }
        if !(window.base == 0 && window.isLast) {
            found.removeAll { !window.kept.contains($0.span.start) }
        }
        return found
    }

    private func hidden(_ unveiling: Unveiling) -> [Finding] {
        var findings = Array(unveiling.findings.prefix(context.findingLimit))
        if unveiling.isCut {
            findings.append(
                Finding(
                    scanner: DetectorName.unicode.rawValue, rule: "unveil-limit", category: "hidden_text",
                    severity: .medium, confidence: 1, message: "more text is hidden in it than is unveiled",
                    remedy: "look at the file before a model reads it, or split it"))
        }
        return findings
    }

    /// Excerpts never show a secret, also where secrets are not looked for.
    private func redactor() throws -> Finisher.Redaction {
        if detectors.selected.contains(.secrets) { return .known }
        return .search(secretSearch)
    }

    private var secretSearch: ([UInt8]) throws -> [Finding] {
        let detectors = detectors
        let context = context
        return { line in try detectors.secrets().findings(in: ScanRequest(text: line), context) }
    }
}

/// Content whose beginning was read already.
struct PeekedSource: ByteSource {
    private var head: [UInt8]
    private var rest: any ByteSource
    private var at = 0
    /// The beginning is all there is, as far as is known without reading on.
    private(set) var isWhole: Bool
    /// It was so before ``extend(to:)``.
    let isShort: Bool

    /// What was read so far.
    var bytes: [UInt8] { head }

    /// Reads on, before anything was taken.
    ///
    /// - Returns: whether that is all there is.
    mutating func extend(to limit: Int) throws -> Bool {
        while !isWhole, head.count <= limit {
            let more = try rest.read(min(256 << 10, limit + 1 - head.count))
            if more.isEmpty { isWhole = true } else { head += more }
        }
        return isWhole
    }

    init(head: [UInt8], rest: some ByteSource) {
        self.head = head
        self.rest = rest
        isWhole = head.count < WindowReader<PeekedSource>.block + WindowReader<PeekedSource>.margin
        isShort = isWhole
    }

    mutating func read(_ most: Int) throws -> [UInt8] {
        guard at < head.count else { return try rest.read(most) }
        if at == 0, head.count <= most {
            defer { head = [] }
            return head
        }
        let end = min(head.count, at + max(1, most))
        let part = Array(head[at..<end])
        at = end
        if at == head.count {
            head = []
            at = 0
        }
        return part
    }
}

/// Any source, for generic code.
struct AnySource: ByteSource {
    private var source: any ByteSource

    init(_ source: any ByteSource) {
        self.source = source
    }

    mutating func read(_ most: Int) throws -> [UInt8] { try source.read(most) }
}
