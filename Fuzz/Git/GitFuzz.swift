// SPDX-License-Identifier: Apache-2.0
import WritCore

@testable import WritGit

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Lays the input out as a repository and reads objects, files and branches from it. The first byte says how: as a loose
/// object, as a loose object that is packed here, as a pack with its index, as entries that a pack is made from (so that
/// deltas are met that inflate), or as branches. A trap, a hang, a sanitizer report or more memory than the limit is a
/// finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRepository(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let kind = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    scratch.clear()
    switch kind % 5 {
    case 0: scratch.write(rest, "objects/00/" + id(0).dropFirst(2))
    case 1:
        scratch.write(zlib(rest), "objects/00/" + id(0).dropFirst(2))
        // A commit whose folder is the object itself, or another.
        scratch.write(zlib(Array("commit 46\0tree \(id(0))\n".utf8)), "objects/00/" + id(1).dropFirst(2))
    case 2:
        let cut = rest.count >= 2 ? min(rest.count - 2, Int(rest[0]) << 8 | Int(rest[1])) : 0
        scratch.write(Array(rest.dropFirst(2).prefix(cut)), "objects/pack/p.pack")
        scratch.write(Array(rest.dropFirst(2 + cut)), "objects/pack/p.idx")
    case 3:
        let (pack, offsets) = packed(rest)
        scratch.write(pack, "objects/pack/p.pack")
        scratch.write(index(offsets), "objects/pack/p.idx")
    default:
        let parts = rest.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false).map { Array($0) }
        for (part, path) in zip(parts, ["HEAD", "packed-refs", "refs/heads/main", "objects/info/alternates"]) {
            scratch.write(part, path)
        }
    }
    let git = GitObjects(folder: scratch.path)
    for number in 0..<8 {
        do throws(GitObjects.Fault) {
            if let object = try git.object(id(number)) {
                precondition(object.bytes.count <= GitObjects.maximumBytes, "an object is larger than the limit")
            }
            _ = try git.file([".writ", "policy.yaml"], at: id(number))
        } catch {
            _ = error.message
        }
    }
    for name in ["HEAD", "refs/heads/main", "refs/remotes/origin/HEAD"] {
        do throws(GitObjects.Fault) {
            if let commit = try git.commit(of: name) {
                precondition(GitObjects.isID(commit), "a branch names no object")
            }
        } catch {
            _ = error.message
        }
    }
    return 0
}

private func id(_ number: Int) -> String { "00" + String(repeating: "0", count: 37) + String(number, radix: 16) }

// MARK: Packs

/// Entries of a pack: a byte with the type and the object that a delta rests on, two with the length, the bytes.
private func packed(_ input: [UInt8]) -> (pack: [UInt8], offsets: [Int]) {
    var pack = Array("PACK\0\0\0\u{2}\0\0\0\u{8}".utf8)
    var offsets: [Int] = []
    var at = 0
    while at + 3 <= input.count, offsets.count < 8 {
        let type = Int(input[at] & 7)
        let base = Int(input[at] >> 3 & 7)
        let length = min((Int(input[at + 1] & 15) << 8) | Int(input[at + 2]), input.count - at - 3)
        let body = Array(input[(at + 3)..<(at + 3 + length)])
        at += 3 + length
        offsets.append(pack.count)
        var size = length
        pack.append(UInt8(type << 4 | size & 15 | (size > 15 ? 128 : 0)))
        size >>= 4
        while size > 0 {
            pack.append(UInt8(size & 127 | (size > 127 ? 128 : 0)))
            size >>= 7
        }
        if type == 6 {
            // How far the base lies before this entry, in two bytes.
            let distance = base < offsets.count - 1 ? offsets[offsets.count - 1] - offsets[base] : base
            if distance < 128 {
                pack.append(UInt8(distance))
            } else {
                pack.append(UInt8(128 | (distance - 128) >> 7 & 127))
                pack.append(UInt8((distance - 128) & 127))
            }
        } else if type == 7 {
            pack += [UInt8](repeating: 0, count: 19) + [UInt8(base)]
        }
        pack += zlib(body)
    }
    return (pack + [UInt8](repeating: 0, count: 20), offsets)
}

private func index(_ offsets: [Int]) -> [UInt8] {
    func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    var out: [UInt8] = [0xFF, 0x74, 0x4F, 0x63, 0, 0, 0, 2]
    for _ in 0..<256 { out += number(offsets.count) }
    for index in offsets.indices { out += [UInt8](repeating: 0, count: 19) + [UInt8(index)] }
    for _ in offsets { out += number(0) }
    for offset in offsets { out += number(offset) }
    return out + [UInt8](repeating: 0, count: 40)
}

/// One stored block; the checksum is not looked at.
private func zlib(_ bytes: [UInt8]) -> [UInt8] {
    let count = min(bytes.count, 0xFFFF)
    let low = UInt8(count & 255)
    let high = UInt8(count >> 8)
    return [0x78, 0x01, 0x01, low, high, ~low, ~high] + bytes.prefix(count) + [0, 0, 0, 0]
}

// MARK: Files

/// A folder in memory, used anew for each input.
private final class Scratch {
    let path: String
    private var written: [String] = []

    init() {
        let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var name = Array("\(base)/writ-fuzz-git-XXXXXX".utf8CString)
        precondition(mkdtemp(&name) != nil, "no folder for the repository")
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for folder in ["objects", "objects/00", "objects/pack", "objects/info", "refs", "refs/heads"] {
            mkdir("\(path)/\(folder)", 0o700)
        }
    }

    func clear() {
        for file in written { unlink("\(path)/\(file)") }
        written = []
    }

    func write(_ bytes: [UInt8], _ file: String) {
        let descriptor = open("\(path)/\(file)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0, "no file in the repository")
        defer { close(descriptor) }
        let count = bytes.withUnsafeBytes { put(descriptor, $0.baseAddress, $0.count) }
        precondition(count == bytes.count, "the repository could not be written")
        written.append(file)
    }
}

private func put(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    guard count > 0 else { return 0 }
    #if canImport(Darwin)
    return Darwin.write(descriptor, bytes, count)
    #else
    return Glibc.write(descriptor, bytes, count)
    #endif
}

// libFuzzer calls from one thread alone.
nonisolated(unsafe) private let scratch = Scratch()
