// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What setting a variable for a program makes that program do.
public enum EnvironmentVariables {
    /// The effects that a program started with this variable can have because of it; none for most variables.
    ///
    /// Whether the program obeys the variable is not looked at: what it starts in turn may.
    public static func effects(of name: String, value: Value) -> [Effect] {
        if value.pieces.isEmpty { return [] }
        if let kind = kinds[name] { return effects(kind, name, value) }
        if name.hasPrefix("GIT_CONFIG_KEY_") || name == "GIT_CONFIG_PARAMETERS" || name.hasPrefix("GIT_CONFIG_VALUE_") {
            return [.unread("settings of git given in the environment: \(value.display)")]
        }
        let lowered = name.lowercased()
        if lowered.hasPrefix("npm_config_") {
            switch lowered.dropFirst(11) {
            case "script_shell", "shell", "editor", "git", "node_gyp", "init_module":
                return [.code(value, language: "sh")]
            case "registry", "proxy", "https_proxy": return [.connect(value, method: "", traits: [])]
            default: return []
            }
        }
        if name.hasPrefix("BASH_FUNC_") { return [.code(value, language: "sh")] }
        return []
    }

    private enum Kind {
        /// The value is a command line for a shell or nearly so.
        case command
        /// The value names a script that is run.
        case script(String)
        /// The value names libraries, or directories of code, that are loaded before the program's own.
        case library
        /// The value holds options, some of which load or run code.
        case options
        /// The value names a configuration that can run programs.
        case settings
        /// Traffic goes there.
        case endpoint
        /// A check is dropped.
        case unverified
    }

    private static func effects(_ kind: Kind, _ name: String, _ value: Value) -> [Effect] {
        switch kind {
        case .command:
            // Switching a pager or editor off, or naming a usual one, runs nothing of interest.
            let usual: Set<String> = [
                "cat", "less", "more", "less -R", "less -FRX", "vi", "vim", "nano", "true", ":", "false", "/bin/true",
                "/bin/cat",
                "ssh", "gcc", "g++", "clang", "clang++", "cc", "c++", "echo", "/bin/false",
            ]
            if let text = value.text, usual.contains(text) { return [] }
            return [.code(value, language: "sh")]
        case .script(let language): return [.codeFile(value, language: language)]
        case .library: return [.unread("\(name) loads code from \(value.display)")]
        case .options:
            let words = value.display.split(separator: " ")
            let loads =
                value.text == nil
                || words.contains { word in
                    [
                        "-r", "-M", "-m", "-e", "-I", "-x", "--require", "--import", "--loader",
                        "--experimental-loader", "-javaagent", "-agentlib",
                        "-agentpath", "--checkpoint-action", "--to-command", "--use-compress-program", "-W", "--eval",
                        "-f", "--rsh-command", "-S",
                        "--init-script", "--inspect",
                    ]
                    .contains { word.hasPrefix($0) }
                }
            return loads ? [.unread("\(name) gives options that load code: \(value.display)")] : []
        case .settings:
            return value.text == "/dev/null"
                ? [] : [.read(value), .unread("\(name) names settings that can run programs")]
        case .endpoint: return [.connect(value, method: "", traits: [])]
        case .unverified:
            let isOff = ["0", "false", "no", "", "off"].contains(value.text?.lowercased() ?? "1")
            let drops =
                name == "NODE_TLS_REJECT_UNAUTHORIZED" || name == "PYTHONHTTPSVERIFY"
                ? isOff || value.text == nil : !isOff
            return drops
                ? [
                    .operation(
                        Operation(
                            .netConnect, traits: [.unverified, .potential], detail: "\(name) switches a check off"))
                ] : []
        }
    }

    private static let kinds: [String: Kind] = {
        var all: [String: Kind] = [:]
        for name in [
            "PAGER", "GIT_PAGER", "MANPAGER", "GH_PAGER", "AWS_PAGER", "SYSTEMD_PAGER", "SYSTEMD_LESS_PIPE",
            "BAT_PAGER", "DELTA_PAGER",
            "CRASHPAGER", "PSQL_PAGER", "EDITOR", "VISUAL", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "SUDO_EDITOR",
            "SYSTEMD_EDITOR", "KUBE_EDITOR",
            "FCEDIT", "HGEDITOR", "SVN_EDITOR", "GIT_SSH_COMMAND", "GIT_SSH", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND",
            "GIT_ASKPASS",
            "SSH_ASKPASS", "SUDO_ASKPASS", "BROWSER", "GH_BROWSER", "LESSOPEN", "LESSCLOSE", "PROMPT_COMMAND", "PS0",
            "PS4", "RSYNC_RSH",
            "RSYNC_CONNECT_PROG", "CVS_RSH", "SVN_SSH", "BORG_RSH", "BORG_PASSCOMMAND", "RESTIC_PASSWORD_COMMAND",
            "RCLONE_PASSWORD_COMMAND",
            "AUTOM4TE", "AUTOCONF", "AUTOMAKE", "RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTDOC",
            "CARGO_BUILD_RUSTC_WRAPPER",
            "CMAKE_C_COMPILER_LAUNCHER", "CONFIG_SHELL", "PYTHONBREAKPOINT", "PERL5DB", "FZF_DEFAULT_COMMAND",
            "FZF_CTRL_T_COMMAND",
        ] { all[name] = .command }
        all["BASH_ENV"] = .script("sh")
        all["ENV"] = .script("sh")
        all["PYTHONSTARTUP"] = .script("python")
        all["R_PROFILE_USER"] = .script("r")
        all["VIMINIT"] = .settings
        for name in [
            "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "PYTHONPATH",
            "PYTHONHOME", "PERL5LIB",
            "PERLLIB", "RUBYLIB", "NODE_PATH", "CLASSPATH", "LUA_PATH", "LUA_CPATH", "LUA_INIT", "GCONV_PATH",
            "GIO_EXTRA_MODULES", "GTK_MODULES",
            "QT_PLUGIN_PATH", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "OPENSSL_ENGINES", "OPENSSL_MODULES",
            "GCC_EXEC_PREFIX", "COMPILER_PATH",
            "TCLLIBPATH", "FACTERLIB", "GROFF_BIN_PATH", "ANSIBLE_LIBRARY", "ANSIBLE_CALLBACK_PLUGINS",
            "DOTNET_STARTUP_HOOKS",
            "ZDOTDIR", "VIMRUNTIME", "R_LIBS",
        ] { all[name] = .library }
        for name in [
            "NODE_OPTIONS", "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS",
            "MAVEN_OPTS", "GRADLE_OPTS", "JAVA_OPTS",
            "TAR_OPTIONS", "MAKEFLAGS", "GNUMAKEFLAGS", "GOFLAGS", "RUSTFLAGS", "PYTEST_ADDOPTS", "ERL_FLAGS",
            "PHP_INI_SCAN_DIR",
            "BUN_OPTIONS", "ZIPOPT", "UNZIP", "LESS", "VALGRIND_OPTS",
        ] { all[name] = .options }
        for name in [
            "GIT_CONFIG", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_DIR", "CURL_HOME", "WGETRC",
            "NPM_CONFIG_USERCONFIG", "PIP_CONFIG_FILE",
            "CARGO_HOME", "ANSIBLE_CONFIG", "KUBECONFIG", "INPUTRC", "SCREENRC", "RIPGREP_CONFIG_PATH",
            "BUNDLE_GEMFILE", "APT_CONFIG", "OPENSSL_CONF",
            "HGRCPATH", "MYVIMRC", "AWS_CONFIG_FILE", "SUDO_CONF", "MAKEFILES",
        ] { all[name] = .settings }
        for name in [
            "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "ftp_proxy",
            "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL",
            "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "GOPROXY", "DOCKER_HOST", "ANTHROPIC_BASE_URL",
            "OPENAI_BASE_URL", "OPENAI_API_BASE", "AWS_ENDPOINT_URL", "VAULT_ADDR",
        ] { all[name] = .endpoint }
        for name in [
            "NODE_TLS_REJECT_UNAUTHORIZED", "GIT_SSL_NO_VERIFY", "PYTHONHTTPSVERIFY", "GONOSUMDB", "GOINSECURE",
            "VAULT_SKIP_VERIFY", "PIP_TRUSTED_HOST",
        ] { all[name] = .unverified }
        return all
    }()
}
