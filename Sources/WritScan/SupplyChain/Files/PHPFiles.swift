// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Dependency files of PHP: Composer's manifest and lock file.
enum PHPFiles {
    static func manifest(_ text: String, _ reading: inout DependencyReading) {
        guard let json = JSONText.read(text, &reading) else { return }
        var places = JSONPlaces(text)
        for section in ["require", "require-dev"] {
            for member in json[section]?.members ?? [] where isPackage(member.key) {
                reading.add(
                    Dependency("packagist", member.key, member.value.string ?? "", line: places.next(member.key)))
            }
        }
        // An array of repositories, or an object of them by name.
        let repositories = json["repositories"]
        for repository in repositories?.array ?? repositories?.members?.map(\.value) ?? [] {
            guard let url = repository["url"]?.string, repository["type"]?.string == "composer" else { continue }
            reading.indexes.append(
                IndexSetting("packagist", url: url, isAdditional: true, line: places.next("repositories")))
        }
    }

    static func lock(_ text: String, _ reading: inout DependencyReading) {
        guard let json = JSONText.read(text, &reading) else { return }
        var places = JSONPlaces(text)
        for section in ["packages", "packages-dev"] {
            for package in json[section]?.array ?? [] {
                guard let name = package["name"]?.string else { continue }
                var dependency = Dependency(
                    "packagist", name, package["version"]?.string ?? "", line: places.next(named: name))
                // What is installed is the archive; the repository stands beside it.
                dependency.integrity =
                    package["dist"]?["shasum"]?.string.flatMap { $0.isEmpty ? nil : $0 }
                    ?? package["dist"]?["reference"]?.string ?? ""
                let url = package["dist"]?["url"]?.string ?? package["source"]?["url"]?.string ?? ""
                if !isUsual(url) { dependency.source = .archive(url) }
                reading.add(dependency)
            }
        }
    }

    /// `php`, `ext-json` and `composer-plugin-api` name the platform.
    private static func isPackage(_ name: String) -> Bool { name.contains("/") }

    /// Packagist hands out archives of the forges that packages live on.
    private static func isUsual(_ url: String) -> Bool { url.isEmpty || forges.contains { url.hasPrefix($0) } }

    private static let forges = [
        "https://api.github.com/repos/", "https://gitlab.com/api/", "https://api.bitbucket.org/",
        "https://repo.packagist.org/", "https://codeload.github.com/", "https://bitbucket.org/", "https://github.com/",
    ]
}
