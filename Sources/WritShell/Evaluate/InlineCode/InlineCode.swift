import WritCore
struct InlineLanguage { static func named(_ n: String) -> InlineLanguage? { nil } }
struct InlineCode {
    enum Effect {
        case read(Value), write(Value), delete(Value, isRecursive: Bool), mode(Value), search(Value)
        case connect(Value, sends: Bool, taints: Operation.Taints), listen, shell(Value), program([Value]), secret(String)
        case computed(String, Operation.Taints), networkShell, signal
    }
    init(grammar: InlineLanguage, text: String) {}
    mutating func effects() -> [Effect] { [] }
}
