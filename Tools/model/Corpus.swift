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
    /// The source of the carrier of a row that was put together from two.
    var carrier = -1
    var disguised: Float = 0
    /// The topic of a text of our own; none for rows of the data and for what a grammar makes.
    var topic = -1
}

struct Corpus {
    var documents: [Document] = []
    var sources: [String] = []
    /// Files of texts of our own.
    var topics: [String] = []
    /// Rows of the data; what follows was put together here.
    var rowCount = 0
    /// The lexicon with the vocabulary of honest documents.
    var lexicon: Lexicon = .empty
    /// ``documents`` for the learner.
    private(set) var flat = FlatRows([])

    init() {}

    /// Words that several honest sources of documents use often: what a word in disguise is compared with.
    private static func learnVocabulary(_ folder: String, into lexicon: inout Lexicon) throws {
        var documents: [String: (count: Int, sources: Set<Int>)] = [:]
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
            .sorted()
        for (index, name) in names.enumerated() {
            let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
            for line in data.split(separator: 0x0A) {
                guard let row = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
                    let text = row["text"] as? String, let kind = row["kind"] as? String,
                    row["label"] as? String == "benign"
                else { continue }
                let phase = phase(kind)
                guard phase == .contextFile || phase == .skill else { continue }
                var words: Set<String> = []
                for word in text.utf8.split(whereSeparator: { !$0.isASCIILetter })
                where word.count >= 3 && word.count < 20 {
                    words.insert(String(decoding: word.map { $0 | 0x20 }, as: UTF8.self))
                }
                for word in words {
                    documents[word, default: (0, [])].count += 1
                    documents[word, default: (0, [])].sources.insert(index)
                }
            }
        }
        let known = documents.filter { $0.value.count >= 6 && $0.value.sources.count >= 3 }.keys.sorted()
        for word in known { for hash in Lexicon.hashes(of: word) { lexicon.learn(hash) } }
        print("\(known.count) words in the vocabulary")
    }

    static func phase(_ kind: String) -> Phase {
        if kind.contains("skill") || kind.contains("rules") { return .skill }
        if ["direct", "benign_prompt", "benign_hard_negative"].contains(kind) { return .input }
        if ["tool_response", "indirect", "benign_tool_response"].contains(kind) { return .toolResponse }
        return .contextFile
    }

    init(folder: String, lexicon: Lexicon) throws {
        var lexicon = lexicon
        try Self.learnVocabulary(folder, into: &lexicon)
        self.lexicon = lexicon
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
            .sorted()
        sources = names.map { String($0.dropLast(6)) }
        var raw: [(text: [UInt8], source: Int, isAttack: Bool, phase: Phase)] = []
        var reader = DocumentReader(lexicon: lexicon)
        var counter = 0
        for (index, name) in names.enumerated() {
            let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
            for line in data.split(separator: 0x0A) {
                guard let row = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
                    let text = row["text"] as? String, let kind = row["kind"] as? String,
                    let label = row["label"] as? String
                else { continue }
                let path = row["source_path"] as? String ?? ""
                let payload = path.split(separator: ":").first.map(String.init) ?? ""
                let phase = Self.phase(kind)
                counter += 1
                if Tuning.number("FAST", 0) > 0, label == "benign", phase == .contextFile || phase == .skill,
                    counter % 6 != 0
                {
                    continue
                }
                let carrier =
                    path.split(separator: "|").last?.drop { $0 == " " }.split(separator: ":").first.map(String.init)
                    ?? ""
                raw.append((Array(text.utf8), index, label == "attack", phase))
                let (read, unveiling) = reader.read(Array(text.utf8), phase: phase)
                var windows: [(text: Int32, window: Window)] = []
                for (i, part) in read.texts.enumerated() {
                    part.forEachWindow { windows.append((Int32(i), $0)) }
                }
                documents.append(
                    Document(
                        isAttack: label == "attack", source: index,
                        payload: row["composed"] as? Bool == true ? sources.firstIndex(of: payload) ?? -1 : -1,
                        phase: phase,
                        subset: row["subset"] as? String ?? "", texts: read.texts, carriers: read.carriers,
                        windows: windows,
                        isHidden: unveiling.hidesText, unicodeFindings: unveiling.findings.count,
                        id: row["id"] as? String ?? "",
                        carrier: row["composed"] as? Bool == true ? sources.firstIndex(of: carrier) ?? -1 : -1,
                        disguised: read.texts.map(\.disguised).max() ?? 0))
            }
        }
        rowCount = documents.count
        compose(raw, &reader)
        try addExamples(&reader)
        flat = FlatRows(documents)
    }

    /// Our own examples, which no row was copied for: they teach what the sources have in common.
    private mutating func addExamples(_ reader: inout DocumentReader) throws {
        let grammar = try Grammar(String(contentsOfFile: "Tools/model/examples.grammar", encoding: .utf8))
        var generator = SplitMix(state: 23)
        sources.append("examples")
        let made = grammar.examples(of: Int(Tuning.number("EXAMPLES", 14)), &generator)
        let written = try WrittenTexts(folder: "Tools/model/examples")
        topics = written.topics
        for example in made + written.examples {
            let (read, unveiling) = reader.read(Array(example.text.utf8), phase: example.phase)
            var windows: [(text: Int32, window: Window)] = []
            for (i, part) in read.texts.enumerated() { part.forEachWindow { windows.append((Int32(i), $0)) } }
            documents.append(
                Document(
                    isAttack: example.isAttack, source: sources.count - 1, payload: -1, phase: example.phase,
                    subset: "", texts: read.texts, carriers: read.carriers, windows: windows,
                    isHidden: unveiling.hidesText, unicodeFindings: 0, id: "",
                    disguised: read.texts.map(\.disguised).max() ?? 0, topic: example.topic))
        }
    }

    /// Puts attacks into honest texts, in ways that files and answers have, so that windows are learnt in carriers.
    private mutating func compose(
        _ raw: [(text: [UInt8], source: Int, isAttack: Bool, phase: Phase)], _ reader: inout DocumentReader
    ) {
        let composed = sources.firstIndex(of: "composed-dev") ?? -1
        let attacks = raw.indices.filter {
            raw[$0].isAttack && raw[$0].source != composed && raw[$0].text.count < 700 && raw[$0].phase != .skill
        }
        let carriers = raw.indices.filter { !raw[$0].isAttack && raw[$0].text.count > 400 && raw[$0].phase != .input }
        var generator = SplitMix(state: 11)
        sources.append("composed-here")
        guard !attacks.isEmpty, !carriers.isEmpty else { return }
        for number in 0..<Int(Tuning.number("COMPOSE", 5000)) {
            let attack = raw[attacks[Int(generator.next() % UInt64(attacks.count))]]
            let carrier = raw[carriers[Int(generator.next() % UInt64(carriers.count))]]
            var lines = carrier.text.prefix(2500).split(separator: 0x0A, omittingEmptySubsequences: false).map(
                Array.init)
            let place = Int(generator.next() % UInt64(lines.count + 1))
            let line: [UInt8] = attack.text.map { $0 == 0x0A ? 0x20 : $0 }
            func around(_ before: String, _ after: String = "") -> [UInt8] {
                Array(before.utf8) + line + Array(after.utf8)
            }
            switch number % 8 {
            case 0: lines.insert(contentsOf: [[], line, []], at: place)
            case 1: lines.insert(around("# "), at: place)
            case 2: lines.insert(around("// "), at: place)
            case 3: lines.insert(around("- "), at: place)
            case 4: lines.insert(contentsOf: [[], around("<!-- ", " -->"), []], at: place)
            case 5:
                lines.insert(
                    contentsOf: [Array("    \"\"\"".utf8), around("    "), Array("    \"\"\"".utf8)], at: place)
            case 6: lines.insert(attack.text, at: place)
            default: lines.insert(line, at: place)
            }
            var text = Array(lines.joined(separator: [0x0A]))
            if number % 24 == 15 {
                text =
                    Array("{\"result\": \"".utf8)
                    + text.flatMap { $0 == 0x0A ? [0x5C, 0x6E] : $0 == 0x22 ? [0x5C, 0x22] : [$0] } + Array("\"}".utf8)
            }
            let (read, unveiling) = reader.read(text, phase: carrier.phase)
            var windows: [(text: Int32, window: Window)] = []
            for (i, part) in read.texts.enumerated() { part.forEachWindow { windows.append((Int32(i), $0)) } }
            documents.append(
                Document(
                    isAttack: true, source: sources.count - 1, payload: attack.source, phase: carrier.phase, subset: "",
                    texts: read.texts, carriers: read.carriers, windows: windows, isHidden: unveiling.hidesText,
                    unicodeFindings: 0, id: "", carrier: carrier.source))
        }
    }
}

extension UInt8 {
    fileprivate var isASCIILetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7A }
}
