// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritDaemon
import WritDelegation
import WritWire

struct DelegationVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify a writ without the daemon, and show each of its links.",
        discussion: """
            FILE holds the tokens with `~` between them, the root first, as `writ delegation show --token` prints them. \
            Signatures, anchors, narrowing, times and this machine's revocation list are looked at. Exits 0 when the writ \
            holds, 1 when not; then the first error's stable code is told.

            Example:
              writ delegation show 3f9a21bc --token | writ delegation verify -
            """)

    @OptionGroup var home: HomeOptions

    @Option(
        help: ArgumentHelp("Trust the anchors of this file instead of this machine's.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var anchors: String?

    @Option(
        help: ArgumentHelp("Who verifies, as the writ's `aud` names it; by default this machine.", valueName: "name"))
    var audience: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Argument(help: "The file; - is standard input.", completion: .file())
    var file: String

    func run() throws {
        let text = String(decoding: try DelegationTermsFile.bytes(of: file), as: UTF8.self).filter { !$0.isWhitespace }
        let now = Moment.now / 1000
        var check = try HomeState.delegationCheck(of: try home.resolve())
        if let anchors {
            let bytes = try DelegationTermsFile.contents(of: anchors)
            do throws(DelegationError) {
                check.anchors = try TrustAnchors(parsing: bytes)
            } catch {
                throw CommandFault("\(anchors): \(error.message)")
            }
        }
        let links = DelegationText.unverified(text)
        let expectation = DelegationChain.Expectation(
            audience: audience ?? check.audience, now: now, revocations: check.revocations)
        var fault: DelegationError?
        do throws(DelegationError) {
            _ = try DelegationChain.verify(text, anchors: check.anchors, expecting: expectation)
        } catch {
            fault = error
        }
        if json { try show(links, fault) } else { show(links, fault, now) }
        if fault != nil { throw ExitCode(1) }
    }

    private func show(_ links: [Delegation], _ fault: DelegationError?) throws {
        var object: JSON = ["valid": .bool(fault == nil), "links": .array(try links.map { try $0.claims() })]
        if let fault {
            object.set("code", .string(fault.code.rawValue))
            object.set("message", .string(fault.message))
            if let link = fault.link { object.set("link", .integer(Int64(link))) }
        }
        Terminal.line(object.text)
    }

    private func show(_ links: [Delegation], _ fault: DelegationError?, _ now: Int64) {
        for (index, link) in links.enumerated() {
            Terminal.line(Terminal.styled("link \(index)  \(Terminal.harmless(link.id))", .bold))
            for line in DelegationText.lines(of: link, now: now) { Terminal.line(Terminal.harmless(line)) }
            if fault?.link == index {
                Terminal.line(Terminal.styled("  refused     \(fault?.code.rawValue ?? "")", .red))
            }
        }
        guard let fault else { return Terminal.line(Terminal.styled("the writ holds", .green)) }
        Terminal.error("\(fault.code.rawValue): \(Terminal.harmless(fault.message))")
    }
}

struct DelegationAnchors: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anchors",
        abstract: "Show whose writs count here, and add or remove a key.",
        discussion: """
            This machine's own key always counts for writs that it issues itself. Others, such as a team's control plane, \
            lie in `anchors.json` beside the policies. The key that is shown first is what another machine trusts to take \
            this one's writs, or names as the holder of writs for this one.

            Examples:
              writ delegation anchors
              writ delegation anchors --add https://writ.acme.example --key 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo
              writ delegation anchors --remove https://writ.acme.example
            """)

    @OptionGroup var home: HomeOptions

    @Option(help: ArgumentHelp("Trust this issuer's writs.", valueName: "issuer"))
    var add: String?

    @Option(help: ArgumentHelp("With --add: its Ed25519 key, the `x` of its JWK: 43 characters.", valueName: "x"))
    var key: String?

    @Option(
        help: ArgumentHelp("Trust no key of this issuer any more.", valueName: "issuer"), completion: Offer.issuers)
    var remove: String?

    @Flag(help: "Print the anchors as JSON.")
    var json = false

    func validate() throws {
        guard (add == nil) == (key == nil), add == nil || remove == nil else {
            throw ValidationError("use --add with --key, or --remove alone")
        }
    }

    func run() throws {
        let home = try home.resolve()
        var trusted = try HomeState.anchors(of: home)
        if let add, let key {
            let jwk: JSON = ["kty": "OKP", "crv": "Ed25519", "x": .string(key)]
            guard let publicKey = DelegationPublicKey(jwk: jwk) else {
                throw CommandFault("`\(key.prefix(60))` is no Ed25519 key", hint: "it has 43 characters of base64url")
            }
            trusted = trusted.adding(TrustAnchors([.init(issuer: add, key: publicKey)]))
            try HomeState.save(trusted, of: home)
        }
        if let remove {
            let rest = trusted.anchors.filter { $0.issuer != remove }
            guard rest.count < trusted.anchors.count else {
                throw CommandFault("no anchor is called `\(remove)`", hint: "`writ delegation anchors` shows them")
            }
            trusted = TrustAnchors(rest)
            try HomeState.save(trusted, of: home)
        }
        let check = try HomeState.delegationCheck(of: home)
        if json {
            var object = trusted.json
            object.set("audience", .string(check.audience))
            if let own = check.own { object.set("own", ["iss": .string(own.urn), "jwk": own.jwk]) }
            Terminal.line(object.text)
            return
        }
        if let own = check.own {
            Terminal.line("\(Terminal.styled("this machine", .bold))  \(own.jwk["x"]?.string ?? "")  \(check.audience)")
        } else {
            Terminal.line("this machine has issued no writ yet")
        }
        for anchor in trusted.anchors {
            Terminal.line("\(Terminal.harmless(anchor.issuer))  \(anchor.key.jwk["x"]?.string ?? "")")
        }
    }
}
