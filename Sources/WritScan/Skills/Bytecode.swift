// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Compiled Python beside its source, or without: what it names and its source does not.
enum Bytecode {
    /// Bytes of bytecode whose names are read.
    private static let limit = 4 << 20

    /// - Parameter source: nil where there is none; empty where it is known to be there but was not read.
    static func finding(path: String, content: [UInt8], source: [UInt8]?) -> Finding {
        func finding(_ rule: String, _ severity: Severity, _ confidence: Double, _ message: String) -> Finding {
            Finding(
                scanner: "skill", rule: rule, category: "skill", severity: severity, confidence: confidence,
                message: message, remedy: "delete it; it is made again from the source")
        }
        guard let source else {
            return finding("bytecode", .high, 0.9, "compiled bytecode without source")
        }
        if !source.isEmpty, !content.isEmpty {
            // A hash that nobody checks (PEP 552): Python runs it whatever the source says.
            if content.count >= 16, content[2] == 0x0D, content[3] == 0x0A, content[4] == 1,
                content[5...7].allSatisfy({ $0 == 0 })
            {
                return finding(
                    "bytecode-unchecked", .high, 0.9, "compiled bytecode that runs without a look at its source")
            }
            let odd = names(in: content).filter { !contains(source, $0) }
            if let first = odd.first {
                return finding(
                    "bytecode-differs", .critical, 0.93,
                    "compiled bytecode names `\(KeyPath.name(String(decoding: first, as: UTF8.self)))`, which its source does not"
                )
            }
        }
        return finding("bytecode", .medium, 0.6, "compiled bytecode lies beside its source and can differ from it")
    }

    /// Modules and functions that reach out of a program.
    private static let powers = [
        "subprocess", "socket", "urllib", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "paramiko", "ctypes",
        "marshal", "base64", "popen", "system", "exec", "eval", "b64decode", "urlopen", "execvp", "pty",
    ]

    /// Addresses, places of credentials and names with power that the bytecode holds.
    private static func names(in bytes: [UInt8]) -> [[UInt8]] {
        var out: [[UInt8]] = []
        var at = 16
        let end = min(bytes.count, limit)
        while at < end, out.count < 64 {
            guard bytes[at] > 0x20, bytes[at] < 0x7F else {
                at += 1
                continue
            }
            var close = at
            while close < end, bytes[close] >= 0x20, bytes[close] < 0x7F { close += 1 }
            let run = bytes[at..<close]
            if close - at >= 8, let scheme = text(run, "://") ?? text(run, "/.ssh") ?? text(run, ".aws/") {
                // The scheme's letters may follow other bytes at once: what stands around the sign is enough.
                out.append(Array(run[scheme..<min(run.endIndex, scheme + 24)]))
            }
            // The file's own name stands in its bytecode too.
            if text(run, ".py") == nil {
                for power in powers where text(run, power) != nil { out.append(Array(power.utf8)) }
            }
            at = close
        }
        return out
    }

    private static func text(_ bytes: ArraySlice<UInt8>, _ text: String) -> Int? {
        let text = Array(text.utf8)
        guard bytes.count >= text.count else { return nil }
        return bytes.indices.dropLast(text.count - 1).first { bytes[$0..<($0 + text.count)].elementsEqual(text) }
    }

    private static func contains(_ bytes: [UInt8], _ other: [UInt8]) -> Bool {
        guard let first = other.first, bytes.count >= other.count else { return false }
        var at = 0
        while at + other.count <= bytes.count {
            if bytes[at] == first, bytes[at..<(at + other.count)].elementsEqual(other) { return true }
            at += 1
        }
        return false
    }
}
