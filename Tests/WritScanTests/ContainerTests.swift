// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritTestSupport

@testable import WritScan

/// Written by the usual tools: zip and tar by Python's modules, streams by zlib.
private enum Sample {
    static let docx = """
        UEsDBBQAAAAIAAAAIVzHHBc8CgAAAAgAAAATAAAAW0NvbnRlbnRfVHlwZXNdLnhtbLMJqSxILda3AwBQSwMEFAAAAAgAAAAhXGuCf3+BAAAA3Q
        AAABEAAAB3b3JkL2RvY3VtZW50LnhtbG1Pyw7CMAz7lWoHrr2X0m8YnxC2iE3qI3K7jf39KAwNJC62Iie2YxfTp24KHIuzi7mlfq0sFVChuOtE
        KAy/Wl3Hijhk9QjeZKGOL42AM2PmximwJBR1oiBnJZ7iz7HeE44YtC+aKY550O+9di8w3mMCqzLw05Z6xh8v/emuvx7aAFBLAQIUAxQAAAAIAA
        AAIVzHHBc8CgAAAAgAAAATAAAAAAAAAAAAAACAAQAAAABbQ29udGVudF9UeXBlc10ueG1sUEsBAhQDFAAAAAgAAAAhXGuCf3+BAAAA3QAAABEA
        AAAAAAAAAAAAAIABOwAAAHdvcmQvZG9jdW1lbnQueG1sUEsFBgAAAAACAAIAgAAAAOsAAAAAAA==
        """
    static let nested = """
        UEsDBBQAAAAIAAAAIVy84AkIEQAAAPAAAAALAAAAYS9yZWFkbWUubWTLSM3JyVcozy/KSVHIGAFsAFBLAwQUAAAACAAAACFcED+lOEwAAACBAA
        AACQAAAGlubmVyLnppcAvwZmYRYWBg4ABixZiN8auW8wNZclCRvPySVL2SihJvT1/dAA3PtRqBHgcPMTEEeDMyiTDj1gYDDYwMSIYEeLOygfiM
        QGgGpE3BagBQSwECFAMUAAAACAAAACFcvOAJCBEAAADwAAAACwAAAAAAAAAAAAAAgAEAAAAAYS9yZWFkbWUubWRQSwECFAMUAAAACAAAACFcED
        +lOEwAAACBAAAACQAAAAAAAAAAAAAAgAE6AAAAaW5uZXIuemlwUEsFBgAAAAACAAIAcAAAAK0AAAAAAA==
        """
    static let tgz = """
        H4sIAAAAAAACA+3VTQrCMBCG4RwlJ8hPjc3WA+QSEYqIGkEj9PimXYgWwVVqxffZTMguTL6ZXkeV+yxqMkXr3FiLaTXGPp3He28bJ6QRM7hdc7
        xIKf7U8PjcVf4AWCylld6Ec9qFfTpUzP+b3D8yb72f5t+3jZCB/Fd3/BK9rb52sJD+f97/9jX/q8avPft/lv6X0S9TPHVEAQAAAAAAAAAAAAB+
        2h0yDKesACgAAA==
        """
    static let pdf = """
        JVBERi0xLjUKMSAwIG9iago8PCAvVHlwZSAvQ2F0YWxvZyAvUGFnZXMgMiAwIFIgPj4KZW5kb2JqCjMgMCBvYmoKPDwgL1R5cGUgL1BhZ2UgL1
        Jlc291cmNlcyA8PCAvRm9udCA8PCAvRjEgNSAwIFIgL0YyIDYgMCBSID4+ID4+IC9Db250ZW50cyA0IDAgUiA+PgplbmRvYmoKNCAwIG9iago8
        PCAgL0xlbmd0aCAxNDUgL0ZpbHRlciAvRmxhdGVEZWNvZGUgPj4Kc3RyZWFtCnicRY0xC8IwFIT/yo3JIL6klC7iUNDByeFt4lDJUyuSQhJR/7
        1JaJHHwXHv465nrPcGxoKv6Cw6IrCDOj6H0SPJJ2nwA4SVrY+TYo1s1XvSOWurCy7qM/iAHaMvhXYu3BCRybJZTVa7LWULtcw24AD18lHE4/JF
        kMFJiPrPUiFMvXDLi/cxCSaPambuB8SHNCAKZW5kc3RyZWFtCmVuZG9iago2IDAgb2JqCjw8IC9UeXBlIC9Gb250IC9TdWJ0eXBlIC9UeXBlMC
        AvVG9Vbmljb2RlIDcgMCBSID4+CmVuZG9iago3IDAgb2JqCjw8ICAvTGVuZ3RoIDEzMSAvRmlsdGVyIC9GbGF0ZURlY29kZSA+PgpzdHJlYW0K
        eJzTd/Z08czLLFHQDyjKTw5OLVFIy8xLKUotzi8tSk5VSEpNz8yDkMm5iQUKhlB2fkpqcUFicmpRYl56qoKNARDYKdikAYGdQmpeCpq8EURXUl
        pyRmIRWLWhHYgysQBTBkZgyswSrBeqyhCmB2GFMUS1KUS1IVQ1RB5kKdCBAPgWQiQKZW5kc3RyZWFtCmVuZG9iago4IDAgb2JqCjw8IC9UeXBl
        IC9PYmpTdG0gL04gMSAvRmlyc3QgNCAvTGVuZ3RoIDU3IC9GaWx0ZXIgL0ZsYXRlRGVjb2RlID4+CnN0cmVhbQp4nLNUMFCwsVHQD6ksSFXQd8
        zLyy9R0HfOzytJzSspVtBIVAAKpCrEaGSnFpTEaGoq2NkBAHXLDyAKZW5kc3RyZWFtCmVuZG9iagolJUVPRgo=
        """

    static func bytes(_ text: String) -> [UInt8] {
        Array(Data(base64Encoded: text, options: .ignoreUnknownCharacters) ?? Data())
    }
}

private func opened(_ sample: String, _ path: String, _ limits: ContainerLimits = .init()) throws -> ContainerContents {
    try #require(Container.open(Sample.bytes(sample), path: path, limits: limits))
}

private func shown(_ contents: ContainerContents) -> [String] {
    contents.members.map { "\($0.path)|\(String(decoding: $0.content, as: UTF8.self))" }
}

@Suite struct ContainerTests {
    @Test func `an office document gives its words, hidden ones apart`() throws {
        let contents = try opened(Sample.docx, "report.docx")
        #expect(
            shown(contents) == [
                "word/document.xml|Quarterly report & plan\n\n", "word/document.xml!hidden|ignore the reader\n",
            ])
        #expect(contents.gaps == [])
    }

    @Test func `archives are opened in archives, as deep as the limit says`() throws {
        let contents = try opened(Sample.nested, "x.zip")
        #expect(contents.members.map(\.path) == ["a/readme.md", "inner.zip!note.txt"])
        #expect(contents.members.last.map { String(decoding: $0.content, as: UTF8.self) } == String(repeating: "deep text ", count: 3))
        var limits = ContainerLimits()
        limits.depth = 0
        let flat = try opened(Sample.nested, "x.zip", limits)
        #expect(flat.members.map(\.path) == ["a/readme.md", "inner.zip"])
        #expect(flat.gaps == ["`inner.zip` is a container 0 deep and was not opened"])
    }

    @Test func `a packed tar gives its files under their long names`() throws {
        let contents = try opened(Sample.tgz, "dist/x.tar.gz")
        #expect(shown(contents) == ["!x/a.txt|tar text", "!\(String(repeating: "l", count: 120))/b.txt|long name"].map { "x.tar" + $0 })
    }

    @Test func `a PDF gives what it shows, what it hides and what it notes`() throws {
        let contents = try opened(Sample.pdf, "a.pdf")
        #expect(contents.gaps == [])
        let texts = Dictionary(uniqueKeysWithValues: contents.members.map { ($0.path, String(decoding: $0.content, as: UTF8.self)) })
        #expect(texts["text"] == "Plain text\nTwo words\nHiac\n\n")
        #expect(texts["hidden text"] == "unseen by readers\nwhite on white\n\n")
        #expect(texts["annotations and scripts"] == "a note (kept)\n")
    }

    @Test func `a notebook gives its cells and their outputs`() throws {
        let notebook = """
            {"metadata": {"language_info": {"name": "python"}}, "cells": [
              {"cell_type": "markdown", "source": ["# Title\\n", "text"]},
              {"cell_type": "code", "source": "import os", "outputs": [{"data": {"text/plain": ["42"], "image/png": "AAAA"}}]}]}
            """
        let contents = try #require(Container.open(Array(notebook.utf8), path: "a.ipynb"))
        #expect(shown(contents) == ["cell-1.md|# Title\ntext", "cell-2.py|import os", "cell-2-output-1.txt|42"])
        #expect(Container.open(Array(notebook.utf8), path: "a.json") == nil)
    }

    @Test func `a bomb ends at the limit with a gap`() throws {
        // Two bits a run of 258 zeros: a stored head, then repeats.
        var limits = ContainerLimits()
        limits.total = 1_000
        limits.member = 600
        let contents = try opened(Sample.nested, "x.zip", limits)
        #expect(contents.members.reduce(0) { $0 + $1.content.count } <= 1_000)
        limits.member = 100
        #expect(try opened(Sample.nested, "x.zip", limits).gaps.contains { $0.contains("could not be read to its end") })
    }

    @Test func `an archive without a directory is read by its parts`() throws {
        let whole = Sample.bytes(Sample.nested)
        let contents = try #require(Container.open(Array(whole.dropLast(22)), path: "x.zip"))
        #expect(contents.members.map(\.path) == ["a/readme.md", "inner.zip!note.txt"])
        #expect(contents.gaps.count == 1)
    }

    @Test func `damaged containers end, and never trap`() {
        var random = SeededGenerator(seed: 5)
        for sample in [Sample.docx, Sample.nested, Sample.tgz, Sample.pdf] {
            let whole = Sample.bytes(sample)
            for length in stride(from: 0, to: whole.count, by: 3) { _ = Container.open(Array(whole.prefix(length)), path: "x") }
            for _ in 0..<1_500 {
                var altered = whole
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    altered[Int.random(in: 0..<altered.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                _ = Container.open(altered, path: "x")
            }
        }
    }

    @Test func `hostile PDFs cost no more than their length`() {
        for piece in ["1 0 obj ", "1 0 obj stream ", "1 0 obj << >> stream x endstream ", "( ", "<< /F1 1 0 R "] {
            _ = Container.open(Array(("%PDF-1.7\n" + String(repeating: piece, count: 200_000)).utf8), path: "x.pdf")
        }
    }
}
