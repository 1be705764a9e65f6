// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritPattern

extension SecretDetector {
    /// One walk over one text: takes keyword hits in order and collects confirmed candidates.
    struct Pass {
        let detector: SecretDetector
        let bytes: UnsafeRawBufferPointer
        /// How many decodings led to this text.
        let depth: Int
        let limit: Int
        private var assignments: AssignmentReader
        private var found: [Candidate] = []
        private var wasCut = false
        private var failure: (any Error)?
        /// Encoded text was looked at up to here.
        private var encodedUpTo = 0
        private var joinedUpTo = 0
        /// Bytes given to expressions so far, and the most that may be: text made of nothing but keywords must not cost
        /// a window at each of them.
        private var work = 0
        private let workLimit: Int
        private var pemUpTo = 0

        /// Candidates without overlaps, in order of place.
        struct Result: RandomAccessCollection {
            var candidates: [Candidate]
            /// There were more than the limit.
            var wasCut: Bool
            var startIndex: Int { candidates.startIndex }
            var endIndex: Int { candidates.endIndex }
            subscript(position: Int) -> Candidate { candidates[position] }
        }

        init(detector: SecretDetector, bytes: UnsafeRawBufferPointer, depth: Int, limit: Int) {
            self.detector = detector
            self.bytes = bytes
            self.depth = depth
            self.limit = limit
            assignments = AssignmentReader(bytes)
            workLimit = min(bytes.count, 1 << 50) * 32 + (8 << 20)
        }

        mutating func finish() throws -> Result {
            if let failure { throw failure }
            return Result(candidates: settled(), wasCut: wasCut)
        }

        /// The keyword `id` ends at `end`.
        mutating func hit(_ id: Int, _ end: Int) {
            guard failure == nil else { return }
            guard found.count < limit, work < workLimit else {
                wasCut = true
                return
            }
            let keyword = detector.keywords[id]
            let start = end - keyword.count
            for target in detector.targets[id] {
                switch target {
                case .rule(let number, let exact): confirm(number, start, end, exact)
                case .base64(let exact):
                    if isExactly(exact, start) { decode(start, isHex: false) }
                case .hex: decode(start, isHex: true)
                case .escapes: unescape(start, end)
                case .joins: join(start, end)
                }
            }
        }

        private mutating func confirm(_ number: Int, _ start: Int, _ end: Int, _ exact: [UInt8]?) {
            let confirming = detector.confirming[number]
            var rule: SecretRule { confirming.rule }
            if let follow = rule.follow, bytes.byte(end + follow.distance) != follow.byte { return }
            if rule.needsDigitBefore, !bytes.byte(start - 1).isDigit { return }
            if let exact, !isExactly(exact, start) { return }
            switch rule.shape {
            case .token:
                guard isFree(before: start, rule.left) else { return }
                match(number, confirming, from: start, windowStart: start)
            case .assigned:
                match(number, confirming, from: start, windowStart: start)
            case .search(let before):
                match(number, confirming, from: start, windowStart: max(0, start - before))
            case .assignment:
                guard let read = assignments.candidate(wordStart: start, wordEnd: end) else { return }
                let wanted = Self.ruleID(read.kind)
                guard let own = detector.byID[wanted] else { return }
                add(own, read.value, confidence: read.confidence, near: read.name.lowerBound)
            case .pem:
                guard start >= pemUpTo, let block = PrivateKeyBlock(bytes, at: start) else { return }
                pemUpTo = block.range.upperBound
                let wanted = Self.pemRuleID(block.label)
                guard rule.id == wanted else {
                    pemUpTo = start
                    return
                }
                let (confidence, note): (Double, String?) =
                    switch block.state {
                    case .whole: (0.99, nil)
                    case .encrypted: (0.8, "locked with a passphrase")
                    case .truncated: (0.6, "incomplete")
                    }
                add(number, block.range, confidence: confidence, near: start, note: note)
            case .url:
                guard let url = CredentialURL(bytes, schemeStart: start, authorityStart: end) else { return }
                guard rule.filler == .accepted || !url.isPlaceholder(isDatabase: rule.group == "database_urls") else {
                    return
                }
                add(
                    number, url.password, confidence: url.isLocal ? 0.6 : 0.85, near: start,
                    environment: url.isLocal ? "development" : nil)
            }
        }

        private func isExactly(_ text: [UInt8], _ start: Int) -> Bool {
            for i in text.indices where bytes[start + i] != text[i] { return false }
            return true
        }

        private static func ruleID(_ kind: AssignmentReader.Kind) -> String {
            switch kind {
            case .password: "generic-password"
            case .secret: "generic-secret"
            case .token: "generic-token"
            case .key, .weakKey: "generic-api-key"
            }
        }

        private static func pemRuleID(_ label: String) -> String {
            switch label {
            case "RSA": "rsa-private-key"
            case "EC": "ec-private-key"
            case "DSA": "dsa-private-key"
            case "OPENSSH": "openssh-private-key"
            case "ENCRYPTED": "encrypted-private-key"
            case "PGP": "pgp-private-key"
            case "": "pkcs8-private-key"
            default: "private-key"
            }
        }

        private mutating func match(_ number: Int, _ confirming: Confirming, from start: Int, windowStart: Int) {
            var rule: SecretRule { confirming.rule }
            guard let lazy = rule.pattern else { return }
            do {
                let pattern = try lazy.pattern()
                let window = bytes.part(windowStart..<min(bytes.count, start + rule.reach))
                work += window.count
                guard let groups = pattern.firstMatch(in: window), let whole = groups.first ?? nil else { return }
                // Alternatives have a group each.
                let secret = groups.dropFirst().lazy.compactMap { $0 }.first ?? whole
                guard windowStart + whole.lowerBound <= start else { return }
                let range = (windowStart + secret.lowerBound)..<(windowStart + secret.upperBound)
                if case .assigned = rule.shape {
                } else {
                    guard isFree(before: windowStart + whole.lowerBound, rule.left),
                        isFree(after: windowStart + whole.upperBound, rule.right),
                        !isChecksum(windowStart + whole.lowerBound)
                    else { return }
                }
                let value = Array(bytes[range])
                guard ValueShape.entropy(value) >= rule.entropy || rule.filler == .accepted || rule.filler == .mask,
                    !ValueShape.isPlaceholder(value, rule.filler)
                else { return }
                var confidence = 0.95
                if case .assigned = rule.shape { confidence = 0.8 }
                if rule.filler == .accepted, ValueShape.isPlaceholder(value, .lenient) { confidence = 0.3 }
                for check in rule.checks {
                    guard let judged = SecretCheck.confidence(check, value, confidence) else { return }
                    confidence = judged
                }
                add(number, range, confidence: confidence, near: start)
            } catch {
                failure = error
            }
        }

        private mutating func add(
            _ number: Int, _ range: Range<Int>, confidence: Double, near: Int, note: String? = nil,
            environment: String? = nil
        ) {
            let secret = Array(bytes[range])
            let hint = environment ?? EnvironmentHint.around(near, range, in: bytes)
            found.append(
                Candidate(
                    rule: number, range: range, secret: secret, confidence: confidence, environment: hint, note: note))
        }

        /// `sha256=…`, `sha512-…`: an integrity value can begin like a short prefix does.
        private func isChecksum(_ start: Int) -> Bool {
            guard "=:-".utf8.contains(bytes.byte(start - 1)), bytes.byte(start - 2).isDigit else { return false }
            var at = start - 2
            while at > start - 6, bytes.byte(at).isDigit { at -= 1 }
            return bytes.holds("sha", at: at - 2) || bytes.holds("md", at: at - 1)
        }

        /// Nothing stands before that would make the match a part of something longer.
        private func isFree(before start: Int, _ edge: SecretRule.Edge) -> Bool {
            guard start > 0 else { return true }
            let byte = bytes[start - 1]
            switch edge {
            case .none: return true
            case .word: if !byte.isWord { return true }
            case .token: if !byte.isBase64, byte != UInt8(ascii: ".") { return true }
            case .strict:
                return byte <= 0x20 || byte.isQuote || "=:(,[{<>|;@".utf8.contains(byte)
            }
            // The letter may belong to an escape: `\n`, `%3D`, `\u003d`, `\x3d`.
            let before = bytes.byte(start - 2)
            if before == 0x5C, "nrtbf".utf8.contains(byte) { return true }
            if byte.isHexDigit, before.isHexDigit {
                if bytes.byte(start - 3) == UInt8(ascii: "%") { return true }
                if bytes.byte(start - 3) == UInt8(ascii: "x"), bytes.byte(start - 4) == 0x5C { return true }
                if bytes.byte(start - 5) == UInt8(ascii: "u"), bytes.byte(start - 6) == 0x5C { return true }
            }
            return false
        }

        private func isFree(after end: Int, _ edge: SecretRule.Edge) -> Bool {
            guard end < bytes.count else { return true }
            let byte = bytes[end]
            switch edge {
            case .none: return true
            case .word: return !byte.isWord
            case .token: return !byte.isBase64
            case .strict: return byte <= 0x20 || byte.isQuote || "=:),]}<>|;&\\".utf8.contains(byte)
            }
        }

        /// The better of two overlapping candidates stays.
        private func settled() -> [Candidate] {
            let rules = detector.rules.rules
            let order = found.sorted {
                if $0.range.lowerBound != $1.range.lowerBound { return $0.range.lowerBound < $1.range.lowerBound }
                return $0.range.upperBound > $1.range.upperBound
            }
            var kept: [Candidate] = []
            for candidate in order {
                guard let last = kept.last, last.range.upperBound > candidate.range.lowerBound else {
                    kept.append(candidate)
                    continue
                }
                let (a, b) = (rules[last.rule].priority, rules[candidate.rule].priority)
                if b > a || b == a && candidate.confidence > last.confidence { kept[kept.count - 1] = candidate }
            }
            return kept
        }

        // MARK: Encoded and split text

        private mutating func decode(_ start: Int, isHex: Bool) {
            guard depth < 2, start >= encodedUpTo else { return }
            let run = isHex ? Encoded.hexRun(around: start, in: bytes) : Encoded.base64Run(around: start, in: bytes)
            // A run is read once, whether it held text or not.
            encodedUpTo = run.upperBound
            guard let decoded = isHex ? Encoded.hexText(run, hit: start, in: bytes) : Encoded.base64Text(run, in: bytes)
            else { return }
            scan(decoded, as: run, note: isHex ? "in hexadecimal" : "in base64")
        }

        private mutating func unescape(_ start: Int, _ end: Int) {
            guard depth < 2, start >= encodedUpTo, let view = Encoded.escapedRun(around: start, in: bytes) else {
                return
            }
            encodedUpTo = view.range.upperBound
            scan(view.decoded, as: view.range, note: "written with escapes")
        }

        private mutating func join(_ start: Int, _ end: Int) {
            guard depth < 2, start >= joinedUpTo, let view = Encoded.joinedRun(around: start, end, in: bytes) else {
                return
            }
            joinedUpTo = view.range.upperBound
            scan(view.decoded, as: view.range, note: "split into parts")
        }

        private mutating func scan(_ decoded: [UInt8], as range: Range<Int>, note: String) {
            do {
                try decoded.withUnsafeBytes { inner in
                    for candidate in try detector.candidates(in: inner, path: nil, depth: depth + 1, limit: 16) {
                        var outer = candidate
                        outer.range = range
                        outer.note = note
                        outer.confidence = candidate.confidence * 0.95
                        found.append(outer)
                    }
                }
            } catch {
                failure = error
            }
        }
    }
}
