// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A command as policies name it: a program and its sub-command words, `git push`, `npm run test:*`, `rm -rf`.
///
/// - The first word is the program's base name. The words after it that are no options must be the first words of the
///   command that are no options, in order; what follows is free. `git log` matches `git -C src log -1`.
/// - An option word asks for that option anywhere: `-rf` for each of its letters in any spelling of short options
///   (`-f -r`), `--force` for itself or `--force=…`.
/// - `*` and `?` stand for text within a word; a final `*` alone is allowed and means nothing more.
///
/// Options may have a value as the next word, and only the program knows which. For a **restriction** every option
/// that is not known may or may not take the next word: either reading is enough. For a **grant** an option before the
/// sub-command must be known to be harmless (``GlobalOptions``), since `git -c core.pager=… log` is not what
/// `git log` grants. A word that is not known (`…`) matches for a restriction and never for a grant.
struct CommandPattern: Sendable, Hashable {
    struct Fault: Error {
        let message: String
        let hint: String?
    }

    /// What the source was read as. Shared, because patterns are tried in long rows: handing one on costs one count.
    private final class Parts: Sendable {
        let program: WordGlob
        let words: [WordGlob]
        let shortOptions: [UInt8]
        let longOptions: [String]

        init(program: WordGlob, words: [WordGlob], shortOptions: [UInt8], longOptions: [String]) {
            self.program = program
            self.words = words
            self.shortOptions = shortOptions
            self.longOptions = longOptions
        }
    }

    let source: String
    private let parts: Parts

    var program: WordGlob { parts.program }
    var words: [WordGlob] { parts.words }
    private var shortOptions: [UInt8] { parts.shortOptions }
    private var longOptions: [String] { parts.longOptions }

    static func == (left: CommandPattern, right: CommandPattern) -> Bool {
        left.source.utf8.elementsEqual(right.source.utf8)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(source) }

    init(_ source: String) throws(Fault) {
        self.source = source
        guard source.utf8.count <= 512 else { throw Fault(message: "is longer than 512 bytes", hint: nil) }
        var parts = source.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard let first = parts.first else { throw Fault(message: "is empty", hint: nil) }
        if source.utf8.contains(where: Self.shellSigns.contains) {
            throw Fault(
                message: "holds shell syntax",
                hint: "name one program with its sub-command; operations are judged apart")
        }
        if first.contains("/") {
            throw Fault(message: "names a program by its path", hint: "use the base name")
        }
        if parts.count > 1, parts.last == "*" { parts.removeLast() }
        var words: [WordGlob] = []
        var short: [UInt8] = []
        var long: [String] = []
        for part in parts.dropFirst() {
            if part.hasPrefix("--"), part.count > 2 {
                long.append(String(part))
            } else if part.hasPrefix("-"), part.count > 1 {
                short += part.utf8.dropFirst()
            } else {
                words.append(WordGlob(part))
            }
        }
        self.parts = Parts(program: WordGlob(first), words: words, shortOptions: short, longOptions: long)
    }

    private static let shellSigns = Array("|;&<>`$(){}\"'\\".utf8)

    /// Runs any program.
    var isEverything: Bool { program.isAny && words.isEmpty && shortOptions.isEmpty && longOptions.isEmpty }

    /// The command is one that the pattern names, whatever is not known about it.
    func covers(_ operation: Operation) -> Bool {
        guard program.matches(operation.program), !operation.program.isEmpty else { return false }
        let options = GlobalOptions.of(operation.program)
        var at = 1
        var next = 0
        let arguments = operation.arguments
        while next < words.count {
            guard at < arguments.count else { return false }
            let argument = arguments[at]
            if Self.isUnknown(argument) { return false }
            if Self.isOption(argument) {
                guard let skip = options.harmless(argument) else { return false }
                at += skip
            } else {
                guard words[next].matches(argument) else { return false }
                next += 1
                at += 1
            }
        }
        return hasOptions(arguments, unknownCounts: false)
    }

    /// The command may be one that the pattern names.
    func touches(_ operation: Operation) -> Bool {
        guard program.matches(operation.program), hasOptions(operation.arguments, unknownCounts: true) else {
            return false
        }
        if words.isEmpty { return true }
        let arguments = operation.arguments.prefix(256)
        let options = GlobalOptions.of(operation.program)
        if let answer = startsPlainly(arguments, options) { return answer }
        // Places at which the next sub-command word may stand, in one pass: every option of unknown arity gives two.
        var places: Set<Int> = [1]
        for word in words {
            var reached: Set<Int> = []
            var seen: Set<Int> = []
            var queue = Array(places)
            while let at = queue.popLast() {
                guard at < arguments.count, seen.insert(at).inserted else { continue }
                let argument = arguments[at]
                if Self.isUnknown(argument) {
                    // It may be the word, or an option in front of it.
                    reached.insert(at + 1)
                    queue.append(at + 1)
                } else if Self.isOption(argument) {
                    switch options.arity(argument) {
                    case .none?: queue.append(at + 1)
                    case .one?: queue.append(at + 2)
                    case nil: queue += [at + 1, at + 2]
                    }
                } else if word.matches(argument) {
                    reached.insert(at + 1)
                }
            }
            if reached.isEmpty { return false }
            places = reached
        }
        return true
    }

    /// Whether the words stand where they must; nil when something in front of them may be read in more than one way.
    private func startsPlainly(_ arguments: ArraySlice<String>, _ options: GlobalOptions) -> Bool? {
        var at = 1
        var next = 0
        while next < words.count {
            guard at < arguments.count else { return false }
            let argument = arguments[at]
            if Self.isUnknown(argument) { return nil }
            if Self.isOption(argument) {
                guard let arity = options.arity(argument) else { return nil }
                at += arity == .one ? 2 : 1
            } else {
                guard words[next].matches(argument) else { return false }
                next += 1
                at += 1
            }
        }
        return true
    }

    /// A word that every command touched has; nil when there is none.
    var lookupKey: UInt64? {
        if let option = longOptions.first { return RuleKey.option(option.utf8) }
        return program.isLiteral ? RuleKey.program(program.text) : nil
    }

    /// The name of a long option, without its value; nil for every other word.
    static func longOption(_ argument: String) -> Substring.UTF8View? {
        let bytes = argument.utf8
        guard bytes.starts(with: "--".utf8) else { return nil }
        return bytes[..<(bytes.firstIndex(of: UInt8(ascii: "=")) ?? bytes.endIndex)]
    }

    private func hasOptions(_ arguments: [String], unknownCounts: Bool) -> Bool {
        if shortOptions.isEmpty, longOptions.isEmpty { return true }
        if unknownCounts, arguments.dropFirst().contains(where: Self.isUnknown) { return true }
        let words = arguments.dropFirst().prefix { $0 != "--" }
        return shortOptions.allSatisfy { letter in
            words.contains { word in
                let bytes = word.utf8
                return bytes.first == UInt8(ascii: "-") && Self.longOption(word) == nil
                    && bytes.dropFirst().contains(letter)
            }
        }
            && longOptions.allSatisfy { option in
                words.contains { Self.longOption($0)?.elementsEqual(option.utf8) ?? false }
            }
    }

    static func isUnknown(_ argument: String) -> Bool { argument.utf8.contains(0xE2) && argument.contains("…") }

    private static func isOption(_ argument: String) -> Bool {
        let bytes = argument.utf8
        return bytes.count > 1 && (bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+"))
    }
}

/// What is known of the options that programs take before their sub-command.
struct GlobalOptions: Sendable {
    enum Arity: Sendable {
        case none, one
    }

    /// Change neither what code runs nor whose settings are read.
    private let harmlessFlags: Set<String>
    private let harmlessValues: Set<String>
    /// Take a value, and may change everything.
    private let values: Set<String>
    private let flags: Set<String>

    private init(
        harmless: Set<String> = [], harmlessValues: Set<String> = [], values: Set<String> = [], flags: Set<String> = []
    ) {
        harmlessFlags = harmless
        self.harmlessValues = harmlessValues
        self.values = values
        self.flags = flags
    }

    /// How many words a harmless option takes with its value; nil for all others.
    func harmless(_ argument: String) -> Int? {
        let name = argument.prefix { $0 != "=" }
        if harmlessFlags.contains(String(name)) { return 1 }
        if harmlessValues.contains(String(name)) { return name.count < argument.count ? 1 : 2 }
        return nil
    }

    /// Whether an option takes the next word; nil when that is not known.
    func arity(_ argument: String) -> Arity? {
        let name = String(argument.prefix { $0 != "=" })
        if name.utf8.count < argument.utf8.count { return Arity.none }
        if harmlessFlags.contains(name) || flags.contains(name) { return Arity.none }
        if harmlessValues.contains(name) || values.contains(name) { return .one }
        return nil
    }

    static func of(_ program: String) -> GlobalOptions { table[program] ?? none }

    private static let none = GlobalOptions()

    private static let table: [String: GlobalOptions] = [
        "git": GlobalOptions(
            harmless: ["--no-pager", "--no-optional-locks", "--literal-pathspecs", "--no-replace-objects", "-P"],
            harmlessValues: ["-C"],
            values: ["-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env", "--super-prefix"],
            flags: ["-p", "--paginate", "--bare"]),
        "kubectl": GlobalOptions(
            harmlessValues: ["-n", "--namespace", "--context", "--cluster", "--request-timeout", "-v"],
            values: ["--kubeconfig", "-s", "--server", "--user", "--as", "--as-group", "--token", "--cache-dir"]),
        "helm": GlobalOptions(
            harmless: ["--debug"], harmlessValues: ["-n", "--namespace", "--kube-context"],
            values: ["--kubeconfig", "--registry-config", "--repository-config"]),
        "docker": GlobalOptions(
            harmless: ["-D", "--debug"], harmlessValues: ["-l", "--log-level"],
            values: ["-H", "--host", "-c", "--context", "--config", "--tlscacert", "--tlscert", "--tlskey"]),
        "aws": GlobalOptions(
            harmless: ["--no-cli-pager", "--debug"], harmlessValues: ["--region", "--output", "--profile"],
            values: ["--endpoint-url", "--ca-bundle", "--query", "--color"]),
        "gcloud": GlobalOptions(
            harmless: ["-q", "--quiet"], harmlessValues: ["--project", "--format", "--verbosity"],
            values: ["--account", "--configuration", "--impersonate-service-account"]),
        "az": GlobalOptions(harmlessValues: ["-o", "--output", "--subscription"]),
        "npm": GlobalOptions(
            harmless: ["-s", "--silent", "--quiet"], harmlessValues: ["--prefix", "-w", "--workspace"],
            values: ["--registry", "--userconfig", "--globalconfig", "--script-shell", "--cache"]),
        "pnpm": GlobalOptions(
            harmless: ["-r", "--recursive", "-s", "--silent"], harmlessValues: ["-C", "--dir", "-F", "--filter"],
            values: ["--registry", "--config"]),
        "yarn": GlobalOptions(harmless: ["-s", "--silent"], harmlessValues: ["--cwd"], values: ["--registry"]),
        "cargo": GlobalOptions(
            harmless: ["-q", "--quiet", "-v", "--verbose", "--locked", "--offline", "--frozen"],
            harmlessValues: ["--color", "-C"], values: ["--config", "-Z"]),
        "go": GlobalOptions(harmlessValues: ["-C"]),
        "make": GlobalOptions(
            harmless: ["-k", "-s", "-B"], harmlessValues: ["-C", "-j"], values: ["-f", "--file", "-I", "--eval"]),
        "terraform": GlobalOptions(harmlessValues: ["-chdir"]),
        "gh": GlobalOptions(harmlessValues: ["-R", "--repo"], values: ["--hostname"]),
        "systemctl": GlobalOptions(
            harmless: ["--no-pager", "-q", "--user"], values: ["-H", "--host", "-M", "--machine", "--root"]),
        "uv": GlobalOptions(
            harmless: ["-q", "--quiet", "--offline"], harmlessValues: ["--directory", "--project"],
            values: ["--config-file", "--cache-dir"]),
        "poetry": GlobalOptions(harmless: ["-q", "-n"], harmlessValues: ["-C", "--directory"]),
        "bundle": GlobalOptions(harmless: ["--quiet"], values: ["--gemfile"]),
        "dotnet": GlobalOptions(harmless: ["-d"], values: ["--additionalprobingpath"]),
        "tmux": GlobalOptions(values: ["-L", "-S", "-f", "-c"]),
        "ssh": GlobalOptions(values: ["-i", "-p", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-m"]),
    ]
}
