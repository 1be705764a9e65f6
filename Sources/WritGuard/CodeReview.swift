// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
import WritScan

/// What a call changes in code: findings that the change brings in, what it takes away, and the text for the agent.
struct CodeReview: Sendable {
    /// One changed text, with what the change brings in.
    struct Change: Sendable {
        var text: [UInt8]
        var path: String
        var language: CodeLanguage
        var findings: [Finding]
    }

    /// A text that goes on from here without its notes is longer than this.
    private static let maximumWhole = 4 << 10
    private static let maximumNotes = 20
    private static let maximumText = 8 << 10

    private(set) var changes: [Change] = []

    /// Nothing was written that is code.
    var isEmpty: Bool { changes.isEmpty }

    var findings: [Finding] { changes.flatMap(\.findings) }

    /// The findings of a written text that its change brings in.
    ///
    /// - Parameter found: what the detector says of the new text.
    mutating func add(
        _ content: CallReading.Content, found: [Finding], with detector: CodeDetector, _ diff: CodeDiff,
        _ context: ScanContext
    ) throws -> [Finding] {
        guard let path = content.path, let language = CodeLanguage(path: path) else { return found }
        var fresh = found
        if let before = content.before {
            // What stood there before is not this change's doing; a habit that it repeats once more is.
            let old = ScanRequest(text: before, phase: .toolCall, path: path)
            fresh = fresh.added(to: try detector.findings(in: old, context))
            let taken = try diff.findings(before: before, after: content.text, path: path)
            // Turning a protection off is said once, by what the change did.
            let lines = Set(taken.filter { $0.rule == "diff-protection-off" }.map { "\($0.line) \($0.cwe ?? "")" })
            fresh = fresh.filter { !lines.contains("\($0.line) \($0.cwe ?? "")") } + taken
        }
        changes.append(Change(text: content.text, path: path, language: language, findings: fresh))
        return fresh
    }

    /// The code with warnings above the lines they are about, whole where it is short, else those lines alone; nil
    /// where no finding is wanted.
    func annotated(_ isWanted: (Finding) -> Bool) -> String? {
        var parts: [String] = []
        var left = Self.maximumNotes
        for change in changes {
            let wanted = change.findings.filter(isWanted).sorted {
                ($0.severity, $0.confidence) > ($1.severity, $1.confidence)
            }
            guard !wanted.isEmpty, left > 0 else { continue }
            let kept = Array(wanted.prefix(left))
            left -= kept.count
            var text = CodeAnnotator.annotate(change.text, kept, language: change.language)
            let isWhole = text.count <= Self.maximumWhole && change.language != .json
            if !isWhole { text = Self.excerpt(change, kept) }
            let name = change.path.split(separator: "/").last.map(String.init) ?? change.path
            parts.append(
                "\(name)\(isWhole ? "" : ", the lines in question"):\n" + String(decoding: text, as: UTF8.self))
            if wanted.count > kept.count { parts.append("\(wanted.count - kept.count) more findings are left out.") }
        }
        guard !parts.isEmpty else { return nil }
        let whole =
            "Writ: the code that was written, with warnings where it should change. " + parts.joined(separator: "\n")
        guard whole.utf8.count > Self.maximumText else { return whole }
        return String(whole.unicodeScalars.prefix(Self.maximumText / 2)) + "…"
    }

    /// Each line that a finding stands on, under its warning.
    private static func excerpt(_ change: Change, _ findings: [Finding]) -> [UInt8] {
        let lines = change.text.split(separator: 0x0A, maxSplits: 1 << 20, omittingEmptySubsequences: false)
        var out: [UInt8] = []
        for finding in findings.sorted(by: { $0.line < $1.line }) where finding.line >= 1 && finding.line <= lines.count
        {
            var note = finding
            note.line = 1
            let line = Array(lines[finding.line - 1].prefix(400)) + [0x0A]
            let noted =
                change.language == .json
                ? Array("\(finding.message). \(finding.remedy)\n".utf8) + line
                : CodeAnnotator.annotate(line, [note], language: change.language)
            out += Array("\(finding.line): ".utf8) + noted
        }
        return out
    }
}
