// SPDX-License-Identifier: Apache-2.0
import WritDelegation
import WritWire

/// Whose signatures count: this machine's own key, and the anchors that a person has put into a file beside the
/// policies.
///
/// A file that cannot be read anchors nothing: writs that rest on it are refused until it is repaired.
final class DelegationAnchors: Sendable {
    struct Reading: Sendable {
        var anchors: TrustAnchors
        /// What is wrong with the file; nil when it is in force.
        var fault: String?
        /// Counts the readings.
        var generation = 0
    }

    private let watched: Watched<Reading>

    /// The anchors of a file, beside one's own.
    init(path: String, own: TrustAnchors.Anchor) throws(DaemonFault) {
        do {
            watched = try Watched(paths: { [path] }, load: { Self.read(path, own) })
        } catch {
            throw DaemonFault("\(path): cannot be read: \(error)")
        }
    }

    var current: Reading {
        var reading = watched.current
        reading.generation = watched.generation
        return reading
    }

    static func path(of home: WritHome) -> String { home.config + "/anchors.json" }

    static func read(_ path: String, _ own: TrustAnchors.Anchor?) -> Reading {
        let ours = TrustAnchors(own.map { [$0] } ?? [])
        do {
            guard let bytes = try SmallFile.read(path, limit: DelegationLimits.anchorBytes) else {
                return Reading(anchors: ours)
            }
            return Reading(anchors: ours.adding(try TrustAnchors(parsing: bytes)))
        } catch let fault as DaemonFault {
            return Reading(anchors: ours, fault: fault.message)
        } catch {
            return Reading(anchors: ours, fault: "\(path): \(error)")
        }
    }
}
