// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Effects as the lines that examples in tables and tests compare.
enum EffectSummary {
    /// One line an effect: `delete build force recursive`, `run sh -c …`, `resource.delete drops a database: x`.
    static func lines(_ effects: [Effect]) -> [String] {
        effects.map(line)
    }

    /// The parts of an expectation.
    static func split(_ expected: String) -> [String] {
        var parts: [String] = []
        var rest = expected[...]
        while let range = rest.firstRange(of: " ; ") {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        parts.append(String(rest))
        return parts
    }

    static func line(_ effect: Effect) -> String {
        switch effect {
        case .read(let value): "read \(value.display)"
        case .write(let value, let appends): (appends ? "append " : "write ") + value.display
        case .delete(let value, let traits): "delete \(value.display)\(names(traits))"
        case .search(let value): "search \(value.display)"
        case .mode(let value, let traits): "mode \(value.display)\(names(traits))"
        case .connect(let value, let method, let traits):
            "connect \(method.isEmpty ? "" : method + " ")\(value.display)\(names(traits))"
        case .listen(let value): "listen \(value.display)"
        case .upload(let file): "upload \(file.display)"
        case .uploadText(let text): "text \(text.display)"
        case .authenticate(let value): "credential \(value.display)"
        case .package(let kind, let ecosystem, let name, let traits):
            "\(kind.rawValue) \(ecosystem) \(name.display)\(names(traits))"
        case .run(let words, let environment, let takesInput, let isRemote):
            (isRemote ? "remote " : "run ")
                + environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.display) " }.joined()
                + words.map(\.display).joined(separator: " ") + (takesInput ? "" : " (no input)")
        case .runWithInputArguments(let words): "run-with-input " + words.map(\.display).joined(separator: " ")
        case .code(let value, let language): "code \(language) \(value.display)"
        case .codeFile(let value, let language): "file \(language) \(value.display)"
        case .codeInput(let language): "input \(language)"
        case .unread(let what): "unread \(what)"
        case .directory(let value): "directory \(value.display)"
        case .operation(let operation): summary(operation)
        case .output(let output):
            switch output {
            case .passesInput: "output passes"
            case .decodes: "output decodes"
            case .network: "output network"
            case .secret: "output secret"
            case .plain: "output plain"
            case .known(let value): "output known \(value.display)"
            }
        }
    }

    private static func summary(_ operation: Operation) -> String {
        var text = operation.kind.rawValue
        if !operation.remote.isEmpty { text += " remote=\(operation.remote)" }
        if !operation.branch.isEmpty { text += " branch=\(operation.branch)" }
        text += names(operation.traits)
        if !operation.detail.isEmpty { text += " (\(operation.detail))" }
        return text
    }

    private static func names(_ traits: Operation.Traits) -> String {
        Operation.Traits.names.reduce(into: "") { text, each in
            if traits.contains(each.trait) { text += " " + each.name }
        }
    }
}
