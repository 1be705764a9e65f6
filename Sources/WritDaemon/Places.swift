// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy
import WritWire

/// Where a call happens and how strictly it is judged there.
struct Place: Sendable {
    var repository: Repository
    var choice: ProfileChoice
}

/// Finds the place of each call: the repository from its own files, the profile from the machine's settings.
final class Places: Sendable {
    private struct Memory {
        /// The remotes that each repository has had, by root.
        var remotes: [String: [String]]
        var order: [String]
    }

    private static let maximumRepositories = 2_048
    private static let maximumRemotes = 16

    private let repositories = Repositories()
    private let path: String
    private let withholding: Withholding
    private let memory: Mutex<Memory>

    /// Reads what earlier daemons saw.
    init(home: WritHome, withholding: Withholding) throws(DaemonFault) {
        path = home.state + "/remotes.json"
        self.withholding = withholding
        var remotes: [String: [String]] = [:]
        if let bytes = try SmallFile.read(path, limit: 16 << 20) {
            do {
                for member in try JSON(parsing: bytes).members ?? [] {
                    remotes[member.key] = member.value.array?.compactMap(\.string) ?? []
                }
            } catch {
                throw DaemonFault("\(path): is damaged (\(error)); remove it to forget which remotes were seen")
            }
        }
        memory = Mutex(Memory(remotes: remotes, order: remotes.keys.sorted()))
    }

    /// The place of a call. A call in another repository than the session's is judged as strictly as both.
    ///
    /// - Throws: when a new remote cannot be written down; the caller closes.
    func place(of call: Call, settings: [MachineSettings], delegated: [String] = []) throws -> Place {
        let home = try place(at: call.workspace, settings, delegated)
        guard call.workingDirectory != call.workspace else { return home }
        let other = repositories.repository(at: call.workingDirectory)
        guard other.facts.root != home.repository.facts.root else { return home }
        let away = try place(at: call.workingDirectory, settings, delegated)
        return away.choice.profile > home.choice.profile
            ? Place(repository: home.repository, choice: away.choice) : home
    }

    /// What the operations of a call name is judged as strictly as the place it belongs to.
    ///
    /// Looked at are the paths that are written, deleted or otherwise changed, the folders that programs are sent to
    /// (`cd`, `git -C`, `terraform -chdir=`), what lies below them where a whole tree is meant, and the branch and the URL
    /// of a push. Reading changes nothing and counts nowhere; secrets that are read are no `file.read`.
    ///
    /// - Returns: nil unless some place is judged more strictly than where the call comes from. What cannot be kept or
    ///   told apart is judged as strictly as any rule says.
    func choice(
        for operations: [Operation], of call: Call, above place: Place, settings: [MachineSettings]
    ) -> ProfileChoice? {
        let rules = settings.flatMap(\.profileRules)
        // Without rules one profile is everywhere.
        guard let strictest = rules.map(\.profile).max(), strictest > place.choice.profile else { return nil }
        var best = place.choice
        func consider(_ choice: ProfileChoice, _ what: String) {
            guard choice.profile > best.profile else { return }
            best = ProfileChoice(choice.profile, because: "\(choice.because), for \(what)")
        }
        do {
            var named = NamedPlaces(call: call)
            for operation in operations where operation.role == .executed { named.add(operation) }
            if named.isCut {
                consider(ProfileChoice(strictest, because: "more places than can be told apart"), "this call")
            }
            for folder in named.folders {
                guard best.profile < strictest else { break }
                consider(try self.place(at: folder, settings, []).choice, folder)
            }
            for tree in named.trees {
                guard best.profile < strictest else { break }
                let known = memory.withLock { $0.remotes.keys.filter { PathText.isUnder($0, tree) } }
                for folder in known.sorted() + rules.compactMap(\.folder).filter({ PathText.isUnder($0, tree) }) {
                    consider(try self.place(at: folder, settings, []).choice, folder)
                }
            }
            for push in named.pushes {
                var target = WorkPlace(
                    folder: place.repository.facts.root.isEmpty ? call.workspace : place.repository.facts.root,
                    remotes: try known(place.repository), branch: place.repository.facts.branch,
                    isCertain: place.repository.isCertain)
                if !push.remote.isEmpty { target.remotes.append(push.remote) }
                if !push.branch.isEmpty { target.branch = push.branch }
                consider(ProfileChoice.choose(for: target, settings: settings), "what it pushes to")
            }
        } catch {
            consider(ProfileChoice(strictest, because: "a place that could not be kept: \(error)"), "this call")
        }
        return best.profile > place.choice.profile ? best : nil
    }

    private func place(at folder: String, _ settings: [MachineSettings], _ delegated: [String]) throws -> Place {
        let repository = repositories.repository(at: folder)
        let root = repository.facts.root.isEmpty ? folder : repository.facts.root
        let place = WorkPlace(
            folder: root, remotes: try known(repository), branch: repository.facts.branch,
            isCertain: repository.isCertain)
        return Place(
            repository: repository, choice: ProfileChoice.choose(for: place, settings: settings, delegated: delegated))
    }

    /// The remotes that the repository has, and those it had before: an agent that points `origin` elsewhere does not
    /// leave its profile by that.
    private func known(_ repository: Repository) throws -> [String] {
        let root = repository.facts.root
        guard !root.isEmpty else { return [] }
        let now = Set(repository.remotes)
        return try memory.withLock { memory in
            let before = memory.remotes[root] ?? []
            let fresh = now.subtracting(before).sorted()
            guard !fresh.isEmpty else { return before }
            let all = Array((before + fresh).prefix(Self.maximumRemotes))
            if memory.remotes[root] == nil {
                memory.order.append(root)
                if memory.order.count > Self.maximumRepositories {
                    memory.remotes[memory.order.removeFirst()] = nil
                }
            }
            memory.remotes[root] = all
            if all != before { try keep(memory.remotes) }
            // Past the limit the newest still count, for this call.
            return all + fresh.filter { !all.contains($0) }
        }
    }

    private func keep(_ remotes: [String: [String]]) throws {
        let json = JSON.object(
            remotes.sorted { $0.key < $1.key }.map { .init($0.key, .array($0.value.map { .string($0) })) })
        try SmallFile.write(try withholding.json(json).bytes, to: path)
    }
}
