// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// The canonical text of one simple command, for rules that match text.
public struct CommandText: Sendable, Hashable {
    /// Words after all expansion, joined by one space; `…` for what is not known.
    public var text: String
    /// Bytes of the analysed command.
    public var span: SourceSpan
    /// Programs between the call and this command.
    public var depth: Int

    /// Creates a command's text.
    public init(text: String, span: SourceSpan, depth: Int = 0) {
        self.text = text
        self.span = span
        self.depth = depth
    }
}

/// What running a command would do.
public struct ShellAnalysis: Sendable {
    /// Effects in the order in which they were found. At most 200; past that one is opaque by limit.
    public var operations: [Operation]
    public var script: ShellScript
    /// Why the rest of the text is no script; the operations cover what stands before it.
    public var syntaxError: ShellSyntaxError?
    /// Every simple command that would run, nested code included, at most 200.
    public var commands: [CommandText]
    /// The text that was analysed.
    public var source: String

    /// The text with quotes removed, blanks and continuations as one space; operators stay.
    public var normalisedText: String {
        NormalisedText.of(source)
    }

    /// Some operation's effect is not known.
    public var isOpaque: Bool {
        operations.contains { $0.opaque != nil }
    }
}

/// From the text of a command to the operations that running it would have.
///
/// Pure and total: any text ends in an analysis, in bounded time and memory. What cannot be known is an operation with
/// ``WritCore/Operation/opaque`` set, never silence.
public enum ShellAnalyzer {
    /// Analyses a command.
    public static func analyze(_ command: String, in context: ShellContext = ShellContext()) -> ShellAnalysis {
        let outcome = ShellParser.parse(command, dialect: context.dialect)
        let evaluator = Evaluator(context: context)
        var state = ShellState(directory: Value(context.workingDirectory))
        state.scriptName = Value(context.inherited("SHELL") ?? "/bin/bash")
        if let error = outcome.error, !context.keepsInput,
            let parts = Fragments.scripts(in: command, outcome, error, dialect: context.dialect)
        {
            let whole = SourceSpan(start: 0, end: command.utf8.count)
            for (index, part) in parts.enumerated() {
                let (operations, commands) = (evaluator.operations.count, evaluator.commands.count)
                evaluator.run(part, &state, Streams())
                // Only the first was read from the start of the text, and it may have been completed behind its end.
                func place(_ span: SourceSpan) -> SourceSpan {
                    index > 0
                        ? whole : SourceSpan(start: min(span.start, whole.end), end: min(span.end, whole.end))
                }
                for at in evaluator.operations.indices.dropFirst(operations) {
                    evaluator.operations[at].span = evaluator.operations[at].span.map(place)
                }
                for at in evaluator.commands.indices.dropFirst(commands) {
                    evaluator.commands[at].span = place(evaluator.commands[at].span)
                }
                // What one of them ends, ends with the fault at the latest.
                state.hasEnded = false
            }
            evaluator.current = Evaluator.Current(command: "", span: whole)
            evaluator.note(Operation(.shellExec, opaque: .unparsable, detail: "a fragment, \(error.message)"))
            return ShellAnalysis(
                operations: evaluator.operations, script: outcome.script, syntaxError: outcome.error,
                commands: evaluator.commands, source: command)
        }
        evaluator.run(outcome.script, &state, Streams())
        if let error = outcome.error {
            evaluator.current = Evaluator.Current(
                command: "", span: SourceSpan(start: error.offset, end: command.utf8.count))
            evaluator.note(Operation(.shellExec, opaque: error.isLimit ? .limit : .unparsable, detail: error.message))
        }
        return ShellAnalysis(
            operations: evaluator.operations, script: outcome.script, syntaxError: outcome.error,
            commands: evaluator.commands, source: command)
    }
}

extension ShellAnalyzer {
    /// The operations that PowerShell text would have.
    ///
    /// Cmdlets and methods that are not known make the run opaque (`computed`), with their name in the detail.
    public static func operations(ofPowerShell text: String, in context: ShellContext = ShellContext()) -> [Operation] {
        let evaluator = Evaluator(context: context)
        var state = ShellState(directory: Value(context.workingDirectory))
        evaluator.current = Evaluator.Current(
            program: "powershell", arguments: [], command: text, span: SourceSpan(start: 0, end: text.utf8.count))
        evaluator.note(Operation(.shellExec, traits: .interpreter))
        evaluator.runPowerShell(Value(text), &state, Streams())
        return evaluator.operations
    }
}

extension ShellAnalyzer {
    /// The operations that SQL would have on a database and, where it reaches outside of it, on files and programs of the
    /// machine. The same for a client's command line and for a tool that takes statements.
    public static func operations(ofSQL text: String, in context: ShellContext = ShellContext()) -> [Operation] {
        let evaluator = Evaluator(context: context)
        let state = ShellState(directory: Value(context.workingDirectory))
        evaluator.current = Evaluator.Current(
            program: "sql", arguments: [], command: text, span: SourceSpan(start: 0, end: text.utf8.count))
        evaluator.noteSQL(Value(text), state)
        return evaluator.operations
    }
}

/// Text with quoting taken off, for rules that match text.
enum NormalisedText {
    static func of(_ source: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(source.utf8.count)
        var quote: UInt8 = 0
        var isEscaped = false
        for byte in source.utf8 {
            if isEscaped {
                isEscaped = false
                if byte == 0x0A { continue }
                if quote == 0x22, byte != 0x22, byte != 0x24, byte != 0x60, byte != 0x5C { result.append(0x5C) }
                result.append(byte)
                continue
            }
            switch byte {
            case 0x5C where quote != 0x27: isEscaped = true
            case 0x27 where quote != 0x22: quote = quote == 0x27 ? 0 : 0x27
            case 0x22 where quote != 0x27: quote = quote == 0x22 ? 0 : 0x22
            case 0x20 where quote == 0, 0x09 where quote == 0:
                if let last = result.last, last != 0x20, last != 0x0A { result.append(0x20) }
            default: result.append(byte)
            }
        }
        while result.last == 0x20 { result.removeLast() }
        return String(decoding: result, as: UTF8.self)
    }
}
