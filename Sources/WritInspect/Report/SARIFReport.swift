// SPDX-License-Identifier: Apache-2.0
public import WritCore

extension ScanReport {
    /// The report as SARIF 2.1.0: one run, one rule for each rule that was seen, suppressed findings with their
    /// suppression, notes as notifications of the invocation.
    ///
    /// - Parameter root: the absolute folder that paths are relative to.
    public func sarif(version: String, root: String) -> JSON {
        var rules = RuleTable()
        var results: [JSON] = (findings + suppressed).map { rules.result($0) }
        results += review.map { rules.result($0) }
        let notifications = notes.map(Self.notification)
        return .object([
            .init("$schema", "https://json.schemastore.org/sarif-2.1.0.json"), .init("version", "2.1.0"),
            .init(
                "runs",
                .array([
                    .object([
                        .init(
                            "tool",
                            .object([
                                .init(
                                    "driver",
                                    .object([
                                        .init("name", "writ"), .init("semanticVersion", .string(version)),
                                        .init("version", .string(version)), .init("rules", .array(rules.rules)),
                                    ]))
                            ])),
                        .init(
                            "invocations",
                            .array([
                                .object([
                                    .init("executionSuccessful", .bool(!isIncomplete)),
                                    .init("toolExecutionNotifications", .array(notifications)),
                                ])
                            ])),
                        .init("originalUriBaseIds", ["ROOT": ["uri": .string("file://" + Self.uri(root) + "/")]]),
                        .init("columnKind", "unicodeCodePoints"), .init("results", .array(results)),
                    ])
                ])),
        ])
    }

    private static func notification(_ note: Note) -> JSON {
        let level = note.kind == .unreadable ? "error" : note.kind == .limit ? "warning" : "note"
        let count = note.count == 1 ? "" : " (\(note.count))"
        var members: [JSON.Member] = [
            .init("level", .string(level)), .init("message", ["text": .string(note.message + count)]),
            .init("descriptor", ["id": .string("note-" + note.kind.rawValue)]),
        ]
        // The place of a settings notice carries its line.
        let path = note.path.map { note.kind == .settings ? String($0.prefix { $0 != ":" }) : $0 }
        if let path {
            members.append(
                .init(
                    "locations", .array([["physicalLocation": ["artifactLocation": RuleTable.artifact(path)]]])))
        }
        return .object(members)
    }

    /// Percent-encodes what RFC 3986 asks for; `/` stays.
    static func uri(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// The rules of one run, each once.
private struct RuleTable {
    private(set) var rules: [JSON] = []
    private var known: [String: Int] = [:]

    mutating func result(_ found: LocatedFinding) -> JSON {
        let finding = found.finding
        let id = "\(finding.scanner)/\(finding.rule)"
        let index = index(of: id, found)
        var region: [JSON.Member] = [.init("startLine", .integer(Int64(max(1, finding.line))))]
        if let column = found.column { region.append(.init("startColumn", .integer(Int64(column)))) }
        region.append(.init("endLine", .integer(Int64(max(finding.line, found.endLine)))))
        if let end = found.endColumn { region.append(.init("endColumn", .integer(Int64(end)))) }
        if let excerpt = found.excerpt { region.append(.init("snippet", ["text": .string(excerpt.text)])) }
        var text = finding.message
        if let commit = found.commit { text += " (commit \(commit.prefix(12)))" }
        var members: [JSON.Member] = [
            .init("ruleId", .string(id)), .init("ruleIndex", .integer(Int64(index))),
            .init("level", .string(Self.level(finding.severity))), .init("message", ["text": .string(text)]),
            .init(
                "locations",
                .array([
                    .object([
                        .init(
                            "physicalLocation",
                            .object([
                                .init("artifactLocation", Self.artifact(found.path)), .init("region", .object(region)),
                            ]))
                    ])
                ])),
            .init("partialFingerprints", ["writFinding/v1": .string(found.identity)]),
            .init("rank", .number((finding.confidence * 1000).rounded() / 10)),
        ]
        if let suppression = found.suppression {
            members.append(
                .init(
                    "suppressions",
                    .array([
                        [
                            "kind": "external", "status": "accepted",
                            "justification": .string("\(suppression.reason) (until \(suppression.expires))"),
                        ]
                    ])))
        }
        return .object(members)
    }

    mutating func result(_ item: ReviewItem) -> JSON {
        let id = "review/\(item.area)"
        let index: Int
        if let old = known[id] {
            index = old
        } else {
            index = rules.count
            known[id] = index
            rules.append(
                Self.rule(
                    id, item.reason, help: item.reason + " A person should look at it before it is merged.",
                    tags: ["review"], severity: .medium, level: "warning"))
        }
        return .object([
            .init("ruleId", .string(id)), .init("ruleIndex", .integer(Int64(index))), .init("kind", "review"),
            .init("level", "none"), .init("message", ["text": .string(item.reason)]),
            .init(
                "locations",
                .array([
                    [
                        "physicalLocation": [
                            "artifactLocation": Self.artifact(item.path),
                            "region": ["startLine": .integer(Int64(max(1, item.line)))],
                        ]
                    ]
                ])),
        ])
    }

    private mutating func index(of id: String, _ found: LocatedFinding) -> Int {
        if let old = known[id] { return old }
        let finding = found.finding
        known[id] = rules.count
        var tags = ["security", finding.scanner]
        // The form that code hosts read as a weakness.
        if let cwe = finding.cwe {
            tags.append("external/cwe/" + cwe.lowercased())
        }
        let general = RuleText.texts[id]
        let title = general?.title ?? finding.message
        let remedy = general?.help ?? finding.remedy
        let help = remedy.isEmpty ? title : title + " " + remedy
        rules.append(
            Self.rule(
                id, title, help: help, tags: tags, severity: finding.severity,
                level: Self.level(finding.severity)))
        return rules.count - 1
    }

    private static func rule(
        _ id: String, _ text: String, help: String, tags: [String], severity: Severity, level: String
    ) -> JSON {
        .object([
            .init("id", .string(id)), .init("name", .string(name(id))),
            .init("shortDescription", ["text": .string(text)]), .init("fullDescription", ["text": .string(help)]),
            .init("help", ["text": .string(help), "markdown": .string(help)]),
            .init("defaultConfiguration", ["level": .string(level)]),
            .init(
                "properties",
                .object([
                    .init("tags", .array(tags.map { .string($0) })),
                    .init("security-severity", .string(score(severity))), .init("precision", "medium"),
                ])),
        ])
    }

    /// `secrets/github-pat` as `SecretsGithubPat`.
    private static func name(_ id: String) -> String {
        id.split { !$0.isLetter && !$0.isNumber }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func level(_ severity: Severity) -> String {
        switch severity {
        case .critical, .high: "error"
        case .medium: "warning"
        case .low, .info: "note"
        }
    }

    /// Within the ranges that code hosts show as critical, high, medium and low.
    private static func score(_ severity: Severity) -> String {
        switch severity {
        case .critical: "9.5"
        case .high: "8.0"
        case .medium: "5.5"
        case .low: "3.0"
        case .info: "0.0"
        }
    }

    static func artifact(_ path: String) -> JSON {
        path.hasPrefix("/")
            ? ["uri": .string("file://" + ScanReport.uri(path))]
            : ["uri": .string(ScanReport.uri(path)), "uriBaseId": "ROOT"]
    }
}
