// SPDX-License-Identifier: Apache-2.0
import WritCore
public import WritGuard
import WritPolicy
public import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The person's settings and waivers, for the commands that change them. The daemon takes a change up within a second.
public enum SettingsStore {
    /// Where the settings lie.
    public static func path(of home: WritHome) -> String { home.config + "/settings.json" }

    /// The person's settings; empty when there are none.
    ///
    /// - Throws: ``DaemonFault`` with the first thing that is wrong.
    public static func settings(of home: WritHome) throws(DaemonFault) -> MachineSettings {
        let path = path(of: home)
        guard let bytes = try SmallFile.read(path, limit: 1 << 20) else { return MachineSettings() }
        do { return try MachineSettings(bytes) } catch { throw DaemonFault("\(path): \(error.message)") }
    }

    /// Replaces the person's settings as a whole. Mode 0600.
    public static func save(_ settings: MachineSettings, of home: WritHome) throws(DaemonFault) {
        try makeFolder(home)
        try SmallFile.write(Array(settings.json.prettyText.utf8) + [UInt8(ascii: "\n")], to: path(of: home))
    }

    /// Where the waivers lie.
    public static func waiversPath(of home: WritHome) -> String { home.config + "/waivers.json" }

    /// The person's waivers; empty when there are none.
    public static func waivers(of home: WritHome) throws(DaemonFault) -> Waivers {
        let path = waiversPath(of: home)
        guard let bytes = try SmallFile.read(path, limit: 1 << 20) else { return Waivers() }
        do { return try Waivers(bytes) } catch { throw DaemonFault("\(path): \(error.message)") }
    }

    /// Replaces the person's waivers as a whole. Mode 0600.
    public static func save(_ waivers: Waivers, of home: WritHome) throws(DaemonFault) {
        try makeFolder(home)
        try SmallFile.write(Array(waivers.json.prettyText.utf8) + [UInt8(ascii: "\n")], to: waiversPath(of: home))
    }

    private static func makeFolder(_ home: WritHome) throws(DaemonFault) {
        do { try WritHome.makeFolders(home.config) } catch { throw DaemonFault(error.message) }
    }
}
