// SPDX-License-Identifier: Apache-2.0
import WritCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A file of one JSON value a line, appended while a daemon runs and written anew when the next one starts.
struct LineFile: Sendable {
    let path: String
    /// What a person loses who removes the file: "to forget …".
    let loss: String

    /// The values; none when there is no file.
    ///
    /// - Throws: ``DaemonFault`` with the line that is damaged.
    func read() throws(DaemonFault) -> [JSON] {
        guard let bytes = try SmallFile.read(path, limit: 64 << 20) else { return [] }
        var values: [JSON] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        for (index, line) in lines.enumerated() {
            do { values.append(try JSON(parsing: Array(line))) } catch {
                // The last line may have been cut short by a crash; what it stood for was not answered.
                if index == lines.count - 1, bytes.last != UInt8(ascii: "\n") { continue }
                throw damaged(index + 1)
            }
        }
        return values
    }

    /// What stands in the lines; the first that `entry` cannot read is damage.
    func entries<Entry>(_ entry: (JSON) -> Entry?) throws(DaemonFault) -> [Entry] {
        var entries: [Entry] = []
        for (index, line) in try read().enumerated() {
            guard let value = entry(line) else { throw damaged(index + 1) }
            entries.append(value)
        }
        return entries
    }

    private func damaged(_ line: Int) -> DaemonFault {
        DaemonFault("\(path): is damaged in line \(line); remove it to forget \(loss)")
    }

    /// Replaces the file as a whole.
    func write(_ values: [JSON]) throws(DaemonFault) {
        try SmallFile.write(Self.bytes(values), to: path)
    }

    /// Adds lines at the end.
    func append(_ values: [JSON]) throws(DaemonFault) {
        let bytes = Self.bytes(values)
        guard !bytes.isEmpty else { return }
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw DaemonFault("\(path): cannot be written: \(systemText(errno))") }
        defer { close(file) }
        let count = writeBytes(bytes, to: file)
        guard count == bytes.count else { throw DaemonFault("\(path): cannot be written: \(systemText(errno))") }
    }

    private static func bytes(_ values: [JSON]) -> [UInt8] {
        Array(values.map { $0.text + "\n" }.joined().utf8)
    }
}
