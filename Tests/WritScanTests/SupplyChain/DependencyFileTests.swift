// SPDX-License-Identifier: Apache-2.0
import Testing
import WritScan
import WritTestSupport

@Suite struct DependencyFileTests {
    @Test(
        arguments: [
            ("requirements.txt", .requirements), ("a/requirements/dev.txt", .requirements),
            ("dev-requirements.txt", .requirements), ("notes.txt", nil), ("a/pyproject.toml", .pyproject),
            (".github/workflows/ci.yml", .actions), ("workflows/ci.yml", nil), ("Dockerfile", .dockerfile),
            ("build/Dockerfile.prod", .dockerfile), ("docker-compose.override.yml", .compose),
            (".cargo/config.toml", .cargoSettings), ("config.toml", nil), ("App.csproj", .msbuild),
            ("Gemfile.lock", .gemfileLock), ("composer.json", .composer), ("composer.lock", .composerLock),
            ("Package.swift", .packageSwift), ("gradle/libs.versions.toml", .gradleCatalog),
            ("", nil), ("/", nil),
        ] as [(String, DependencyFile?)])
    func `a file is known by its path`(path: String, kind: DependencyFile?) {
        #expect(DependencyFile(path: path) == kind)
    }

    @Test func `requirements files`() {
        let reading = DependencyFile.requirements.read(
            Array(
                """
                # pinned
                --index-url https://mirror.example/simple
                --extra-index-url=https://extra.example/simple
                flask==3.0.0 \\
                    --hash=sha256:aa --hash=sha256:bb
                requests[socks]>=2.0,<3 ; python_version < "3.9"  # why
                -e git+https://github.com/o/p.git@v1#egg=thing
                pkg @ https://files.example/pkg-1.tar.gz
                ./local
                -r other.txt
                """.utf8))
        #expect(
            reading.dependencies == [
                Dependency("pypi", "flask", "==3.0.0", integrity: "sha256:aa sha256:bb", line: 4),
                Dependency("pypi", "requests", ">=2.0,<3", line: 6),
                Dependency(
                    "pypi", "thing", source: .git(url: "git+https://github.com/o/p.git", reference: "v1"), line: 7),
                Dependency("pypi", "pkg", source: .archive("https://files.example/pkg-1.tar.gz"), line: 8),
            ])
        #expect(
            reading.indexes == [
                IndexSetting("pypi", url: "https://mirror.example/simple", line: 2),
                IndexSetting("pypi", url: "https://extra.example/simple", isAdditional: true, line: 3),
            ])
    }

    @Test(
        arguments: [
            (
                .pyproject,
                """
                [project]
                dependencies = [
                  "flask>=3",  # web
                  "rich",
                ]
                [project.optional-dependencies]
                dev = ["pytest==8.0"]
                [tool.poetry.dependencies]
                python = "^3.12"
                httpx = {version = "^0.27", extras = ["http2"]}
                mine = {git = "https://g.example/m.git", branch = "main"}
                [tool.poetry.group.test.dependencies]
                tox = "*"
                """,
                [
                    Dependency("pypi", "flask", ">=3", line: 2), Dependency("pypi", "rich", line: 2),
                    Dependency("pypi", "pytest", "==8.0", line: 7), Dependency("pypi", "httpx", "^0.27", line: 10),
                    Dependency(
                        "pypi", "mine", source: .git(url: "https://g.example/m.git", reference: "main"), line: 11),
                    Dependency("pypi", "tox", "*", line: 13),
                ]
            ),
            (
                .setupPy,
                """
                setup(name="x", install_requires=["flask>=3",
                    'rich'],
                  extras_require={"dev": ["pytest"]})
                """,
                [
                    Dependency("pypi", "flask", ">=3", line: 1), Dependency("pypi", "rich", line: 2),
                    Dependency("pypi", "pytest", line: 3),
                ]
            ),
            (
                .setupCfg, "[options]\ninstall_requires =\n    flask>=3\n    rich\nzip_safe = no\n",
                [Dependency("pypi", "flask", ">=3", line: 3), Dependency("pypi", "rich", line: 4)]
            ),
            (
                .poetryLock,
                """
                [[package]]
                name = "flask"
                version = "3.0.0"
                files = [
                    {file = "flask.whl", hash = "sha256:bb"},
                    {file = "flask.tgz", hash = "sha256:aa"},
                ]
                [[package]]
                name = "mine"
                version = "1"
                [package.source]
                type = "git"
                url = "https://g.example/m.git"
                resolved_reference = "c0ffee"
                """,
                [
                    Dependency("pypi", "flask", "3.0.0", integrity: "sha256:aa sha256:bb", line: 2),
                    Dependency(
                        "pypi", "mine", "1", source: .git(url: "https://g.example/m.git", reference: "c0ffee"), line: 9),
                ]
            ),
            (
                .uvLock,
                """
                [[package]]
                name = "app"
                version = "0.1"
                source = { virtual = "." }
                [[package]]
                name = "idna"
                version = "3.7"
                source = { registry = "https://pypi.org/simple" }
                sdist = { url = "https://files.pythonhosted.org/i.tgz", hash = "sha256:aa" }
                """,
                [Dependency("pypi", "idna", "3.7", integrity: "sha256:aa", line: 6)]
            ),
            (
                .conda,
                "name: x\ndependencies:\n  - python=3.12\n  - conda-forge::numpy>=2\n  - pip:\n    - flask==3\n",
                [
                    Dependency("conda", "python", "3.12", line: 3), Dependency("conda", "numpy", ">=2", line: 4),
                    Dependency("pypi", "flask", "==3", line: 6),
                ]
            ),
            (
                .packageJSON,
                """
                {
                  "dependencies": {
                    "express": "^4.0.0",
                    "alias": "npm:lodash@4.17.21",
                    "fork": "owner/repo#dev",
                    "here": "workspace:*",
                    "tar": "https://t.example/a.tgz"
                  },
                  "devDependencies": {"@types/node": "20"}
                }
                """,
                [
                    Dependency("npm", "express", "^4.0.0", line: 3),
                    Dependency("npm", "lodash", "4.17.21", line: 4),
                    Dependency(
                        "npm", "fork", source: .git(url: "https://github.com/owner/repo", reference: "dev"), line: 5),
                    Dependency("npm", "here", source: .path("workspace:*"), line: 6),
                    Dependency("npm", "tar", source: .archive("https://t.example/a.tgz"), line: 7),
                    Dependency("npm", "@types/node", "20", line: 9),
                ]
            ),
            (
                .packageLock,
                """
                {"lockfileVersion": 3, "packages": {
                  "": {"name": "app"},
                  "node_modules/a": {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "integrity": "sha512-x"},
                  "node_modules/a/node_modules/@s/b": {"version": "2.0.0", "resolved": "https://evil.example/b/-/b-2.0.0.tgz", "hasInstallScript": true}
                }}
                """,
                [
                    Dependency("npm", "a", "1.0.0", integrity: "sha512-x", line: 3),
                    Dependency(
                        "npm", "@s/b", "2.0.0", source: .index("https://evil.example/b"), runsInstallScript: true,
                        line: 4),
                ]
            ),
            (
                .yarnLock,
                """
                # yarn lockfile v1
                "@s/b@^1.0.0", "@s/b@^1.1.0":
                  version "1.1.0"
                  resolved "https://registry.yarnpkg.com/@s/b/-/b-1.1.0.tgz#abc"
                  integrity sha512-y
                  dependencies:
                    c "^1"
                c@^1:
                  version "1.0.0"
                """,
                [
                    Dependency("npm", "@s/b", "1.1.0", integrity: "sha512-y", line: 2),
                    Dependency("npm", "c", "1.0.0", line: 8),
                ]
            ),
            (
                .yarnLock,
                "__metadata:\n  version: 8\n\n\"c@npm:^1\":\n  version: 1.0.0\n  resolution: \"c@npm:1.0.0\"\n  checksum: 10/ff\n\n\"app@workspace:.\":\n  version: 0.0.0\n",
                [Dependency("npm", "c", "1.0.0", integrity: "10/ff", line: 4)]
            ),
            (
                .pnpmLock,
                "lockfileVersion: '9.0'\npackages:\n\n  '@s/b@1.1.0':\n    resolution: {integrity: sha512-y}\n\n  c@1.0.0(d@2.0.0):\n    resolution: {integrity: sha512-z}\n    requiresBuild: true\nsnapshots:\n  c@1.0.0: {}\n",
                [
                    Dependency("npm", "@s/b", "1.1.0", integrity: "sha512-y", line: 4),
                    Dependency("npm", "c", "1.0.0", integrity: "sha512-z", runsInstallScript: true, line: 7),
                ]
            ),
            (
                .bunLock,
                "{\n  \"packages\": {\n    \"a\": [\"a@1.0.0\", \"\", {}, \"sha512-x\"],\n    \"app\": [\"app@workspace:.\"],\n  }\n}\n",
                [Dependency("npm", "a", "1.0.0", integrity: "sha512-x", line: 3)]
            ),
            (
                .cargoToml,
                """
                [dependencies]
                serde = { version = "1", features = ["derive"] }
                other = { package = "real-name", version = "2" }
                [dependencies.tokio]
                version = "1.38"
                features = ["full"]
                [dev-dependencies]
                fork = { git = "https://g.example/f", rev = "abc" }
                """,
                [
                    Dependency("crates", "serde", "1", line: 2), Dependency("crates", "real-name", "2", line: 3),
                    Dependency("crates", "tokio", "1.38", line: 5),
                    Dependency("crates", "fork", source: .git(url: "https://g.example/f", reference: "abc"), line: 8),
                ]
            ),
            (
                .cargoLock,
                "[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"aa\"\n",
                [Dependency("crates", "serde", "1.0.1", integrity: "aa", line: 2)]
            ),
            (
                .goMod,
                "module m\ngo 1.22\nrequire (\n\tgithub.com/a/b v1.2.3\n\tgolang.org/x/c v0.1.0 // indirect\n)\nreplace github.com/a/b => ../b\n",
                [
                    Dependency("go", "github.com/a/b", "v1.2.3", line: 4),
                    Dependency("go", "golang.org/x/c", "v0.1.0", line: 5),
                    Dependency("go", "github.com/a/b", source: .path("../b"), line: 7),
                ]
            ),
            (
                .goSum, "github.com/a/b v1.2.3 h1:xx=\ngithub.com/a/b v1.2.3/go.mod h1:yy=\n",
                [Dependency("go", "github.com/a/b", "v1.2.3", integrity: "h1:xx=", line: 1)]
            ),
            (
                .pom,
                """
                <project><!-- <dependency> -->
                  <dependencies>
                    <dependency>
                      <groupId>org.x</groupId><artifactId>y</artifactId>
                      <version>1.0</version>
                    </dependency>
                  </dependencies>
                </project>
                """,
                [Dependency("maven", "org.x:y", "1.0", line: 3)]
            ),
            (
                .gradle,
                "dependencies {\n  implementation 'org.x:y:1.0'\n  testImplementation(\"a.b:c:2.0\")\n  api project(':lib')\n}\n",
                [Dependency("maven", "org.x:y", "1.0", line: 2), Dependency("maven", "a.b:c", "2.0", line: 3)]
            ),
            (
                .gradleCatalog,
                "[versions]\nok = \"4.12\"\n[libraries]\nokhttp = { module = \"com.s:okhttp\", version.ref = \"ok\" }\n",
                [Dependency("maven", "com.s:okhttp", "4.12", line: 4)]
            ),
            (
                .gradleLock, "# x\norg.x:y:1.0=compileClasspath\nempty=\n",
                [Dependency("maven", "org.x:y", "1.0", line: 2)]
            ),
            (
                .gemfile,
                "source 'https://rubygems.org'\ngem 'rails', '~> 7.1'\ngem \"x\", git: \"https://g.example/x\", ref: 'abc'\n",
                [
                    Dependency("rubygems", "rails", "~> 7.1", line: 2),
                    Dependency("rubygems", "x", source: .git(url: "https://g.example/x", reference: "abc"), line: 3),
                ]
            ),
            (
                .gemfileLock,
                "GEM\n  remote: https://rubygems.org/\n  specs:\n    rails (7.1.0)\n      rack (>= 2)\n\nCHECKSUMS\n  rails (7.1.0) sha256=aa\n",
                [Dependency("rubygems", "rails", "7.1.0", integrity: "sha256=aa", line: 4)]
            ),
            (
                .msbuild,
                "<Project><ItemGroup>\n<PackageReference Include=\"Newtonsoft.Json\" Version=\"13.0.1\" />\n</ItemGroup></Project>\n",
                [Dependency("nuget", "Newtonsoft.Json", "13.0.1", line: 2)]
            ),
            (
                .nugetLock,
                "{\"dependencies\": {\"net8.0\": {\n\"A\": {\"type\": \"Direct\", \"resolved\": \"1.0.0\", \"contentHash\": \"h\"}}}}",
                [Dependency("nuget", "A", "1.0.0", integrity: "h", line: 2)]
            ),
            (
                .packageSwift,
                "let p = Package(dependencies: [\n  .package(url: \"https://github.com/o/p.git\", from: \"1.0.0\"),\n  .package(path: \"../q\"),\n])\n",
                [
                    Dependency(
                        "swift", "o/p", "1.0.0",
                        source: .git(url: "https://github.com/o/p.git", reference: "1.0.0"), line: 2)
                ]
            ),
            (
                .packageResolved,
                "{\"pins\": [{\"identity\": \"p\",\n\"location\": \"https://github.com/o/p.git\",\n\"state\": {\"revision\": \"abc\", \"version\": \"1.0.0\"}}]}",
                [
                    Dependency(
                        "swift", "o/p", "1.0.0", source: .git(url: "https://github.com/o/p.git", reference: "abc"),
                        integrity: "abc", line: 2)
                ]
            ),
            (
                .dockerfile,
                "ARG V=3.20\nFROM alpine:${V} AS build\nFROM --platform=x registry.example:5000/app@sha256:aa\nFROM build\nFROM $UNKNOWN\nCOPY --from=busybox /a /b\n",
                [
                    Dependency("docker", "alpine", "3.20", line: 2),
                    Dependency("docker", "registry.example:5000/app", integrity: "sha256:aa", line: 3),
                    Dependency("docker", "busybox", line: 6),
                ]
            ),
            (
                .compose, "services:\n  db:\n    image: postgres:16\nx:\n  image: no\n",
                [Dependency("docker", "postgres", "16", line: 3)]
            ),
            (
                .actions,
                "jobs:\n  a:\n    container:\n      image: node:20\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./local\n      - name: x\n        uses: o/r/sub@main # c\n      - run: |\n          uses: not/this@v1\n",
                [
                    Dependency("docker", "node", "20", line: 4),
                    Dependency("github-actions", "actions/checkout", "v4", line: 6),
                    Dependency("github-actions", "o/r/sub", "main", line: 9),
                ]
            ),
        ] as [(DependencyFile, String, [Dependency])])
    func `a file gives its dependencies`(kind: DependencyFile, text: String, expected: [Dependency]) {
        #expect(kind.read(Array(text.utf8)).dependencies == expected)
    }

    @Test(
        arguments: [
            (
                .npmSettings,
                "registry=https://r.example/\n//r.example/:_authToken=x\n@acme:registry=https://a.example/\n",
                ["  https://r.example/", "@acme  https://a.example/"]
            ),
            (
                .npmSettings,
                "npmRegistryServer: \"https://r.example\"\nnpmScopes:\n  acme:\n    npmRegistryServer: \"https://a.example\"\n",
                ["  https://r.example", "@acme  https://a.example"]
            ),
            (.pipSettings, "[global]\nindex-url = https://r.example/simple\n", ["  https://r.example/simple"]),
            (
                .cargoSettings,
                "[source.crates-io]\nreplace-with = \"mine\"\n[source.mine]\nregistry = \"https://r.example\"\n",
                ["  replace-with mine", "  https://r.example"]
            ),
        ] as [(DependencyFile, String, [String])])
    func `settings give their registries`(kind: DependencyFile, text: String, expected: [String]) {
        #expect(kind.read(Array(text.utf8)).indexes.map { $0.scope + "  " + $0.url } == expected)
    }

    @Test func `what cannot be read is told as a gap`() {
        #expect(DependencyFile.packageJSON.read(Array("{\"dependencies\": {".utf8)).gaps.count == 1)
        #expect(DependencyFile.pyproject.read(Array("[project\nx = = 1\n".utf8)).gaps.count == 1)
    }

    @Test func `any bytes end in any reader`() {
        var random = SeededGenerator(seed: 11)
        let pieces = [
            "{", "}", "[", "]", "\"", "'", "=", ":", "\n", "  ", "- ", "<", ">", "</", "<!--", "@", "#", "dependencies",
            "[[package]]\n", "name = ", "uses: ", "FROM ", "\\", "\u{0}", "é", "://", "git+", "\"\"\"", "${", ",",
            "[a", "]]", ".package(", "require (", "\r\n", "\t",
        ]
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            for kind in DependencyFile.allCases { _ = kind.read(Array(text.utf8)) }
        }
    }

    @Test func `deep and long files end`() {
        for (open, kind) in [("[", DependencyFile.pyproject), ("{a=", .pyproject), ("<a>", .pom), ("a:\n ", .actions)] {
            _ = kind.read(Array(("a = " + String(repeating: open, count: 100_000)).utf8))
        }
        let many = (0..<DependencyReading.limit + 10).map { "a\($0)==1\n" }.joined()
        let reading = DependencyFile.requirements.read(Array(many.utf8))
        #expect(reading.dependencies.count == DependencyReading.limit)
        #expect(reading.gaps.count == 1)
    }

    @Test func `composer's manifest and lock file are read`() {
        let manifest = DependencyFile.composer.read(
            Array(
                """
                {
                  "require": {
                    "php": "^8.2",
                    "acme/log": "^3.0"
                  },
                  "require-dev": {"acme/unit": "*"},
                  "repositories": [{"type": "composer", "url": "https://packages.acme.example"}]
                }
                """.utf8))
        #expect(
            manifest.dependencies == [
                Dependency("packagist", "acme/log", "^3.0", line: 4),
                Dependency("packagist", "acme/unit", "*", line: 6),
            ])
        #expect(
            manifest.indexes == [
                IndexSetting("packagist", url: "https://packages.acme.example", isAdditional: true, line: 7)
            ])
        let lock = DependencyFile.composerLock.read(
            Array(
                """
                {"packages": [
                  {"name": "acme/log", "version": "3.0.1", "dist": {"url": "https://api.github.com/repos/acme/log/zipball/1", "reference": "ab12", "shasum": ""}},
                  {"name": "acme/odd", "version": "1.0.0", "dist": {"url": "https://files.acme.example/odd.zip", "shasum": "cd34"}}
                ]}
                """.utf8))
        #expect(
            lock.dependencies == [
                Dependency("packagist", "acme/log", "3.0.1", integrity: "ab12", line: 2),
                Dependency(
                    "packagist", "acme/odd", "1.0.0", source: .archive("https://files.acme.example/odd.zip"),
                    integrity: "cd34", line: 3),
            ])
    }
}
