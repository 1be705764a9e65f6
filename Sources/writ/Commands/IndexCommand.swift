// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import WritCore
import WritGuard
import WritScan

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Build and inspect the local package index.",
        subcommands: [IndexBuild.self, IndexShow.self])
}

struct IndexBuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build a package index from lists of names that you have.",
        discussion: """
            Each list is a tab-separated file whose first line names its columns: `name`, and any of `month` (last
            release, yyyy-mm), `rank…` and `downloads…` (a month). Without ranks the downloads make them.

            Example: writ index build --list pypi=pypi.tsv --list npm=npm.tsv --day 20261119 --output packages.index
            """)

    @Option(name: .long, help: ArgumentHelp("A registry and its list; may be repeated.", valueName: "ecosystem=file"))
    var list: [String]

    @Option(name: .long, help: ArgumentHelp("The day the lists are of.", valueName: "yyyymmdd"))
    var day: Int

    @Option(name: .long, help: "How many of the most used names of each registry to keep with their rank.")
    var popular = 15_000

    @Option(name: .shortAndLong, help: "The file to write.", completion: .file())
    var output: String

    func run() throws {
        var listings: [PackageIndex.Listing] = []
        for argument in list {
            let parts = argument.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw ValidationError("expected ecosystem=file, got `\(argument)`") }
            Terminal.progress("reading \(parts[1])")
            let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: String(parts[1]))), as: UTF8.self)
            do {
                listings.append(try PackageIndex.Listing(ecosystem: String(parts[0]), tabSeparated: text))
            } catch {
                throw ValidationError("\(parts[1]): \(error)")
            }
        }
        Terminal.progress("sorting \(listings.reduce(0) { $0 + $1.entries.count }) names")
        let bytes = PackageIndex.build(listings, day: day, popularCount: popular)
        try Data(bytes).write(to: URL(fileURLWithPath: output), options: .atomic)
        Terminal.endProgress()
        for listing in listings { Terminal.line("\(listing.ecosystem): \(listing.entries.count) names") }
        Terminal.line("\(output): \(bytes.count) bytes")
    }
}

struct IndexShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Say what the package index that ships with Writ covers.")

    func run() throws {
        guard let index = try Engines.packageIndex() else { throw CleanExit.message("no package index is built in") }
        Terminal.line("lists of \(index.day)")
        for ecosystem in index.ecosystems {
            Terminal.line("\(ecosystem): \(index.popular(in: ecosystem).count) most used names with their rank")
        }
    }
}
