// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritGuard
import WritLedger
import WritScan
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

extension Approvals {
    /// The approvals of a home, with the machine's own processes and terminals.
    convenience init(home: WritHome, key: FingerprintKey, withholding: Withholding) throws(DaemonFault) {
        #if os(Linux)
        let view: any ProcessView = SystemProcesses()
        let boot = SystemProcesses.boot
        #else
        let view: any ProcessView = UnseenProcesses()
        let boot = ""
        #endif
        try self.init(
            path: home.state + "/approvals.json", key: key, withholding: withholding, view: view,
            board: PersonTerminal(), boot: boot, program: ProgramPath.own,
            user: (geteuid(), Self.userName))
    }

    private static var userName: String {
        guard let entry = getpwuid(geteuid()) else { return "user" }
        return String(cString: entry.pointee.pw_name)
    }
}

extension Approval {
    /// What a decision's record says of it.
    var outcome: JSON { ["id": .string(id), "state": .string(state.rawValue)] }
}

#if !os(Linux)
/// Where the system's processes are not looked at: nobody is known, so nobody can approve.
struct UnseenProcesses: ProcessView {
    func facts(_ number: Int32) -> ProcessFacts? { nil }
    func details(_ number: Int32) -> ProcessDetails? { nil }
    func holders(ofTerminal terminal: UInt64) -> [Int32] { [] }
    func sharesNamespaces(_ number: Int32) -> Bool { false }
}
#endif

extension ApprovalEvent {
    /// What the ledger keeps: what happened, to which call, and who did it.
    var ledgerRecord: JSON {
        var json: JSON = [
            "approval": .string(approval.id), "event": .string(kind.rawValue),
            "binding": .string(approval.binding), "state": .string(approval.state.rawValue),
            "gates": .array(approval.gates.map { .string($0) }),
        ]
        if !approval.answeredBy.isEmpty { json.set("by", .string(approval.answeredBy)) }
        if !detail.isEmpty { json.set("detail", .string(detail)) }
        if kind == .requested || kind == .given { json.set("call", .string(String(approval.shown.call.prefix(2_000)))) }
        return json
    }

    var message: String {
        let what = "`\(approval.id)` (\(approval.tool))"
        return switch kind {
        case .requested: "\(what) waits for a person"
        case .given: "\(what) was approved by \(approval.answeredBy)"
        case .denied: "\(what) was refused by \(approval.answeredBy)"
        case .used: "\(what) has passed; its approval is used up"
        case .expired: "\(what) has ended without being used"
        case .dropped: "\(what) gave way: too many calls of its session wait"
        case .refused: "an answer to \(what) was not accepted: \(detail)"
        }
    }

    var ledgerKind: LedgerEntry.Kind { kind == .refused || kind == .dropped ? .alarm : .approval }
}
