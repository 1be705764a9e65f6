// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritShell

@Suite struct ProgramSQLTests {
    private func effects(_ text: String) -> [String] {
        SQLStatements.classify(text).statements.map { $0.effect.rawValue + ($0.object.isEmpty ? "" : " " + $0.object) }
    }

    @Test func `statements are told apart by what they do`() {
        let cases: [(String, [String])] = [
            ("select * from users", ["read users"]),
            ("SELECT 1; drop table if exists public.users cascade;", ["read", "drop public.users"]),
            ("delete from users where id = 3", ["write users"]),
            ("delete from users", ["writeAll users"]),
            ("DELETE FROM users WHERE 1=1", ["writeAll users"]),
            ("delete from users where id = 3 or 1=1", ["writeAll users"]),
            ("delete from users where true", ["writeAll users"]),
            ("update t set a = 1", ["writeAll t"]),
            ("update t set a = 1 where b = 2", ["write t"]),
            ("truncate table t", ["truncate t"]),
            ("TRUNCATE t, u", ["truncate t"]),
            ("drop database prod", ["drop prod"]),
            ("alter table t drop column c", ["drop t"]),
            ("alter table t add column c int", ["write t"]),
            ("insert into t values ('drop table x')", ["write t"]),
            ("select 'a;b' ; -- drop table x", ["read"]),
            ("/* drop table x */ select 1", ["read"]),
            ("/*!50000 drop table x */", ["drop x"]),
            ("dRoP\n\tTABLE \"Users\"", ["drop Users"]),
            ("grant all on t to bob", ["administer grant"]),
            ("explain select 1", ["read"]),
            ("explain analyze delete from t", ["writeAll t"]),
            ("with d as (delete from t returning *) select * from d", ["writeAll t"]),
            ("copy t to program 'sh -c id'", ["run sh -c id"]),
            ("copy t to '/tmp/x'", ["fileWrite /tmp/x"]),
            ("select * into outfile '/tmp/x' from t", ["fileWrite /tmp/x", "read t"]),
            ("select load_file('/etc/passwd')", ["fileRead load_file", "read"]),
            ("exec xp_cmdshell 'dir'", ["run xp_cmdshell"]),
            ("do $$ begin drop table x; end $$", ["drop x", "read"]),
            (".shell id", ["run id"]),
            ("\\! rm x", ["run rm x"]),
            ("frobnicate x", ["unknown frobnicate"]),
            ("", []),
        ]
        for (text, expected) in cases { #expect(effects(text) == expected, "\(text)") }
    }

    @Test func `a backslash before a quote hides nothing in either dialect`() {
        #expect(effects("select '\\'; drop table x; --'").contains("drop x"))
        #expect(effects("select 'it\\'s'; drop table x; -- '").contains("drop x"))
        #expect(effects("select 1 # it's\n; drop table x").contains("drop x"))
        #expect(effects("select 1 # 2; drop table x").contains("drop x"))
    }

    @Test func `long and broken text ends in bounded time`() {
        #expect(SQLStatements.classify(String(repeating: ";", count: 100_000)).statements.count <= 10_001)
        #expect(SQLStatements.classify(String(repeating: "(", count: 50_000)).statements.count <= 2)
        #expect(SQLStatements.classify("select '" + String(repeating: "a", count: 100_000)).statements.count == 1)
        #expect(SQLStatements.classify(String(repeating: "$a", count: 50_000)).statements.count <= 2)
    }
}
