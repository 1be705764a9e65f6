// SPDX-License-Identifier: Apache-2.0
public import WritScan
public import WritWire

/// The package index that the person fetched, in place of the one that ships with Writ.
public enum PackageIndexFile {
    /// A larger file is not taken.
    public static let maximumBytes = 256 << 20

    static func paths(_ home: WritHome) -> [String] {
        [home.packageIndex, home.packageIndex + ".sig", home.packageIndexKey]
    }

    /// The index; nil when there is none, or when its signature does not hold. Then the built-in one serves, which is
    /// older but not weaker.
    public static func load(_ home: WritHome) -> PackageIndex? {
        do {
            return try read(home)
        } catch {
            return nil
        }
    }

    /// The index; nil when there is none.
    ///
    /// - Throws: when a file cannot be read or the signature does not hold.
    public static func read(_ home: WritHome) throws -> PackageIndex? {
        guard let bytes = try SmallFile.read(home.packageIndex, limit: maximumBytes) else { return nil }
        let signature = try SmallFile.read(home.packageIndex + ".sig", limit: 4_096) ?? []
        let key = try SmallFile.read(home.packageIndexKey, limit: 4_096) ?? []
        return try SignedIndex.open(
            bytes, signature: String(decoding: signature, as: UTF8.self),
            key: String(String(decoding: key, as: UTF8.self).prefix { !$0.isWhitespace }))
    }
}
