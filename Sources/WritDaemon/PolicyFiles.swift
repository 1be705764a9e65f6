// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy
import WritScan
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The policies on a machine: what ships, the organisation's, and the person's own, each with its last good version.
///
/// `<config>/policy.yaml` and `<config>/policies/*.yaml` are the person's; `/etc/writ/policies/*.yaml` the
/// organisation's. A policy of the person's with the name of a default one replaces it.
final class PolicyFiles: Sendable {
    /// Longer files are refused by the loader; more files than this by this type.
    private static let maximumFiles = 200

    private let folders: [(layer: Layer, path: String)]
    private let single: String
    private let loaders: Mutex<Loaders>

    private struct Loaders {
        /// What people wrote; the examples in it are run before it counts.
        var own: PolicyLoader
        /// What ships: its examples are run by the tests, not at every start.
        var builtin: PolicyLoader
        /// The files of the last good load, by layer.
        var known: [Layer: Set<String>] = [:]
        /// A person said that what is missing shall be missing.
        var acceptsMissing = false

        var policySet: PolicySet {
            let (own, builtin) = (own.policySet, builtin.policySet)
            return PolicySet(own.layers + builtin.layers, broken: own.broken.union(builtin.broken))
        }
    }

    /// Policies of a home.
    init(home: WritHome, key: FingerprintKey) {
        folders = [(.organization, "/etc/writ/policies"), (.user, home.config + "/policies")]
        single = home.config + "/policy.yaml"
        loaders = Mutex(
            Loaders(
                own: PolicyLoader(options: Engines.policyOptions(key: key)),
                builtin: PolicyLoader(options: Engines.policyOptions(key: key, checksExamples: false))))
    }

    /// Files and folders whose change means that the policies may be others.
    var watchedPaths: [String] {
        [single] + folders.map(\.path) + folders.flatMap { files(in: $0.path).names }
    }

    /// Lets the next load go without files that were there before.
    func acceptMissing() {
        loaders.withLock { $0.acceptsMissing = true }
    }

    /// Reads all files and returns what is in force. Never fails: a faulty layer keeps its last good version, and
    /// without one the set denies nearly everything.
    func load() -> PolicySet {
        loaders.withLock { loaders in
            var own: Set<String> = []
            for (layer, folder) in folders {
                var (names, fault) = files(in: folder)
                if layer == .user, access(single, F_OK) == 0 { names.insert(single, at: 0) }
                var sources: [PolicyLayer.Source] = []
                for name in names {
                    do throws(DaemonFault) {
                        guard let bytes = try SmallFile.read(name, limit: 2 << 20) else { continue }
                        sources.append(PolicyLayer.Source(file: name, bytes: bytes))
                    } catch {
                        fault = fault ?? error.message
                    }
                }
                // A file that vanishes may be an editor's doing, or an agent's; neither shall loosen anything.
                let missing = (loaders.known[layer] ?? []).subtracting(names).sorted()
                if fault == nil, !missing.isEmpty, !loaders.acceptsMissing {
                    _ = loaders.own.fail(
                        layer,
                        missing.map {
                            PolicyError(
                                .unreadable, "is missing", file: $0,
                                hint: "restore it, or run `writ daemon reload` to do without it")
                        })
                    continue
                }
                if let fault {
                    _ = loaders.own.fail(
                        layer, [PolicyError(.unreadable, fault, file: folder, hint: "repair or remove the file")])
                } else {
                    switch loaders.own.load(layer, sources) {
                    case .loaded, .unchanged: loaders.known[layer] = Set(names)
                    case .kept, .refused: break
                    }
                }
            }
            loaders.acceptsMissing = false
            for layer in loaders.own.policySet.layers where layer.layer == .user {
                own.formUnion(layer.documents.map(\.name))
            }
            _ = loaders.builtin.load(.builtin, DefaultPolicy.sources(besides: own))
            return loaders.policySet
        }
    }

    /// What is wrong with the files now; empty when all are in force.
    var faults: [String] {
        loaders.withLock { loaders in
            let all = loaders.own.status.merging(loaders.builtin.status) { own, _ in own }
            return all.sorted { $0.key < $1.key }.flatMap { _, status -> [String] in
                switch status {
                case .good: []
                case .degraded(let errors): errors.map { "\($0) (the last good policy stays in force)" }
                case .broken(let errors): errors.map { "\($0) (no good policy: nearly everything is denied)" }
                }
            }
        }
    }

    private func files(in folder: String) -> (names: [String], fault: String?) {
        guard let listing = opendir(folder) else {
            return errno == ENOENT ? ([], nil) : ([], "\(folder): cannot be read: \(systemText(errno))")
        }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                names.append("\(folder)/\(name)")
            }
        }
        guard names.count <= Self.maximumFiles else {
            return ([], "\(folder): holds more than \(Self.maximumFiles) policies")
        }
        return (names.sorted(), nil)
    }
}
