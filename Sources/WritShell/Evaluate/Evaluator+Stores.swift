// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Commands of key-value and document stores.
extension Evaluator {
    /// Redis commands, one a line.
    func noteRedis(_ code: Value) {
        for line in code.display.split(separator: "\n").prefix(50) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map { $0.uppercased() }
            guard let verb = words.first else { continue }
            let second = words.count > 1 ? words[1] : ""
            if Self.redisReads.contains(verb) || second == "GET" && verb == "CONFIG" { continue }
            let name = verb.lowercased()
            switch verb {
            case "FLUSHALL", "FLUSHDB":
                note(
                    Operation(
                        .resourceDelete, method: verb, traits: [.irreversible, .wide], detail: "deletes all keys",
                        taints: code.taints))
            case "DEL", "UNLINK", "HDEL", "SREM", "ZREM", "LTRIM", "XTRIM", "GETDEL", "ZREMRANGEBYSCORE", "SWAPDB":
                note(
                    Operation(
                        .resourceDelete, method: verb, traits: .irreversible, detail: "deletes keys: \(name)",
                        taints: code.taints))
            case "EVAL", "EVALSHA", "MODULE", "FUNCTION", "SCRIPT", "FCALL", "DEBUG":
                note(
                    Operation(
                        .shellExec, traits: .interpreter, opaque: .computed, detail: "code of the store: \(name)",
                        taints: code.taints))
            case "CONFIG", "ACL", "REPLICAOF", "SLAVEOF", "SHUTDOWN", "CLUSTER", "FAILOVER", "SENTINEL":
                note(
                    Operation(
                        .shellExec, opaque: .computed,
                        detail: "changes the store's server: \(name) \(second.lowercased())", taints: code.taints))
            default:
                note(
                    Operation(
                        .resourceWrite, method: verb, opaque: code.isKnown ? nil : .computed,
                        detail: "changes keys: \(name)", taints: code.taints))
            }
        }
    }

    private static let redisReads: Set<String> = [
        "GET", "MGET", "KEYS", "SCAN", "INFO", "PING", "EXISTS", "TTL", "PTTL", "TYPE", "STRLEN", "GETRANGE", "HGET",
        "HGETALL", "HKEYS", "HVALS", "HLEN", "HMGET", "HSCAN", "LRANGE", "LLEN", "LINDEX", "SMEMBERS", "SCARD",
        "SISMEMBER", "SSCAN", "ZRANGE", "ZCARD", "ZSCORE", "ZSCAN", "ZCOUNT", "ZRANK", "XRANGE", "XLEN", "XINFO",
        "DBSIZE", "TIME", "ECHO", "MEMORY", "OBJECT", "LASTSAVE", "COMMAND", "HELLO", "SELECT", "LOLWUT", "LATENCY",
        "SLOWLOG", "MONITOR", "SUBSCRIBE", "PSUBSCRIBE", "AUTH", "QUIT", "ROLE",
    ]

    /// Calls of the mongo shell, wherever they stand in the code.
    func noteMongo(_ code: Value) {
        let text = code.display
        for (call, detail) in [
            (".drop(", "deletes a collection"), (".dropDatabase(", "deletes a database"),
            (".deleteMany(", "deletes documents"), (".deleteOne(", "deletes a document"),
            (".remove(", "deletes documents"), (".findOneAndDelete(", "deletes a document"),
            (".dropIndex", "deletes an index"), (".dropUser(", "deletes a user"),
            ("dropDatabase:", "deletes a database"),
        ] where text.contains(call) {
            note(
                Operation(
                    .resourceDelete, method: String(call.filter { $0.isLetter }), traits: .irreversible, detail: detail,
                    taints: code.taints))
        }
        for call in [
            ".insert", ".update", ".replaceOne(", ".createIndex", ".createUser(", ".renameCollection(", ".bulkWrite(",
            ".createCollection(", ".grantRoles", ".findOneAndUpdate(", ".findOneAndReplace(", "$out", "$merge",
        ] where text.contains(call) {
            note(
                Operation(
                    .resourceWrite, method: String(call.filter { $0.isLetter }),
                    detail: "changes documents or settings",
                    taints: code.taints))
        }
        for call in ["runProgram(", "$where", "$function", "shutdownServer(", ".adminCommand("]
        where text.contains(call) && !(call == ".adminCommand(" && Self.onlyLooks(text)) {
            note(
                Operation(
                    .shellExec, traits: .interpreter, opaque: .computed,
                    detail: "code of the store: \(call.filter { $0.isLetter })", taints: code.taints))
        }
    }

    /// Every administrative command of the code is one that tells how the server is.
    private static func onlyLooks(_ text: String) -> Bool {
        var rest = text[...]
        while let range = rest.firstRange(of: ".adminCommand(") {
            rest = rest[range.upperBound...].drop { " {\"'".contains($0) }
            guard looks.contains(String(rest.prefix { $0.isLetter })) else { return false }
        }
        return true
    }

    private static let looks: Set<String> = [
        "ping", "hello", "isMaster", "serverStatus", "buildInfo", "listDatabases", "connectionStatus", "currentOp",
        "replSetGetStatus", "getParameter", "getCmdLineOpts", "hostInfo", "getLog", "top", "dbStats", "listCommands",
    ]
}
