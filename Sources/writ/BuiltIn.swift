// SPDX-License-Identifier: Apache-2.0
import WritResources
import WritScan

/// What ships inside the executable, read when it is first needed.
enum BuiltIn {
    static let packageIndex: PackageIndex? = {
        guard let resource = Resource.named("index/packages.index") else { return nil }
        do {
            return try PackageIndex(bytes: Array(resource.bytes))
        } catch {
            Terminal.error("the built-in package index cannot be read: \(error)")
            return nil
        }
    }()
}
