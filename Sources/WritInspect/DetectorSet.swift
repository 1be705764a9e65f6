// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Synchronization
public import WritCore
public import WritScan
internal import WritShell

/// The detectors by the word in findings.
public enum DetectorName: String, Sendable, Hashable, CaseIterable {
    case secrets
    case promptInjection = "prompt_injection"
    case unicode
    case skill
    case code
    case supplyChain = "supply_chain"
    case personalData = "pii"
}

/// Looks at a file with its name and what it was before: manifests, lock files.
///
/// The place for detectors that compare; ``WritScan/Detector`` sees one text alone.
public protocol FileDetector: Sendable {
    /// The word in ``WritCore/Finding/scanner``.
    var name: DetectorName { get }

    /// The path is one that this detector reads; others cost nothing.
    func reads(_ path: String) -> Bool

    /// Names what the findings of a path depend on besides its content: the same text, the same findings. Empty when
    /// there is nothing.
    func surroundings(of path: String) -> String

    /// Everything found, in order of place.
    ///
    /// - Parameter previous: the version before a change; nil when no change is looked at or the file is new.
    /// - Throws: when the work could not be done.
    func findings(
        path: String, content: [UInt8], previous: [UInt8]?, _ context: ScanContext
    ) throws -> [Finding]
}

/// The detectors of a scan, each made when the first content asks for it: a start must not pay for what is not used.
public final class DetectorSet: Sendable {
    /// Which may run.
    public let selected: Set<DetectorName>
    let others: [any FileDetector]

    private let secretsSlot: Lazy<SecretDetector>
    private let injectionSlot: Lazy<InjectionDetector>
    private let skillSlot: Lazy<SkillDetector>
    private let skillScannerSlot: Lazy<SkillScanner>
    private let codeSlot: Lazy<CodeDetector>
    private let diffSlot: Lazy<CodeDiff>
    private let isWarm = Atomic<Bool>(false)

    /// What runs when nothing is said: all but personal data, which is for responses and logs.
    public static let usual: Set<DetectorName> = [
        .secrets, .promptInjection, .unicode, .skill, .code, .supplyChain,
    ]

    /// Creates a set; nothing is loaded yet.
    ///
    /// - Parameters:
    ///   - others: detectors of whole files, such as the supply chain's; each runs when its name is selected.
    ///   - origin: where the repository comes from, for what skills say about their publisher.
    public init(
        _ selected: Set<DetectorName> = DetectorSet.usual, others: [any FileDetector] = [], origin: String? = nil
    ) {
        self.selected = selected
        self.others = others.filter { selected.contains($0.name) }
        let code = Lazy { try CodeDetector() }
        let skills = Lazy { try SkillScanner(shell: Self.operations, origin: origin) }
        secretsSlot = Lazy { try SecretDetector(rules: try SecretRules.builtIn()) }
        injectionSlot = Lazy { InjectionDetector(model: try InjectionModel.embedded()) }
        skillScannerSlot = skills
        skillSlot = Lazy { SkillDetector(skills: try skills.value()) }
        codeSlot = code
        diffSlot = Lazy { try CodeDiff(detector: try code.value()) }
    }

    func secrets() throws -> SecretDetector { try secretsSlot.value() }
    func injection() throws -> InjectionDetector { try injectionSlot.value() }
    func skill() throws -> SkillDetector { try skillSlot.value() }
    func skillScanner() throws -> SkillScanner { try skillScannerSlot.value() }
    func code() throws -> CodeDetector { try codeSlot.value() }
    func diff() throws -> CodeDiff { try diffSlot.value() }

    /// Makes the usual detectors side by side, before the first content is looked at: one after the other would take
    /// most of the time that a scan of one file takes. Does nothing the second time.
    public func warmUp() {
        guard !isWarm.exchange(true, ordering: .relaxed) else { return }
        var work: [@Sendable () throws -> Void] = []
        if selected.contains(.secrets) { work.append { _ = try self.secrets() } }
        if selected.contains(.promptInjection) { work.append { _ = try self.injection() } }
        if selected.contains(.code) { work.append { _ = try self.code() } }
        if selected.contains(.skill) { work.append { _ = try self.skill() } }
        let tasks = work
        DispatchQueue.concurrentPerform(iterations: tasks.count) { index in
            // A detector that cannot be made says so again where it is used, and there it counts.
            do { try tasks[index]() } catch { return }
        }
    }

    /// Makes the matcher for large input, from the cache where its form lies there. Tens of milliseconds and more when
    /// it does not: worth it from some megabytes on.
    ///
    /// - Parameters:
    ///   - compiles: make it anew when the cache has none.
    ///   - key: the user's key; a form that it does not seal is not used.
    /// - Throws: when the matcher cannot be made; scanning goes on without, only slower.
    public func prepareForBulk(_ storage: (any CacheStorage)?, key: [UInt8], compiles: Bool) throws {
        guard selected.contains(.secrets) else { return }
        let cached = storage?.read(Self.bulkName)
        guard compiles || cached != nil else { return }
        let fresh = try secrets().prepareForBulk(cached: cached, key: FingerprintKey(bytes: key))
        if !fresh.isEmpty { storage?.write(Self.bulkName, fresh) }
    }

    private static let bulkName = "secrets.matcher"

    /// What a script in a skill would do, in a workspace of its own.
    @Sendable private static func operations(_ script: String) -> [Operation] {
        ShellAnalyzer.analyze(script, in: .example).operations
    }
}

/// A value that is made once, by whoever asks first; the others wait.
final class Lazy<Value: Sendable>: Sendable {
    private let state = Mutex<Result<Value, any Error>?>(nil)
    private let make: @Sendable () throws -> Value

    init(_ make: @escaping @Sendable () throws -> Value) {
        self.make = make
    }

    func value() throws -> Value {
        try state.withLock { state in
            if let state { return try state.get() }
            let made = Result { try make() }
            state = made
            return try made.get()
        }
    }
}
