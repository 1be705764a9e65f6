// SPDX-License-Identifier: Apache-2.0
import WritCore

/// The words in a part of an office document: Word, Excel, PowerPoint, LibreOffice.
enum OfficeText {
    /// The words that the document shows, those that it keeps from the reader, and those that are read out to people who
    /// do not see its pictures.
    ///
    /// - Parameter hiddenStyles: names of styles whose text the document does not show.
    static func read(
        _ bytes: [UInt8], hiddenStyles: Set<String> = []
    ) -> (shown: String, hidden: String, spoken: String) {
        var shown = ""
        var hidden = ""
        var (xml, spoken) = plain(bytes)
        var isHidden = false
        var hidesParagraph = false
        for tag in PlacedTags(xml) {
            let name = tag.name.split(separator: ":").last.map(String.init) ?? tag.name
            if tag.isEnd {
                switch name {
                case "p", "si", "row", "h", "comment", "table-row":
                    if name == "p" { (hidesParagraph, isHidden) = (false, false) }
                    if !shown.isEmpty { shown += "\n" }
                    if !hidden.isEmpty { hidden += "\n" }
                case "r": isHidden = hidesParagraph
                case "tc", "c", "table-cell": shown += "\t"
                default: break
                }
            } else {
                switch name {
                // Word's hidden text, white text and text of a point or less.
                case "vanish", "webHidden":
                    isHidden = tag.attributes["w:val"] != "0" && tag.attributes["w:val"] != "false"
                case "color" where tag.attributes["w:val"]?.lowercased() == "ffffff": isHidden = true
                case "sz" where (tag.attributes["w:val"].flatMap { Int($0) } ?? 99) <= 2: isHidden = true
                case "rStyle" where hiddenStyles.contains(tag.attributes["w:val"] ?? ""): isHidden = true
                case "pStyle" where hiddenStyles.contains(tag.attributes["w:val"] ?? ""):
                    (hidesParagraph, isHidden) = (true, true)
                case "br", "tab": shown += " "
                case "Relationship":
                    if tag.attributes["TargetMode"] == "External", let target = tag.attributes["Target"] {
                        shown += target + "\n"
                    }
                default: break
                }
                // Alternative texts and tips are read out, not shown; a sentence in any other value is for programs.
                for (key, text) in tag.attributes.sorted(by: { $0.key < $1.key }) {
                    let isSpoken = (name == "docPr" || name == "cNvPr") && (key == "descr" || key == "title")
                    if isSpoken ? !text.isEmpty : text.utf8.count(where: { $0 == 0x20 }) >= 3 && text.utf8.count >= 24 {
                        spoken += text + "\n"
                    }
                }
            }
            // Blanks count in runs of text, not between tags.
            let isRun = !tag.isEnd && (name == "t" || name == "span" || name == "p")
            let text = isRun ? tag.wholeText : tag.text
            guard !text.isEmpty else { continue }
            if isHidden { hidden += text } else { shown += text }
            if !tag.isEnd, !isRun, !isHidden { shown += "\n" }
        }
        return (shown, hidden, spoken)
    }
}

extension OfficeText {
    /// XML in which literal sections are text like any other, and the comments in it, one a line.
    fileprivate static func plain(_ bytes: [UInt8]) -> (xml: String, comments: String) {
        var out: [UInt8] = []
        var comments: [UInt8] = []
        bytes.withUnsafeBytes { bytes in
            var at = 0
            while at < bytes.count {
                if bytes[at] == UInt8(ascii: "<"), bytes.holds("<![CDATA[", at: at) {
                    at += 9
                    while at < bytes.count, !bytes.holds("]]>", at: at) {
                        switch bytes[at] {
                        case UInt8(ascii: "<"): out += Array("&lt;".utf8)
                        case UInt8(ascii: "&"): out += Array("&amp;".utf8)
                        default: out.append(bytes[at])
                        }
                        at += 1
                    }
                    at += 3
                } else if bytes[at] == UInt8(ascii: "<"), bytes.holds("<!--", at: at) {
                    at += 4
                    let start = at
                    while at < bytes.count, !bytes.holds("-->", at: at) { at += 1 }
                    comments += Array(bytes.part(start..<at)) + [0x0A]
                    at += 3
                } else {
                    out.append(bytes[at])
                    at += 1
                }
            }
        }
        return (String(decoding: out, as: UTF8.self), String(decoding: comments, as: UTF8.self))
    }

    /// Styles of a Word document that hide what they are applied to.
    static func hiddenStyles(_ bytes: [UInt8]) -> Set<String> {
        var found: Set<String> = []
        var style = ""
        for tag in PlacedTags(plain(bytes).xml) {
            switch tag.name.split(separator: ":").last ?? "" {
            case "style": style = tag.isEnd ? "" : tag.attributes["w:styleId"] ?? ""
            case "vanish" where !style.isEmpty && !["0", "false"].contains(tag.attributes["w:val"] ?? ""):
                found.insert(style)
            default: break
            }
        }
        return found
    }
}

/// Notebooks: each cell and each of its outputs as a text of its own.
enum Notebook {
    /// False when the bytes are no notebook.
    static func read(_ bytes: [UInt8], inside prefix: String, into opening: inout Opening) -> Bool {
        let notebook: JSON
        do {
            notebook = try JSON(parsing: bytes)
        } catch {
            return false
        }
        guard let cells = notebook["cells"]?.array ?? notebook["worksheets"]?.array?.first?["cells"]?.array else {
            return false
        }
        let language =
            notebook["metadata"]?["language_info"]?["name"]?.string ?? notebook["metadata"]?["kernelspec"]?["language"]?
            .string ?? "python"
        let ending =
            ["python": "py", "julia": "jl", "r": "R", "javascript": "js", "typescript": "ts"][language.lowercased()]
            ?? "txt"
        for (number, cell) in cells.enumerated() {
            let isCode = cell["cell_type"]?.string == "code"
            opening.addText(
                "\(prefix)cell-\(number + 1).\(isCode ? ending : "md")", text(cell["source"] ?? cell["input"]))
            for (place, output) in (cell["outputs"]?.array ?? []).enumerated() {
                var parts = [text(output["text"]), text(output["evalue"]), text(output["traceback"])]
                for member in output["data"]?.members ?? []
                where !member.key.hasPrefix("image/") || member.key.hasSuffix("xml") {
                    parts.append(text(member.value))
                    if let value = member.value.members { parts.append(strings(of: .object(value))) }
                }
                if let beside = output["metadata"] { parts.append(strings(of: beside)) }
                opening.addText(
                    "\(prefix)cell-\(number + 1)-output-\(place + 1).txt",
                    parts.filter { !$0.isEmpty }.joined(separator: "\n"))
            }
        }
        // What no reader of the notebook is shown, and programs read.
        var beside = [strings(of: notebook["metadata"])]
        for cell in cells {
            beside.append(strings(of: cell["metadata"]))
            for name in cell["attachments"]?.members ?? [] { beside.append(name.key) }
        }
        opening.addText("\(prefix)metadata.txt", beside.filter { !$0.isEmpty }.joined(separator: "\n"))
        return true
    }

    /// The strings in a value that can be sentences, one a line; the parser bounds how deep they lie.
    private static func strings(of value: JSON?) -> String {
        var out = ""
        var open = [value].compactMap { $0 }
        while let next = open.popLast() {
            if let text = next.string, text.utf8.count >= 16 { out += text + "\n" }
            if let items = next.array { open += items.reversed() }
            for member in (next.members ?? []).reversed() {
                if member.key.utf8.count >= 16 { out += member.key + "\n" }
                open.append(member.value)
            }
        }
        return out
    }

    /// A text, which notebooks keep whole or as a list of lines.
    private static func text(_ value: JSON?) -> String {
        value?.string ?? (value?.array ?? []).compactMap(\.string).joined()
    }
}
