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
/// `<config>/policy.yaml` and `<config>/policies/*.yaml` are the person's; `/etc/writ/policies/*.yaml`, or the folder
/// that the settings name, the organisation's; the team's folder stands in the settings. A policy of the person's with
/// the name of a default one replaces it.
final class PolicyFiles: Sendable {
    /// Longer files are refused by the loader; more files than this by this type.
    private static let maximumFiles = 200

    private let home: WritHome
    private let single: String
    private let loaders: Mutex<Loaders>
    private let loadTime = Mutex(0)
    /// Apart from the loaders, which are held while policies are compiled.
    private let settled: Mutex<Settled>

    private struct Settled {
        var settings: [MachineSettings] = []
        /// By file, the last good one.
        var good: [String: MachineSettings] = [:]
        var faults: [String] = []
        var waivers = Waivers()

        /// What the first settings that say so have settled: the administrator's before the person's.
        func first<Value>(_ key: KeyPath<MachineSettings, Value?>) -> Value? {
            settings.lazy.compactMap { $0[keyPath: key] }.first
        }

        var keys: [String] { settings.flatMap(\.organizationKeys) }
    }

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
    ///
    /// - Parameter isDaemon: keeps checked policies for the next start; commands have no key to seal them with.
    init(home: WritHome, key: FingerprintKey, isDaemon: Bool = false) {
        self.home = home
        single = home.config + "/policy.yaml"
        let revisions = Result { () throws(DaemonFault) in try Self.revisions(home) }
        let cache = isDaemon ? PolicyCacheFiles.cache(of: home, key: key) : nil
        var (ownOptions, shippedOptions) = (
            Engines.policyOptions(key: key), Engines.policyOptions(key: key, checksExamples: false)
        )
        ownOptions.cache = cache
        shippedOptions.cache = cache
        var own = PolicyLoader(options: ownOptions)
        var faults: [String] = []
        switch revisions {
        case .success(let known):
            own = PolicyLoader(options: ownOptions, highestRevisions: known)
        case .failure(let fault): faults.append(fault.message)
        }
        revisionFault = faults.first
        loaders = Mutex(
            Loaders(
                own: own, builtin: PolicyLoader(options: shippedOptions)))
        settled = Mutex(Settled())
        loaders.withLock { readSettings($0.acceptsMissing) }
    }

    /// Why no revisions are known: then no signed policy can be told from an older one.
    private let revisionFault: String?

    /// What the administrator and the person have settled.
    var settings: [MachineSettings] { settled.withLock { $0.settings } }

    /// Microseconds that the last load took, reading the files included.
    var loadMicroseconds: Int { loadTime.withLock { $0 } }

    /// What is wrong with the settings and waivers.
    var settingsFaults: [String] { settled.withLock(\.faults) }

    private var settingsFiles: [String] { ["/etc/writ/settings.json", SettingsStore.path(of: home)] }

    private var folders: [(layer: Layer, path: String)] {
        settled.withLock { settled in
            var folders: [(layer: Layer, path: String)] = [
                (.organization, settled.first(\.organizationFolder) ?? "/etc/writ/policies")
            ]
            if let team = settled.first(\.teamFolder) { folders.append((.team, team)) }
            return folders + [(.user, home.config + "/policies")]
        }
    }

    /// Files and folders whose change means that the policies may be others.
    var watchedPaths: [String] {
        let folders = folders
        return settingsFiles + [single, SettingsStore.waiversPath(of: home)] + folders.map(\.path)
            + folders.flatMap { folder in files(in: folder.path).names.flatMap { [$0, $0 + ".sig"] } }
    }

    /// Lets the next load go without files that were there before.
    func acceptMissing() {
        loaders.withLock { $0.acceptsMissing = true }
    }

    /// Settings that cannot be read keep their last good version; without one, everything is judged as production.
    private func readSettings(_ acceptsMissing: Bool) {
        settled.withLock { settled in
            settled.faults = []
            settled.settings = []
            do throws(DaemonFault) {
                settled.waivers = try SettingsStore.waivers(of: home)
            } catch {
                // Nothing is set aside by what cannot be read.
                settled.waivers = Waivers()
                settled.faults.append("\(error.message) (no waiver counts)")
            }
            for file in settingsFiles {
                do {
                    if let bytes = try SmallFile.read(file, limit: 1 << 20) {
                        settled.good[file] = try MachineSettings(bytes)
                    } else if settled.good[file] != nil {
                        guard acceptsMissing else {
                            settled.faults.append(
                                "\(file): is missing (restore it, or run `writ daemon reload` to do without it)"
                                    + " (the last good settings stay in force)")
                            if let good = settled.good[file] { settled.settings.append(good) }
                            continue
                        }
                        settled.good[file] = nil
                    }
                    if let good = settled.good[file] { settled.settings.append(good) }
                } catch {
                    let message = (error as? DaemonFault)?.message ?? "\(file): \(error)"
                    let good = settled.good[file]
                    settled.faults.append(
                        message
                            + (good == nil
                                ? " (no good settings: every call is judged as in production)"
                                : " (the last good settings stay in force)"))
                    settled.settings.append(good ?? .closed)
                }
            }
        }
    }

    /// The highest revision seen of each signed policy.
    private static func revisions(_ home: WritHome) throws(DaemonFault) -> [String: Int] {
        let path = home.state + "/revisions.json"
        guard let bytes = try SmallFile.read(path, limit: 1 << 20) else { return [:] }
        var known: [String: Int] = [:]
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            throw DaemonFault("\(path): is damaged (\(error)); remove it when you know which policies are the newest")
        }
        for member in json.members ?? [] {
            guard let revision = member.value.integer else {
                throw DaemonFault("\(path): is damaged; remove it when you know which policies are the newest")
            }
            known[member.key] = Int(clamping: revision)
        }
        return known
    }

    /// Reads all files and returns what is in force. Never fails: a faulty layer keeps its last good version, and
    /// without one the set denies nearly everything.
    func load() -> PolicySet {
        let start = Deadline.now
        defer { loadTime.withLock { $0 = Int(clamping: (Deadline.now &- start) / 1_000) } }
        return loaders.withLock { loaders in
            var own: Set<String> = []
            readSettings(loaders.acceptsMissing)
            let (folders, keys) = (folders, settled.withLock(\.keys).compactMap(PolicyKey.init))
            let waivers = settled.withLock(\.waivers).byRule
            loaders.own.set(waivers: waivers.filter { $0.key.hasPrefix("user/") })
            loaders.builtin.set(waivers: waivers.filter { $0.key.hasPrefix("builtin/") })
            for layer in [Layer.team] where !folders.contains(where: { $0.layer == layer }) {
                _ = loaders.own.load(layer, [])
                loaders.known[layer] = nil
            }
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
                if layer == .organization, !keys.isEmpty, fault == nil {
                    if loadSigned(sources, folder: folder, by: keys, &loaders) { loaders.known[layer] = Set(names) }
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
            var shipped = DefaultPolicy.sources(besides: own)
            let outside = folders.filter { $0.layer != .user && !$0.path.hasPrefix("/etc/writ/") }.map(\.path)
            if let guarding = DefaultPolicy.guarding(outside) { shipped.append(guarding) }
            _ = loaders.builtin.load(.builtin, shipped)
            return loaders.policySet
        }
    }

    /// Loads the organisation's policies, each signed in a file beside it, and writes down which revisions were seen.
    private func loadSigned(
        _ sources: [PolicyLayer.Source], folder: String, by keys: [PolicyKey], _ loaders: inout Loaders
    ) -> Bool {
        func refuse(_ code: PolicyError.Code, _ message: String, file: String, hint: String) -> Bool {
            _ = loaders.own.fail(.organization, [PolicyError(code, message, file: file, hint: hint)])
            return false
        }
        if let revisionFault {
            return refuse(.rollback, revisionFault, file: folder, hint: "restart the daemon when it is repaired")
        }
        guard !sources.isEmpty else {
            return refuse(
                .unreadable, "holds no policy, though keys for signed ones are trusted", file: folder,
                hint: "put the signed policy there, or remove `layers.organization.keys` from the settings")
        }
        var signed: [(source: PolicyLayer.Source, signature: [UInt8])] = []
        for source in sources {
            do throws(DaemonFault) {
                guard let signature = try SmallFile.read(source.file + ".sig", limit: 1_024) else {
                    return refuse(
                        .badSignature, "is not signed: there is no `\(source.file).sig`", file: source.file,
                        hint: "sign it with `writ policy sign`")
                }
                signed.append((source, signature))
            } catch {
                return refuse(.badSignature, error.message, file: source.file, hint: "repair the file")
            }
        }
        let before = loaders.own.highestRevisions
        let outcome = loaders.own.loadSigned(.organization, signed) { bytes, signature in
            keys.contains { $0.verifies(signature, over: bytes) }
        }
        switch outcome {
        case .kept, .refused: return false
        case .loaded, .unchanged: break
        }
        let now = loaders.own.highestRevisions
        guard now != before else { return true }
        let json = JSON.object(now.sorted { $0.key < $1.key }.map { .init($0.key, .integer(Int64($0.value))) })
        do throws(DaemonFault) {
            try SmallFile.write(json.bytes, to: home.state + "/revisions.json")
        } catch {
            return refuse(.rollback, error.message, file: folder, hint: "the revision must be kept")
        }
        return true
    }

    /// What is wrong with the files now; empty when all are in force.
    var faults: [String] {
        let status = loaders.withLock { $0.own.status.merging($0.builtin.status) { own, _ in own } }
        return settingsFaults
            + status.sorted { $0.key < $1.key }.flatMap { _, status -> [String] in
                switch status {
                case .good: []
                case .degraded(let errors): errors.map { "\($0) (the last good policy stays in force)" }
                case .broken(let errors): errors.map { "\($0) (no good policy: nearly everything is denied)" }
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
            let name = entryName(entry)
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
