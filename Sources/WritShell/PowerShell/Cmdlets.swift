// SPDX-License-Identifier: Apache-2.0

/// Names of PowerShell: aliases, what only looks, which parameters take no value.
enum Cmdlets {
    /// The name behind an alias, in lower case.
    static func canonical(_ name: String) -> String {
        let lowered = name.lowercased()
        let plain = lowered.hasSuffix(".exe") ? String(lowered.dropLast(4)) : lowered
        return aliases[plain] ?? plain
    }

    /// `Verb-Noun`.
    static func isCmdlet(_ name: String) -> Bool {
        guard let dash = name.firstIndex(of: "-"), dash != name.startIndex else { return false }
        return name[..<dash].allSatisfy(\.isLetter) && name[name.index(after: dash)...].first?.isLetter == true
            && verbs.contains(String(name[..<dash]))
    }

    /// It looks, shows or computes and changes nothing.
    static func isHarmless(_ name: String) -> Bool {
        if harmless.contains(name) { return true }
        guard let dash = name.firstIndex(of: "-") else { return false }
        return lookingVerbs.contains(String(name[..<dash]))
    }

    private static let lookingVerbs: Set<String> = [
        "get", "select", "where", "measure", "format", "test", "compare", "sort", "group", "convertto", "convertfrom",
        "join", "split", "resolve", "find", "show", "read", "wait",
    ]
    private static let verbs: Set<String> = lookingVerbs.union([
        "add", "approve", "assert", "backup", "block", "build", "checkpoint", "clear", "close", "complete", "compress",
        "confirm", "connect", "convert", "copy", "debug", "deny", "deploy", "disable", "disconnect", "dismount", "edit",
        "enable", "enter", "exit", "expand", "export", "foreach", "grant", "hide", "import", "initialize", "install",
        "invoke", "limit", "lock", "merge", "mount", "move", "new", "open", "optimize", "out", "ping", "pop", "protect",
        "publish", "push", "receive", "redo", "register", "remove", "rename", "repair", "request", "reset", "resize",
        "restart", "restore", "resume", "revoke", "save", "search", "send", "set", "skip", "start", "step", "stop",
        "submit", "suspend", "switch", "sync", "tee", "trace", "unblock", "undo", "uninstall", "unlock", "unprotect",
        "unpublish", "unregister", "update", "use", "watch", "write",
    ])
    private static let harmless: Set<String> = [
        "write-host", "write-output", "write-error", "write-warning", "write-verbose", "write-debug", "write-progress",
        "write-information", "out-string", "out-host", "out-null", "out-default", "new-object", "new-timespan",
        "new-guid", "new-variable", "set-variable", "clear-host", "start-sleep", "set-strictmode", "import-csv",
        "push-location", "pop-location", "new-temporaryfile", "update-typedata", "out-gridview", "new-alias",
        "set-psdebug", "use-culture", "return", "exit", "break", "continue", "throw", "param", "begin", "process",
        "end",
    ]

    private static let aliases: [String: String] = [
        "rm": "remove-item", "ri": "remove-item", "del": "remove-item", "erase": "remove-item", "rd": "remove-item",
        "rmdir": "remove-item", "cat": "get-content", "gc": "get-content", "type": "get-content", "sc": "set-content",
        "ac": "add-content", "clc": "clear-content", "cp": "copy-item", "copy": "copy-item", "cpi": "copy-item",
        "mv": "move-item", "move": "move-item", "mi": "move-item", "ren": "rename-item", "rni": "rename-item",
        "ls": "get-childitem", "dir": "get-childitem", "gci": "get-childitem", "gi": "get-item", "ni": "new-item",
        "md": "new-item", "mkdir": "new-item", "cd": "set-location", "chdir": "set-location", "sl": "set-location",
        "pushd": "push-location", "popd": "pop-location", "iwr": "invoke-webrequest", "wget": "invoke-webrequest",
        "curl": "invoke-webrequest", "irm": "invoke-restmethod", "iex": "invoke-expression", "icm": "invoke-command",
        "saps": "start-process", "start": "start-process", "sajb": "start-job", "kill": "stop-process",
        "spps": "stop-process", "echo": "write-output", "write": "write-output", "%": "foreach-object",
        "foreach": "foreach-object", "?": "where-object", "where": "where-object", "select": "select-object",
        "sort": "sort-object", "tee": "tee-object", "measure": "measure-object", "sls": "select-string",
        "gal": "get-alias", "sal": "set-alias", "sv": "set-variable", "set": "set-variable", "gv": "get-variable",
        "gps": "get-process", "ps": "get-process", "gsv": "get-service", "sasv": "start-service",
        "spsv": "stop-service", "sp": "set-itemproperty", "gp": "get-itemproperty", "ipmo": "import-module",
        "ft": "format-table", "fl": "format-list", "pwd": "get-location", "gl": "get-location", "cls": "clear-host",
        "clear": "clear-host", "sleep": "start-sleep", "ii": "invoke-item", "iwmi": "invoke-wmimethod",
        "fw": "format-wide", "group": "group-object", "diff": "compare-object", "h": "get-history", "oh": "out-host",
    ]

    /// Whether a parameter takes no value, by its name or the beginning of it.
    static func isSwitch(_ name: String) -> Bool {
        if switches.contains(name) { return true }
        return name.utf8.count > 1 && switches.contains { $0.hasPrefix(name) }
            && !valued.contains { $0.hasPrefix(name) }
    }

    private static let valued = [
        "path", "filter", "filepath", "verb", "argumentlist", "uri", "value", "pattern", "passphrase",
    ]

    private static let switches: Set<String> = [
        "recurse", "r", "force", "f", "whatif", "verbose", "usebasicparsing", "append", "nonewline", "wait", "passthru",
        "asplaintext", "hidden", "raw", "nonewwindow", "skipcertificatecheck", "directory", "file", "nologo",
        "noprofile", "confirm", "usedefaultcredentials", "allowclobber", "noclobber", "asjob", "rf", "fr", "quiet",
        "simplematch", "casesensitive", "all", "name",
    ]
}
