// SPDX-License-Identifier: Apache-2.0

/// One token: offsets into the source, never text.
struct CodeToken: Sendable, Hashable {
    enum Kind: UInt8, Sendable { case word, number, string, mark, newline }

    var kind: Kind
    /// The first byte of a mark, 0 otherwise: most questions about a token are "is it `(`?".
    var mark: UInt8
    /// A string with at least one interpolated expression.
    var hasHoles = false
    var start: Int32
    var end: Int32
    /// A string's content without prefix and quotes; the whole token otherwise.
    var innerStart: Int32
    var innerEnd: Int32
    /// 1-based.
    var line: Int32

    var range: Range<Int> { Int(start)..<Int(end) }
    var inner: Range<Int> { Int(innerStart)..<Int(max(innerStart, innerEnd)) }
}

/// What a lexer makes of a source: tokens, comments, and the expressions inside interpolated strings.
struct CodeTokens: Sendable {
    var tokens: [CodeToken] = []
    var comments: [Range<Int>] = []
    /// By the string token's index.
    var holes: [Int: [Range<Int>]] = [:]
}

/// How a language family writes comments, strings and interpolation.
struct Dialect: Sendable {
    var lineComments: [[UInt8]] = [Array("//".utf8)]
    var hasBlockComments = true
    var nestsBlockComments = false
    /// `'` begins a character or a lifetime, not a string.
    var hasCharacters = false
    var hasBacktickStrings = false
    /// `"""` (and `'''` where `'` is a quote) spans lines.
    var hasTripleQuotes = false
    /// A quoted string may hold line breaks.
    var spansLines = false
    var hasTemplates = false
    var hasRegexLiterals = false
    /// `$name` and `{$name}` or `${name}` in double quotes.
    var hasDollarHoles = false
    var hasHashHoles = false
    var hasBackslashHoles = false
    var hasPrefixes = false
    var hasCSharpStrings = false
    var hasRustRaw = false
    var hasSwiftRaw = false
    var hasHeredocs = false
    /// `$`, `@`, `!`, `?` or `-` that belong to words.
    var wordStarts: Set<UInt8> = []
    var doublesQuotes = false
    /// Only what stands between `<?php` and `?>` is code.
    var isPHP = false
    /// `<<<` and `<<` documents of the two kinds.
    var isRuby = false

    static func of(_ language: CodeLanguage) -> Dialect {
        var d = Dialect()
        let dollar = UInt8(ascii: "$")
        let at = UInt8(ascii: "@")
        let hash = [Array("#".utf8)]
        switch language {
        case .python:
            d.lineComments = hash
            d.hasBlockComments = false
            d.hasTripleQuotes = true
            d.hasPrefixes = true
        case .javascript, .typescript, .html:
            d.hasTemplates = true
            d.hasRegexLiterals = true
            d.wordStarts = [dollar]
        case .java, .apex:
            d.hasCharacters = language == .java
            d.hasTripleQuotes = true
            d.wordStarts = [dollar]
        case .kotlin, .scala:
            d.hasCharacters = true
            d.hasTripleQuotes = true
            d.hasDollarHoles = true
            d.nestsBlockComments = true
        case .go:
            d.hasCharacters = true
            d.hasBacktickStrings = true
        case .c, .cpp:
            d.hasCharacters = true
        case .csharp:
            d.hasCharacters = true
            d.hasCSharpStrings = true
            d.hasTripleQuotes = true
            d.wordStarts = [at]
        case .php:
            d.lineComments = [Array("//".utf8), Array("#".utf8)]
            d.spansLines = true
            d.hasDollarHoles = true
            d.hasBacktickStrings = true
            d.hasHeredocs = true
            d.isPHP = true
            d.wordStarts = [dollar]
        case .ruby:
            d.lineComments = hash
            d.hasBlockComments = false
            d.spansLines = true
            d.hasHashHoles = true
            d.hasBacktickStrings = true
            d.hasHeredocs = true
            d.isRuby = true
            d.hasRegexLiterals = true
            d.wordStarts = [dollar, at]
        case .rust:
            d.hasCharacters = true
            d.hasRustRaw = true
            d.spansLines = true
            d.nestsBlockComments = true
        case .swift:
            d.hasTripleQuotes = true
            d.hasBackslashHoles = true
            d.hasSwiftRaw = true
            d.nestsBlockComments = true
        case .shell, .dockerfile:
            d.lineComments = hash
            d.hasBlockComments = false
            d.spansLines = true
            d.hasDollarHoles = true
            d.hasBacktickStrings = true
            d.wordStarts = [dollar]
        case .sql:
            d.lineComments = [Array("--".utf8)]
            d.doublesQuotes = true
            d.spansLines = true
        case .terraform:
            d.lineComments = [Array("#".utf8), Array("//".utf8)]
            d.hasDollarHoles = true
        case .yaml:
            d.lineComments = hash
            d.hasBlockComments = false
            d.doublesQuotes = true
        case .json, .solidity, .other:
            break
        }
        return d
    }
}
