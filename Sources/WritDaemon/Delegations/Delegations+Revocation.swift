// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritDelegation

/// What was taken back: this machine's own list, signed with its key, and lists of other anchors.
extension Delegations {
    private static let maximumEntries = 20_000
    /// How long other machines may take this machine's list for the newest, in seconds.
    private static let nextList: Int64 = 30 * 86_400

    /// Reads the lists that were kept, each once more against its anchor.
    ///
    /// - Returns: what is wrong with the machine's own list. A list of an anchor that is trusted no more revokes nothing;
    ///   what it would revoke rests on that anchor.
    static func readLists(_ state: inout State, _ anchors: DelegationAnchors.Reading, _ issuer: DelegationKey)
        -> String?
    {
        state.lists = []
        for (name, text) in state.book.revocations.sorted(by: { $0.key < $1.key }) {
            do throws(DelegationError) {
                state.lists.append(
                    try RevocationList.verify(
                        text, anchors: anchors.anchors, highestSeen: nil, now: DelegationLimits.time))
            } catch {
                if name == issuer.publicKey.urn { return "the machine's revocation list does not verify: \(error)" }
            }
        }
        state.revocations = Revocations(lists: state.lists)
        return nil
    }

    /// The age of the oldest list that the calls' writs need. The machine's own list is always the newest.
    static func revocationAge(
        _ chains: [DelegationChain], _ lists: [RevocationList], own: String, _ now: Int64
    ) -> Int? {
        var oldest = 0
        for issuer in Set(chains.map(\.anchor.issuer)) where issuer != own {
            guard let list = lists.first(where: { $0.issuer == issuer }) else { return nil }
            oldest = max(oldest, Int(clamping: now.subtractingReportingOverflow(list.issuedAt).partialValue))
        }
        return oldest
    }

    func revoke(_ request: JSON, peer: Int32, _ now: Int64) throws -> Answer {
        let anchors = anchors.current
        return try state.withLock { state in
            var next = state
            var entries: [RevocationList.Entry] = []
            for item in request["revoke"]?.array ?? [] {
                if let text = item["id"]?.string?.lowercased() {
                    guard let id = next.book.find(text)?.id ?? (text.utf8.count == 36 ? text : nil) else {
                        throw Refusal(
                            message: "there is no writ `\(text.prefix(60))`; `writ delegation list --all` shows them")
                    }
                    entries.append(.id(id))
                } else {
                    entries.append(try RevocationList.Entry(item))
                }
            }
            guard !entries.isEmpty else { throw Refusal(message: "nothing to revoke is named") }
            // `all` means all there is now: what a person issues later shall hold.
            entries = entries.map { $0 == .all ? .issuedBefore(now + 1) : $0 }
            let own = issuer.publicKey.urn
            let before = next.lists.first { $0.issuer == own }
            var all = before?.entries ?? []
            for entry in entries where !all.contains(entry) { all.append(entry) }
            guard all.count <= Self.maximumEntries else {
                throw Refusal(message: "the revocation list is full; use `--issued-before` and start anew")
            }
            let (sequence, isFull) = (before?.sequence ?? 0).addingReportingOverflow(1)
            guard !isFull else { throw Refusal(message: "the revocation list is full") }
            let list = RevocationList(
                issuer: own, sequence: sequence, issuedAt: now, next: now + Self.nextList, entries: all)
            let held = sorted(&next, anchors, now).valid
            next.book.revocations[own] = try list.signed(by: issuer)
            next.lists = next.lists.filter { $0.issuer != own } + [list]
            next.revocations = Revocations(lists: next.lists)
            let count = held.subtracting(sorted(&next, anchors, now).valid).count
            try keep(next)
            state = next
            let what = entries.map(\.words).joined(separator: ", ")
            let event = DelegationEvent(
                kind: .revoked, message: "revoked: \(what); ended here: \(count)",
                detail: [
                    .init("revoke", .array(entries.map(\.json))), .init("sequence", .integer(sequence)),
                    .init("process", .integer(Int64(peer))),
                ])
            return (["ok": true, "count": .integer(Int64(count)), "sequence": .integer(sequence)], [event])
        }
    }

    /// Takes up a chain or a revocation list that an anchor has signed.
    func takeIn(_ text: String, _ now: Int64) throws -> Answer {
        let token = String(text.filter { !$0.isWhitespace })
        let anchors = anchors.current
        if Self.isList(token) { return try takeIn(list: token, anchors, now) }
        let revocations = state.withLock { $0.revocations }
        let chain = try DelegationChain.verify(
            token, anchors: anchors.anchors, expecting: .init(audience: audience, now: now, revocations: revocations))
        let writ = DelegationBook.Writ(
            id: chain.leaf.id, chain: chain.text, key: chain.leaf.holder == issuer.publicKey.bytes ? issuer.seed : nil,
            origin: .imported, since: now, until: chain.leaf.expires, by: chain.anchor.issuer)
        return try state.withLock { state in
            var next = state
            guard next.book.add(writ, now: now) else {
                throw Refusal(message: "the writ is here already, or too many are kept")
            }
            try keep(next)
            state = next
            let event = DelegationEvent(
                kind: .imported, writ: writ.id, message: "the writ \(Self.short(writ.id)) of \(writ.by) was taken up")
            return (["ok": true, "id": .string(writ.id), "until": .integer(writ.until)], [event])
        }
    }

    private func takeIn(list token: String, _ anchors: DelegationAnchors.Reading, _ now: Int64) throws -> Answer {
        try state.withLock { state in
            var next = state
            let first = try RevocationList.verify(token, anchors: anchors.anchors, highestSeen: nil, now: now)
            guard first.issuer != issuer.publicKey.urn else {
                throw Refusal(message: "that is this machine's own list; `writ delegation revoke` adds to it")
            }
            let seen = next.lists.first { $0.issuer == first.issuer }?.sequence
            let list = try RevocationList.verify(token, anchors: anchors.anchors, highestSeen: seen, now: now)
            next.book.revocations[list.issuer] = token
            next.lists = next.lists.filter { $0.issuer != list.issuer } + [list]
            next.revocations = Revocations(lists: next.lists)
            try keep(next)
            state = next
            let event = DelegationEvent(
                kind: .imported, message: "the revocation list \(list.sequence) of \(list.issuer) is in force",
                detail: [.init("issuer", .string(list.issuer)), .init("sequence", .integer(list.sequence))])
            return (["ok": true, "sequence": .integer(list.sequence), "issuer": .string(list.issuer)], [event])
        }
    }

    private static func isList(_ token: String) -> Bool {
        do {
            _ = try CompactJWS(parsing: token, kind: .revocations)
            return true
        } catch {
            return false
        }
    }
}

extension RevocationList.Entry {
    /// For the ledger's readers.
    fileprivate var words: String {
        switch self {
        case .id(let id): "the writ \(Delegations.short(id))"
        case .principal(let subject): "all of \(subject)"
        case .agent(let agent): "all for \(agent)"
        case .task(let task): "all for the task \(task)"
        case .key(let thumbprint): "all of the key \(thumbprint)"
        case .issuedBefore(let time): "all from before \(DelegationText.moment(time))"
        case .all: "everything"
        }
    }
}
