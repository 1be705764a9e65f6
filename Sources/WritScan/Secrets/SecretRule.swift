internal import Synchronization
// SPDX-License-Identifier: Apache-2.0
public import WritCore
internal import WritPattern

/// One rule of the `secrets` detector, as its table says it.
public struct SecretRule: Sendable {
    /// Stable, such as `github-pat`.
    public var id: String
    /// What it finds, for people: `GitHub personal access token`.
    public var name: String
    /// `api_keys`, `private_keys`, `database_urls`, `aws_credentials`, `tokens`, `passwords`, `webhooks`.
    public var group: String
    /// For a production credential; one of development counts a step less.
    public var severity: Severity
    /// `production` or `development`, when the form itself tells.
    public var environment: String?
    /// One of these is in every match; ASCII case does not matter to the search.
    public var keywords: [String]
    /// Texts that the rule must find.
    public var matches: [String]
    /// Texts in which the rule must find nothing.
    public var noMatches: [String]

    /// How a keyword's hit becomes a match.
    enum Shape: Sendable {
        /// The match begins with the keyword, in this case.
        case token
        /// The keyword is in a name that the value is assigned to.
        case assigned
        /// The match begins up to this many bytes before the keyword.
        case search(Int)
        /// Read by ``AssignmentReader``.
        case assignment
        /// A PEM block.
        case pem
        /// `user:password@` in a URL.
        case url
    }

    /// What must not stand next to a match.
    enum Edge: String, Sendable {
        /// A letter, digit or underscore.
        case word
        /// Anything but blanks, quotes and separators.
        case strict
        /// A base64 or token character.
        case token
        case none
    }

    /// Tests of a candidate that an expression cannot make.
    enum Check: String, Sendable {
        case jwt, uuid, github, npm, digits, mixed, randomLetters = "random-letters", notWords = "not-words", basic,
            password, userPassword = "user-password", hex, base64, awsSecret = "aws-secret"
    }

    /// The keyword's case counts: forms of tokens have one case, names and URL schemes have any.
    var isCaseSensitive: Bool {
        switch shape {
        case .token, .search: !(pattern?.source.contains("(?i)") ?? false)
        case .pem: true
        case .assigned, .assignment, .url: false
        }
    }

    var shape: Shape
    var pattern: LazyPattern?
    var reach: Int
    var left: Edge
    var right: Edge
    var entropy: Double
    var filler: ValueShape.Filler
    var checks: [Check]
    /// The byte that must stand this far behind the keyword: spares the expression for frequent keywords.
    var follow: (distance: Int, byte: UInt8)?
    /// A digit must stand right before the keyword.
    var needsDigitBefore: Bool
    /// What must follow the keyword, and its length, for the fast matcher: where the keyword alone is too frequent.
    var gate: (pattern: String, tail: Int)?
    /// Also look for the keyword in base64 and hexadecimal.
    var isEncodable: Bool
    /// Which of two overlapping findings stays.
    var priority: Int
}

/// An expression that is compiled when first needed: most texts need none of hundreds.
final class LazyPattern: Sendable {
    let source: String
    private let compiled = Mutex<Pattern?>(nil)

    init(_ source: String) {
        self.source = source
    }

    func pattern() throws(Pattern.Fault) -> Pattern {
        // Typed throws do not pass through the lock's closure; a result does.
        let result: Result<Pattern, Pattern.Fault> = compiled.withLock { slot in
            if let slot { return .success(slot) }
            do throws(Pattern.Fault) {
                let made = try Pattern(source, .bytes)
                slot = made
                return .success(made)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
