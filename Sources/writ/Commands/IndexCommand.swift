// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import WritCore
import WritDaemon
import WritGuard
import WritInspect
import WritScan
import WritWire

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Build, fetch and inspect the local package index.",
        subcommands: [
            IndexShow.self, IndexUpdate.self, IndexTrust.self, IndexReset.self, IndexBuild.self, IndexSign.self,
        ])
}

struct IndexBuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build a package index from lists of names that you have.",
        discussion: """
            Each list is a tab-separated file whose first line names its columns: `name`, and any of `month` (last \
            release, yyyy-mm), `created` (first release, yyyy-mm-dd), `rank…` and `downloads…` (a month). Without ranks \
            the downloads make them. Advisories are read in the OSV format: one record a file, or one a line in .jsonl.

            Example:
              writ index build --list pypi=pypi.tsv --list npm=npm.tsv --day 20261119 \\
                --advisories osv/ --output packages.index
            """)

    @Option(name: .long, help: ArgumentHelp("A registry and its list; may be repeated.", valueName: "ecosystem=file"))
    var list: [String]

    @Option(
        name: .long,
        help: ArgumentHelp("OSV records: a folder, a .json or a .jsonl file; may be repeated.", valueName: "path"),
        completion: .file())
    var advisories: [String] = []

    @Option(name: .long, help: ArgumentHelp("The day the lists are of.", valueName: "yyyymmdd"))
    var day: Int

    @Option(
        name: .long,
        help: ArgumentHelp(
            "How many of the most used names of each registry to keep with their rank.", valueName: "count"))
    var popular = 15_000

    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var output: String

    func validate() throws {
        guard CivilDay.number(yyyymmdd: day) != nil else { throw ValidationError("\(day) is no day; write yyyymmdd") }
    }

    func run() throws {
        var listings: [PackageIndex.Listing] = []
        for argument in list {
            let parts = argument.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw ValidationError("expected ecosystem=file, got `\(argument)`") }
            Terminal.progress("reading \(parts[1])")
            guard PackageIndex.registries.contains(String(parts[0])) else {
                throw ValidationError(
                    "there is no registry `\(parts[0])`; there are \(PackageIndex.registries.joined(separator: ", "))")
            }
            let text = try Self.text(of: String(parts[1]))
            do {
                let listing = try PackageIndex.Listing(ecosystem: String(parts[0]), tabSeparated: text)
                if listing.skipped > 0 {
                    Terminal.error("\(parts[1]): \(listing.skipped) lines have no name, or a value that cannot be read")
                }
                listings.append(listing)
            } catch {
                throw ValidationError("\(parts[1]): \(error)")
            }
        }
        let records = try readAdvisories()
        for index in listings.indices { listings[index].advisories = records[listings[index].ecosystem] ?? [] }
        Terminal.progress("sorting \(listings.reduce(0) { $0 + $1.entries.count }) names")
        let bytes = PackageIndex.build(listings, day: day, popularCount: popular)
        try Data(bytes).write(to: URL(fileURLWithPath: output), options: .atomic)
        Terminal.endProgress()
        for listing in listings {
            Terminal.line(
                "\(listing.ecosystem): \(listing.entries.count) names, \(listing.advisories.count) advisories")
        }
        for ecosystem in records.keys.sorted() where !listings.contains(where: { $0.ecosystem == ecosystem }) {
            Terminal.error(
                "\(records[ecosystem]?.count ?? 0) advisories of \(ecosystem) are left out: no list of its names")
        }
        Terminal.line("\(output): \(bytes.count) bytes")
    }

    private static func text(of path: String) throws -> String {
        do {
            return String(decoding: try OpenFile(path).readAll(limit: 2 << 30), as: UTF8.self)
        } catch {
            throw CommandFault("`\(path)` \(error)")
        }
    }

    private func readAdvisories() throws -> [String: [Advisory]] {
        var found: [String: [Advisory]] = [:]
        var unread = 0
        func take(_ text: String) {
            do {
                for (ecosystem, advisory) in Advisory.read(osv: try JSON(parsing: text)) {
                    found[ecosystem, default: []].append(advisory)
                }
            } catch {
                unread += 1
            }
        }
        for path in advisories {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw ValidationError("`\(path)` does not exist")
            }
            let files =
                isFolder.boolValue
                ? FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String }.sorted().map {
                    path + "/" + $0
                } ?? []
                : [path]
            for (number, file) in files.enumerated() {
                if number.isMultiple(of: 500) { Terminal.progress("reading advisories: \(number) of \(files.count)") }
                guard file.hasSuffix(".json") || file.hasSuffix(".jsonl") else { continue }
                let text = try Self.text(of: file)
                if file.hasSuffix(".jsonl") {
                    for line in text.split(separator: "\n") { take(String(line)) }
                } else {
                    take(text)
                }
            }
        }
        Terminal.endProgress()
        if unread > 0 { Terminal.error("\(unread) records are no JSON and were passed over") }
        return found
    }
}

struct IndexShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Say which package index is in use and what it covers.")

    @OptionGroup var homeOptions: HomeOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let home = try homeOptions.resolve()
        var fetched: PackageIndex?
        do {
            fetched = try PackageIndexFile.read(home)
        } catch {
            Terminal.error(
                "the fetched index is not used: \(error)",
                hint: "fetch it anew: writ index update URL; or: writ index reset")
        }
        guard let index = try fetched ?? Engines.packageIndex() else {
            throw CommandFault("no package index is built in", hint: "build one: writ index build --help")
        }
        if json {
            let registries = index.ecosystems.map { ecosystem in
                JSON.Member(
                    ecosystem,
                    [
                        "popular": .integer(Int64(index.popular(in: ecosystem).count)),
                        "advisories": .integer(Int64(index.advisoryCount(in: ecosystem))),
                    ])
            }
            let answer: JSON = [
                "source": fetched == nil ? "built-in" : "fetched", "day": .integer(Int64(index.day)),
                "registries": .object(registries),
            ]
            Terminal.line(answer.text)
            return
        }
        Terminal.line("\(fetched == nil ? "built in" : "fetched"), lists of \(index.day)")
        for ecosystem in index.ecosystems {
            Terminal.line(
                "\(ecosystem): \(index.popular(in: ecosystem).count) most used names with their rank, \(index.advisoryCount(in: ecosystem)) advisories"
            )
        }
    }
}

struct IndexTrust: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust", abstract: "Choose the public key that must have signed a fetched index.",
        discussion: """
            Example:
              writ index trust 3pYn…=
            """)

    @OptionGroup var homeOptions: HomeOptions

    @Argument(help: "The public key: 32 bytes in base64.")
    var key: String

    func run() throws {
        guard SignedIndex.isKey(key) else { throw ValidationError("the key is not 32 bytes in base64") }
        let home = try homeOptions.resolve()
        try WritHome.makeFolders(home.config)
        try IndexFiles.write(Data((key + "\n").utf8), to: home.packageIndexKey)
        Terminal.line("indexes signed by \(key) are taken")
    }
}

struct IndexReset: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Go back to the package index that ships with Writ.")

    @OptionGroup var homeOptions: HomeOptions

    func run() throws {
        let home = try homeOptions.resolve()
        for path in [home.packageIndex, home.packageIndex + ".sig"] where FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
        Terminal.line("the built-in index is in use")
    }
}

struct IndexSign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign an index, for others to fetch.",
        discussion: """
            Writes FILE.sig beside FILE. Without --key a new pair is made: the secret one is written to FILE.secret \
            (keep it off the server), the public one is printed.

            Example:
              writ index sign packages.index --key publisher.secret
            """)

    @Argument(help: "The index.", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("The file with the secret key.", valueName: "file"), completion: .file())
    var key: String?

    func run() throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        _ = try PackageIndex(bytes: bytes)
        let secret: String
        if let key {
            secret = String(decoding: try Data(contentsOf: URL(fileURLWithPath: key)), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        } else {
            let pair = SignedIndex.newKeys()
            secret = pair.secret
            try IndexFiles.write(Data((secret + "\n").utf8), to: file + ".secret")
            Terminal.line("new secret key: \(file).secret")
            Terminal.line("public key: \(pair.open)")
        }
        let signature = try SignedIndex.sign(bytes, secret: secret)
        try Data(signature.utf8).write(to: URL(fileURLWithPath: file + ".sig"), options: .atomic)
        Terminal.line("\(file).sig")
    }
}

struct IndexUpdate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Fetch a package index and its signature, check both, and use it.",
        discussion: """
            Takes URL and URL.sig, by https or from a file. The signature must be of the key chosen with \
            `writ index trust`, and the lists may not be older than those in use. Nothing is changed when a check fails. \
            A running daemon takes the new index up by itself.

            Example:
              writ index update https://index.example/packages.index
            """)

    @OptionGroup var homeOptions: HomeOptions

    @Argument(help: "An https address, or the path of a file.")
    var source: String

    @Flag(help: "Take lists that are older than those in use.")
    var allowOlder = false

    func run() throws {
        let home = try homeOptions.resolve()
        guard let keyData = FileManager.default.contents(atPath: home.packageIndexKey) else {
            throw CommandFault("no key is trusted yet", hint: "ask the index's publisher for it: writ index trust KEY")
        }
        let key = String(decoding: keyData, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let bytes = try IndexFiles.fetch(source)
        let signature = try IndexFiles.fetch(source + ".sig", limit: 4_096)
        let index: PackageIndex
        do {
            index = try SignedIndex.open(Array(bytes), signature: String(decoding: signature, as: UTF8.self), key: key)
        } catch {
            throw CommandFault(
                "the index is refused: \(error)", hint: "nothing was changed; check the address and the key")
        }
        var present: PackageIndex?
        do {
            present = try PackageIndexFile.read(home)
        } catch {
            Terminal.error("the index in use is damaged and is replaced: \(error)")
        }
        if let present, index.day < present.day, !allowOlder {
            throw CommandFault(
                "the lists are of \(index.day), older than those in use, of \(present.day)",
                hint: "nothing was changed; --allow-older takes them")
        }
        try WritHome.makeFolders(home.state)
        // The signature first: between the two writes the pair does not fit, and the built-in index serves.
        try IndexFiles.write(signature, to: home.packageIndex + ".sig")
        try IndexFiles.write(bytes, to: home.packageIndex)
        Terminal.line("lists of \(index.day) are in use; undo: writ index reset")
    }
}

/// The files of an index: fetched, written whole and for their owner alone.
private enum IndexFiles {
    static func write(_ data: Data, to path: String) throws {
        let temporary = path + ".new"
        try? FileManager.default.removeItem(atPath: temporary)
        guard FileManager.default.createFile(atPath: temporary, contents: data, attributes: [.posixPermissions: 0o600])
        else { throw CommandFault("`\(temporary)` cannot be written", hint: "check the folder's owner and free space") }
        guard rename(temporary, path) == 0 else {
            throw CommandFault("`\(path)` cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    /// A file's bytes, or an address's. The transfer is curl's work: it knows the machine's proxies and certificates.
    static func fetch(_ source: String, limit: Int = PackageIndexFile.maximumBytes) throws -> Data {
        guard source.contains("://") else {
            let data = try Data(contentsOf: URL(fileURLWithPath: source))
            guard data.count <= limit else { throw CommandFault("`\(source)` is larger than \(limit) bytes") }
            return data
        }
        guard source.hasPrefix("https://") else {
            throw ValidationError("only https addresses and files are taken, not `\(source)`")
        }
        guard
            let curl = ["/usr/bin/curl", "/bin/curl", "/usr/local/bin/curl", "/opt/homebrew/bin/curl"].first(where: {
                FileManager.default.isExecutableFile(atPath: $0)
            })
        else {
            throw CommandFault("curl is not installed", hint: "fetch `\(source)` yourself and give the file's path")
        }
        let target = FileManager.default.temporaryDirectory.appendingPathComponent("writ-index-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: target) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: curl)
        process.arguments =
            [
                "-q", "--proto", "=https", "--proto-redir", "=https", "--tlsv1.2", "--location", "--max-redirs", "3",
                "--fail",
                "--max-time", "600", "--max-filesize", String(limit), "--output", target.path,
            ]
            + (Terminal.errorsAreSeen ? ["--progress-bar"] : ["--silent", "--show-error"]) + ["--", source]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0, let data = FileManager.default.contents(atPath: target.path),
            data.count <= limit
        else { throw CommandFault("`\(source)` could not be fetched", hint: "nothing was changed") }
        return data
    }
}
