// SPDX-License-Identifier: Apache-2.0
import WritPolicy
import WritScan
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Checked policies in the state folder, each sealed with a key that is derived from the machine's own secret. What is
/// damaged, or was not written by this machine's Writ, is nothing, and the policy is read from its source.
enum PolicyCacheFiles {
    private static let purpose = "policy cache"
    private static let maximumBytes = 32 << 20
    /// More entries than this are thrown away; those in use are written again by the next load.
    private static let maximumEntries = 256

    /// The cache of a home; nil when its folder cannot be made or this executable cannot be told from another build.
    static func cache(of home: WritHome, key: FingerprintKey) -> PolicyCache? {
        let folder = home.state + "/cache"
        guard let program = ProgramPath.own else { return nil }
        let identity = FileIdentity(program)
        guard identity.exists else { return nil }
        do throws(HomeFault) { try WritHome.makeFolders(folder) } catch { return nil }
        return PolicyCache(
            build: identity.text,
            read: { name in
                do throws(DaemonFault) {
                    guard let entry = try SmallFile.read("\(folder)/\(name)", limit: maximumBytes), entry.count > 32
                    else { return nil }
                    let bytes = Array(entry[32...])
                    let isOurs = key.isSealed(Array(name.utf8) + bytes, by: Array(entry[..<32]), purpose: purpose)
                    return isOurs ? bytes : nil
                } catch {
                    // An entry that cannot be read is none; the source is read instead.
                    return nil
                }
            },
            write: { name, bytes in
                do throws(DaemonFault) {
                    makeRoom(in: folder)
                    try SmallFile.write(
                        key.seal(Array(name.utf8) + bytes, purpose: purpose) + bytes, to: "\(folder)/\(name)")
                } catch {
                    // Without an entry the next load reads the source; nothing else depends on it.
                }
            })
    }

    private static func makeRoom(in folder: String) {
        guard let listing = opendir(folder) else { return }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = entryName(entry)
            if !name.hasPrefix(".") { names.append(name) }
        }
        guard names.count >= maximumEntries else { return }
        for name in names { unlink("\(folder)/\(name)") }
    }
}
