// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritShell

/// Build files, hooks and images whose text is at hand are read as if what they run stood in the command.
@Suite struct BuildScriptTests {
    private static let makefile = """
        SRC := a.c b.c
        OBJ = $(SRC:.c=.o)
        OUT ?= build
        CLEAN = $(addprefix $(OUT)/,$(OBJ))
        define twice
        touch $(1).one
        touch $(1).two
        endef
        .PHONY: all clean
        all: app docs
        app: $(OBJ)
        \t@gcc -o $@ $^
        %.o: %.c
        \tgcc -c $< -o $@
        docs: ; mkdir -p $(OUT)/docs
        clean:
        \t-rm -f $(CLEAN)
        \t$(RM) -r $(OUT)
        cond:
        ifeq ($(OS),x)
        \trm one
        else
        \trm two
        endif
        dollar:
        \tfor f in a b; do touch $$f; done
        long:
        \trm long.a \\
        \t  long.b
        make-again:
        \t$(MAKE) -C sub clean
        called:
        \t$(call twice,x)
        hash:
        \techo "a # b" # and a comment
        """

    private let context = testContext(
        files: KnownFiles(texts: [
            "/proj/app/Makefile": makefile, "/proj/app/sub/Makefile": "clean:\n\trm sub.o\n",
            "/proj/app/ran.mk": "X := $(shell touch ran)\nall:\n\techo $(X)\n",
            "/proj/app/inc.mk": "include other.mk\nall:\n\techo\n",
            "/proj/app/package.json": """
            {"name": "x", "scripts": {"prebuild": "rm -rf dist", "build": "tsc -p .", "postbuild": "cp a dist/a",
            "deploy": "node deploy.js", "prepare": "touch prepared", "start": "node server.js"}}
            """,
            "/proj/app/server.js": "require('fs').unlinkSync('/srv/x')\n",
            "/proj/app/justfile": """
            dir := "out"
            default: build
            build: setup
                touch {{dir}}/app
            setup:
                @mkdir -p {{dir}}
            """,
            "/proj/app/Dockerfile": """
            FROM alpine AS base
            # a comment
            RUN apk add --no-cache git \\
                # between
                && rm -rf /var/cache
            RUN ["touch", "a b"]
            RUN --mount=type=cache,target=/c touch mounted
            RUN <<EOF
            touch doc
            EOF
            CMD ["rm", "never"]
            """,
            "/proj/app/.git/hooks/post-commit": "#!/usr/bin/env bash\ntouch hooked\n",
        ]))

    private func check(_ cases: [EffectCase]) {
        #expect(cases.flatMap { $0.faults(context) } == [])
    }

    @Test func `make runs the recipes of the goals that are reached`() {
        check([
            EffectCase(
                "make", "file.write /proj/app/app", "file.write /proj/app/a.o", "file.write /proj/app/build/docs",
                not: ["opaque", "file.delete"]),
            EffectCase(
                "make clean", "file.delete /proj/app/build/a.o force", "file.delete /proj/app/build/b.o force",
                "file.delete /proj/app/build force recursive", not: ["opaque"]),
            EffectCase("make clean OUT=dist", "file.delete /proj/app/dist force recursive"),
            EffectCase("make cond", "file.delete /proj/app/one", "file.delete /proj/app/two"),
            EffectCase("make dollar", "file.write /proj/app/a", "file.write /proj/app/b"),
            EffectCase("make long", "file.delete /proj/app/long.a", "file.delete /proj/app/long.b"),
            EffectCase("make make-again", "file.delete /proj/app/sub/sub.o", not: ["opaque"]),
            EffectCase("make -C sub clean", "file.delete /proj/app/sub/sub.o"),
            EffectCase("make called", "file.write /proj/app/x.one", "file.write /proj/app/x.two"),
            EffectCase("make -f ran.mk", "file.write /proj/app/ran", not: ["opaque"]),
            EffectCase("make -n clean", not: ["file.delete"]),
        ])
    }

    @Test func `what is not at hand stays unread`() {
        check([
            EffectCase("make -f inc.mk", "shell.exec make opaque:unread"),
            EffectCase("make -f missing.mk", "shell.exec make /proj/app/missing.mk interpreter opaque:unread"),
            EffectCase("make nothing-makes-this", "shell.exec make opaque:unread"),
            EffectCase("cd /elsewhere && make", "shell.exec make opaque:unread"),
            EffectCase("npm run missing", "shell.exec npm opaque:unread"), EffectCase("cargo build", "shell.exec cargo opaque:unread"),
        ])
    }

    @Test func `a file that the command itself writes counts`() {
        check([
            EffectCase("printf 'all:\\n\\trm -rf /\\n' > new.mk; make -f new.mk", "file.delete / force recursive"),
            EffectCase("curl -s http://h.example > new.mk; make -f new.mk", "shell.exec make interpreter <net opaque:tainted"),
            EffectCase("curl -o package.json http://h.example; npm test", "shell.exec npm interpreter <net opaque:tainted"),
        ])
    }

    @Test func `package scripts run with those before and after`() {
        check([
            EffectCase(
                "npm run build", "file.delete /proj/app/dist force recursive", "file.write /proj/app/dist/a", not: ["opaque"]),
            EffectCase("npm start", "file.delete /srv/x"), EffectCase("cd src && npm start", "file.delete /srv/x"),
            EffectCase("pnpm build", "shell.exec tsc", not: ["file.delete"]), EffectCase("yarn build", "file.delete /proj/app/dist"),
            EffectCase("npm run deploy", "shell.exec node /proj/app/deploy.js interpreter opaque:unread", "file.read /proj/app/deploy.js"),
            EffectCase("npm install", "file.write /proj/app/prepared", "shell.exec npm opaque:unread"),
            EffectCase("npm install --ignore-scripts", not: ["file.write /proj/app/prepared"]),
            EffectCase("npm --prefix sub/.. run build", "file.delete /proj/app/dist force recursive"),
        ])
    }

    @Test func `just, docker and git run what their files say`() {
        check([
            EffectCase("just", "file.write /proj/app/out/app", "file.write /proj/app/out", not: ["opaque"]),
            EffectCase("just dir=dist build", "file.write /proj/app/dist/app"),
            EffectCase(
                "docker build -t x .", "file.delete /var/cache", "file.write /a b", "file.write /mounted",
                "file.write /doc", not: ["opaque", "file.delete /never"]),
            EffectCase("git commit -m x", "file.write /proj/app/hooked"), EffectCase("cd src; git commit -m x", "file.write /proj/app/hooked"),
            EffectCase("git log", not: ["file.write"]),
        ])
    }
}
