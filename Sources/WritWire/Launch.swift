// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// How a program is started: its streams, its variables and its signals are what is said here and nothing of the caller's.
///
/// Other descriptors are inherited unless they are marked to close; who starts programs marks its own. The signal mask
/// is empty, because a program that hears of no child's end waits for ever.
public struct Launch: Sendable {
    /// One of the first three descriptors.
    public enum Stream: Sendable {
        case descriptor(Int32)
        /// Opened in the child; `mode` counts where `flags` create.
        case file(String, flags: Int32, mode: UInt32 = 0)

        public static let nothingToRead = Stream.file("/dev/null", flags: O_RDONLY)
        public static let nowhere = Stream.file("/dev/null", flags: O_WRONLY)
    }

    /// Why a program did not start.
    public struct Fault: Error {
        /// An `errno`.
        public let code: Int32

        /// In the system's words.
        public var reason: String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }
    }

    public var program: String
    /// Without the program itself.
    public var arguments: [String]
    /// `NAME=value`.
    public var environment: [String]
    /// Input, output and errors.
    public var streams: [Stream]
    /// All signals do what they do by default; otherwise only that of a broken pipe.
    public var resetsSignals = false
    /// The program leads a session of its own, and no terminal is left to it.
    public var leadsSession = false

    /// Creates a launch.
    public init(_ program: String, _ arguments: [String], environment: [String], streams: [Stream]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.streams = streams
    }

    /// Starts the program and returns the child's process.
    public func start() throws(Fault) -> Int32 {
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (number, stream) in streams.enumerated() {
            switch stream {
            case .descriptor(let descriptor):
                posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
            case .file(let path, let flags, let mode):
                posix_spawn_file_actions_addopen(&actions, Int32(number), path, flags, mode_t(truncatingIfNeeded: mode))
            }
        }
        var none = sigset_t()
        var defaults = sigset_t()
        sigemptyset(&none)
        if resetsSignals {
            sigfillset(&defaults)
        } else {
            sigemptyset(&defaults)
            sigaddset(&defaults, SIGPIPE)
        }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        if leadsSession {
            #if canImport(Darwin)
            flags |= Int32(POSIX_SPAWN_SETSID) | Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
            #else
            // POSIX_SPAWN_SETSID of <spawn.h>, which is not imported.
            flags |= 0x80
            #endif
        }
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, program, &actions, &attributes, &words, &variables)
        guard code == 0 else { throw Fault(code: code) }
        return child
    }
}

extension Launch {
    /// The daemon of a home, as whoever needs one starts it: in a session of its own, so that it outlives the terminal
    /// and what is typed there, with nothing open but its log, and with an environment that nobody chose.
    ///
    /// - Parameter program: `writ`, an absolute path.
    public static func daemon(_ program: String, of home: WritHome) -> Launch {
        // A daemon that keeps one of the hook's pipes open makes the agent wait until its time-out, which means consent.
        let errors = Stream.file(home.daemonLog, flags: O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode: 0o600)
        var launch = Launch(
            program, ["daemon", "run", "--home", home.home],
            environment: ["PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=\(home.home)", "LANG=C.UTF-8"],
            streams: [.nothingToRead, .nowhere, errors])
        launch.resetsSignals = true
        launch.leadsSession = true
        return launch
    }
}
