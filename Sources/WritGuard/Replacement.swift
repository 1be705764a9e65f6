// SPDX-License-Identifier: Apache-2.0
public import WritCore
import WritPolicy
import WritScan

extension Guard {
    /// What the model shall see instead of a tool's output: the same shape with what the decision's redactions name
    /// replaced; nil when nothing is to be replaced.
    ///
    /// - Throws: what a detector throws; the caller closes rather than show what it could not search.
    public func replacement(for judgement: Judgement) throws -> JSON? {
        guard judgement.request.call.event == .afterTool, let response = judgement.request.call.response else {
            return nil
        }
        var groups: Set<String> = []
        var isWanted = false
        for case .redact(let named) in judgement.decision.obligations {
            isWanted = true
            groups.formUnion(named)
        }
        // A refused answer is in the model's context all the same, unless it is replaced.
        let givesOrders =
            judgement.decision.verdict > .allow
            && judgement.request.findings.contains {
                $0.scanner == "prompt_injection" && policies.isWanted($0, in: judgement.request.phase)
            }
        guard isWanted || givesOrders else { return nil }
        var cleaned = isWanted ? try replacing(response, groups) : response
        if givesOrders { cleaned = withholdingOrders(cleaned) }
        return cleaned == response ? nil : cleaned
    }

    private func replacing(_ value: JSON, _ groups: Set<String>) throws -> JSON {
        switch value {
        case .string(let text):
            let bytes = Array(text.utf8)
            let context = ScanContext(key: key)
            var findings: [Finding] = []
            for detector in detectors where detector.scanner == "secrets" || detector.scanner == "pii" {
                findings += try detector.findings(in: ScanRequest(text: bytes, phase: .toolResponse), context).filter {
                    groups.isEmpty || groups.contains($0.category) || groups.contains(detector.scanner)
                }
            }
            return findings.isEmpty
                ? value : .string(String(decoding: try Redactor.redact(bytes, findings), as: UTF8.self))
        case .array(let elements): return .array(try elements.map { try replacing($0, groups) })
        case .object(let members): return .object(try members.map { .init($0.key, try replacing($0.value, groups)) })
        case .null, .bool, .integer, .number: return value
        }
    }

    /// What stands in place of orders to the agent. It must not read like one: the answer is judged again with it.
    static let withheld = "[Removed by Writ: this part held instructions, not data]"

    /// The value with the paragraphs that give orders taken out of its strings, and the whole string where its words are
    /// hidden or disguised, or where orders are left.
    private func withholdingOrders(_ value: JSON) -> JSON {
        switch value {
        case .string(let text):
            guard let detector = detectors.lazy.compactMap({ $0 as? InjectionDetector }).first else { return value }
            func orders(_ bytes: [UInt8]) -> [Finding] {
                detector.judge(ScanRequest(text: bytes, phase: .toolResponse)).findings.filter {
                    policies.isWanted($0, in: .toolResponse)
                }
            }
            var bytes = Array(text.utf8)
            let found = orders(bytes)
            if found.isEmpty { return value }
            // An answer that is a document in a string keeps its form.
            if let document = Self.document(bytes) {
                let cleaned = withholdingOrders(document)
                if cleaned != document, orders(cleaned.bytes).isEmpty { return .string(cleaned.text) }
            }
            guard found.allSatisfy({ $0.rule == "injected-instructions" }) else { return .string(Self.withheld) }
            var end = bytes.count
            for finding in found.sorted(by: { $0.span.start > $1.span.start }) {
                let paragraph = Self.paragraph(bytes, finding.span)
                // Several findings may stand in one paragraph.
                let last = min(paragraph.upperBound, end)
                guard paragraph.lowerBound < last else { continue }
                bytes.replaceSubrange(paragraph.lowerBound..<last, with: Self.withheld.utf8)
                end = paragraph.lowerBound
            }
            return .string(orders(bytes).isEmpty ? String(decoding: bytes, as: UTF8.self) : Self.withheld)
        case .array(let elements): return .array(elements.map { withholdingOrders($0) })
        case .object(let members): return .object(members.map { .init($0.key, withholdingOrders($0.value)) })
        case .null, .bool, .integer, .number: return value
        }
    }

    /// The object or list that a text spells; nil for all other text.
    private static func document(_ bytes: [UInt8]) -> JSON? {
        guard bytes.first == UInt8(ascii: "{") || bytes.first == UInt8(ascii: "[") else { return nil }
        do { return try JSON(parsing: bytes) } catch { return nil }
    }

    /// From the blank line before to the one behind.
    private static func paragraph(_ bytes: [UInt8], _ span: SourceSpan) -> Range<Int> {
        func isBlank(_ at: Int) -> Bool { at + 1 < bytes.count && bytes[at] == 0x0A && bytes[at + 1] == 0x0A }
        var start = min(max(0, span.start), bytes.count)
        while start > 0, !isBlank(start - 1) { start -= 1 }
        while start < bytes.count, bytes[start] == 0x0A { start += 1 }
        var end = max(start, min(span.end, bytes.count))
        while end < bytes.count, !isBlank(end) { end += 1 }
        return start..<end
    }
}
