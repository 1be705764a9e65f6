// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// How a piece of text was kept from a reader's eye, or set apart from the text around it.
public enum Hiding: String, Sendable, Hashable, CaseIterable {
    case plain
    case comment
    case docstring
    case stringValue = "string value"
    case frontMatter = "front matter"
    case htmlComment = "HTML comment"
    case linkTitle = "link title"
    case referenceDefinition = "reference definition"
    case altText = "alt text"
    case hiddenElement = "hidden element"
    case tagCharacters = "tag characters"
    case variationSelectors = "variation selectors"
    case zeroWidth = "zero-width characters"
    case privateUse = "private-use characters"
    case terminalEscape = "terminal escape"
    case percentEncoding = "percent encoding"
    case base64
    case hexadecimal
    case gzip
    case rot13
    case spacedLetters = "spaced-out letters"
    case braille

    /// A person who looks at the rendered text does not see it, and hardly any honest text needs that.
    public var isInvisibleToReader: Bool {
        switch self {
        case .tagCharacters, .variationSelectors, .zeroWidth, .privateUse, .hiddenElement, .terminalEscape: true
        case .plain, .comment, .docstring, .stringValue, .frontMatter, .htmlComment, .linkTitle, .referenceDefinition,
            .altText, .percentEncoding, .base64, .hexadecimal, .gzip, .rot13, .spacedLetters, .braille:
            false
        }
    }
}

/// A text that was found inside content.
public struct Unveiled: Sendable, Hashable {
    /// The text, in UTF-8 as far as it was.
    public var text: [UInt8]
    /// Where it stood in the content, in bytes of the content.
    public var place: SourceSpan
    /// How it was hidden; the outermost way when several were nested.
    public var hiding: Hiding
    /// How many layers were taken off, 0 for what stood in the content itself.
    public var depth: Int
    /// The keys above it in a structured document, such as `items[3].title`; empty elsewhere. Short and without blanks.
    public var key: String

    /// Creates a text.
    public init(text: [UInt8], place: SourceSpan, hiding: Hiding, depth: Int = 0, key: String = "") {
        self.text = text
        self.place = place
        self.hiding = hiding
        self.depth = depth
        self.key = key
    }
}

/// What is inside a piece of content.
public struct Unveiling: Sendable, Hashable {
    /// The hidden texts in order of discovery. The content itself is not repeated here.
    public var texts: [Unveiled] = []
    /// Uses of characters that a reader does not see, and hidden elements: findings of the scanner `unicode`.
    public var findings: [Finding] = []
    /// Something was left out because of a limit.
    public var isCut = false
}

/// Limits of ``Unveiler``.
public struct UnveilLimits: Sendable, Hashable {
    /// Layers of encoding that are taken off.
    public var depth = 5
    /// Bytes of unveiled text, for each byte of content.
    public var growth = 3
    /// Bytes of unveiled text that are always allowed.
    public var floor = 65_536
    /// Texts that are kept.
    public var texts = 40_000
    /// Findings that are kept; the rest is one finding that says so.
    public var findings = 200

    /// The defaults.
    public init() {}
}
