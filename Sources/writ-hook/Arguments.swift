// SPDX-License-Identifier: Apache-2.0

/// What the installed entry says: `writ-hook AGENT [--home DIR] [--event NAME] [--deadline-ms N] [--daemon PATH|any]`.
struct Arguments {
    var agent = ""
    var home: String?
    var event = ""
    var milliseconds: Int?
    /// The program that is started, and the only one that may answer.
    var daemon: String?
    /// Any process of this user may answer. For tests, and for a daemon in another process namespace.
    var trustsAnyProgram = false

    /// Reads the arguments after the program's name; the fault is one line.
    init(_ words: some Sequence<String>) throws(ArgumentFault) {
        var rest = Array(words)[...]
        while let word = rest.popFirst() {
            switch word {
            case "--home": home = try Arguments.value(of: word, &rest)
            case "--event": event = try Arguments.value(of: word, &rest)
            case "--daemon":
                let path = try Arguments.value(of: word, &rest)
                if path == "any" { trustsAnyProgram = true } else { daemon = path }
            case "--deadline-ms":
                let text = try Arguments.value(of: word, &rest)
                guard let number = Int(text), (100...600_000).contains(number) else {
                    throw ArgumentFault(message: "`--deadline-ms` takes 100 to 600000")
                }
                milliseconds = number
            default:
                guard agent.isEmpty, !word.hasPrefix("-"), !word.isEmpty, word.utf8.count <= 64 else {
                    throw ArgumentFault(message: "unexpected argument")
                }
                agent = word
            }
        }
        guard !agent.isEmpty else { throw ArgumentFault(message: "the agent's name is missing") }
        if let daemon, !daemon.hasPrefix("/") {
            throw ArgumentFault(message: "`--daemon` takes an absolute path or `any`")
        }
    }

    private static func value(of name: String, _ rest: inout ArraySlice<String>) throws(ArgumentFault) -> String {
        guard let value = rest.popFirst(), !value.isEmpty, value.utf8.count <= 4096 else {
            throw ArgumentFault(message: "`\(name)` takes a value")
        }
        return value
    }
}

struct ArgumentFault: Error {
    let message: String
}
