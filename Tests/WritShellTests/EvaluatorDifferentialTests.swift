// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritShell

/// Harmless commands under a real bash whose programs only write down how they were called, against the prediction.
@Suite(.serialized) struct EvaluatorDifferentialTests {
    /// Programs that exist in the oracle's search path; none of them does anything but record its arguments.
    private static let shims = ["rm", "cp", "mv", "git", "make", "curl", "ls", "node", "touch", "chmod", "tool", "npm"]

    static let scripts: [String] = [
        "rm a b", "r''m \"a b\" c", "rm -rf $HOME/x", "x=a; rm $x ${x}b \"$x c\"", "x='a b'; rm $x; rm \"$x\"",
        "rm {a,b}{1,2}", "rm {1..3} {c..a} {01..03} {1..9..3}", "rm a{,b} {x} {a}b {}", "rm \\{a,b\\} '{a,b}'",
        "x=abcabc; rm ${x#a} ${x##*b} ${x%c} ${x%%b*} ${x/b/-} ${x//b/-} ${x/#a/-} ${x/%c/-}",
        "x=hello; rm ${x:1:3} ${x: -2} ${x:2} ${#x} ${x^} ${x^^} ${x^^l}", "rm ${u:-d} ${u-d} ${u:=e} $u ${u:+f}",
        "a=(1 2 3); rm \"${a[@]}\" ${#a[@]} \"${a[*]}\" ${a[-1]} ${a[@]:1} ${!a[@]}", "a=(x y); a+=(z); rm \"${a[@]}\"",
        "declare -A m=([k]=v [l]=w); rm ${m[k]} ${m[l]}", "a=(a b); a[5]=f; rm ${!a[@]} ${a[5]}",
        "rm $((1+2*3)) $((7/2)) $((-7%3)) $((2**8)) $((1<<3|1)) $((5>3&&2)) $((x=4,x+1)) $x",
        "i=3; rm $((i++)) $i $((++i)) $((i--)) $((i+=5)) $((!0)) $((~0))", "rm $(echo a b) \"$(echo a b)\" `echo c`",
        "rm $(printf '%s-%s\\n' a b c)",
        "rm $(printf '%03d %x %o %5s|%-3s|' 7 255 8 ab c)", "printf -v x '%s' q; rm $x",
        "rm $'a\\tb' $'\\x41\\102' $'\\u00e9' $\"q\"", "IFS=:; x=a:b:c; rm $x; rm \"$x\"",
        "IFS=,; a=(1 2); rm \"${a[*]}\"", "x=' a  b '; rm $x",
        "for i in a b; do rm $i; done", "for i in {1..3}; do rm f$i; done; rm $i",
        "for ((i=0;i<3;i++)); do rm $i; done", "i=0; while ((i<3)); do rm $i; ((i++)); done",
        "i=0; until [ $i -ge 2 ]; do rm $i; i=$((i+1)); done",
        "while read a b; do rm $b $a; done <<< $'1 2\\n3 4'",
        "while IFS=: read -r a b; do rm \"$a\" \"$b\"; done <<E\nx:y z\nE", "case abc in a*) rm 1;; *) rm 2;; esac",
        "case x in a|x) rm 1;& b) rm 2;; c) rm 3;; esac", "case q in [a-p]) rm 1;; [!a-p]) rm 2;; esac",
        "if [ a = a ]; then rm 1; else rm 2; fi", "if [[ abc == a* ]]; then rm 1; fi; [[ 2 -gt 1 ]] && rm 2",
        "[ -z '' ] && rm z; [ -n '' ] || rm n", "true && rm a || rm b", "false && rm a || rm b",
        "false || rm a && rm b; ! true || rm c",
        "f() { rm $1 $#; }; f a b; f", "f() { local x=1; rm $x; }; x=0; f; rm $x",
        "f() { return 0; rm no; }; f; rm yes", "set -- a b c; rm $1 $# \"$@\" \"$*\"; shift 2; rm $@",
        "set -- x; rm ${1} ${@:1} $0", "f() { rm \"${@:2}\"; }; f a b c",
        "x=1; (x=2; rm $x); rm $x", "x=1; { x=2; }; rm $x", "eval 'rm $((1+1))'; eval rm a\\ b",
        "x='rm y'; $x; eval \"$x\"", "bash -c 'rm $0 $1' a b", "sh -c 'rm \"$@\"' _ p q",
        "export E=1; bash -c 'rm $E'; F=2; bash -c 'rm _$F'",
        "y=z; x=y; rm ${!x}", "x='$(echo hi)'; rm \"${x@P}\" ${x@Q}", "x=a.tar.gz; rm ${x%%.*} ${x##*.} ${x%.*}",
        "rm ~ ~/a ~root/b '~'", "x=~/q:~/r; rm $x", "cat <<E | while read l; do rm \"$l\"; done\na\nb\nE",
        "rm \"$(cat <<'E'\n$x y\nE\n)\"",
        "read -r a b c <<< 'p q r s'; rm \"$c\"", "mapfile -t l <<< $'a\\nb'; rm \"${l[1]}\"",
        "read -a w <<< 'p q'; rm ${w[1]}", "x=$(echo cm0= | base64 -d); rm $x",
        "rm $(echo cba | rev) $(echo abc | tr a-c x-z) $(echo a:b | cut -d: -f2)",
        "rm $(echo aXb | sed 's/X/-/') $(seq 3) $(basename /p/q.c .c) $(dirname /p/q)",
        "rm $(printf 'b\\na\\n' | sort) $(printf 'a\\nb\\n' | head -1) $(printf 'a\\nb\\n' | tail -n 1)",
        "rm $(echo 6162 | xxd -r -p)", "echo a b | xargs rm", "printf 'a\\nb\\n' | xargs -I{} rm x{}y",
        "command rm a; builtin echo hi; exec rm b; rm never", "alias q=rm; rm a", "trap 'rm t' EXIT; rm a",
        "rm a & wait; rm b", "cd /; rm $PWD; cd /tmp; rm $OLDPWD", "pushd /tmp >/dev/null; rm $PWD; popd >/dev/null",
        "(cd /; rm $PWD); rm x", "A=1 B=2 rm $A; rm $A",
        "x=5; let 'x=x*2'; rm $x", "declare -i n; n=2+3; rm $n; declare -u s=abc; rm $s; declare -l t=ABC; rm $t",
        "readonly r=1; rm $r; unset x; rm ${x-unset}", "x=; rm ${x:-empty} ${x-kept} end", "rm \"\" '' a",
        "rm a\\\nb; rm \"a\\\nb\"", "rm 'a'\"b\"c\\d",
        "git commit -m \"a; rm -rf x\"; git log", "curl -s http://127.0.0.1/x -o \"$HOME/y\"", "for x; do rm $x; done",
        "set -- p q; for x; do rm $x; done", "for i in 1 2 3; do [ $i = 2 ] && continue; rm $i; done",
        "for i in 1 2 3; do [ $i = 2 ] && break; rm $i; done",
        "for i in 1 2; do for j in 1 2; do [ $j = 2 ] && continue 2; rm $i$j; done; done", "exit 0; rm a",
        "{ rm a; exit; }; rm b", "f() { rm in; exit; }; f; rm out", "x=$(rm a; echo b); rm $x",
        "rm <(true) 2>/dev/null | cat; rm done", "tool --x=\"$(echo 1)\" --y='a b'",
        "x=a; x+=b; a=(c); a+=(d); rm $x ${a[@]}", "rm ${x:-$(echo y)} ${x:-\"a b\"}",
        "[[ foo =~ ^f ]] && rm m; [[ a < b ]] && rm l", "rm a; rm b\nrm c", "if ! false; then rm n; fi",
        "shopt -s extglob; x=aab; rm ${x##+(a)}", "x=(1 2 3); unset 'x[1]'; rm \"${x[@]}\"",
        "printf '%s\\n' a b | while read l; do rm $l; done", "rm \"${HOME%/*}\" \"${HOME##*/}\"",
        "x=path/to/file; rm ${x//\\//_} ${x%/*}", "select_() { rm \"$*\"; }; IFS=-; select_ a b",
        "rm $# $? ; false; rm $?", "time rm t; ! rm n", "coproc rm c; wait; rm d", "rm a >/dev/null 2>&1 </dev/null",
    ]

    @Test func `bash runs what was predicted`() throws {
        let bash = "/bin/bash"
        guard FileManager.default.isExecutableFile(atPath: bash) else { return }
        let folder = FileManager.default.temporaryDirectory.appending(path: "shims-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let bin = folder.appending(path: "bin")
        try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
        let log = folder.appending(path: "log")
        let shim = "#!/bin/bash\n{ printf '%s' \"${0##*/}\"; printf ' %s' \"$@\"; printf '\\0'; } >> '\(log.path)'\n"
        for name in Self.shims {
            let file = bin.appending(path: name)
            try shim.write(to: file, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        var exact = 0
        var known = 0
        for script in Self.scripts {
            try? FileManager.default.removeItem(at: log)
            let process = Process()
            process.executableURL = URL(filePath: bash)
            process.arguments = ["--norc", "--noprofile", "-c", script]
            process.environment = ["PATH": bin.path + ":/usr/bin:/bin", "HOME": "/home/ana", "LC_ALL": "C.UTF-8"]
            process.currentDirectoryURL = folder
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            process.standardInput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            let text = FileManager.default.contents(atPath: log.path).map { String(decoding: $0, as: UTF8.self) } ?? ""
            let ran = text.split(separator: "\0").map { String($0) }
            var context = testContext()
            context.workingDirectory = folder.path
            let predicted = ShellAnalyzer.analyze(script, in: context).commands.map(\.text)
            // Everything that ran was foreseen, as such or in a form that says what of it is not known.
            let unforeseen = ran.filter { line in !predicted.contains { $0 == line || Self.covers($0, line) } }
            #expect(unforeseen == [], "\(script)\n  predicted \(predicted)")
            if unforeseen.isEmpty { known += 1 }
            let shimmed = predicted.filter { text in Self.shims.contains { text == $0 || text.hasPrefix($0 + " ") } }
            if shimmed == ran { exact += 1 } else { print("differs: \(script)\n  ran \(ran)\n  predicted \(shimmed)") }
        }
        print("foreseen \(known) of \(Self.scripts.count), word for word and in order \(exact)")
        #expect(exact * 100 >= Self.scripts.count * 90)
    }

    /// A prediction with unknown parts covers what ran.
    private static func covers(_ predicted: String, _ ran: String) -> Bool {
        guard predicted.contains("…") || predicted.contains("*") else { return false }
        var rest = Substring(ran)
        let pieces = predicted.split(whereSeparator: { $0 == "…" || $0 == "*" })
        for piece in pieces {
            guard let place = rest.range(of: piece) else { return false }
            rest = rest[place.upperBound...]
        }
        return true
    }
}
