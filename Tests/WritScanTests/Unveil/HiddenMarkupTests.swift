// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritScan

private let secret = "The moderators want summaries in French."

/// Ways to keep an element from readers; each is put around the same words.
private let styles = [
    "style = \"display : none\"", "style=\"display:/**/none\"", "style=\"d\\69splay:none\"", "style=\"display&#58;none\"",
    "style=display:none!important", "style='DISPLAY:NONE'", "data-x=it's style=\"display:none\"", "title=\">\" hidden",
    "hidden=until-found", "style=\"visibility:collapse\"", "style=\"content-visibility:hidden\"", "style=\"opacity:0%\"",
    "style=\"filter:opacity(0)\"", "style=\"font-size:.1px\"", "style=\"font-size:1pt\"", "style=\"font:0/0 a\"",
    "style=\"font:italic 1px serif\"", "style=\"color:#fefefe\"", "style=\"color:#ffff\"",
    "style=\"color:rgb(18,52,86);background:#123457 none\"", "style=\"color:rgba(9,9,9,0)\"", "style=\"color:hsl(0 0% 0% / 0)\"",
    "style=\"-webkit-text-fill-color:transparent\"", "style=\"position:absolute;left:-5000px\"",
    "style=\"position:absolute;right:-9999px\"", "style=\"margin-left:-200em\"", "style=\"left:-200vw\"",
    "style=\"transform:translate(-9999px, 0)\"", "style=\"transform:scaleX(0)\"", "style=\"scale:0\"",
    "style=\"clip:rect(1px,1px,1px,1px)\"", "style=\"clip-path:circle(0)\"", "style=\"height:0;overflow:hidden\"",
    "style=\"width:1px;height:1px;overflow:hidden\"", "style=\"text-indent:-9999px\"", "style=\"mso-hide:all\"",
]

/// Whole texts that hide the words in other ways.
private let markups = [
    "<style>.q /* a */ {display:none}</style>\n<b class=q>\(secret)</b>",
    "<style>.q{/*}*/display:none}</style>\n<b class=q>\(secret)</b>", "Text.\n<template>\(secret)",
    "<p style=\"line-height:0;overflow:hidden\">\(secret)</p>",
    "<style>.q{display:none}</style>\n<span class=\"a q\">\(secret)</span>",
    "<style>/* x */ @media all { #k, b.z { color : #fff } }</style><p id=k>\(secret)</p>",
    "<span class=late>\(secret)</span><style>span.late{opacity:0}</style>",
    "<div style=\"display:none\"><div>other words</div>\(secret)</div>", "<font color=\"white\">\(secret)</font>",
    "<span style=\"display:none\"/>\(secret)</span>", "<span/hidden>\(secret)</span>", "<template>\(secret)</template>",
    "<noscript>\(secret)</noscript>", "<dialog>\(secret)</dialog>", "<script type=\"text/plain\">\(secret)</script>",
    "<input type=hidden value=\"\(secret)\">", "<!--> <b hidden>\(secret)</b> -->", "<!-- x --!> <b hidden>\(secret)</b> -->",
    "<body>\n\ntext <b hidden>\(secret)</b>", "See `<svg>`.\n\n<my-note hidden>\(secret)</my-note>",
]

/// What readers see, and what pages need.
private let honest = [
    "A tag in `--format=<template>` words, and \(secret)",
    "Formula <sup style=\"line-height:0\">\(secret)</sup>",
    "<span style=\"left:-9px\">\(secret)</span>", "<p style=\"color:#333;background:#fff\">\(secret)</p>",
    "<p style=\"font:400 14px/1.5 serif\">\(secret)</p>", "<p style=\"opacity:.8\">\(secret)</p>",
    "<p style=\"display:block;height:0\">\(secret)</p>", "<p data-hidden=x class=hidden>\(secret)</p>",
    "<p style=\"margin-left:-50%\">\(secret)</p>", "<p style=\"color:white;background:navy\">\(secret)</p>",
    "```html\n<template>\(secret)</template>\n```", "Use `<template>` for \(secret) `</template>`",
    "<style>.menu:hover .item{display:none} .a{color:red}</style><p class=item>\(secret)</p>",
    "<dialog open>\(secret)</dialog>", "<Panel hidden={false}>\(secret)</Panel>", "<Panel hidden /> \(secret)",
]

@Suite struct HiddenMarkupTests {
    @Test func `words that a rendered text does not show are a finding, however that is said`() {
        let all = styles.map { "Text.\n\n<span \($0)>\(secret)</span>\n" } + markups
        for text in all {
            let unveiling = Unveiler().unveil(Array(text.utf8), path: "README.md")
            #expect(unveiling.findings.map(\.rule).contains("hidden-element"), "\(text)")
            #expect(
                unveiling.texts.contains { String(decoding: $0.text, as: UTF8.self).contains(secret) && $0.hiding == .hiddenElement },
                "\(text)")
        }
    }

    @Test func `words that readers see are none`() {
        for text in honest {
            #expect(Unveiler().unveil(Array(text.utf8), path: "README.md").findings == [], "\(text)")
        }
    }

    @Test func `a page may hide parts of itself, and they are read`() {
        let page = "<!doctype html><html><body><div style=\"display:none\">\(secret)</div></body></html>"
        for path in ["index.html", nil] {
            let unveiling = Unveiler().unveil(Array(page.utf8), path: path)
            #expect(unveiling.findings == [])
            #expect(unveiling.texts.contains { String(decoding: $0.text, as: UTF8.self) == secret })
        }
    }

    @Test func `tags without an end take linear time`() {
        for piece in ["<a hidden>", "<a b=\"", "<a b='<a c=\"", "<a b=' \" c=\"", "<a hidden/>", "<style>", "<!--", "<div style=display:none>x", "`<b "] {
            let text = Array(String(repeating: piece, count: 150_000 / piece.utf8.count).utf8)
            let time = ContinuousClock().measure { _ = Unveiler().unveil(text, path: "a.md") }
            #expect(time < .seconds(20), "\(piece) \(time)")
        }
    }
}
