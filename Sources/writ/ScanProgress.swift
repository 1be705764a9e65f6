// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritInspect

/// A bar on standard error while a scan takes long and somebody watches.
final class ScanProgress: Sendable {
    private struct State {
        var next: UInt64
        var isShown = false
    }

    private let state: Mutex<State>
    private let totalBytes: Int

    /// - Parameter totalBytes: what will be read, as far as that is known; 0 counts items instead.
    init(totalBytes: Int) {
        self.totalBytes = totalBytes
        // Short work shows nothing.
        state = Mutex(State(next: Stopwatch.now + 400_000_000))
    }

    func show(_ progress: InspectionRun.Progress) {
        guard Terminal.errorsAreSeen else { return }
        state.withLock { state in
            guard Stopwatch.now >= state.next else { return }
            state.next = Stopwatch.now + 100_000_000
            state.isShown = true
            let share =
                totalBytes > 0
                ? Double(progress.bytes) / Double(totalBytes) : Double(progress.done) / Double(max(1, progress.count))
            let filled = max(0, min(24, Int(share * 24)))
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            Terminal.progress(
                "\(bar) \(Int(max(0, min(1, share)) * 100)) %  \(progress.done) of \(progress.count), \(progress.bytes / 1_000_000) MB"
            )
        }
    }

    func end() {
        if state.withLock({ $0.isShown }) { Terminal.endProgress() }
    }
}
