// SPDX-License-Identifier: Apache-2.0

import WritCore
import WritWire

/// What a settings file was before Writ came, kept below Writ's state so that an uninstall can put it back byte by byte.
struct InstallRecord: Sendable, Hashable {
    /// The text before the first installation; nil when there was no file.
    var original: [UInt8]?
    /// The text after the last one.
    var installed: [UInt8]

    /// Two texts as hexadecimal, and what stands around them.
    private static let maximumLength = 4 * SettingsText.maximumLength + (1 << 20)

    /// Where the record of a file is kept: its path's name is a hash, checked against the path inside.
    static func path(of file: String, agent: String, in home: WritHome) -> String {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in file.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return "\(home.state)/installed/\(agent)-\(String(value, radix: 16)).json"
    }

    /// Reads the record of a file; nil when there is none, or it is not to be trusted.
    static func read(of file: String, agent: String, in home: WritHome) throws(SettingsFault) -> InstallRecord? {
        var store = SettingsFile(path(of: file, agent: agent, in: home))
        store.maximumLength = maximumLength
        guard let bytes = try store.read().bytes else { return nil }
        let value: JSON
        do { value = try JSON(parsing: bytes) } catch { return nil }
        guard value["file"]?.string == file, let installed = (value["installed"]?.string).flatMap(Hex.bytes) else {
            return nil
        }
        if value["original"] == .null { return InstallRecord(original: nil, installed: installed) }
        guard let original = (value["original"]?.string).flatMap(Hex.bytes) else { return nil }
        return InstallRecord(original: original, installed: installed)
    }

    func write(of file: String, agent: String, in home: WritHome) throws(SettingsFault) {
        do { try WritHome.makeFolders(home.state + "/installed") } catch {
            throw SettingsFault(
                error.message, file: file, hint: "Writ's own folder must be writable; nothing was changed")
        }
        let value: JSON = [
            "file": .string(file),
            "original": original.map { .string(Hex.text($0)) } ?? .null,
            "installed": .string(Hex.text(installed)),
        ]
        var store = SettingsFile(InstallRecord.path(of: file, agent: agent, in: home))
        // Settings can hold keys, so their copy is for the owner alone.
        store.newMode = 0o600
        store.maximumLength = InstallRecord.maximumLength
        try store.edit { (_) throws(SettingsFault) in (.write(value.bytes + [0x0A]), ()) }
    }

    static func remove(of file: String, agent: String, in home: WritHome) throws(SettingsFault) {
        var store = SettingsFile(path(of: file, agent: agent, in: home))
        store.maximumLength = maximumLength
        try store.edit { (snapshot) throws(SettingsFault) in
            (snapshot.bytes == nil ? .nothing : .remove, ())
        }
    }
}
