// SPDX-License-Identifier: Apache-2.0
public import WritPolicy
import WritScan
public import WritWire

/// The policies of a home as the daemon would load them, for commands that run beside it.
public enum PolicyReading {
    /// What is in force, and what is wrong with the files.
    public static func policies(of home: WritHome) -> (policies: PolicySet, faults: [String]) {
        let files = PolicyFiles(home: home, key: .random())
        return (files.load(), files.faults)
    }
}
