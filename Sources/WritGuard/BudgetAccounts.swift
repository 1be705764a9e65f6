// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritPolicy

/// How much of each budget is used, by whom.
///
/// A window is kept in slices of a thirtieth of it; a slice counts until all of it has left the window, so that never
/// less is counted than was used. A value without clocks and files: whoever holds it gives the time and writes it down.
public struct BudgetAccounts: Sendable, Hashable {
    /// Whose accounts a call is charged to.
    public struct Owners: Sendable, Hashable {
        /// By the word under `per`; `call` has no account, because nothing of it outlives the call.
        public var names: [String: String]
        /// The links of the delegation: what is counted per writ is counted for each, so that those who work under
        /// derived links share what the links above have.
        public var links: [String]

        /// The owners of a request. Where no task or delegation is known, the session stands for it.
        public init(_ request: PolicyRequest) {
            self.init(call: request.call, facts: request.facts)
        }

        /// The owners of a call.
        public init(call: Call, facts: Facts) {
            let session = "\(call.agent.kind)|\(call.session)"
            links = facts.writ.chain
            names = [
                "session": session, "task": facts.task.id.isEmpty ? session : facts.task.id,
                "writ": facts.writ.id.isEmpty ? session : facts.writ.id,
                "agent": [call.agent.kind, call.agent.type ?? ""].joined(separator: "|"), "user": facts.user.id,
                "repo": facts.repo.root.isEmpty ? call.workspace : facts.repo.root,
            ]
        }

        /// Whose accounts a budget of a kind has; none for a kind that has no account.
        func all(_ per: String) -> [String] {
            if per == "writ", !links.isEmpty { return links }
            return names[per].map { [$0] } ?? []
        }
    }

    /// What stands in one account.
    public struct Line: Sendable, Hashable {
        /// `<layer>/<policy>/<name>`, with the value of the budget's `key` after `#` when it has one.
        public var account: String
        public var per: String
        public var owner: String
        public var used: Double
        /// In seconds; nil for good.
        public var window: Int?
    }

    private struct Key: Sendable, Hashable {
        var account: String
        var per: String
        var owner: String
    }

    private struct Account: Sendable, Hashable {
        var window: Int?
        /// Amounts by the slice's first second; one slice at 0 without a window.
        var slices: [Int64: Double] = [:]
        var lastAt: Int64 = 0

        var length: Int64 { window.map { max(1, Int64($0) / 30) } ?? 0 }

        func used(now: Int64) -> Double {
            guard let window else { return slices.values.reduce(0, +) }
            return slices.reduce(0) { $1.key &+ length > now &- Int64(window) ? $0 + $1.value : $0 }
        }

        mutating func add(_ amount: Double, now: Int64) {
            lastAt = max(lastAt, now)
            guard let window else {
                slices[0, default: 0] += amount
                return
            }
            slices[now - now % length, default: 0] += amount
            slices = slices.filter { $0.key &+ length > now &- Int64(window) }
        }
    }

    /// More accounts than this are not kept. Those that have run out of their windows go first, then those that rested
    /// longest; an agent that could crowd out an account this way has used up thousands of others.
    public static let maximumAccounts = 8_192

    private var accounts: [Key: Account] = [:]

    /// Empty accounts.
    public init() {}

    /// What ``SessionState/used`` holds for a call with these owners; of several links of a delegation, what the one
    /// has used that used most.
    ///
    /// - Parameter kinds: what each budget counts per (``PolicySet/budgetKinds``): the account of another kind is that
    ///   of an older policy.
    public func used(by owners: Owners, kinds: [String: String], now: Int64) -> [String: Double] {
        var used: [String: Double] = [:]
        for (key, account) in accounts
        where owners.all(key.per).contains(key.owner) && kinds[Self.budget(of: key.account)] == key.per {
            used[key.account] = max(used[key.account] ?? 0, account.used(now: now))
        }
        return used
    }

    /// Charges a call.
    ///
    /// - Returns: whether anything was charged.
    public mutating func charge(_ charges: [BudgetCharge], to owners: Owners, now: Int64) -> Bool {
        var isCharged = false
        for charge in charges {
            guard charge.amount > 0, charge.meter == nil else { continue }
            for owner in charge.owner.map({ [$0] }) ?? owners.all(charge.per) {
                add(charge, owner, now)
                isCharged = true
            }
        }
        return isCharged
    }

    private mutating func add(_ charge: BudgetCharge, _ owner: String, _ now: Int64) {
        let key = Key(account: charge.account, per: charge.per, owner: owner)
        var account = accounts[key] ?? Account(window: charge.window)
        if account.window != charge.window {
            // The policy counts over another time now: what was used counts from this moment.
            let used = account.used(now: now)
            account = Account(window: charge.window)
            account.add(used, now: now)
        }
        account.add(Double(charge.amount), now: now)
        if accounts[key] == nil, accounts.count >= Self.maximumAccounts { makeRoom(now) }
        accounts[key] = account
    }

    /// A person gives a budget back: every account of it, or one owner's.
    ///
    /// - Returns: how many accounts were emptied.
    public mutating func reset(_ budget: String, owner: String? = nil) -> Int {
        let before = accounts.count
        accounts = accounts.filter { key, _ in
            Self.budget(of: key.account) != budget || owner.map { $0 != key.owner } ?? false
        }
        return before - accounts.count
    }

    /// All accounts that something stands in, sorted.
    public func lines(now: Int64) -> [Line] {
        accounts.map {
            Line(
                account: $0.key.account, per: $0.key.per, owner: $0.key.owner, used: $0.value.used(now: now),
                window: $0.value.window)
        }.filter { $0.used > 0 }.sorted { ($0.account, $0.owner) < ($1.account, $1.owner) }
    }

    /// The budget's own id in an account's name; the limits of a rule end in `#limits`, which is part of theirs.
    public static func budget(of account: String) -> String {
        guard let mark = account.firstIndex(of: "#"), !account.hasSuffix("#limits") else { return account }
        return String(account[..<mark])
    }

    private mutating func makeRoom(_ now: Int64) {
        accounts = accounts.filter { $0.value.used(now: now) > 0 }
        guard accounts.count >= Self.maximumAccounts else { return }
        for (key, _) in accounts.sorted(by: { $0.value.lastAt < $1.value.lastAt }).prefix(accounts.count / 8) {
            accounts[key] = nil
        }
    }
}

extension BudgetAccounts {
    /// The accounts as the daemon's file holds them.
    public var json: JSON {
        [
            "v": 1,
            "accounts": .array(
                accounts.sorted { ($0.key.account, $0.key.owner) < ($1.key.account, $1.key.owner) }.map {
                    key, account in
                    [
                        "account": .string(key.account), "per": .string(key.per), "owner": .string(key.owner),
                        "window": account.window.map { .integer(Int64($0)) } ?? .null, "last": .integer(account.lastAt),
                        "slices": .array(
                            account.slices.sorted { $0.key < $1.key }.map { [.integer($0.key), .number($0.value)] }),
                    ]
                }),
        ]
    }

    /// Reads the file; nil when it is not whole.
    public init?(_ json: JSON) {
        self.init()
        guard json["v"]?.integer == 1, let all = json["accounts"]?.array, all.count <= Self.maximumAccounts * 2 else {
            return nil
        }
        for one in all {
            guard let name = one["account"]?.string, let per = one["per"]?.string, let owner = one["owner"]?.string,
                let last = one["last"]?.integer, let slices = one["slices"]?.array
            else { return nil }
            var account = Account(window: one["window"]?.integer.map { Int(clamping: $0) }, lastAt: last)
            for slice in slices {
                guard let pair = slice.array, pair.count == 2, let start = pair[0].integer, let amount = pair[1].double,
                    amount.isFinite, amount >= 0
                else { return nil }
                account.slices[start, default: 0] += amount
            }
            accounts[Key(account: name, per: per, owner: owner)] = account
        }
    }
}
