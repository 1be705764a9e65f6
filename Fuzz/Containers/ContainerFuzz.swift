import WritContainers
// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Takes the input apart with every reader of containers. A trap, a hang, or more output than the limits allow is a
/// finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzContainers(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var limits = ContainerLimits()
    limits.total = 1 << 20
    limits.member = 1 << 19
    limits.members = 200
    for path in ["a.bin", "a.ipynb", "a.docx"] {
        guard let contents = Container.open(bytes, path: path, limits: limits) else { continue }
        precondition(contents.members.count <= limits.members, "more parts than the limit")
        let size = contents.members.reduce(0) { $0 + $1.content.count }
        // A part may stand twice: as it is, and as the text that was made from it.
        precondition(size <= 2 * limits.total, "more than the limit")
        precondition(contents.gaps.count <= 200, "gaps without a limit")
    }
    return 0
}
