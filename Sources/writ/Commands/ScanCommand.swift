// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Synchronization
import WritCore
import WritDaemon
import WritGuard
import WritInspect
import WritScan
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct Scan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look for secrets, hidden and injected text, unsafe code, dependencies and agent settings.",
        discussion: """
            Reads whole files, in windows where they are large, and says what it did not read. In a repository it takes \
            tracked files and those that are neither tracked nor ignored, and every instruction file of an agent even \
            where it is ignored.

            Exits 0 when nothing counts, 1 when a finding is at or above --fail-on, 2 when something could not be read or \
            the settings are wrong, 3 when --gate finds nothing worse than changes to review.

            Examples:
              writ scan
              writ scan --staged
              writ scan --diff origin/main --gate --sarif > writ.sarif
              writ scan --history v1.0..HEAD --only secrets
              git show HEAD:config.yml | writ scan -
              writ scan --suppress 0123456789abcdef --reason 'A test vector of RFC 7515.' --expires 2027-06-30
            """)

    @Flag(help: ArgumentHelp("What the index holds for the next commit: lines that it adds, checks that it removes."))
    var staged = false

    @Option(
        help: ArgumentHelp(
            "What changed since the commit where HEAD left this branch, to the work tree.", valueName: "base"))
    var diff: String?

    @Flag(
        help: "Commit messages and the lines that each commit adds; the argument is a range, all of HEAD without one.")
    var history = false

    @Flag(help: "Instructions, skills, hooks and MCP configurations of every known agent on this machine.")
    var machine = false

    @Option(
        help: ArgumentHelp(
            "Run these detectors alone, separated by commas: secrets, prompt_injection, unicode, skill, code, "
                + "supply_chain, pii (which does not run unless named).", valueName: "names"),
        completion: Offer.detectors)
    var only: String?

    @Option(help: ArgumentHelp("Run all but these.", valueName: "names"), completion: Offer.detectors)
    var skip: String?

    @Option(
        help: ArgumentHelp(
            "The least severity that fails: info, low, medium (unless stated), high, critical.", valueName: "level"),
        completion: Offer.severities)
    var failOn: String?

    @Option(help: ArgumentHelp("Report findings from this probability on, 0 to 1.", valueName: "number"))
    var minConfidence: Double?

    @Option(help: ArgumentHelp("Leave out paths; may be repeated.", valueName: "glob"))
    var exclude: [String] = []

    @Flag(help: "Read what .gitignore leaves out too.")
    var noIgnore = false

    @Flag(help: "Obey no .writ/scan.yaml: for repositories that you do not trust.")
    var noSettings = false

    @Flag(help: "Neither read nor write the cache.")
    var noCache = false

    @Flag(help: "With --staged or --diff: mark changes that a person should review, whatever is found.")
    var gate = false

    @Flag(help: "Print one JSON document.")
    var json = false

    @Flag(help: "Print SARIF 2.1.0.")
    var sarif = false

    @Flag(name: [.short, .long], help: "Print findings alone: no excerpt, no summary.")
    var quiet = false

    @Flag(help: "List suppressed findings too.")
    var showSuppressed = false

    @Option(
        help: ArgumentHelp(
            "How the content flows: input, tool_response, output, context_file, skill. Without it each path decides.",
            valueName: "phase"))
    var `as`: String?

    @Option(help: ArgumentHelp("With --history: the most commits that are read.", valueName: "count"))
    var maxCommits = 10_000

    @Option(help: ArgumentHelp("Threads; 2 without it, fewer on one core.", valueName: "count"))
    var jobs: Int?

    @Option(help: ArgumentHelp("The git to ask, an absolute path.", valueName: "path"), completion: .file())
    var git: String?

    @Option(help: ArgumentHelp("Write a suppression of this finding into .writ/scan.yaml.", valueName: "fingerprint"))
    var suppress: String?

    @Option(help: ArgumentHelp("With --suppress: why, for those who come after.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp("With --suppress: the last day on which it holds, at most a year away.", valueName: "day"))
    var expires: String?

    @Flag(help: "Read {id, text, as, path, language} objects, one a line, from standard input; answer one a line.")
    var jsonl = false

    @OptionGroup var home: HomeOptions

    @Argument(
        help: "Files and folders, - for standard input, the working folder without any; with --history a range.",
        completion: .file())
    var paths: [String] = []

    func run() throws {
        if jsonl { return try batch() }
        let code: Int32
        do {
            if suppress != nil {
                try addSuppression()
                code = 0
            } else {
                code = try scan()
            }
        } catch let error as ValidationError {
            Terminal.error(error.message)
            throw ExitCode(2)
        } catch {
            Terminal.endProgress()
            Terminal.error("\(error)")
            throw ExitCode(2)
        }
        if code != 0 { throw ExitCode(code) }
    }

    // MARK: One scan

    private func scan() throws -> Int32 {
        let start = Stopwatch.now
        let today = Day(milliseconds: Moment.now)
        guard [staged, diff != nil, history, machine].filter({ $0 }).count <= 1 else {
            throw ValidationError("--staged, --diff, --history and --machine exclude each other")
        }
        guard !(json && sarif) else { throw ValidationError("--json and --sarif exclude each other") }
        guard !gate || staged || diff != nil else {
            throw ValidationError("--gate needs --staged or --diff")
        }
        guard paths.isEmpty || !(staged || diff != nil || machine) else {
            throw ValidationError("--staged, --diff and --machine take no paths")
        }
        let place = try ScanPlace(paths: history ? [] : paths, git: git)
        let isChange = staged || diff != nil || history
        let repository = isChange ? try place.repository(home: try home.resolve().home, takesBare: history) : nil
        if isChange, repository == nil {
            throw ValidationError("\(place.root) is in no git repository")
        }
        var base: String?
        if let repository {
            if staged { base = try repository.lastTree() }
            if let diff { base = try repository.base(diff) }
        }
        let settings = try settings(place, repository, base: base, today)
        let selected = try detectors(settings)
        let failOn = try level(settings)
        // Where secrets alone are looked for, paths make no difference.
        let places = selected == [.secrets] ? nil : try AgentPlaces.builtIn()

        let work = try work(place, repository, base, settings, places)
        let dependencies = selected.contains(.supplyChain) ? try dependencyReview(settings, work, place, today) : nil
        let origin = selected.contains(.skill) && work.mayClaim ? place.origin(repository) : nil
        let detectors = DetectorSet(selected, others: dependencies.map { [$0] } ?? [], origin: origin)
        let phase = try self.as.map(phase)
        var least = settings.minimumConfidence
        if let minConfidence {
            guard (0...1).contains(minConfidence) else { throw ValidationError("--min-confidence is from 0 to 1") }
            for name in DetectorName.allCases { least[name.rawValue] = max(least[name.rawValue] ?? 0, minConfidence) }
        }
        let folder = noCache ? nil : CacheFolder(try home.resolve().home + "/.cache/writ")
        let cache = try folder.flatMap { folder in
            // Secrets are found faster than a hash is looked up.
            selected == [.secrets]
                ? nil
                : FindingCache(
                    storage: folder,
                    identity: try identity(selected, least, phase, settings, today) + " " + (origin ?? ""),
                    key: folder.key, today: today)
        }
        let inspector = Inspector(
            detectors: detectors,
            options: Inspector.Options(
                minimumConfidence: least, phase: phase, gate: gate ? try ReviewGate.builtIn() : nil),
            places: places, containers: OpenContainers(), cache: cache)
        prepare(detectors, work, folder)

        let stray = try strayLocks(dependencies, work).filter {
            $0.finding.confidence >= least[DetectorName.supplyChain.rawValue] ?? 0
        }
        let gathered = Mutex(ScanReport(subject: work.subject, settings: settings, today: today))
        gathered.withLock { report in
            for note in work.notes { report.add(note) }
            if let found = work.settingsChange { report.add(found) }
            for found in stray { report.add(found) }
            if machine, selected.contains(.skill) {
                for found in InstalledNames(files: work.files, project: place.root).findings()
                where found.finding.confidence >= least[DetectorName.skill.rawValue] ?? 0 {
                    report.add(found)
                }
            }
        }
        let progress = ScanProgress(totalBytes: work.bytes)
        try InspectionRun(inspector: inspector, git: repository, workers: jobs ?? min(2, Self.cores)).run(
            work.items, progress: { progress.show($0) }, each: { result in gathered.withLock { $0.add(result) } })
        progress.end()
        cache?.save()
        var report = gathered.withLock { $0 }
        let isWhole = !(staged || diff != nil || history || machine) && place.coversRoot
        report.finish(isWhole: isWhole, milliseconds: Int((Stopwatch.now - start) / 1_000_000))
        show(report, failOn, place.root)
        return report.exitCode(failOn: failOn)
    }

    private static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    // MARK: What is asked for

    private func detectors(_ settings: ScanSettings) throws -> Set<DetectorName> {
        func names(_ text: String) throws -> Set<DetectorName> {
            var names: Set<DetectorName> = []
            for word in text.split(separator: ",") {
                guard let name = DetectorName(rawValue: String(word)) else {
                    let all = DetectorName.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("there is no detector `\(Excerpt.harmless(String(word)))`; there are \(all)")
                }
                names.insert(name)
            }
            return names
        }
        var selected = try only.map(names) ?? settings.detectors ?? DetectorSet.usual
        if let skip { selected.subtract(try names(skip)) }
        guard !selected.isEmpty else { throw ValidationError("no detector is left") }
        return selected
    }

    private func level(_ settings: ScanSettings) throws -> Severity {
        guard let failOn else { return settings.failOn ?? .medium }
        guard let level = Severity(name: failOn) else {
            throw ValidationError("--fail-on is info, low, medium, high or critical")
        }
        return level
    }

    private func phase(_ name: String) throws -> Phase {
        guard let phase = Phase(rawValue: name) else {
            throw ValidationError(
                "`\(name)` is no phase; there are \(Phase.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return phase
    }

    /// What findings depend on besides content: a cache of another program or other settings is another cache.
    private func identity(
        _ selected: Set<DetectorName>, _ least: [String: Double], _ phase: Phase?, _ settings: ScanSettings,
        _ today: Day
    ) throws -> String {
        let names = selected.map(\.rawValue).sorted().joined(separator: ",")
        let bars = least.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        var identity = "\(Writ.version) \(ProgramFile.identity) \(names) \(bars) \(phase?.rawValue ?? "")"
        if selected.contains(.supplyChain) {
            let packages = settings.internalPackages.joined(separator: ",")
            identity += " \(packages) \(settings.minimumAgeDays) \(settings.minimumWeeklyDownloads)"
            // What is too new today is not tomorrow.
            if settings.minimumAgeDays > 0 { identity += " \(today)" }
            identity += " " + ProgramFile.identity(of: try home.resolve().packageIndex)
        }
        return identity
    }

    /// The detector of dependencies. Imports are judged where the files around them are known: in scans of folders and of changes.
    private func dependencyReview(
        _ settings: ScanSettings, _ work: ScanWork, _ place: ScanPlace, _ today: Day
    ) throws -> DependencyReview {
        var wanted = DependencyReview.Settings()
        wanted.internalNames = settings.internalPackages
        wanted.minimumAgeDays = settings.minimumAgeDays
        wanted.minimumWeeklyDownloads = settings.minimumWeeklyDownloads
        wanted.today = today.number
        var files = work.files
        // A change's imports are held against the manifests and modules of the whole tree.
        if staged || diff != nil {
            var listing = FileListing(root: place.root)
            listing.add(place.root, git: place.repository(of:))
            listing.finish()
            files = listing.files
        }
        let home = try home.resolve()
        return DependencyReview(
            settings: wanted, project: files.isEmpty || machine ? nil : ProjectPackages(files: files)
        ) {
            guard let index = try PackageIndexFile.load(home) ?? Engines.packageIndex() else {
                throw CommandFault("the built-in package index is missing")
            }
            return index
        }
    }

    private func strayLocks(_ review: DependencyReview?, _ work: ScanWork) throws -> [LocatedFinding] {
        guard let review, staged || diff != nil else { return [] }
        return try review.strayLocks(
            work.items.compactMap { item in if case .change(let change) = item { change.path } else { nil } })
    }

    /// Loads side by side what much work needs anyway; little work loads what it meets.
    private func prepare(_ detectors: DetectorSet, _ work: ScanWork, _ folder: CacheFolder?) {
        if work.items.count > 8 || work.bytes > 256 << 10 { detectors.warmUp() }
        guard work.bytes > 2 << 20 else { return }
        do {
            try detectors.prepareForBulk(
                folder, key: folder?.key ?? [UInt8](repeating: 0, count: 32), compiles: work.bytes > 24 << 20)
        } catch {
            // Without the fast matcher the usual one reads the same bytes.
            return
        }
    }

    // MARK: What is read

    private func work(
        _ place: ScanPlace, _ repository: Git?, _ base: String?, _ settings: ScanSettings, _ places: AgentPlaces?
    ) throws -> ScanWork {
        let patterns = try exclude.map { text in
            guard let pattern = PathPattern(text) else {
                throw ValidationError("--exclude takes patterns of relative paths, not `\(Excerpt.harmless(text))`")
            }
            return pattern
        }
        let left = settings.exclude + patterns
        if let repository, let base {
            return try ScanWork(
                changes: repository, base: base, isStaged: staged,
                name: diff.map { "changes since \($0)" } ?? "staged changes",
                exclude: left)
        }
        if let repository {
            guard paths.count <= 1 else { throw ValidationError("--history takes one range") }
            return try ScanWork(
                history: repository, range: paths.first, limit: max(1, min(maxCommits, 1_000_000)), exclude: left)
        }
        if machine {
            guard let places else { throw ValidationError("--machine needs more detectors than secrets") }
            return ScanWork(machine: place, home: try home.resolve().home, places: places, exclude: left)
        }
        return try ScanWork(files: place, exclude: left, places: places, ignores: !noIgnore)
    }

    private func settings(_ place: ScanPlace, _ repository: Git?, base: String?, _ today: Day) throws -> ScanSettings {
        guard !noSettings else { return ScanSettings() }
        // A change is judged by the settings before it: what it wants to suppress counts once it is merged.
        if let repository, let base {
            guard let bytes = try repository.content(of: ScanSettings.path, in: base) else { return ScanSettings() }
            return try ScanSettings(parsing: bytes, today: today)
        }
        guard let bytes = try place.settingsFile() else { return ScanSettings() }
        return try ScanSettings(parsing: bytes, today: today)
    }

    private func addSuppression() throws {
        guard let suppress, let reason, let expires, let day = Day(expires) else {
            throw ValidationError("--suppress needs --reason and --expires with a day such as 2027-01-31")
        }
        let today = Day(milliseconds: Moment.now)
        let place = try ScanPlace(paths: paths, git: git)
        let wish = Suppression(fingerprint: suppress, reason: reason, expires: day)
        guard day >= today else { throw ValidationError("\(day) is in the past") }
        let new = try ScanSettings.adding(wish, to: try place.settingsFile() ?? [], today: today)
        try place.writeSettings(new)
        Terminal.line("\(ScanSettings.path): \(suppress) is suppressed until \(day)")
    }

    // MARK: What is said

    private func show(_ report: ScanReport, _ failOn: Severity, _ root: String) {
        if json { return Terminal.line(report.json(version: Writ.version, failOn: failOn).text) }
        if sarif { return Terminal.line(report.sarif(version: Writ.version, root: root).text) }
        let text = TextReport(style: Terminal.hasColour ? .coloured : .plain)
        for found in report.findings + (showSuppressed ? report.suppressed : []) {
            let lines = text.lines(of: found)
            if quiet {
                Terminal.line(lines[0])
            } else {
                Terminal.line(lines.joined(separator: "\n") + "\n")
            }
        }
        for item in report.review { Terminal.line(text.line(of: item)) }
        guard !quiet else { return }
        if !report.review.isEmpty { Terminal.line() }
        for line in text.summary(of: report, failOn: failOn) { Terminal.line(line) }
    }

    // MARK: Rows for measuring

    private func batch() throws {
        let scanner = try ContentScanner()
        let usual = try self.as.map(phase) ?? .output
        Batch.run { row in
            guard let text = row["text"]?.string else { throw BatchError("no `text`") }
            let result = try scanner.scan(
                ScanRequest(
                    text, phase: try row["as"]?.string.map(phase) ?? usual, path: row["path"]?.string,
                    language: row["language"]?.string))
            return [
                "blocked": .bool(result.isBlocked), "findings": .array(result.findings.map(FindingReport.json)),
                "scores": .object(result.scores.sorted { $0.key < $1.key }.map { .init($0.key, .number($0.value)) }),
            ]
        }
    }
}
