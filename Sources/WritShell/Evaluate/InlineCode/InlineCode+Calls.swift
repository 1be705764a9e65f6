// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Calls by another name, and what the numbers in a call mean.
extension InlineCode {
    /// Functions that call what their first argument names.
    static let callers: Set<String> = [
        "array_map", "array_walk", "array_filter", "call_user_func", "call_user_func_array", "usort",
        "register_shutdown_function",
    ]

    /// `array_map("unlink", glob("/x/*"))`: false when the first argument names nothing of interest.
    mutating func callBack(_ end: Int) -> Bool {
        let arguments = arguments(from: end).arguments
        guard let name = arguments.first?.value.text, let action = action(of: name) else { return false }
        var at = end + 1
        while at < min(closing(end), tokens.count), tokens[at] != .symbol(",") { at += 1 }
        var value = arguments.count > 1 ? arguments[1].value : .unknown(.variable("argument"))
        if let list = arguments.count > 1 ? arguments[1].list : nil, let first = list.first { value = first }
        if at + 3 < tokens.count, case .name(let inner) = tokens[at + 1], self.action(of: inner) == .search,
            case .string(let folder) = tokens[at + 3]
        {
            value = filled(folder)
        }
        switch action {
        case .shell: effects.append(.shell(value))
        case .delete, .deleteTree: effects.append(.delete(value, isRecursive: action == .deleteTree))
        case .read: effects.append(.read(value))
        case .eval: effects.append(.computed("php code that the code computes", value.taints))
        default: return false
        }
        return true
    }

    /// A mode that gives the owner's rights to whoever runs the file, or that lets everybody write it.
    func opensMode(from start: Int, to end: Int) -> Bool {
        let end = min(end, tokens.count)
        guard start < end else { return false }
        return tokens[start..<end].contains { token in
            switch token {
            case .number(let text):
                let digits = text.drop { $0 == "0" || $0 == "o" || $0 == "O" }
                guard text.hasPrefix("0"), let mode = Int(digits, radix: 8) else { return false }
                return mode & 0o6002 != 0
            case .name(let name): return name.hasSuffix("S_ISUID") || name.hasSuffix("S_ISGID")
            default: return false
            }
        }
    }
}
