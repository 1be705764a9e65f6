// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCEL
public import WritCore

/// The operations of a shell command: what the shell engine says about it.
public typealias ShellExpander = @Sendable (_ command: String) -> [Operation]

/// What loading a policy needs from outside.
public struct PolicyOptions: Sendable {
    /// The names that `patterns` of scanner rules may use.
    public var detectorGroups: Set<String>
    /// By scanner, the confidence from which findings of a phase count when a rule states none; 0.5 where it is missing.
    public var confidences: [String: [Phase: Double]] = [:]
    /// For `examples`; without it they are noted as not run.
    public var expand: ShellExpander?
    /// A digest of bytes, for the policy's digest and `op.command_hash`.
    public var hash: (@Sendable ([UInt8]) -> String)?
    /// The keyed fingerprint of a text, for `fingerprint_seen`.
    public var fingerprint: (@Sendable (String) -> String)?
    /// Waivers that stand beside the policies, by the full id of the rule, flow or budget that they set aside. The
    /// caller has made sure that whoever wrote them may.
    public var waivers: [String: [PolicyDocument.Waiver]] = [:]
    /// Where checked policies are kept; needs ``hash``.
    public var cache: PolicyCache?

    /// The groups that the built-in detectors have, and `all` for every one of them. A group that no detector yields
    /// would make a rule that never fires, so it is no group.
    public static let defaultDetectorGroups: Set<String> = [
        "all", "api_keys", "aws_credentials", "database_urls", "passwords", "private_keys", "tokens", "webhooks",
        // Of the code scanner: code that hides what it does, doors left open, what a change takes away.
        "obfuscation", "backdoor", "diff",
        // Of the supply chain: names, what is known of them, how they are pinned, where they come from, what changed.
        "typosquat", "reputation", "advisory", "confusion", "pin", "source", "drift",
    ]

    /// Creates options.
    public init(
        detectorGroups: Set<String> = PolicyOptions.defaultDetectorGroups, expand: ShellExpander? = nil,
        hash: (@Sendable ([UInt8]) -> String)? = nil, fingerprint: (@Sendable (String) -> String)? = nil
    ) {
        self.detectorGroups = detectorGroups
        self.expand = expand
        self.hash = hash
        self.fingerprint = fingerprint
    }
}

extension PolicyDocument.Scanner {
    /// The confidence from which findings count, for each phase of the rule.
    func confidences(_ options: PolicyOptions) -> [Phase: Double] {
        var out: [Phase: Double] = [:]
        for phase in phases {
            out[phase] = thresholds[phase] ?? minimumConfidence ?? options.confidences[name]?[phase] ?? 0.5
        }
        return out
    }
}

/// The environments of all phases, each made when it is first asked for.
struct PolicyEnvironments: Sendable {
    private final class Made: Sendable {
        let functions: PolicyFunctions
        let environments = Mutex<[Phase: CELEnvironment]>([:])

        init(_ functions: PolicyFunctions) {
            self.functions = functions
        }
    }

    private static let standard = Made(PolicyFunctions(fingerprint: nil))
    private let made: Made

    init(_ options: PolicyOptions) {
        made =
            options.fingerprint == nil ? Self.standard : Made(PolicyFunctions(fingerprint: options.fingerprint))
    }

    func of(_ phase: Phase) -> CELEnvironment {
        made.environments.withLock { environments in
            if let environment = environments[phase] { return environment }
            let environment = Variable.environment(for: phase, functions: made.functions)
            environments[phase] = environment
            return environment
        }
    }
}

/// Names that stand for a kind of tool whichever host has it.
public enum ToolAliases {
    /// Changes when a name is added.
    public static let version = 1

    /// Alias names with the action they stand for.
    public static let table: [(name: String, action: Operation.Kind)] = [
        ("shell_execute", .shellExec), ("shell", .shellExec), ("file_read", .fileRead), ("file_write", .fileWrite),
        ("file_delete", .fileDelete), ("file_search", .fileSearch), ("web_fetch", .httpRequest),
        ("browser_navigate", .browserNavigate), ("mcp_call", .mcpCall), ("agent_spawn", .agentSpawn),
    ]

    /// The hosts' own names of their shell tools.
    public static let shellTools: Set<String> = [
        "Bash", "bash", "shell", "Shell", "exec_command", "local_shell", "run_shell_command", "powershell",
        "PowerShell", "beforeShellExecution", "execute_command", "run_terminal_cmd", "run_in_terminal", "execute_bash",
        "shell_command", "shell_execute", "BashOutput", "terminal",
    ]

    static func kinds(of name: String) -> UInt64 {
        table.reduce(0) { $1.name == name ? $0 | Matcher.bit($1.action) : $0 }
    }
}
