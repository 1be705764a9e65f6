// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The home that installed hooks obey: a named one, or the one in the system's user database. The environment is not
/// asked, since an agent's settings can set it.
enum PersonHome {
    static func resolve(_ named: String?) throws -> WritHome {
        do {
            if let named { return try WritHome(try absolute(named)) }
            guard let entry = getpwuid(geteuid()), let directory = entry.pointee.pw_dir else {
                throw ValidationError("the system knows no home for this user; name one with --home")
            }
            return try WritHome(String(cString: directory))
        } catch let fault as HomeFault {
            throw ValidationError(fault.description)
        }
    }

    /// A path as a person writes it, absolute.
    static func absolute(_ path: String) throws -> String {
        if path.hasPrefix("/") { return PathText.absolute(path, in: "/", home: "/") }
        guard let current = getcwd(nil, 0) else { throw CommandFault("the current folder is gone") }
        defer { free(current) }
        return PathText.absolute("./" + path, in: String(cString: current), home: "/")
    }

    /// A folder that exists.
    static func folder(_ path: String?) throws -> String {
        let folder = try absolute(path ?? ".")
        var facts = stat()
        guard stat(folder, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
            throw ValidationError("`\(folder)` is no folder")
        }
        return folder
    }

    /// The hook beside this program, where every build and package puts it.
    static func hook() throws -> String {
        guard let path = ProgramPath.sibling("writ-hook") else {
            throw CommandFault("cannot tell where this program lies")
        }
        return path
    }
}

/// Whose home a command works on.
struct PersonOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The home that the hooks obey. Default: yours, as the system's user database has it.", valueName: "folder"),
        completion: .directory)
    var home: String?

    func resolve() throws -> WritHome { try PersonHome.resolve(home) }
}

/// Which installation `doctor` and `status` look at, and how they print it.
struct PlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The project, where the agents work. Default: the current folder.", valueName: "folder"),
        completion: .directory)
    var directory: String?

    @OptionGroup var person: PersonOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func resolvedHome() throws -> WritHome { try person.resolve() }

    func folder() throws -> String { try PersonHome.folder(directory) }
}
