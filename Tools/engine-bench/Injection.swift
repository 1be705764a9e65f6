// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritScan

/// What one look at 4 KB costs, unveiling and all windows: prose, Markdown, source, and one line of JSON and of XML.
///
/// The texts come from a fixed seed, so that two runs, and two versions, read the same bytes.
enum Injection {
    private static let size = 4096
    private static let texts = 40

    static func measure(rounds: Int) throws {
        let detector = InjectionDetector(model: try InjectionModel.embedded())
        for form in Form.allCases {
            var maker = Maker(state: 0x5EED)
            let inputs = (0..<texts).map { _ in
                ScanRequest(text: maker.text(form, size: size), phase: .toolResponse, path: nil)
            }
            var scores = 0.0
            // Each text is read a few times and its best time counts: what else runs on the machine is not the detector's.
            let clock = ContinuousClock()
            var times: [Duration] = []
            for input in inputs {
                var best = Duration.seconds(1_000)
                for _ in 0..<max(1, rounds) {
                    best = min(best, clock.measure { scores += detector.judge(input).score })
                }
                times.append(best)
            }
            precondition(scores >= 0, "scores are probabilities")
            EngineBench.report("4 KB of \(form.rawValue), unveiled and scored", times)
        }
    }

    private enum Form: String, CaseIterable {
        case prose, markdown, source
        case json = "JSON in one line"
        case xml = "XML in one line"
    }

    /// Texts of words that documentation and answers of tools are full of.
    private struct Maker {
        var state: UInt64

        static let words = """
            the of and to in is for that with this file value from are can when set default option returns error line name
            path run command server client request response version project build test user data list object string number
            key type input output format read write change update release package module function class method field table
            index query result status message config setting install check page image link section example note support
            issue report time date size limit cache token process thread memory event handler service network address port
            """.split(whereSeparator: \.isWhitespace).map(String.init)

        mutating func next(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }

        mutating func sentence() -> String {
            var words = (0..<6 + next(12)).map { _ in Self.words[next(Self.words.count)] }
            if next(3) == 0 { words[next(words.count)] += "," }
            if next(4) == 0 { words[next(words.count)] = String(next(100_000)) }
            let text = words.joined(separator: " ")
            return text.prefix(1).uppercased() + text.dropFirst() + "."
        }

        mutating func text(_ form: Form, size: Int) -> [UInt8] {
            var out = ""
            switch form {
            case .prose:
                while out.utf8.count < size { out += sentence() + (next(5) == 0 ? "\n\n" : next(2) == 0 ? "\n" : " ") }
            case .markdown:
                while out.utf8.count < size {
                    switch next(6) {
                    case 0: out += "## \(sentence())\n\n"
                    case 1: out += "- `\(Self.words[next(90)])`: \(sentence())\n"
                    case 2: out += "```sh\nmake \(Self.words[next(90)]) --\(Self.words[next(90)])\n```\n"
                    case 3: out += "See [\(Self.words[next(90)])](https://example.org/\(Self.words[next(90)])).\n"
                    default: out += sentence() + "\n\n"
                    }
                }
            case .source:
                while out.utf8.count < size {
                    let (one, two) = (Self.words[next(90)], Self.words[next(90)])
                    switch next(4) {
                    case 0: out += "def \(one)_\(two)(\(two), \(one)=None):\n    \"\"\"\(sentence())\"\"\"\n"
                    case 1: out += "    # \(sentence())\n"
                    case 2: out += "    \(one) = self.\(two)(\(next(1000)), '\(two)')\n"
                    default: out += "    return \(one)[\(next(90))].\(two)\n"
                    }
                }
            case .json:
                out = "{\"items\":["
                while out.utf8.count < size - 2 {
                    out +=
                        "{\"id\":\(next(100_000)),\"\(Self.words[next(90)])\":\"\(sentence())\",\"tags\":[\"\(Self.words[next(90)])\",\"\(Self.words[next(90)])\"],\"open\":true},"
                }
                out = out.dropLast() + "]}"
            case .xml:
                out = "<?xml version=\"1.0\"?><feed>"
                while out.utf8.count < size - 7 {
                    out +=
                        "<entry id=\"\(next(100_000))\"><title>\(Self.words[next(90)]) \(Self.words[next(90)])</title><body>\(sentence())</body></entry>"
                }
                out += "</feed>"
            }
            return Array(out.utf8)
        }
    }
}
