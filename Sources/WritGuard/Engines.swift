// SPDX-License-Identifier: Apache-2.0
internal import Crypto
public import WritCore
public import WritPolicy
import WritResources
public import WritScan
import WritShell

/// The engines with what ships in the executable: for the daemon, the batch commands and tests alike.
public enum Engines {
    /// The package index that ships with Writ; nil when the build carries none.
    public static func packageIndex() throws(PackageIndex.Fault) -> PackageIndex? {
        guard let resource = Resource.named("index/packages.index") else { return nil }
        defer { resource.releasePages() }
        return try PackageIndex(bytes: Array(resource.bytes))
    }

    /// Detectors over the built-in rules.
    public static func detectors() throws -> [any Detector] {
        [
            try SecretDetector(rules: try SecretRules.builtIn()),
            InjectionDetector(model: try injection.get()),
            UnicodeDetector(), SkillDetector(skills: try SkillScanner(shell: expand)), try CodeDetector(),
        ]
    }

    /// Options under which policies are loaded.
    ///
    /// - Parameter checksExamples: run the `examples` of rules through the shell engine; the built-in policies' are
    ///   checked by tests instead of at every start.
    public static func policyOptions(key: FingerprintKey, checksExamples: Bool = true) -> PolicyOptions {
        var options = PolicyOptions(
            expand: checksExamples ? expand : nil, hash: digest,
            fingerprint: { text in key.fingerprint(of: Array(text.utf8)) })
        // Without the model no guard is made at all; what is left then is the lowest default, which counts the most.
        if case .success(let model) = injection { options.confidences = ["prompt_injection": model.thresholds] }
        return options
    }

    /// Read once for detectors and policies alike.
    private static let injection = Result { try InjectionModel.embedded() }

    /// A guard over the default policy and the given ones.
    ///
    /// - Parameter replacesDefault: leave the default policy out.
    public static func guardian(
        policies extra: [PolicyLayer.Source] = [], replacesDefault: Bool = false, key: FingerprintKey = .random()
    ) throws -> Guard {
        var layers: [PolicyLayer] = []
        if !replacesDefault {
            layers.append(
                try PolicyLayer.load(
                    .builtin, DefaultPolicy.sources, options: policyOptions(key: key, checksExamples: false)))
        }
        for source in extra {
            let layer = try PolicyDocument.read(source.bytes, file: source.file).document.layer?.value ?? .user
            layers.append(try PolicyLayer.load(layer, [source], options: policyOptions(key: key)))
        }
        return Guard(
            policies: PolicySet(layers), detectors: try detectors(),
            packages: try packageIndex().map { SupplyChain(index: $0) }, key: key)
    }

    /// SHA-256, lower-case hexadecimal.
    @Sendable public static func digest(_ bytes: [UInt8]) -> String {
        Hex.text(SHA256.hash(data: bytes))
    }

    /// What a command in a policy's `examples` would do, in a workspace of its own.
    @Sendable public static func expand(_ command: String) -> [Operation] {
        ShellAnalyzer.analyze(command, in: .example).operations
    }
}
