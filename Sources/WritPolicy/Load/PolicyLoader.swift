// SPDX-License-Identifier: Apache-2.0

/// The layers that are in force, through loads that succeed and loads that fail.
///
/// A value without files and clocks: the caller reads, this decides what counts. A layer that fails to load keeps its
/// last good version and is marked degraded; with none, it is broken, and the set denies nearly everything.
public struct PolicyLoader: Sendable {
    /// How a layer stands.
    public enum Status: Sendable, Hashable {
        case good
        /// The last good version is in force; the newer one has these faults.
        case degraded([PolicyError])
        /// There never was a good version.
        case broken([PolicyError])
    }

    /// What a load led to.
    public enum Outcome: Sendable, Hashable {
        case loaded(notes: [PolicyNote])
        /// The bytes are those in force.
        case unchanged
        case kept([PolicyError])
        case refused([PolicyError])
    }

    /// Checks a detached signature over exact bytes.
    public typealias Verifier = @Sendable (_ bytes: [UInt8], _ signature: [UInt8]) -> Bool

    private struct Entry {
        var good: PolicyLayer?
        var sources: [PolicyLayer.Source] = []
        var errors: [PolicyError] = []
    }

    private var options: PolicyOptions
    private var entries: [Layer: Entry] = [:]
    /// The highest revision seen of each signed policy, by name. The caller keeps it between runs.
    public private(set) var highestRevisions: [String: Int]

    /// Creates a loader that has nothing in force.
    ///
    /// - Parameter highestRevisions: what an earlier loader had seen; a lower revision is refused as a rollback.
    public init(options: PolicyOptions = PolicyOptions(), highestRevisions: [String: Int] = [:]) {
        self.options = options
        self.highestRevisions = highestRevisions
    }

    /// Sets other waivers beside the policies. Layers are compiled anew when they are next loaded.
    public mutating func set(waivers: [String: [PolicyDocument.Waiver]]) {
        guard waivers != options.waivers else { return }
        options.waivers = waivers
        for layer in entries.keys { entries[layer]?.sources = [] }
    }

    /// Loads the policies of a layer; an empty list removes the layer.
    public mutating func load(_ layer: Layer, _ sources: [PolicyLayer.Source]) -> Outcome {
        if sources.isEmpty {
            entries[layer] = nil
            return .loaded(notes: [])
        }
        if let entry = entries[layer], entry.good != nil, entry.errors.isEmpty, entry.sources == sources {
            return .unchanged
        }
        do throws(PolicyErrors) {
            let loaded = try PolicyLayer.load(layer, sources, options: options)
            entries[layer] = Entry(good: loaded, sources: sources)
            return .loaded(notes: loaded.notes)
        } catch {
            return fail(layer, error.errors)
        }
    }

    /// Loads the signed policies of a layer.
    ///
    /// Nothing counts unless everything is signed: an unsigned policy among signed ones could be anybody's. A policy
    /// that was in force and is no longer among them is missing, not withdrawn: a signature that nobody made withdraws
    /// nothing.
    ///
    /// - Parameters:
    ///   - signed: the policies with their detached signatures, each over its file's exact bytes.
    ///   - verify: true only for a signature by a trusted key.
    public mutating func loadSigned(
        _ layer: Layer, _ signed: [(source: PolicyLayer.Source, signature: [UInt8])], verify: Verifier
    ) -> Outcome {
        for (source, signature) in signed where !verify(source.bytes, signature) {
            return fail(
                layer,
                [
                    PolicyError(
                        .badSignature, "the signature does not fit the policy", file: source.file,
                        hint: "sign the file again, or check which keys are trusted")
                ])
        }
        let sources = signed.map(\.source)
        if let entry = entries[layer], entry.good != nil, entry.errors.isEmpty, entry.sources == sources {
            return .unchanged
        }
        do throws(PolicyErrors) {
            let loaded = try PolicyLayer.load(layer, sources, options: options)
            var faults: [PolicyError] = []
            for document in loaded.documents {
                let highest = highestRevisions[document.name] ?? 0
                guard document.revision < highest else { continue }
                faults.append(
                    PolicyError(
                        .rollback, "revision \(document.revision) is older than \(highest), which was in force",
                        file: document.file, hint: "give the policy a higher `metadata.revision`"))
            }
            let names = Set(loaded.documents.map(\.name))
            for missing in highestRevisions.keys.sorted() where !names.contains(missing) {
                faults.append(
                    PolicyError(
                        .rollback, "the signed policy \(quoted(missing)) was in force and is missing",
                        file: sources.first?.file ?? missing,
                        hint: "sign a later revision of it without rules to withdraw it"))
            }
            if !faults.isEmpty { return fail(layer, faults) }
            for document in loaded.documents { highestRevisions[document.name] = document.revision }
            entries[layer] = Entry(good: loaded, sources: sources)
            return .loaded(notes: loaded.notes)
        } catch {
            return fail(layer, error.errors)
        }
    }

    /// Notes that a layer that must be there could not even be read.
    public mutating func fail(_ layer: Layer, _ errors: [PolicyError]) -> Outcome {
        var entry = entries[layer] ?? Entry()
        entry.errors = errors
        entries[layer] = entry
        return entry.good == nil ? .refused(errors) : .kept(errors)
    }

    /// How each layer stands that was ever given.
    public var status: [Layer: Status] {
        entries.mapValues { entry in
            if entry.errors.isEmpty { return .good }
            return entry.good == nil ? .broken(entry.errors) : .degraded(entry.errors)
        }
    }

    /// What is in force.
    public var policySet: PolicySet {
        PolicySet(
            entries.values.compactMap(\.good), broken: Set(entries.filter { $0.value.good == nil }.map(\.key)))
    }
}
