// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let package = Package(
    name: "writ",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "writ", targets: ["writ"]),
        .executable(name: "writ-hook", targets: ["writ-hook"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // What everyone shares.
        .target(name: "WritCore"),
        .testTarget(name: "WritCoreTests", dependencies: ["WritCore", "WritTestSupport"]),
        .target(name: "WritTestSupport", dependencies: ["WritCore"]),

        // Data that ships inside the executables: program tables, rules, policies, weights.
        .target(name: "CWritResources", path: "Sources/CWritResources", exclude: ["Data"]),
        .target(name: "WritResources", dependencies: ["CWritResources"]),
        .testTarget(name: "WritResourcesTests", dependencies: ["WritResources"]),

        // Linear-time matching: RE2 for one pattern, Hyperscan or Vectorscan for many.
        .systemLibrary(
            name: "CSystemRE2", pkgConfig: "re2", providers: [.apt(["libre2-dev"]), .brew(["re2"])]),
        .target(name: "CRE2", dependencies: ["CSystemRE2"]),
        .systemLibrary(
            name: "CHyperscan", pkgConfig: "libhs",
            providers: [.apt(["libhyperscan-dev"]), .brew(["vectorscan"])]),
        .target(name: "WritPattern", dependencies: ["CRE2", "CHyperscan"]),
        .testTarget(name: "WritPatternTests", dependencies: ["WritPattern"]),

        // The engines.
        .target(name: "WritShell", dependencies: ["WritCore", "WritResources"]),
        .testTarget(name: "WritShellTests", dependencies: ["WritShell", "WritTestSupport"]),
        .target(name: "WritCEL", dependencies: ["WritCore", "WritPattern"]),
        .testTarget(name: "WritCELTests", dependencies: ["WritCEL", "WritCore", "WritTestSupport"]),
        .target(
            name: "WritPolicy",
            dependencies: [
                "WritCore", "WritCEL", "WritPattern", "WritResources", .product(name: "Yams", package: "Yams"),
            ]),
        .testTarget(
            name: "WritPolicyTests",
            dependencies: [
                "WritCore", "WritCEL", "WritPolicy", "WritResources", "WritShell", "WritTestSupport",
            ],
            exclude: ["Cases"]),
        .target(
            name: "WritScan",
            dependencies: [
                "WritCore", "WritPattern", "WritResources", .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .testTarget(name: "WritScanTests", dependencies: ["WritCore", "WritScan", "WritShell", "WritTestSupport"]),
        // Whole trees, changes and histories for `writ scan`: reads them, runs the detectors, reports.
        .target(
            name: "WritInspect",
            dependencies: [
                "WritCore", "WritScan", "WritShell", "WritResources", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .testTarget(
            name: "WritInspectTests", dependencies: ["WritCore", "WritInspect", "WritScan", "WritTestSupport"]),
        .target(
            name: "WritLedger",
            dependencies: [
                "WritCore", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(name: "WritLedgerTests", dependencies: ["WritLedger", "WritTestSupport"]),
        .target(
            name: "WritDelegation",
            dependencies: ["WritCore", .product(name: "Crypto", package: "swift-crypto")]),
        .testTarget(
            name: "WritDelegationTests", dependencies: ["WritCore", "WritDelegation", "WritTestSupport"]),
        .target(name: "WritAgents", dependencies: ["WritCore", "WritResources", "WritWire"]),
        .testTarget(name: "WritAgentsTests", dependencies: ["WritAgents", "WritTestSupport"]),

        // One decision from all of them.
        .target(
            name: "WritGuard",
            dependencies: [
                "WritCore", "WritShell", "WritPolicy", "WritScan", "WritAgents", "WritResources", "WritDelegation",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .testTarget(
            name: "WritGuardTests",
            dependencies: [
                "WritCore", "WritGuard", "WritPolicy", "WritScan", "WritAgents", "WritDelegation", "WritTestSupport",
            ]),

        // Processes.
        .target(name: "WritWire"),
        .testTarget(name: "WritWireTests", dependencies: ["WritWire"]),
        .target(
            name: "WritDaemon",
            dependencies: [
                "WritCore", "WritWire", "WritGuard", "WritPolicy", "WritScan", "WritShell", "WritLedger", "WritAgents",
                "WritDelegation",
            ]),
        .testTarget(
            name: "WritDaemonTests",
            dependencies: [
                "WritCore", "WritDaemon", "WritAgents", "WritGuard", "WritPolicy", "WritScan", "WritWire",
                "WritDelegation", "WritTestSupport",
            ]),
        .executableTarget(
            name: "writ",
            dependencies: [
                "WritCore", "WritGuard", "WritDaemon", "WritInspect", "WritLedger", "WritAgents", "WritPolicy",
                "WritCEL", "WritDelegation", "WritScan", "WritShell", "WritResources", "WritWire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(name: "writ-hook", dependencies: ["WritWire"]),

        // For developers: trains the weights of the injection detector (`make model`).
        .executableTarget(
            name: "writ-model", dependencies: ["WritCore", "WritScan", "WritShell"], path: "Tools/model",
            exclude: ["examples.grammar", "examples"]),
        // For developers: measures engines alone, and makes traffic to replay.
        .executableTarget(
            name: "writ-engine-bench",
            dependencies: ["WritCore", "WritGuard", "WritLedger", "WritPolicy", "WritScan", "WritShell"],
            path: "Tools/engine-bench"),

        // The real processes, from a payload to the ledger.
        .testTarget(
            name: "WritEndToEndTests", dependencies: ["WritCore", "WritWire", "WritLedger", "WritTestSupport"]),
    ],
    cLanguageStandard: .c11,
    cxxLanguageStandard: .cxx17
)

for target in package.targets where ![.plugin, .system, .binary].contains(target.type) {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .swiftLanguageMode(.v6),
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        ]
}
