// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritScan

/// Replaces secrets by keyed fingerprints in what Writ itself writes down beside decisions: names of sessions and tools,
/// files and hosts of a session, alarms.
public struct Withholding: Sendable {
    private let detectors: [any Detector]
    private let key: FingerprintKey

    /// Uses those of the detectors that find secrets.
    public init(detectors: [any Detector], key: FingerprintKey) {
        self.detectors = detectors.filter { $0.scanner == "secrets" }
        self.key = key
    }

    /// The text without its secrets.
    ///
    /// - Throws: what a detector throws; what cannot be searched is not written.
    public func text(_ text: String) throws -> String {
        let bytes = Array(text.utf8)
        let found = try findings(in: bytes)
        return found.isEmpty ? text : String(decoding: try Redactor.redact(bytes, found), as: UTF8.self)
    }

    /// The value with each of its strings, keys too, without its secrets. The whole is searched first: it costs one
    /// search where there is nothing to find.
    public func json(_ value: JSON) throws -> JSON {
        try findings(in: value.bytes).isEmpty ? value : strings(of: value)
    }

    private func strings(of value: JSON) throws -> JSON {
        switch value {
        case .string(let string): .string(try text(string))
        case .array(let elements): .array(try elements.map { try strings(of: $0) })
        case .object(let members): .object(try members.map { .init(try text($0.key), try strings(of: $0.value)) })
        case .null, .bool, .integer, .number: value
        }
    }

    private func findings(in bytes: [UInt8]) throws -> [Finding] {
        var found: [Finding] = []
        for detector in detectors {
            found += try detector.findings(in: ScanRequest(text: bytes, phase: .output), ScanContext(key: key))
        }
        return found
    }
}
