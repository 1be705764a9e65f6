// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritScan

/// All secret rules over a source tree that is in memory, in one thread.
enum Secrets {
    /// Five rounds; prints the fastest.
    static func measure(_ folder: String) throws {
        var texts: [ScanRequest] = []
        var size = 0
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        for name in names.sorted() {
            var isFolder: ObjCBool = false
            let path = folder + "/" + name
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            size += bytes.count
            texts.append(ScanRequest(text: bytes, path: name))
        }
        let key = FingerprintKey(bytes: [UInt8](repeating: 7, count: 32))
        let detector = try SecretDetector(rules: try SecretRules.builtIn())
        try detector.prepareForBulk(cached: nil, key: key)
        let context = ScanContext(key: key)
        var found = 0
        let times = try EngineBench.measure(5) {
            found = 0
            for text in texts { found += try detector.findings(in: text, context).count }
        }
        let seconds = (times.min() ?? .zero) / .seconds(1)
        print("secrets: \(texts.count) files, \(found) findings, \(Int(Double(size) / 1e6 / max(seconds, 1e-9))) MB/s")
    }
}
