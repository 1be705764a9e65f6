// SPDX-License-Identifier: Apache-2.0
public import WritCore
internal import WritResources

/// Learnt weights, the lexicon they were learnt with, and what turns a score into a probability.
public struct InjectionModel: Sendable {
    package static let magic: [UInt8] = Array("WRITINJ2".utf8)
    /// Features of a window besides its words; see ``TextFeatures/dense(_:_:into:)``.
    package static let denseCount = 76

    package var lexicon: Lexicon
    /// One signed byte per bucket; a weight is this times ``scale``.
    var weights: [Int8]
    var scale: Float
    package var dense: [Float]
    /// Ascending knots of the calibration of each phase: score, then probability. Between knots it is linear.
    package var knots: [Phase: [Knot]]
    /// The probability at which content of a phase is blocked by default.
    public var thresholds: [Phase: Double]

    /// A score and its probability.
    package struct Knot: Sendable, Hashable {
        package var score: Float
        package var probability: Float

        package init(score: Float, probability: Float) {
            self.score = score
            self.probability = probability
        }
    }

    package init(
        lexicon: Lexicon, weights: [Int8], scale: Float, dense: [Float], knots: [Phase: [Knot]],
        thresholds: [Phase: Double]
    ) {
        self.lexicon = lexicon
        self.weights = weights
        self.scale = scale
        self.dense = dense
        self.knots = knots
        self.thresholds = thresholds
    }

    /// Why the embedded model could not be used; the caller closes.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let message: String
        public var description: String { message }
    }

    /// The model in the executable.
    ///
    /// - Throws: ``Fault`` when a file is missing or damaged.
    public static func embedded() throws -> InjectionModel {
        guard let table = Resource.named("models/lexicon.table") else {
            throw Fault(message: "the word table of the injection model is missing")
        }
        guard let file = Resource.named("models/injection.weights") else {
            throw Fault(message: "the weights of the injection model are missing")
        }
        return try InjectionModel(lexicon: Lexicon(table: table.text), file: file.bytes)
    }

    /// Reads a weights file.
    package init(lexicon: Lexicon, file: UnsafeRawBufferPointer) throws {
        var at = 0
        func take(_ count: Int) throws -> UnsafeRawBufferPointer {
            guard count >= 0, count <= file.count - at else {
                throw Fault(message: "the injection weights are cut short")
            }
            defer { at += count }
            return UnsafeRawBufferPointer(rebasing: file[at..<at + count])
        }
        func number() throws -> Int { Int(try take(4).loadUnaligned(as: UInt32.self).littleEndian) }
        func float() throws -> Float { Float(bitPattern: try take(4).loadUnaligned(as: UInt32.self).littleEndian) }
        guard Array(try take(8)) == Self.magic else {
            throw Fault(message: "the injection weights have another format")
        }
        guard try number() == TextFeatures.buckets, try number() == Self.denseCount else {
            throw Fault(message: "the injection weights were made for other features")
        }
        let scale = try float()
        let dense = try (0..<Self.denseCount).map { _ in try float() }
        var knots: [Phase: [Knot]] = [:]
        for phase in Phase.allCases {
            let count = try number()
            guard count >= 2, count <= 4096 else { throw Fault(message: "the injection weights have no calibration") }
            knots[phase] = try (0..<count).map { _ in Knot(score: try float(), probability: try float()) }
        }
        var thresholds: [Phase: Double] = [:]
        for phase in Phase.allCases { thresholds[phase] = Double(try float()) }
        var lexicon = lexicon
        lexicon.vocabulary = Array(try take(Lexicon.vocabularyBytes))
        let weights = try Self.weights(UnsafeRawBufferPointer(rebasing: file[at...]))
        self.init(
            lexicon: lexicon, weights: weights, scale: scale, dense: dense, knots: knots, thresholds: thresholds)
    }

    /// Runs of empty buckets are a zero byte and their length less one; weights are themselves. A million of them are read
    /// whenever a process starts, so the loop is plain.
    private static func weights(_ bytes: UnsafeRawBufferPointer) throws -> [Int8] {
        var weights = [Int8](repeating: 0, count: TextFeatures.buckets)
        var at = 0
        var bucket = 0
        weights.withUnsafeMutableBufferPointer { weights in
            while bucket < weights.count, at < bytes.count {
                let value = bytes[at]
                if value != 0 {
                    weights[bucket] = Int8(bitPattern: value)
                    bucket += 1
                    at += 1
                } else if at + 1 < bytes.count {
                    bucket += Int(bytes[at + 1]) + 1
                    at += 2
                } else {
                    return
                }
            }
        }
        guard bucket >= weights.count else { throw Fault(message: "the injection weights are cut short") }
        return weights
    }

    /// Writes a weights file.
    package func file() -> [UInt8] {
        var out = Self.magic
        func put(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { out.append(contentsOf: $0) } }
        put(UInt32(TextFeatures.buckets))
        put(UInt32(Self.denseCount))
        put(scale.bitPattern)
        for value in dense { put(value.bitPattern) }
        for phase in Phase.allCases {
            let own = knots[phase] ?? []
            put(UInt32(own.count))
            for knot in own {
                put(knot.score.bitPattern)
                put(knot.probability.bitPattern)
            }
        }
        for phase in Phase.allCases { put(Float(thresholds[phase] ?? 0.5).bitPattern) }
        out += lexicon.vocabulary
        out += Array(repeating: 0, count: max(0, Lexicon.vocabularyBytes - lexicon.vocabulary.count))
        var bucket = 0
        while bucket < weights.count {
            if weights[bucket] != 0 {
                out.append(UInt8(bitPattern: weights[bucket]))
                bucket += 1
                continue
            }
            var run = 0
            while bucket < weights.count, weights[bucket] == 0, run < 256 {
                run += 1
                bucket += 1
            }
            out.append(0)
            out.append(UInt8(run - 1))
        }
        return out
    }

    /// The probability that a window of this score is an instruction that does not belong there.
    package func probability(of score: Float, _ phase: Phase) -> Double {
        let knots = knots[phase] ?? []
        guard let first = knots.first, let last = knots.last else { return 0 }
        if score <= first.score { return Double(first.probability) }
        if score >= last.score { return Double(last.probability) }
        var low = 0
        var high = knots.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if knots[middle].score <= score { low = middle } else { high = middle }
        }
        let width = knots[high].score - knots[low].score
        let share = width > 0 ? (score - knots[low].score) / width : 0
        return Double(knots[low].probability + share * (knots[high].probability - knots[low].probability))
    }

}
