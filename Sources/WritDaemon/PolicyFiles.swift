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
    private let loader: Mutex<PolicyLoader>
    private let builtin: Mutex<PolicyLoader>

    /// Policies of a home.
    init(home: WritHome, key: FingerprintKey) {
        folders = [(.organization, "/etc/writ/policies"), (.user, home.config + "/policies")]
        single = home.config + "/policy.yaml"
        loader = Mutex(PolicyLoader(options: Engines.policyOptions(key: key)))
        builtin = Mutex(PolicyLoader(options: Engines.policyOptions(key: key, checksExamples: false)))
    }

    /// Files and folders whose change means that the policies may be others.
    var watchedPaths: [String] {
        [single] + folders.map(\.path) + folders.flatMap { files(in: $0.path).names }
    }

    /// Reads all files and returns what is in force. Never fails: a faulty layer keeps its last good version, and
    /// without one the set denies nearly everything.
    func load() -> PolicySet {
        loader.withLock { loader in
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
                if let fault {
                    _ = loader.fail(
                        layer, [PolicyError(.unreadable, fault, file: folder, hint: "repair or remove the file")])
                } else {
                    _ = loader.load(layer, sources)
                }
            }
            for layer in loader.policySet.layers where layer.layer == .user {
                own.formUnion(layer.documents.map(\.name))
            }
            // What ships is checked by tests, not at every start: its examples would cost the first call its deadline.
            _ = builtin.withLock { $0.load(.builtin, DefaultPolicy.sources(besides: own)) }
            let shipped = builtin.withLock { $0.policySet }
            let machine = loader.policySet
            return PolicySet(shipped.layers + machine.layers, broken: shipped.broken.union(machine.broken))
        }
    }

    /// What is wrong with the files now; empty when all are in force.
    var faults: [String] {
        loader.withLock { loader in
            loader.status.sorted { $0.key < $1.key }.flatMap { _, status -> [String] in
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
