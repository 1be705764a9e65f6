// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Why a writ, a revocation list, an anchor file or a proof was refused.
public struct DelegationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable names for programs; a name never changes its meaning. `docs/vectors/delegations.json` has a case for each.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Past a stated limit of bytes.
        case size = "WRIT_E_SIZE"
        /// More links than a chain may have.
        case hops = "WRIT_E_HOPS"
        /// Not three base64url parts, or not strict JSON inside.
        case parse = "WRIT_E_PARSE"
        /// The header is not exactly what this kind of token has.
        case header = "WRIT_E_HEADER"
        /// A claim is missing, unknown, of the wrong type, past its limit, or holds characters that nobody sees.
        case claims = "WRIT_E_CLAIMS"
        /// Written for another version of Writ.
        case version = "WRIT_E_VERSION"
        /// Signed by a key that is no trust anchor.
        case anchor = "WRIT_E_ANCHOR"
        /// The anchor exists, but was not to sign at that time.
        case anchorWindow = "WRIT_E_ANCHOR_WINDOW"
        /// The signature is not the key's over these bytes.
        case signature = "WRIT_E_SIGNATURE"
        /// The header names another key than the one that had to sign.
        case key = "WRIT_E_KEY"
        /// The issuer is not the one that the signing key stands for.
        case issuer = "WRIT_E_ISSUER"
        /// The depth is not one more than the parent's, is past its maximum, or the maximum grew.
        case depth = "WRIT_E_DEPTH"
        /// The link was derived from another parent.
        case parentHash = "WRIT_E_PARENT_HASH"
        /// Two links of a chain have one id.
        case duplicateID = "WRIT_E_ID"
        /// The person is another one than in the parent.
        case principal = "WRIT_E_PRINCIPAL"
        /// The task is neither the parent's nor a part of it.
        case task = "WRIT_E_TASK"
        /// The agent is not one that the parent may delegate to.
        case delegate = "WRIT_E_DELEGATE"
        /// An audience that the parent has not, or the verifier is not among them.
        case audience = "WRIT_E_AUDIENCE"
        /// An environment that the parent has not, or the link does not hold in the present one.
        case environment = "WRIT_E_ENVIRONMENT"
        /// A budget above the parent's, or none where the parent has one.
        case budget = "WRIT_E_BUDGET"
        /// Times that contradict each other or reach beyond the parent's.
        case times = "WRIT_E_TIMES"
        /// Lives longer than the verifier accepts.
        case lifetime = "WRIT_E_LIFETIME"
        /// The time is past.
        case expired = "WRIT_E_EXPIRED"
        /// The time has not come.
        case notYet = "WRIT_E_NOT_YET"
        /// A link of the chain was revoked.
        case revoked = "WRIT_E_REVOKED"
        /// The revocation list is missing or older than accepted.
        case staleList = "WRIT_E_STALE_LIST"
        /// The revocation list is older than one seen before.
        case rollback = "WRIT_E_ROLLBACK"
        /// The proof of possession is not for this use of this writ now.
        case possession = "WRIT_E_POP"
        /// The proof was used before, or too many are in use to tell.
        case replay = "WRIT_E_REPLAY"
    }

    /// For programs.
    public let code: Code
    /// One sentence for people, lower case, no full stop. What it quotes was shortened, and holds no control character.
    public let message: String
    /// The link at fault, 0 for the root; nil when none is.
    public let link: Int?

    init(_ code: Code, _ message: String, link: Int? = nil) {
        self.code = code
        self.message = message
        self.link = link
    }

    func inLink(_ index: Int) -> DelegationError { DelegationError(code, message, link: link ?? index) }

    public var description: String {
        guard let link else { return "\(code.rawValue): \(message)" }
        return "\(code.rawValue): link \(link): \(message)"
    }
}

/// Text from outside as it may stand in a sentence for people.
enum Shown {
    /// In backticks, at most 60 characters, what can't be seen or would end the quote replaced.
    static func text(_ text: String) -> String {
        let limit = 60
        var out = "`"
        for scalar in text.unicodeScalars.prefix(limit) {
            let isPlain = scalar.value >= 0x20 && scalar != "`" && !VisibleText.isHidden(scalar)
            out.unicodeScalars.append(isPlain ? scalar : "\u{FFFD}")
        }
        return out + (text.unicodeScalars.count > limit ? "…`" : "`")
    }
}

/// Characters that people see.
enum VisibleText {
    /// The character can't be seen, breaks the line or changes the order in which others are shown.
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        // U+FFFD is what broken text turns into while it is read.
        scalar.value < 0x20 || scalar.value == 0xFFFD || InvisibleText.isInvisible(scalar)
    }
}
