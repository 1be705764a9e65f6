// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Walks the tree of a script as the shell would run it and notes every effect.
///
/// Nothing is run. Where a condition is not known, both ways are walked and what they leave behind is joined; a loop
/// over known words is unrolled, any other is walked twice, the second time with everything it changes unknown.
final class Evaluator {
    /// Most steps (commands, words, substitutions) in one analysis.
    static let stepLimit = 20_000
    static let operationLimit = 200
    /// Plain runs of programs that may fill the list; the rest is kept for effects that matter more.
    static let plainRunLimit = 120
    static let nestingLimit = 64
    /// Most code in code in code.
    static let codeDepthLimit = 8
    static let unrollLimit = 48

    /// The command whose effects are being noted.
    struct Current {
        var program = ""
        var arguments: [String] = []
        var command = ""
        var span: SourceSpan?
    }

    /// Where `break`, `continue` and `return` lead.
    struct Frame {
        enum Kind { case loop, function, shell }
        var kind: Kind
        var exits: [ShellState] = []
        var continues: [ShellState] = []
        /// What `local` hid.
        var hidden: [String: Variable?] = [:]
    }

    /// A file that the analysed command writes before it is read or run.
    struct WrittenFile {
        var content: Value
        /// The program that it is a copy of.
        var program: String?
    }

    /// A `>(…)` that waits for what is written to it.
    struct Sink {
        var path: String
        var script: ShellScript
        var span: SourceSpan
    }

    let context: ShellContext
    var dialect: ShellDialect
    var operations: [Operation] = []
    var commands: [CommandText] = []
    var current = Current()
    var depth = 0
    var codeDepth = 0
    var nesting = 0
    var stepsLeft = Evaluator.stepLimit
    var plainRuns = 0
    /// The place in the call's text of code that is nested in it.
    var baseSpan: SourceSpan?
    var files: [String: WrittenFile] = [:]
    /// Where the content of files comes from whose names are not known in full, by pattern.
    var patternTaints: [String: Operation.Taints] = [:]
    /// What paths are known for, by path: the same ones come up again and again.
    var pathClasses: (plain: [String: [PathClass]], patterns: [String: [PathClass]]) = ([:], [:])
    var captures: [Value] = []
    var frames: [Frame] = []
    var sinks: [Sink] = []
    var remote: String?
    /// Folders that this command unpacked or cloned from a place that nobody vouches for.
    var fetchedFolders: [String] = []
    /// What runs now runs as another user.
    var isRaised = false
    var isLimited = false
    var seen: Set<Int> = []
    var descriptorPaths = 63
    /// Functions that are running, and aliases that are being replaced.
    var callStack: [String] = []
    var callsInPipelines: Set<String> = []
    var openAliases: Set<String> = []
    /// Names in the search path that are copies of a program.
    var copies: [String: String] = [:]
    /// `${x+word}` with a variable that nobody has seen stands for nothing, not for the word.
    var assumesUnset = false
    /// Such a parameter was expanded.
    var metUndecided = false
    /// Symbolic links that this command made, by their paths.
    var links: [String: String] = [:]
    /// How many variables stand for unknown parts of code.
    var placeholders = 0
    /// Operations of programs that take code from an input that is not known.
    var inputInterpreters: [Int] = []

    init(context: ShellContext) {
        self.context = context
        dialect = context.dialect
    }

    // MARK: - Notes

    /// Notes an operation; what it leaves out is filled in from the command at hand.
    func note(_ noted: consuming Operation) {
        var operation = noted
        if operation.program.isEmpty { operation.program = current.program }
        if operation.arguments.isEmpty { operation.arguments = current.arguments }
        if operation.command.isEmpty { operation.command = current.command }
        if operation.span == nil { operation.span = current.span }
        operation.depth = depth
        if operation.taints.contains(.net), operation.kind == .shellExec, !operation.taints.contains(.stranger) {
            operation.traits.insert(.published)
        }
        operation.taints.remove(.stranger)
        if let remote {
            if operation.host.isEmpty { operation.host = remote }
            if operation.detail.isEmpty { operation.detail = "on \(remote)" }
        }
        let isPlain = operation.kind == .shellExec && operation.opaque == nil && operation.taints.isEmpty
        if operations.count >= Self.operationLimit - 1 || (isPlain && plainRuns >= Self.plainRunLimit) {
            reachLimit("more operations than are listed")
            return
        }
        // The same effect of the same command is listed once, however many ways lead to it.
        var hasher = Hasher()
        hasher.combine(operation.kind.index)
        Self.combine(operation.command, into: &hasher)
        Self.combine(operation.path, into: &hasher)
        Self.combine(operation.host, into: &hasher)
        Self.combine(operation.detail, into: &hasher)
        // Two branches of one push are two effects.
        Self.combine(operation.remote, into: &hasher)
        Self.combine(operation.branch, into: &hasher)
        Self.combine(operation.method, into: &hasher)
        hasher.combine(operation.port)
        hasher.combine(operation.isPattern)
        hasher.combine(operation.role == .data)
        if let package = operation.package {
            Self.combine(package.ecosystem, into: &hasher)
            Self.combine(package.name, into: &hasher)
            Self.combine(package.version, into: &hasher)
        }
        hasher.combine(UInt64(operation.traits.rawValue) << 8 | UInt64(operation.taints.rawValue))
        if let opaque = operation.opaque { Self.combine(opaque.rawValue, into: &hasher) }
        hasher.combine(operation.depth)
        hasher.combine(operation.span?.start ?? -1)
        guard seen.insert(hasher.finalize()).inserted else { return }
        if isPlain { plainRuns += 1 }
        operations.append(operation)
    }

    /// The bytes alone: texts are not compared as people read them.
    private static func combine(_ text: String, into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(UInt8(0xFF))
    }

    /// Notes, once, that not everything was looked at.
    func reachLimit(_ what: String) {
        if isLimited { return }
        isLimited = true
        operations.append(
            Operation(
                .shellExec, program: current.program, command: current.command, opaque: .limit, detail: what,
                depth: depth, span: current.span))
    }

    /// Takes one step; false when no more may be taken.
    func step() -> Bool {
        stepsLeft -= 1
        if stepsLeft > 0 { return true }
        reachLimit("more steps than are followed")
        return false
    }

    /// Adds to what the command at hand writes to its standard output.
    func write(_ value: @autoclosure () -> Value, to streams: Streams) {
        if streams.captures, !captures.isEmpty { captures[captures.count - 1].append(value()) }
    }

    /// Runs a part with its output collected.
    func capturing(_ part: () -> Void) -> Value {
        captures.append(Value(""))
        part()
        return captures.removeLast()
    }

    // MARK: - Scripts

    func run(_ script: ShellScript, _ state: inout ShellState, _ streams: Streams) {
        for statement in script.statements {
            if state.hasEnded || stepsLeft <= 0 { return }
            run(statement, &state, streams)
        }
    }

    private func run(_ statement: Statement, _ state: inout ShellState, _ streams: Streams) {
        guard statement.isBackground else {
            runList(statement, &state, streams)
            return
        }
        if let function = callStack.last { callsInPipelines.insert(function) }
        let start = operations.count
        var copy = state
        runList(statement, &copy, streams)
        for index in start..<operations.count { operations[index].traits.insert(.background) }
        let outer = current
        current = Current(span: baseSpan ?? statement.span)
        if start < operations.count {
            current.program = operations[start].program
            current.command = operations[start].command
            current.arguments = operations[start].arguments
        }
        note(Operation(.shellBackground, traits: .background))
        current = outer
        state.status = .success
    }

    private func runList(_ statement: Statement, _ state: inout ShellState, _ streams: Streams) {
        // `$(which x || echo x)`: one of the parts makes the output, not all of them.
        let isAlternative =
            streams.captures && !statement.rest.isEmpty && captures.last?.isEmpty == true
            && statement.rest.allSatisfy { $0.joiner == .or }
        run(statement.first, &state, streams)
        if statement.rest.isEmpty { return }
        // States that skip the next part, because the one before it failed (`&&`) or succeeded (`||`).
        var skipped: [ShellState] = []
        for next in statement.rest {
            if state.hasEnded {
                // `exit && x`: nothing follows on this path; paths that skipped may still take it up.
                guard let resumed = takeSkipped(&skipped, for: next.joiner) else { continue }
                state = resumed
            } else {
                for index in skipped.indices.reversed() where Self.takes(skipped[index].status, next.joiner) == true {
                    state.join(skipped.remove(at: index))
                }
                switch Self.takes(state.status, next.joiner) {
                case true?: break
                case false?:
                    skipped.append(state)
                    guard let resumed = takeSkipped(&skipped, for: next.joiner) else {
                        state = skipped.removeLast()
                        continue
                    }
                    state = resumed
                case nil:
                    var other = state
                    other.status = next.joiner == .and ? .failure : .success
                    skipped.append(other)
                    if skipped.count > 4 {
                        var joined = skipped.removeFirst()
                        for state in skipped { joined.join(state) }
                        skipped = [joined]
                    }
                }
            }
            if isAlternative, let first = captures.last {
                let second = capturing { run(next.pipeline, &state, streams) }
                captures[captures.count - 1] = Self.alternative(first, second)
            } else {
                run(next.pipeline, &state, streams)
            }
        }
        for other in skipped { state.join(other) }
    }

    /// Output that is either of two: the first where both name the same program, else as if both came.
    private static func alternative(_ first: Value, _ second: Value) -> Value {
        if let name = programName(first), !name.isEmpty, name == programName(second) { return first }
        var both = first
        both.append(second)
        return both
    }

    private static func programName(_ value: Value) -> String? {
        value.text.map { PathText.name(String($0.prefix { $0 != "\n" })) }
    }

    private static func takes(_ status: ExitStatus, _ joiner: Statement.Joiner) -> Bool? {
        switch status {
        case .unknown: nil
        case .success: joiner == .and
        case .failure: joiner == .or
        }
    }

    private func takeSkipped(_ skipped: inout [ShellState], for joiner: Statement.Joiner) -> ShellState? {
        guard let index = skipped.lastIndex(where: { Self.takes($0.status, joiner) == true }) else { return nil }
        return skipped.remove(at: index)
    }

    // MARK: - Pipelines

    func run(_ pipeline: Pipeline, _ state: inout ShellState, _ streams: Streams) {
        if pipeline.commands.count == 1 {
            run(pipeline.commands[0], &state, streams)
        } else {
            runStages(pipeline, &state, streams)
        }
        if pipeline.isNegated {
            switch state.status {
            case .success: state.status = .failure
            case .failure: state.status = .success
            case .unknown: break
            }
        }
    }

    private func runStages(_ pipeline: Pipeline, _ state: inout ShellState, _ streams: Streams) {
        var input = streams.input
        let outerInterpreters = inputInterpreters
        inputInterpreters = []
        if let function = callStack.last { callsInPipelines.insert(function) }
        for (index, command) in pipeline.commands.enumerated() {
            let isLast = index == pipeline.commands.count - 1
            var copy = state
            var stage = streams
            stage.input = input
            if index > 0 { stage.inputHost = nil }
            let start = operations.count
            if isLast {
                // zsh, and bash with `lastpipe`, run the last part in the shell itself; what it sets is possible after.
                run(command, &copy, stage)
                state.status = copy.status
                if dialect == .zsh, !copy.hasEnded { state.join(copy) }
            } else {
                stage.captures = true
                stage.outputHost = nil
                let output = capturing { run(command, &copy, stage) }
                input = Input(output)
            }
            // `sh <fifo | nc host`: what the shell answers goes to the network, so the shell is the network's.
            if !inputInterpreters.isEmpty, index > 0 {
                for place in start..<operations.count where operations[place].kind == .netConnect {
                    operations[place].traits.insert(.networkShell)
                    for shell in inputInterpreters where shell < start && shell < operations.count {
                        operations[shell].traits.insert(.networkShell)
                    }
                }
            }
        }
        inputInterpreters = outerInterpreters
    }

    // MARK: - Commands

    func run(_ command: Command, _ state: inout ShellState, _ streams: Streams) {
        guard step() else { return }
        nesting += 1
        defer { nesting -= 1 }
        if nesting > Self.nestingLimit {
            reachLimit("nested deeper than is followed")
            return
        }
        if case .simple(let assignments, let words) = command.body {
            runSimple(assignments, words, command, &state, streams)
            return
        }
        if command.redirections.isEmpty {
            runBody(command, &state, streams)
            return
        }
        let outer = current
        current = Current(span: baseSpan ?? command.span)
        let target = open(command.redirections, &state, streams)
        run(into: target, &state) { state, streams in self.runBody(command, &state, streams) }
        current = outer
    }

    private func runBody(_ command: Command, _ state: inout ShellState, _ streams: Streams) {
        switch command.body {
        case .simple: break
        case .subshell(let script): runSubshell(script, &state, streams)
        case .group(let script): run(script, &state, streams)
        case .conditional(let branches, let otherwise): runConditional(branches, otherwise, &state, streams)
        case .loop(let until, let condition, let body): runLoop(until, condition, body, &state, streams)
        case .forEach(let name, let words, let body), .select(let name, let words, let body):
            runForEach(name, words, body, &state, streams)
        case .forArithmetic(let initial, let condition, let step, let body):
            runForArithmetic(initial, condition, step, body, &state, streams)
        case .switchCase(let subject, let arms): runCase(subject, arms, &state, streams)
        case .function(let name, let body):
            state.functions[name] = body
            state.status = .success
        case .arithmetic(let word):
            let result = arithmetic(word, &state)
            state.status = result.map { $0 == 0 ? .failure : .success } ?? .unknown
        case .test(let condition): state.status = test(condition, &state)
        case .coprocess(let name, let body):
            var copy = state
            var quiet = streams
            quiet.captures = false
            quiet.input = Input(.unknown(.output))
            let start = operations.count
            run(body, &copy, quiet)
            for index in start..<operations.count { operations[index].traits.insert(.background) }
            state.variables[name ?? "COPROC"] = Variable(content: .list([0: Value("63"), 1: Value("60")]))
            state.status = .success
        }
    }

    /// Runs in a copy; only the status comes back.
    func runSubshell(_ script: ShellScript, _ state: inout ShellState, _ streams: Streams) {
        var copy = state
        frames.append(Frame(kind: .shell))
        run(script, &copy, streams)
        frames.removeLast()
        state.status = copy.status
    }

    private func runConditional(
        _ branches: [Command.Branch], _ otherwise: ShellScript?, _ state: inout ShellState, _ streams: Streams
    ) {
        var results: [ShellState] = []
        var isSettled = false
        for branch in branches {
            run(branch.condition, &state, streams)
            if state.hasEnded {
                isSettled = true
                break
            }
            if state.status == .failure { continue }
            let isCertain = state.status == .success
            var taken = state
            run(branch.body, &taken, streams)
            results.append(taken)
            if isCertain {
                isSettled = true
                break
            }
        }
        if isSettled {
            state.hasEnded = true
        } else if let otherwise {
            run(otherwise, &state, streams)
        } else {
            state.status = .success
        }
        for result in results { state.join(result) }
    }

    private func runCase(
        _ subject: Word, _ arms: [Command.Arm], _ state: inout ShellState, _ streams: Streams
    ) {
        let value = single(subject, &state)
        var results: [ShellState] = []
        var fallsThrough = false
        var isSettled = false
        for arm in arms {
            var match: Bool? = fallsThrough ? true : false
            if !fallsThrough {
                for pattern in arm.patterns {
                    let text = patternText(pattern, &state)
                    if text == "*" {
                        match = true
                        break
                    }
                    guard let text, let subject = value.text else {
                        match = match == true ? true : nil
                        continue
                    }
                    if ShellPattern.matches(text, subject) {
                        match = true
                        break
                    }
                }
            }
            if match == false { continue }
            var taken = state
            run(arm.body, &taken, streams)
            switch arm.end {
            case .leave:
                results.append(taken)
                fallsThrough = false
                if match == true { isSettled = true }
            case .fallThrough:
                state.join(taken)
                fallsThrough = true
            case .testNext: state.join(taken)
            }
            if isSettled { break }
        }
        if isSettled { state.hasEnded = true }
        for result in results { state.join(result) }
    }

    // MARK: - Loops

    private func runLoop(
        _ until: Bool, _ condition: ShellScript, _ body: ShellScript, _ state: inout ShellState, _ streams: Streams
    ) {
        frames.append(Frame(kind: .loop))
        var rounds = 0
        var after: ShellState?
        func leave(_ leaving: ShellState) {
            if after == nil { after = leaving } else { after?.join(leaving) }
        }
        while !state.hasEnded, stepsLeft > 0 {
            let before = state
            run(condition, &state, streams)
            if state.hasEnded { break }
            let goes: Bool? =
                switch state.status {
                case .success: !until
                case .failure: until
                case .unknown: nil
                }
            if goes == false {
                leave(state)
                break
            }
            if goes == nil { leave(state) }
            run(body, &state, streams)
            resume(&state)
            rounds += 1
            if goes == true, rounds < Self.unrollLimit, state.variables != before.variables || streams.input != nil {
                continue
            }
            // The same with everything unknown that the loop changes.
            if !state.hasEnded {
                state.widen(from: before)
                run(condition, &state, streams)
                if !state.hasEnded { leave(state) }
                run(body, &state, streams)
                resume(&state)
                if !state.hasEnded {
                    state.widen(from: before)
                    leave(state)
                }
            }
            break
        }
        finishLoop(&state, after)
    }

    private func runForEach(
        _ name: String, _ words: [Word]?, _ body: ShellScript, _ state: inout ShellState, _ streams: Streams
    ) {
        var values: [Value] = []
        if let words {
            for word in words { fields(of: word, &state, into: &values) }
        } else {
            values = state.arguments
            if state.hasUnknownArguments { values.append(.unknown(.variable("@"))) }
        }
        frames.append(Frame(kind: .loop))
        var after = state
        var rounds = 0
        // A long row of numbers only counts: a few of them, and then any.
        let isCount = values.count > 8 && values.allSatisfy { $0.text.flatMap { Int($0) } != nil }
        let limit = isCount ? 3 : Self.unrollLimit
        for value in values {
            if state.hasEnded || stepsLeft <= 0 { break }
            if rounds == limit {
                // The rest at once: the values joined.
                var taints = Operation.Taints()
                for value in values[rounds...] { taints.formUnion(value.taints) }
                state.variables[name] = Variable(.unknown(.limit, taints: taints))
            } else {
                state.variables[name] = Variable(value)
            }
            let before = state
            run(body, &state, streams)
            resume(&state)
            // One word of unknown length stands for any number of them.
            if !value.isKnown, !state.hasEnded, state.variables != before.variables {
                state.widen(from: before)
                run(body, &state, streams)
                resume(&state)
            }
            rounds += 1
            if rounds > limit {
                state.widen(from: before)
                break
            }
        }
        if !values.isEmpty, values.allSatisfy({ $0.isKnown }) { after.hasEnded = true }
        if state.hasEnded {
            finishLoop(&state, after)
        } else {
            after.join(state)
            finishLoop(&state, after)
        }
    }

    private func runForArithmetic(
        _ initial: Word?, _ condition: Word?, _ step: Word?, _ body: ShellScript, _ state: inout ShellState,
        _ streams: Streams
    ) {
        if let initial { _ = arithmetic(initial, &state) }
        frames.append(Frame(kind: .loop))
        var after: ShellState?
        var rounds = 0
        while !state.hasEnded, stepsLeft > 0 {
            let goes = condition.map { arithmetic($0, &state) } ?? 1
            if goes == 0 { break }
            let before = state
            if goes == nil || rounds >= Self.unrollLimit {
                after = state
                run(body, &state, streams)
                resume(&state)
                if let step, !state.hasEnded { _ = arithmetic(step, &state) }
                state.widen(from: before)
                run(body, &state, streams)
                resume(&state)
                break
            }
            run(body, &state, streams)
            resume(&state)
            if let step, !state.hasEnded { _ = arithmetic(step, &state) }
            rounds += 1
        }
        if var exit = after {
            exit.join(state)
            finishLoop(&state, exit)
        } else {
            finishLoop(&state, state.hasEnded ? nil : state)
        }
    }

    /// Takes up the paths that `continue` cut.
    private func resume(_ state: inout ShellState) {
        guard !frames.isEmpty else { return }
        for continued in frames[frames.count - 1].continues {
            var path = continued
            path.hasEnded = false
            if state.hasEnded { state = path } else { state.join(path) }
        }
        frames[frames.count - 1].continues = []
    }

    private func finishLoop(_ state: inout ShellState, _ after: ShellState?) {
        let frame = frames.removeLast()
        var result = after ?? state
        if after == nil, !state.hasEnded { result = state }
        for exit in frame.exits {
            var path = exit
            path.hasEnded = false
            if result.hasEnded { result = path } else { result.join(path) }
        }
        state = result
        if !state.hasEnded { state.status = .unknown }
    }

    // MARK: - Conditions

    /// `[[ … ]]`: everything in it is expanded for its side effects; the answer is known for plain strings only.
    func test(_ condition: Condition, _ state: inout ShellState) -> ExitStatus {
        guard step() else { return .unknown }
        nesting += 1
        defer { nesting -= 1 }
        if nesting > Self.nestingLimit {
            reachLimit("nested deeper than is followed")
            return .unknown
        }
        switch condition {
        case .word(let word):
            let value = single(word, &state)
            return value.text.map { $0.isEmpty ? .failure : .success } ?? .unknown
        case .unary(let name, let word):
            let value = single(word, &state)
            switch (name, value.text) {
            case ("-n", let text?): return text.isEmpty ? .failure : .success
            case ("-z", let text?): return text.isEmpty ? .success : .failure
            default: return .unknown
            }
        case .binary(let name, let left, let right):
            let first = single(left, &state)
            switch name {
            case "==", "=", "!=":
                let pattern = patternText(right, &state)
                guard let pattern, let text = first.text else { return .unknown }
                return ShellPattern.matches(pattern, text) == (name != "!=") ? .success : .failure
            case "-eq", "-ne", "-lt", "-le", "-gt", "-ge":
                let leftNumber = arithmeticValue(of: first, &state)
                let rightNumber = arithmeticValue(of: single(right, &state), &state)
                guard let leftNumber, let rightNumber else { return .unknown }
                return Self.compare(leftNumber, name, rightNumber) ? .success : .failure
            default:
                _ = single(right, &state)
                return .unknown
            }
        case .not(let inner):
            switch test(inner, &state) {
            case .success: return .failure
            case .failure: return .success
            case .unknown: return .unknown
            }
        case .and(let left, let right):
            let first = test(left, &state)
            if first == .failure { return .failure }
            let second = test(right, &state)
            return first == .success ? second : (second == .failure ? .failure : .unknown)
        case .or(let left, let right):
            let first = test(left, &state)
            if first == .success { return .success }
            let second = test(right, &state)
            return first == .failure ? second : (second == .success ? .success : .unknown)
        }
    }

    static func compare(_ left: Int, _ name: String, _ right: Int) -> Bool {
        switch name {
        case "-eq": left == right
        case "-ne": left != right
        case "-lt": left < right
        case "-le": left <= right
        case "-gt": left > right
        default: left >= right
        }
    }
}

/// Data that a command reads from its standard input; what `read` takes is gone for the next.
final class Input {
    /// It is the text of a file that nobody has read, and not what another program makes.
    var isFile = false
    var value: Value

    init(_ value: Value) {
        self.value = value
    }
}

/// What a command's standard streams are tied to.
struct Streams {
    /// nil: the session's own input.
    var input: Input?
    /// Somebody wants the output.
    var captures = false
    /// The host whose socket is the standard input or output.
    var inputHost: String?
    var outputHost: String?
}
