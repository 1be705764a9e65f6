// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// A report for people.
public struct TextReport: Sendable {
    /// Escape sequences for a terminal, or nothing.
    public enum Style: Sendable {
        case plain, coloured
    }

    private let style: Style

    /// Creates a writer.
    public init(style: Style) {
        self.style = style
    }

    private func paint(_ text: String, _ code: String) -> String {
        style == .plain || text.isEmpty ? text : "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    /// Several lines without the last line break; safe for any terminal whatever the content was.
    public func lines(of found: LocatedFinding) -> [String] {
        let finding = found.finding
        let level = paint(
            finding.severity.name, finding.severity >= .high ? "31;1" : finding.severity == .medium ? "33" : "36")
        var place = Excerpt.harmless(found.path)
        if let commit = found.commit, !found.path.hasPrefix("message of ") { place = "\(commit.prefix(12)):\(place)" }
        place += ":\(finding.line)"
        if let column = found.column { place += ":\(column)" }
        let agent = found.agent.map { " (\($0))" } ?? ""
        var lines = ["\(paint(place, "1"))\(agent): \(level): \(Self.sentence(finding.message))"]
        if let excerpt = found.excerpt, !excerpt.text.isEmpty {
            let number = String(finding.line)
            let margin = String(repeating: " ", count: number.count)
            lines.append(paint("  \(number) | ", "2") + excerpt.text)
            let width = max(
                1, min(excerpt.mark.count, excerpt.text.count - min(excerpt.mark.lowerBound, excerpt.text.count)))
            lines.append(
                paint("  \(margin) | ", "2") + String(repeating: " ", count: excerpt.mark.lowerBound)
                    + paint(String(repeating: "^", count: width), "31"))
        }
        if !finding.remedy.isEmpty { lines.append("  " + Self.sentence(finding.remedy)) }
        var facts = ["\(finding.scanner)/\(finding.rule)"]
        if let cwe = finding.cwe { facts.append(cwe) }
        facts.append("confidence \(Self.percent(finding.confidence))")
        facts.append("fingerprint \(found.identity)")
        if let suppression = found.suppression {
            facts.append("suppressed until \(suppression.expires): \(Excerpt.harmless(suppression.reason))")
        }
        lines.append(paint("  " + facts.joined(separator: " · "), "2"))
        return lines
    }

    /// A change that needs review.
    public func line(of item: ReviewItem) -> String {
        let place = item.commit.map { "\($0.prefix(12)):" } ?? ""
        return
            "\(paint("\(place)\(Excerpt.harmless(item.path)):\(item.line)", "1")): \(paint("review", "35")): \(item.reason) [\(item.area)]"
    }

    /// What was not read, settings' notices, counts and time.
    public func summary(of report: ScanReport, failOn: Severity) -> [String] {
        var lines: [String] = []
        // One line a kind and message; the paths of what could not be read one by one.
        var groups: [(kind: Note.Kind, message: String, paths: [String], count: Int)] = []
        for note in report.notes {
            if note.kind != .unreadable, note.kind != .settings,
                let index = groups.firstIndex(where: { $0.kind == note.kind && $0.message == note.message })
            {
                groups[index].count += note.count
                if let path = note.path { groups[index].paths.append(path) }
            } else {
                groups.append((note.kind, note.message, note.path.map { [$0] } ?? [], note.count))
            }
        }
        for group in groups {
            let shown = group.paths.prefix(3).map { Excerpt.harmless($0) }.joined(separator: ", ")
            let more = group.paths.count > 3 ? ", …" : ""
            let word = group.kind == .unreadable ? paint("not read", "31") : paint("note", "33")
            if group.paths.count == 1, group.count == 1 {
                lines.append("\(word): \(shown): \(group.message)")
            } else if group.paths.isEmpty {
                lines.append("\(word): \(group.count > 1 ? "\(group.count) " : "")\(group.message)")
            } else {
                lines.append("\(word): \(group.count) files: \(group.message) (\(shown)\(more))")
            }
        }
        let counts = report.counts.map { "\($0.count) \($0.severity.name)" }.joined(separator: ", ")
        var text =
            report.findingCount == 0
            ? "no findings" : "\(report.findingCount) \(report.findingCount == 1 ? "finding" : "findings") (\(counts))"
        if !report.suppressed.isEmpty { text += ", \(report.suppressed.count) suppressed" }
        if !report.review.isEmpty { text += ", \(report.review.count) to review" }
        let size = Self.size(report.bytes)
        let time =
            report.milliseconds < 1000
            ? "\(report.milliseconds) ms" : "\(report.milliseconds / 1000).\(report.milliseconds % 1000 / 100) s"
        var tail = "\(report.subject): \(report.files) \(report.files == 1 ? "item" : "items"), \(size) in \(time)"
        if report.cached > 0 { tail += ", \(report.cached) from the cache" }
        lines.append("\(paint(text, report.exitCode(failOn: failOn) == 0 ? "32" : "1")) · \(tail)")
        return lines
    }

    static func sentence(_ text: String) -> String { Excerpt.harmless(text) }

    private static func percent(_ value: Double) -> String { "\(Int((max(0, min(1, value)) * 100).rounded())) %" }

    private static func size(_ bytes: Int) -> String {
        if bytes < 1000 { return "\(bytes) bytes" }
        if bytes < 1_000_000 { return "\(bytes / 1000) kB" }
        return "\(bytes / 1_000_000).\(bytes % 1_000_000 / 100_000) MB"
    }
}
