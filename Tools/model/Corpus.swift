// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritScan

/// One labelled row with its features.
struct Document {
    var isAttack: Bool
    var source: Int
    /// The source of the payload when the row was composed from rows of other sources.
    var payload: Int
    var phase: Phase
    var subset: String
    var texts: [TextFeatures]
    var carriers: [Carrier]
    var windows: [(text: Int32, window: Window)]
    /// Text that a reader does not see was found: decided without the model.
    var isHidden: Bool
    var unicodeFindings: Int
    var id: String
    var hash: Int
}

struct Corpus {
    var documents: [Document] = []
    var sources: [String] = []

    static func phase(_ kind: String) -> Phase {
        if kind.contains("skill") || kind.contains("rules") { return .skill }
        if ["direct", "benign_prompt", "benign_hard_negative"].contains(kind) { return .input }
        if ["tool_response", "indirect", "benign_tool_response"].contains(kind) { return .toolResponse }
        return .contextFile
    }

    init(folder: String, lexicon: Lexicon) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }.sorted()
        sources = names.map { String($0.dropLast(6)) }
        var reader = DocumentReader(lexicon: lexicon)
        for (index, name) in names.enumerated() {
            let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
            for line in data.split(separator: 0x0A) {
                guard let row = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
                    let text = row["text"] as? String, let kind = row["kind"] as? String, let label = row["label"] as? String
                else { continue }
                let path = row["source_path"] as? String ?? ""
                let payload = path.split(separator: ":").first.map(String.init) ?? ""
                let phase = Self.phase(kind)
                let (read, unveiling) = reader.read(Array(text.utf8), phase: phase)
                var windows: [(text: Int32, window: Window)] = []
                for (i, part) in read.texts.enumerated() {
                    part.forEachWindow { windows.append((Int32(i), $0)) }
                }
                documents.append(
                    Document(
                        isAttack: label == "attack", source: index,
                        payload: row["composed"] as? Bool == true ? sources.firstIndex(of: payload) ?? -1 : -1, phase: phase,
                        subset: row["subset"] as? String ?? "", texts: read.texts, carriers: read.carriers, windows: windows,
                        isHidden: unveiling.hidesText, unicodeFindings: unveiling.findings.count,
                        id: row["id"] as? String ?? "", hash: text.hashValue))
            }
        }
    }
}
