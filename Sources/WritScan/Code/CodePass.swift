// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritPattern

/// One walk over one source: events in order of place, each asking the rules that its name leads to.
struct CodePass {
    /// Where a rule's trigger stands.
    private struct Site {
        var token: Int
        var span: Range<Int>
        var call: SourceUnit.Call?
        var assignment: SourceUnit.Assignment?
        var value: Range<Int>?
        var name: String
        var block: Range<Int>?
        /// The function that a match in text stands in; of a call or an assignment it is the one being walked.
        var function: SourceUnit.Function?
        var isText = false
    }

    private let unit: SourceUnit
    private let rules: CodeRules
    private let index: CodeRules.Index
    private let path: String
    private var flow: Flow
    private var openFunctions: [SourceUnit.Function] = []
    private var answers: [Answer: Bool] = [:]
    private var lineStarts: [Int]
    /// The source with its comments blanked out: same length, same lines.
    private let plain: [UInt8]
    private(set) var findings: [Finding] = []

    private struct Answer: Hashable {
        var pattern: ObjectIdentifier
        var start: Int
        var end: Int
    }

    init(unit: SourceUnit, rules: CodeRules, path: String) {
        self.unit = unit
        self.rules = rules
        self.path = path
        index = rules.indexes[unit.language] ?? CodeRules.Index()
        flow = Flow(unit: unit, names: rules.flows[unit.language] ?? Flow.Names())
        var starts = [0]
        for (i, byte) in unit.bytes.enumerated() where byte == 0x0A { starts.append(i + 1) }
        lineStarts = starts
        var plain = Array(unit.bytes)
        for comment in unit.comments {
            for i in comment where plain[i] != 0x0A { plain[i] = 0x20 }
        }
        self.plain = plain
    }

    mutating func run() throws {
        try walk()
        if flow.budget.isSpent {
            findings.append(
                Finding(
                    scanner: "code", rule: "code-work-limit", category: "limit", severity: .info, confidence: 1,
                    line: 1,
                    message:
                        "this source is built so that following its values takes too long; a part was not followed",
                    remedy: "Look at it by hand"))
        }
        try texts()
        try configuration()
    }

    // MARK: Code

    private mutating func walk() throws {
        for entry in unit.imports {
            let ids = ids { index.imports.forEach(matching: entry.name, $0) }
            for id in ids {
                try ask(id, Site(token: entry.token, span: unit.tokens[entry.token].range, name: entry.name))
            }
        }
        var events: [(token: Int, kind: UInt8, id: Int)] = []
        for (id, function) in unit.functions.enumerated() { events.append((function.start, 0, id)) }
        for (id, call) in unit.calls.enumerated() { events.append((call.open, 1, id)) }
        for (id, assignment) in unit.assignments.enumerated() { events.append((assignment.at, 2, id)) }
        events.sort { ($0.token, $0.kind) < ($1.token, $1.kind) }
        // An assignment takes effect behind its value, so that calls inside still see the old one.
        var pending: [(end: Int, id: Int, value: FlowValue)] = []
        for event in events {
            while let last = pending.last, last.end <= event.token {
                pending.removeLast()
                flow.assign(unit.assignments[last.id], last.value)
            }
            flow.move(to: event.token)
            while let last = openFunctions.last, last.body.upperBound <= event.token { openFunctions.removeLast() }
            switch event.kind {
            case 0:
                openFunctions.append(unit.functions[event.id])
                flow.enter(unit.functions[event.id])
            case 1:
                let call = unit.calls[event.id]
                try self.call(call)
                flow.apply(call)
            default:
                let assignment = unit.assignments[event.id]
                var value = flow.evaluate(assignment.value)
                value.isAnchored = !assignment.isAugmented && flow.isAnchored(assignment.value)
                for id in index.assignments { try self.assignment(assignment, id) }
                if pending.count < 200 { pending.append((assignment.value.upperBound, event.id, value)) }
            }
        }
    }

    private func ids(_ collect: ((Int) -> Void) -> Void) -> [Int] {
        var found: [Int] = []
        withoutActuallyEscaping({ (id: Int) in if !found.contains(id) { found.append(id) } }) { collect($0) }
        return found
    }

    private mutating func call(_ call: SourceUnit.Call) throws {
        var found: [Int] = []
        for reading in flow.readings(of: call.name) {
            for id in ids({ index.calls.forEach(matching: reading, $0) }) where !found.contains(id) { found.append(id) }
        }
        guard !found.isEmpty else { return }
        let end = min(unit.tokens.count, call.close + 1)
        let span = unit.span(min(call.start, call.open)..<max(end, call.open))
        for id in found {
            try ask(id, Site(token: call.start, span: span, call: call, name: call.name))
        }
    }

    private mutating func assignment(_ assignment: SourceUnit.Assignment, _ id: Int) throws {
        for case .assignment(let pattern) in rules.rules[id].triggers {
            for name in assignment.names where try pattern.pattern().matches(name) {
                let span = unit.span(assignment.start..<max(assignment.value.upperBound, assignment.at + 1))
                try ask(
                    id,
                    Site(
                        token: assignment.start, span: span, assignment: assignment, value: assignment.value, name: name
                    ))
                return
            }
        }
    }

    // MARK: Text

    private mutating func texts() throws {
        var ids = Set(index.always)
        if let words = index.words {
            var seen = Set<Int>()
            plain.withUnsafeBytes { all in words.forEachHit(in: all) { id, _ in seen.insert(id) } }
            for id in seen { ids.formUnion(index.wordRules[id]) }
        }
        for id in ids.sorted() {
            for trigger in rules.rules[id].triggers {
                switch trigger {
                case .text(let lazy):
                    let pattern = try lazy.pattern()
                    var hits: [Range<Int>] = []
                    plain.withUnsafeBytes { all in
                        var at = 0
                        while at <= all.count, hits.count < 500, let match = pattern.firstMatch(in: all, from: at),
                            let whole = match[0]
                        {
                            hits.append((match.count > 1 ? match[1] : nil) ?? whole)
                            at = max(whole.upperBound, at + 1)
                        }
                    }
                    for hit in hits {
                        var site = Site(token: token(at: hit.lowerBound), span: hit, name: "")
                        site.isText = true
                        site.function = unit.function(around: token(at: max(hit.lowerBound, hit.upperBound - 1)))
                        try ask(id, site)
                    }
                case .string(let lazy):
                    let pattern = try lazy.pattern()
                    for (i, token) in unit.tokens.enumerated()
                    where token.kind == .string && pattern.matches(unit.bytes.part(token.inner)) {
                        try ask(id, Site(token: i, span: token.range, value: i..<(i + 1), name: ""))
                    }
                default: continue
                }
            }
        }
    }

    private func token(at offset: Int) -> Int {
        var low = 0
        var high = unit.tokens.count
        while low < high {
            let middle = (low + high) / 2
            if Int(unit.tokens[middle].end) <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Configuration

    private mutating func configuration() throws {
        guard !index.entries.isEmpty || !index.blocks.isEmpty else { return }
        let config = plain.withUnsafeBytes { ConfigUnit(bytes: $0, language: unit.language) }
        for entry in config.entries {
            let path = Array(entry.path.utf8)
            for (glob, id) in index.entries where GlobIndex.matches(glob, path) {
                let block = entry.block >= 0 ? config.blocks[entry.block].span : 0..<unit.bytes.count
                var site = Site(
                    token: 0, span: entry.start..<max(entry.start, entry.value.upperBound), name: entry.path,
                    block: block)
                site.token = -1
                try ask(id, site, text: entry.value)
            }
        }
        for block in config.blocks {
            let path = Array(block.path.utf8)
            for (glob, id) in index.blocks where GlobIndex.matches(glob, path) {
                var site = Site(token: 0, span: block.span, name: block.path, block: block.span)
                site.token = -1
                try ask(id, site, text: block.span)
            }
        }
    }

    // MARK: Conditions

    private mutating func ask(_ id: Int, _ site: Site, text: Range<Int>? = nil) throws {
        let rule = rules.rules[id]
        var origin = FlowValue.Origin.untrusted
        for line in rule.when {
            var holds = false
            for condition in line where try self.holds(condition, site, text, &origin) {
                holds = true
                break
            }
            guard holds else { return }
        }
        for line in rule.unless {
            for condition in line {
                var ignored = FlowValue.Origin.untrusted
                if try holds(condition, site, text, &ignored) { return }
            }
        }
        // Named by what flows there: a value of unknown origin is less sure than one from a request.
        let weight =
            switch origin {
            case .untrusted, .constant, .safe: 1.0
            case .local, .parameter: 0.9
            case .unknown: 0.8
            }
        // Whoever chooses arguments and environment runs the program anyway: one step less severe than a request.
        let isLocal = origin == .local && rule.severity > .low
        let severity = isLocal ? Severity(rawValue: rule.severity.rawValue - 1) ?? rule.severity : rule.severity
        findings.append(
            Finding(
                scanner: "code", rule: rule.id, category: rule.category, severity: severity,
                confidence: rule.confidence * weight,
                span: SourceSpan(start: site.span.lowerBound, end: site.span.upperBound),
                line: line(of: site.span.lowerBound), cwe: rule.cwe, message: rule.message, remedy: rule.fix))
    }

    private func line(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while low < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return max(1, low)
    }

    private mutating func holds(
        _ condition: CodeRule.Condition, _ site: Site, _ text: Range<Int>?, _ origin: inout FlowValue.Origin
    ) throws -> Bool {
        let targets = self.targets(condition.subject, site, text)
        switch condition.predicate {
        case .present: return !targets.isEmpty
        case .absent: return targets.isEmpty
        case .atLeast(let count):
            if condition.subject == .arguments { return (site.call?.arguments.count ?? 0) >= count }
            return targets.count >= count
        case .matches(let lazy):
            let pattern = try lazy.pattern()
            if condition.subject == .name { return pattern.matches(site.name) }
            if condition.subject == .path { return pattern.matches(path) }
            if condition.subject == .raw { return targets.contains { pattern.matches(unit.bytes.part($0.bytes)) } }
            for target in targets where matches(pattern, target.bytes) { return true }
            return false
        case .text(let lazy):
            let pattern = try lazy.pattern()
            for target in targets {
                guard let range = target.tokens else {
                    if matches(pattern, target.bytes) { return true }
                    continue
                }
                for token in range.prefix(400)
                where unit.kind(token) == .string && pattern.matches(unit.bytes.part(unit.tokens[token].inner)) {
                    return true
                }
                if let token = flow.evaluate(range).text, pattern.matches(unit.bytes.part(unit.tokens[token].inner)) {
                    return true
                }
            }
            return false
        case .onStack, .freed:
            for target in targets {
                guard let range = target.tokens, range.count == 1, unit.kind(range.lowerBound) == .word else {
                    continue
                }
                let name = unit.text(range.lowerBound)
                if case .freed = condition.predicate {
                    if flow.isFreed(name, at: range.lowerBound) { return true }
                } else if unit.isStackArray(name, at: range.lowerBound, from: openFunctions.last?.start ?? 0) {
                    return true
                }
            }
            return false
        case .lone:
            guard let call = site.call, let target = targets.first?.tokens, call.arguments.last?.value == target else {
                return false
            }
            guard target.allSatisfy({ unit.kind($0) == .word || unit.isMark($0, ".") || unit.isMark($0, text: "->") })
            else { return false }
            return flow.evaluate(target).origin >= .unknown
        case .made(let lazy):
            let pattern = try lazy.pattern()
            return targets.contains { target in
                guard let range = target.tokens, let maker = flow.evaluate(range).maker else { return false }
                return pattern.matches(maker)
            }
        case .wideRange:
            return targets.contains { target in
                flow.budget.spend(1 + min(target.bytes.count, 6_000) / 32)
                return plain.withUnsafeBytes { AddressRange.holdsWide($0.part(target.bytes)) }
            }
        case .anchored:
            for target in targets {
                if let range = target.tokens, flow.evaluate(range).origin >= .unknown, !flow.isAnchored(range) {
                    return false
                }
            }
            return !targets.isEmpty
        case .dynamic, .built, .untrusted, .remote, .constant:
            for target in targets {
                guard let range = target.tokens else { continue }
                let value = flow.evaluate(range)
                let holds =
                    switch condition.predicate {
                    case .dynamic: value.origin >= .unknown
                    case .built: value.isBuilt
                    case .untrusted: value.origin >= .parameter
                    case .remote: value.origin >= .local
                    default: value.origin <= .safe
                    }
                if holds {
                    if value.origin >= .unknown { origin = min(origin, value.origin) }
                    return true
                }
            }
            return false
        }
    }

    /// At most 6,000 bytes of a place are matched, a whole file or function excepted: those are answered once.
    private mutating func matches(_ pattern: Pattern, _ range: Range<Int>) -> Bool {
        flow.budget.spend(1 + min(range.count, 6_000) / 32)
        if flow.budget.isSpent { return false }
        guard range.count > 200 else { return plain.withUnsafeBytes { pattern.matches($0.part(range)) } }
        let key = Answer(pattern: ObjectIdentifier(pattern), start: range.lowerBound, end: range.upperBound)
        if let known = answers[key] { return known }
        let answer = plain.withUnsafeBytes { pattern.matches($0.part(range)) }
        answers[key] = answer
        return answer
    }

    private func targets(_ subject: CodeRule.Subject, _ site: Site, _ text: Range<Int>?) -> [(
        bytes: Range<Int>, tokens: Range<Int>?
    )] {
        func target(_ range: Range<Int>) -> (Range<Int>, Range<Int>?) {
            let span = unit.span(range)
            return (span.lowerBound..<min(span.upperBound, span.lowerBound + 6_000), range)
        }
        switch subject {
        case .argument(let n):
            let positional = (site.call?.arguments ?? []).filter { $0.name == nil }
            guard positional.indices.contains(n) else { return [] }
            return [target(positional[n].value)]
        case .any: return (site.call?.arguments ?? []).map { target($0.value) }
        case .last: return (site.call?.arguments.last).map { [target($0.value)] } ?? []
        case .keyword(let name):
            return (site.call?.arguments ?? []).filter { $0.name == name }.map { target($0.value) }
        case .arguments:
            guard let call = site.call, call.open + 1 < call.close else { return [] }
            let low = min(call.open + 1, unit.tokens.count)
            return [target(low..<max(low, min(call.close, unit.tokens.count)))]
        case .receiver:
            guard let call = site.call, call.start < call.open else { return [] }
            return [target(call.start..<call.open)]
        case .value:
            if let text { return [(text.lowerBound..<min(text.upperBound, text.lowerBound + 20_000), nil)] }
            if let value = site.value { return [target(value)] }
            // Of a match in text, the match itself.
            guard site.call == nil, site.block == nil else { return [] }
            return [(site.span.lowerBound..<min(site.span.upperBound, site.span.lowerBound + 6_000), nil)]
        case .name, .path: return []
        case .line:
            let number = line(of: site.span.lowerBound)
            let low = lineStarts[number - 1]
            let high = number < lineStarts.count ? lineStarts[number] : plain.count
            return [(low..<min(high, low + 2_000), nil)]
        case .near, .raw:
            let number = line(of: site.span.lowerBound)
            let low = lineStarts[max(0, number - 4)]
            let after = number + 3
            let high = after < lineStarts.count ? lineStarts[after] : plain.count
            return [(low..<max(low, min(high, low + 3_000)), nil)]
        case .function:
            let open = site.isText ? site.function : openFunctions.last
            guard let function = open, site.token >= 0 else { return [(0..<plain.count, nil)] }
            // From the beginning of its line, so that the name and its keyword belong to it.
            let low = lineStarts[line(of: Int(unit.tokens[min(function.start, unit.tokens.count - 1)].start)) - 1]
            let body = unit.span(function.body)
            return [(low..<max(low, body.upperBound), nil)]
        case .block: return site.block.map { [($0.lowerBound..<min($0.upperBound, $0.lowerBound + 50_000), nil)] } ?? []
        case .file: return [(0..<plain.count, nil)]
        }
    }
}
