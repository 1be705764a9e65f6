// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Synchronization
internal import WritCore
internal import WritPattern

extension SecretDetector {
    /// Makes the fast matcher for large input, from its cached form when that is authentic and fits, otherwise by
    /// compiling the keywords (tens of milliseconds and more).
    ///
    /// The compiled form is native input to the matcher, so a form from disk is used only when its HMAC-SHA256 under
    /// the machine's key covers this library version, these processor features, these rules and every byte of it. Who
    /// cannot read the key cannot make a form that passes; anything else is compiled anew.
    ///
    /// - Parameters:
    ///   - cached: what an earlier call returned, as read from the cache.
    ///   - key: the machine's key.
    /// - Returns: the form to store, when it is new; empty when the cached one served.
    /// - Throws: when the matcher cannot be made; the detector then goes on without it, at the index's speed.
    @discardableResult
    public func prepareForBulk(cached: [UInt8]?, key: FingerprintKey) throws -> [UInt8] {
        let identity = bulkIdentity()
        if let cached, let form = Self.opened(cached, identity: identity, key: key) {
            // A form of another build of the library passes the seal only if the platform string is the same; the
            // library's own check is the second look.
            do {
                let set = try PatternSet(trusted: form)
                bulk.withLock { $0 = set }
                return []
            } catch {
                // Recompiled below: a cache is never a reason to fail.
            }
        }
        let set = try PatternSet(bulkEntries())
        let form = try set.serialized()
        bulk.withLock { $0 = set }
        return key.seal(identity + form, purpose: Self.purpose) + form
    }

    private static let purpose = "writ secrets bulk matcher 1"

    private static func opened(_ cached: [UInt8], identity: [UInt8], key: FingerprintKey) -> [UInt8]? {
        guard cached.count > 32 else { return nil }
        let form = Array(cached[32...])
        return key.isSealed(identity + form, by: Array(cached[..<32]), purpose: purpose) ? form : nil
    }

    /// What a compiled form belongs to: library, processor, and every entry in order.
    private func bulkIdentity() -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Array(PatternSet.platform.utf8))
        for entry in bulkEntries() {
            hash.update(
                data: Array(entry.pattern.utf8) + [0, entry.isCaseInsensitive ? 1 : 0, entry.isLiteral ? 1 : 0])
        }
        return Array(hash.finalize())
    }

    /// One entry a keyword, in the index's order; a keyword that is too frequent alone comes with what must follow it.
    private func bulkEntries() -> [PatternSet.Entry] {
        keywords.indices.map { id in
            let keyword = String(decoding: keywords[id], as: UTF8.self)
            if let gate = gate(ofKeyword: id) {
                return PatternSet.Entry(
                    PatternSet.escaped(keyword) + gate.pattern, isCaseInsensitive: !isExact(id), dotMatchesNewline: true
                )
            }
            return PatternSet.Entry(keyword, isLiteral: true, isCaseInsensitive: !isExact(id))
        }
    }

    /// Every target of the keyword wants this very case.
    private func isExact(_ id: Int) -> Bool {
        targets[id].allSatisfy { target in
            switch target {
            case .rule(_, let exact): exact == keywords[id]
            case .base64(let exact): exact == keywords[id]
            case .hex, .escapes, .joins: false
            }
        }
    }

    /// The gate, when the keyword serves one rule alone and that rule has one.
    func gate(ofKeyword id: Int) -> (pattern: String, tail: Int)? {
        guard targets[id].count == 1, case .rule(let number, _) = targets[id][0] else { return nil }
        return rules.rules[number].gate
    }
}
