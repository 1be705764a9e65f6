// SPDX-License-Identifier: Apache-2.0

/// All that was taken back, from signed lists and from this machine's own kills, ready to be asked for each call.
public struct Revocations: Sendable, Hashable {
    private var ids: Set<String> = []
    private var principals: Set<String> = []
    private var agents: Set<String> = []
    private var tasks: Set<String> = []
    private var keys: Set<String> = []
    private var issuedBefore = Int64.min
    private var everything = false
    /// When the oldest of the lists was issued; nil without any list. Kills of one's own have no age.
    public private(set) var listIssuedAt: Int64?

    /// Nothing was taken back, and no list is known.
    public static let none = Revocations()

    /// Puts lists and kills together.
    ///
    /// - Parameters:
    ///   - lists: the newest list of each issuer, verified.
    ///   - kills: entries of this machine.
    public init(lists: [RevocationList] = [], kills: [RevocationList.Entry] = []) {
        listIssuedAt = lists.map(\.issuedAt).min()
        for list in lists { list.entries.forEach { insert($0) } }
        kills.forEach { insert($0) }
    }

    /// Adds an entry of this machine.
    public mutating func insert(_ entry: RevocationList.Entry) {
        switch entry {
        case .id(let id): ids.insert(id)
        case .principal(let subject): principals.insert(subject)
        case .agent(let agent): agents.insert(agent)
        case .task(let task): tasks.insert(task)
        case .key(let thumbprint): keys.insert(thumbprint)
        case .issuedBefore(let time): issuedBefore = max(issuedBefore, time)
        case .all: everything = true
        }
    }

    /// The first link that was taken back; nil when none was. `==` on names may take back more than one spelling.
    func first(in chain: [Delegation], signedBy keyIDs: [String]) -> (link: Int, reason: String)? {
        for (index, link) in chain.enumerated() {
            let agent = link.agent
            let holder = DelegationPublicKey(link.holder)?.thumbprint
            let reason: String? =
                if everything {
                    "everything"
                } else if ids.contains(link.id) {
                    "the link \(Shown.text(link.id))"
                } else if principals.contains(link.principal.subject) {
                    "the person \(Shown.text(link.principal.subject))"
                } else if [agent.id, agent.kind, agent.instance].contains(where: { !$0.isEmpty && agents.contains($0) })
                {
                    "the agent \(Shown.text(agent.id.isEmpty ? agent.kind : agent.id))"
                } else if isTaskRevoked(link.task.id) {
                    "the task \(Shown.text(link.task.id))"
                } else if index < keyIDs.count && keys.contains(keyIDs[index]) {
                    "the key that signed"
                } else if let holder, keys.contains(holder) {
                    "the key that holds the link"
                } else if link.issuedAt < issuedBefore {
                    "everything issued before \(issuedBefore)"
                } else {
                    nil
                }
            if let reason { return (index, reason) }
        }
        return nil
    }

    /// The task or one that it is a part of.
    private func isTaskRevoked(_ id: String) -> Bool {
        if tasks.isEmpty { return false }
        if tasks.contains(id) { return true }
        var prefix = id.utf8[...]
        while let slash = prefix.lastIndex(of: UInt8(ascii: "/")) {
            prefix = prefix[..<slash]
            if tasks.contains(String(prefix) ?? "") { return true }
        }
        return false
    }
}
