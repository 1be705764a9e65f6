// SPDX-License-Identifier: Apache-2.0

/// The made-up project in which examples, embedded tests and samples happen: no policy may depend on where it lies.
public enum ExamplePlace {
    /// The repository and workspace.
    public static let project = "/srv/project"
    /// The person's home.
    public static let home = "/home/dev"
}
