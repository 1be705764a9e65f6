// SPDX-License-Identifier: Apache-2.0
import WritPolicy

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Policy files and data named on a command line.
enum PolicyArguments {
    /// Reads a file.
    ///
    /// - Throws: ``CommandFault`` when it cannot be read or is over 256 MiB.
    static func source(_ path: String) throws -> PolicyLayer.Source {
        PolicyLayer.Source(file: path, bytes: try bytes(of: path, limit: 256 << 20))
    }

    /// A file as a whole. A device or a pipe has no end that its size would tell, so what is read is counted.
    ///
    /// - Throws: ``CommandFault`` when it cannot be read or is over `limit` bytes.
    static func bytes(of path: String, limit: Int) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFault("\(path): cannot be read", hint: "check the path and its permissions")
        }
        defer { close(descriptor) }
        do throws(DescriptorFault) {
            return try StandardInput.readAll(descriptor, limit: limit)
        } catch .unreadable {
            throw CommandFault("\(path): cannot be read", hint: "check the path and its permissions")
        } catch .tooLong {
            throw CommandFault("\(path): is over \(limit >> 20) MiB")
        }
    }

    /// The layer that a policy says it belongs to. Of one that does not load the user's: loading says what is wrong.
    static func statedLayer(of source: PolicyLayer.Source) -> Layer {
        do throws(PolicyErrors) {
            return try PolicyDocument.read(source.bytes, file: source.file).document.layer?.value ?? .user
        } catch {
            return .user
        }
    }

    /// A file that could not be read, as a fault among those of policies.
    static func unreadable(_ file: String, _ fault: CommandFault) -> PolicyError {
        let prefix = file + ": "
        let message = fault.message.hasPrefix(prefix) ? String(fault.message.dropFirst(prefix.count)) : fault.message
        return PolicyError(.unreadable, message, file: file, hint: fault.hint)
    }

    /// Turns the faults of policies into one message with all of them.
    static func explained<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let faults as PolicyErrors {
            throw CommandFault(faults.errors.map(\.description).joined(separator: "\n"))
        }
    }
}
