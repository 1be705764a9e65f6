// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy
import WritScan

/// The project layer: `.writ/policy.yaml` as the repository's default branch has it.
///
/// Never from the working tree, where the agent writes, so that its edit counts once it is reviewed and merged; only a
/// repository without a commit has nothing else. A project's policy can only tighten. What cannot be read or does not
/// load closes: the last good version stays, and without one nearly everything in the repository is denied.
final class ProjectPolicies: Sendable {
    /// Where in a repository the policy lies.
    static let path = [".writ", "policy.yaml"]
    private static let maximumRepositories = 64

    private struct Entry {
        var loader: PolicyLoader
        var seen: [(path: String, identity: FileIdentity)]
        var fault: String?
        /// What the guard was made of.
        var generation = -1
        var guardian: Guard?
    }

    private let options: PolicyOptions
    private let entries = Mutex<[String: Entry]>([:])

    init(key: FingerprintKey) {
        options = Engines.policyOptions(key: key)
    }

    /// The guard for calls in a repository: the machine's, with the project's policy where there is one.
    ///
    /// - Parameter generation: changes when `base` does.
    func guardian(_ base: Guard, generation: Int, for repository: Repository) -> Guard {
        guard !repository.gitFolder.isEmpty else { return base }
        return entries.withLock { entries in
            let key = repository.gitFolder
            var entry = entries[key] ?? Entry(loader: PolicyLoader(options: options), seen: [])
            let isKnown =
                !entry.seen.isEmpty && entry.seen.allSatisfy { FileIdentity($0.path) == $0.identity }
            if isKnown, entry.generation == generation { return entry.guardian ?? base }
            if !isKnown { read(repository, into: &entry) }
            let project = entry.loader.policySet
            if project.layers.isEmpty, project.broken.isEmpty {
                entry.guardian = nil
            } else {
                entry.guardian = Guard(
                    policies: PolicySet(
                        base.policies.layers + project.layers, broken: base.policies.broken.union(project.broken)),
                    detectors: base.detectors, packages: base.packages, key: base.key)
            }
            entry.generation = generation
            if entries[key] == nil, entries.count >= Self.maximumRepositories { entries.removeAll() }
            entries[key] = entry
            return entry.guardian ?? base
        }
    }

    /// What is wrong with the policies of the repositories that were asked about.
    var faults: [String] {
        entries.withLock { entries in entries.values.compactMap(\.fault).sorted() }
    }

    private func read(_ repository: Repository, into entry: inout Entry) {
        let reading = Self.reading(repository)
        // Files that changed just now are looked at again by the next call.
        entry.seen = reading.seen.contains { $0.identity.isRecent } ? [] : reading.seen
        let outcome: PolicyLoader.Outcome
        switch reading.result {
        case .success(let source): outcome = entry.loader.load(.project, source.map { [$0] } ?? [])
        case .failure(let fault):
            outcome = entry.loader.fail(
                .project,
                [
                    PolicyError(
                        .unreadable, fault.message, file: repository.facts.root,
                        hint: "the project's policy is read from the default branch")
                ])
        }
        switch outcome {
        case .loaded, .unchanged: entry.fault = nil
        case .kept(let errors):
            entry.fault = errors.first.map { "\($0) (the project's last good policy stays in force)" }
        case .refused(let errors):
            entry.fault = errors.first.map { "\($0) (no good policy: nearly everything there is denied)" }
        }
    }

    /// What a repository's policy is now, and which files say so.
    struct Reading {
        var result: Result<PolicyLayer.Source?, GitObjects.Fault>
        var seen: [(path: String, identity: FileIdentity)]
        /// Where it was read from, for people.
        var origin = ""
    }

    static func reading(_ repository: Repository) -> Reading {
        let git = GitObjects(folder: repository.gitFolder)
        let usual = repository.facts.defaultBranch
        var candidates = usual.isEmpty ? [] : ["refs/remotes/origin/\(usual)"]
        candidates += [
            "refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master",
        ]
        let branch = repository.facts.branch
        if !branch.isEmpty { candidates.append("refs/heads/\(branch)") }
        let seen = (candidates + ["packed-refs", "refs/remotes/origin/HEAD", "reftable"]).map {
            (path: "\(git.folder)/\($0)", identity: FileIdentity("\(git.folder)/\($0)"))
        }
        var reading = Reading(result: .success(nil), seen: seen)
        do throws(GitObjects.Fault) {
            guard !git.hasReftable else {
                throw GitObjects.Fault("its branches are kept in a reftable, which this version does not read")
            }
            for candidate in candidates {
                guard let commit = try git.commit(of: candidate) else { continue }
                reading.origin = "\(candidate) (\(commit.prefix(12)))"
                if let bytes = try git.file(path, at: commit) {
                    let file = "\(repository.facts.root)/\(path.joined(separator: "/"))"
                    reading.result = .success(
                        PolicyLayer.Source(file: "\(file) at \(commit.prefix(12))", bytes: bytes))
                }
                return reading
            }
            // No commit yet: there is nothing but the working tree, and what stands there can only tighten.
            let file = "\(repository.facts.root)/\(path.joined(separator: "/"))"
            reading.origin = "the working tree"
            reading.seen.append((file, FileIdentity(file)))
            do {
                if let bytes = try SmallFile.read(file, limit: 2 << 20) {
                    reading.result = .success(PolicyLayer.Source(file: file, bytes: bytes))
                }
            } catch {
                throw GitObjects.Fault(error.message)
            }
        } catch {
            reading.result = .failure(error)
        }
        return reading
    }
}
