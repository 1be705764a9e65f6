// SPDX-License-Identifier: Apache-2.0
import WritCore
public import WritDelegation
import WritGuard
import WritPolicy
import WritScan
public import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// What verifying a writ takes on this machine.
public struct DelegationCheck: Sendable {
    public var anchors: TrustAnchors
    /// This machine, as writs name it.
    public var audience: String
    public var revocations: Revocations
    /// The machine's own key; nil while it has issued nothing.
    public var own: DelegationPublicKey?
}

extension HomeState {
    /// The anchors that a person has added; without the machine's own key.
    public static func anchors(of home: WritHome) throws -> TrustAnchors {
        let path = DelegationAnchors.path(of: home)
        guard let bytes = try SmallFile.read(path, limit: DelegationLimits.anchorBytes) else { return .none }
        do throws(DelegationError) { return try TrustAnchors(parsing: bytes) } catch {
            throw DaemonFault("\(path): \(error.message)")
        }
    }

    /// Replaces the anchors as a whole; the daemon takes them up within a second.
    ///
    /// - Throws: ``DaemonFault`` when a reader would refuse them.
    public static func save(_ anchors: TrustAnchors, of home: WritHome) throws {
        do { try WritHome.makeFolders(home.config) } catch { throw DaemonFault(error.message) }
        let bytes = Array(anchors.json.prettyText.utf8) + [UInt8(ascii: "\n")]
        do throws(DelegationError) { _ = try TrustAnchors(parsing: bytes) } catch { throw DaemonFault(error.message) }
        try SmallFile.write(bytes, to: DelegationAnchors.path(of: home))
    }

    /// What `writ delegation verify` compares with: read without the daemon, and nothing is made.
    public static func delegationCheck(of home: WritHome) throws -> DelegationCheck {
        let own = try SmallFile.read(home.state + "/delegation.key", limit: 64).flatMap { DelegationKey(seed: $0) }
        let machine = try SmallFile.read(home.state + "/machine.id", limit: 64)
        var check = DelegationCheck(
            anchors: try anchors(of: home),
            audience: "writ.local/\(machine.map { String(Engines.digest($0).prefix(16)) } ?? "unknown")",
            revocations: .none, own: own?.publicKey)
        guard let own else { return check }
        check.anchors = check.anchors.adding(
            TrustAnchors([.init(issuer: own.publicKey.urn, key: own.publicKey)]))
        if let book = try book(of: home) {
            var state = Delegations.State()
            state.book = book
            if let fault = Delegations.readLists(&state, .init(anchors: check.anchors), own) {
                throw DaemonFault(fault)
            }
            check.revocations = state.revocations
        }
        return check
    }

    /// The environments of the writs that are bound to a folder, for `writ profile`.
    static func delegatedEnvironments(of folder: String, home: WritHome) throws -> [String] {
        guard let book = try book(of: home) else { return [] }
        let check = try delegationCheck(of: home)
        var standing = DelegationStanding()
        for writ in book.writs(inFolder: Delegations.real(folder)).compactMap({ book.writ($0) }) {
            do throws(DelegationError) {
                standing.chains.append(
                    try DelegationChain.verify(
                        writ.chain, anchors: check.anchors,
                        expecting: .init(audience: check.audience, now: writ.since)))
            } catch {
                // A writ that does not verify denies every call; it chooses no profile.
                continue
            }
        }
        return standing.environments
    }

    private static func book(of home: WritHome) throws -> DelegationBook? {
        let path = home.state + "/delegations.json"
        guard let bytes = try SmallFile.read(path, limit: 64 << 20) else { return nil }
        let key = FingerprintKey(bytes: try GuardService.secret(at: home.state + "/fingerprint.key"))
        guard let kept = Delegations.open(bytes, key) else {
            throw DaemonFault("\(path): is damaged or was changed by somebody else; remove it to forget all writs")
        }
        return kept.book
    }
}
