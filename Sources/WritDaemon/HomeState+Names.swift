// SPDX-License-Identifier: Apache-2.0
public import WritDelegation
import WritScan
public import WritWire

/// What a person may name, for a shell that completes it: read from the daemon's files, nothing is made or asked.
extension HomeState {
    /// A writ as a command names it.
    public struct KnownWrit: Sendable, Hashable {
        public var id: String
        /// Seconds since 1970.
        public var until: Int64
        /// Its last link as it reads; nobody has verified it.
        public var link: Delegation?
    }

    /// The writs that are kept, the newest first; empty where none was ever made.
    public static func writs(of home: WritHome) throws -> [KnownWrit] {
        guard let bytes = try SmallFile.read(home.state + "/delegations.json", limit: 8 << 20),
            let key = try key(of: home), let kept = Delegations.open(bytes, key)
        else { return [] }
        return kept.book.writs.reversed().map {
            KnownWrit(id: $0.id, until: $0.until, link: DelegationText.unverified($0.chain).last)
        }
    }

    /// The ids of the calls that wait for a person's answer.
    ///
    /// - Parameter now: milliseconds since 1970.
    public static func waitingCalls(of home: WritHome, now: Int64) throws -> [String] {
        guard let bytes = try SmallFile.read(home.state + "/approvals.json", limit: 8 << 20),
            let key = try key(of: home), let kept = Approvals.open(bytes, key)
        else { return [] }
        return kept.book.all.filter { $0.state == .waiting && $0.until > now }.map(\.id)
    }

    /// The machine's key where it has one; unlike the daemon this makes none.
    private static func key(of home: WritHome) throws -> FingerprintKey? {
        try SmallFile.read(home.state + "/fingerprint.key", limit: 64).map { FingerprintKey(bytes: $0) }
    }
}
