// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritScan

// Usage: writ-model DATA/injection [leave-one-source-out] [quick] [train OUT]
let arguments = CommandLine.arguments
guard arguments.count >= 2 else {
    fatalError("usage: writ-model DATA/injection [leave-one-source-out|quick] [train OUT]")
}
let lexicon = try Lexicon(
    table: String(contentsOfFile: "Sources/CWritResources/Data/models/lexicon.table", encoding: .utf8))
var clock = Date()
let corpus = try arguments.contains("check") ? Corpus() : Corpus(folder: arguments[1], lexicon: lexicon)
print(
    "\(corpus.documents.count) rows, \(corpus.documents.reduce(0) { $0 + $1.windows.count }) windows, \(Int(Date().timeIntervalSince(clock))) s"
)
let rounds = Int(Tuning.number("ROUNDS", 4))

if arguments.contains("leave-one-source-out") || arguments.contains("quick") {
    var folds = corpus.sources.indices.dropLast(2).map { [$0] }
    if arguments.contains("quick") {
        // Small sources held out together: harsher than one at a time, and quicker.
        let own = [
            "neuralchemy", "spikee", "composed-dev", "atr-rule-tests", "asb", "cyberseceval-pi", "real-outputs-dev",
            "llmail-benign-emails", "injecguard-valid", "atr-adversarial",
        ]
        folds = own.compactMap { name in corpus.sources.firstIndex(of: name).map { [$0] } }
        let rest = corpus.sources.indices.dropLast(2).filter { !own.contains(corpus.sources[$0]) }
        folds += (0..<5).map { part in rest.filter { $0 % 5 == part } }
    }
    // Texts of our own are learnt from when a source is held out; each topic of them is held out by itself, too.
    let work = folds.map { (sources: Set($0), topic: -2) } + corpus.topics.indices.map { (sources: [], topic: $0) }
    let lock = NSLock()
    nonisolated(unsafe) var scores = [Float](repeating: 0, count: corpus.documents.count)
    nonisolated(unsafe) var learnt = 0
    DispatchQueue.concurrentPerform(iterations: work.count) { index in
        let held = work[index]
        func isHeld(_ document: Document) -> Bool {
            held.sources.contains(document.source) || document.topic == held.topic
        }
        let rows = corpus.documents.indices.filter {
            let document = corpus.documents[$0]
            return !isHeld(document) && !held.sources.contains(document.payload)
                && !held.sources.contains(document.carrier)
        }
        var learner = Learner()
        learner.train(corpus, rows: rows, rounds: rounds, seed: 7)
        var found: [(Int, Float)] = []
        for row in corpus.documents.indices where isHeld(corpus.documents[row]) {
            found.append((row, learner.best(corpus.flat.rows[row]).score))
        }
        lock.lock()
        for (row, score) in found { scores[row] = score }
        learnt += 1
        FileHandle.standardError.write(Data("\(learnt) of \(work.count) folds\n".utf8))
        lock.unlock()
    }
    print("folds done after \(Int(Date().timeIntervalSince(clock))) s")
    finish(scores)
} else if arguments.contains("from-scores") {
    // The scores of the last run, so that thresholds can be set again without learning all folds again.
    let lines = try String(contentsOfFile: ".build/loso-scores.tsv", encoding: .utf8).split(separator: "\n")
    let scores = lines.map { Float($0.split(separator: "\t")[1]) ?? 0 }
    finish(scores + [Float](repeating: 0, count: corpus.documents.count - scores.count))
} else if arguments.contains("check") {
    let data = try [UInt8](
        Data(contentsOf: URL(fileURLWithPath: "Sources/CWritResources/Data/models/injection.weights")))
    let model = try data.withUnsafeBytes { try InjectionModel(lexicon: lexicon, file: $0) }
    Check.run(model, folder: arguments[1])
}

func finish(_ scores: [Float]) {
    let report = Report(corpus: corpus, scores: scores)
    report.show()
    if !arguments.contains("from-scores") { report.showTopics() }
    var out = ""
    for (row, document) in corpus.documents.prefix(corpus.rowCount).enumerated() {
        out +=
            "\(document.id)\t\(scores[row])\t\(document.disguised)\t\(document.texts[0].wordCount)\t\(document.isHidden)\n"
    }
    do { try out.write(toFile: ".build/loso-scores.tsv", atomically: true, encoding: .utf8) } catch { print(error) }
    if arguments.contains("train") {
        var learner = Learner()
        learner.train(corpus, rows: Array(corpus.documents.indices), rounds: rounds, seed: 7)
        let model = report.model(learner, corpus.lexicon)
        do {
            try Data(model.file()).write(
                to: URL(fileURLWithPath: "Sources/CWritResources/Data/models/injection.weights"))
        } catch { fatalError("\(error)") }
        print("weights: \(model.file().count) bytes")
        let cuts = [Phase.input, .toolResponse, .contextFile, .skill].map {
            String(format: "%@ %.3f", $0.rawValue, model.thresholds[$0] ?? 0.5)
        }
        print("thresholds: \(cuts.joined(separator: ", "))")
        Check.run(model, folder: arguments[1])
    }
}
