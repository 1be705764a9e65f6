// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// What names of skills and servers pretend to be.
enum NameJudgement {
    private static func finding(
        _ rule: String, _ severity: Severity, _ confidence: Double, _ span: SourceSpan, _ line: Int, _ message: String,
        _ remedy: String
    ) -> Finding {
        Finding(
            scanner: "skill", rule: rule, category: "skill", severity: severity, confidence: confidence, span: span,
            line: line, message: message, remedy: remedy)
    }

    /// Of a skill, an agent or a command.
    ///
    /// - Parameters:
    ///   - path: where it lies; a folder of the publisher's own name speaks for it.
    ///   - origin: where the repository comes from that it lies in; one of the publisher's speaks for it too.
    static func findings(
        _ declaration: SkillDeclaration, path: String?, origin: String?, _ names: TrustedNames
    ) -> [Finding] {
        var out: [Finding] = []
        if !declaration.name.isEmpty, let found = names.likeness(ofSkill: declaration.name) {
            out.append(
                finding(
                    "name-look-alike", .medium, 0.75, declaration.nameSpan, declaration.nameLine,
                    "`\(PurposeJudgement.shown(declaration.name))` is not `\(PurposeJudgement.shown(found.target))` but looks like it (\(found.trick))",
                    "install `\(PurposeJudgement.shown(found.target))` if that was meant; rename this one if it is yours"
                ))
        }
        let claim = names.claim(in: declaration.name + " " + declaration.description)
        let author = names.publisher(author: declaration.author)
        if let publisher = claim ?? author {
            let folders = (path ?? "").lowercased().split(separator: "/")
            let isHome = folders.contains { folder in
                publisher.homes.contains { folder == $0 || folder.hasPrefix($0 + "-") }
            }
            if !isHome, origin.map({ TrustedNames.isHome(origin: $0, of: publisher) }) != true {
                out.append(
                    finding(
                        "claimed-publisher", .low, claim != nil ? 0.45 : 0.3, declaration.nameSpan,
                        declaration.nameLine,
                        "it says that it is \(publisher.name)'s, and nothing about its place shows that",
                        "compare it with the publisher's own copy before you trust it"))
            }
        }
        return out
    }

    /// Of MCP servers in settings.
    static func findings(servers bytes: UnsafeRawBufferPointer, path: String, _ names: TrustedNames) -> [Finding] {
        var out: [Finding] = []
        var lines = LineCounter()
        for server in ConfiguredServers.read(bytes, path: path).sorted(by: { $0.span.start < $1.span.start }) {
            let line = lines.line(of: server.span.start, in: bytes)
            let package = server.package?.name
            if let package, let found = names.likeness(ofPackage: package) {
                out.append(
                    finding(
                        "name-look-alike", .high, 0.8, server.span, line,
                        "the server `\(PurposeJudgement.shown(server.name))` is started from `\(PurposeJudgement.shown(package))`, which is not `\(found.target)` but looks like it (\(found.trick))",
                        "start `\(found.target)` if that was meant"))
                continue
            }
            if let found = names.likeness(ofServer: server.name) {
                // A slip in the name of what really is that server harms nobody.
                let isItself =
                    names.server(found.target).map { known in
                        package.map { known.packages.contains($0.lowercased()) } == true
                            || isHost(server.host, of: known, names)
                    } ?? false
                if !isItself {
                    out.append(
                        finding(
                            "name-look-alike", .medium, 0.6, server.span, line,
                            "the server `\(PurposeJudgement.shown(server.name))` is not `\(PurposeJudgement.shown(found.target))` but looks like it (\(found.trick))",
                            "remove it unless you know who made it"))
                }
                continue
            }
            guard let known = names.server(server.name),
                let publisher = known.publisher.flatMap(names.publisher(named:)),
                isPublic(server.host), !isHost(server.host, of: known, names)
            else { continue }
            out.append(
                finding(
                    "claimed-publisher", .medium, 0.6, server.span, line,
                    "the server `\(PurposeJudgement.shown(server.name))` is called like \(publisher.name)'s, but is at `\(PurposeJudgement.shown(server.host))`",
                    "use the publisher's own address, or give it the name of whoever runs it"))
        }
        return out
    }

    private static func isHost(_ host: String, of server: TrustedNames.Server, _ names: TrustedNames) -> Bool {
        guard !host.isEmpty, let publisher = server.publisher.flatMap(names.publisher(named:)) else { return false }
        return publisher.hosts.contains { host == $0 || host.hasSuffix("." + $0) }
    }

    /// A name in the public network.
    private static func isPublic(_ host: String) -> Bool {
        guard host.contains("."), !host.hasPrefix("127."), !host.hasPrefix("10."), !host.hasPrefix("192.168.") else {
            return false
        }
        let last = host.split(separator: ".").last.map(String.init) ?? ""
        return !["local", "localhost", "internal", "lan", "corp", "home", "test", "example"].contains(last)
    }
}
