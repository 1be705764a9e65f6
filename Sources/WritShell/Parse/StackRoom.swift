// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// How far the stack of the calling thread may grow.
///
/// Nesting is limited by a number, too, but what a level costs depends on the build and on what is nested, and threads
/// have between 512 KiB and 8 MiB. The first 96 KiB are taken for granted; only deeper nesting asks for the thread's
/// bounds, which can be slow on the main thread. 96 KiB are left for whoever walks the tree next.
struct StackRoom {
    private static let share: UInt = 96 << 10
    private var floor: UInt
    private var isKnown = false

    init() {
        let here = StackRoom.address()
        floor = here > StackRoom.share ? here - StackRoom.share : 0
    }

    /// Whether there is room for another level.
    @inline(__always)
    mutating func hasRoom() -> Bool {
        StackRoom.address() >= floor || hasRoomInThread()
    }

    @inline(never)
    private mutating func hasRoomInThread() -> Bool {
        if !isKnown {
            isKnown = true
            if let lowest = StackRoom.lowestAddress() { floor = lowest + StackRoom.share }
        }
        return StackRoom.address() >= floor
    }

    @inline(never)
    private static func address() -> UInt {
        var marker: UInt8 = 0
        return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
    }

    /// The lowest address of the thread's stack, or nil when the system does not say.
    private static func lowestAddress() -> UInt? {
        #if canImport(Darwin)
            let highest = UInt(bitPattern: pthread_get_stackaddr_np(pthread_self()))
            let size = UInt(pthread_get_stacksize_np(pthread_self()))
            return highest > size ? highest - size : nil
        #else
            var attributes = pthread_attr_t()
            guard attributesOfThread(pthread_self(), &attributes) == 0 else { return nil }
            defer { pthread_attr_destroy(&attributes) }
            var lowest: UnsafeMutableRawPointer?
            var size = 0
            guard pthread_attr_getstack(&attributes, &lowest, &size) == 0, let lowest else { return nil }
            // The first thread's stack grows on demand; a limit of "none" is reported as a huge size.
            let highest = UInt(bitPattern: lowest) &+ UInt(bitPattern: size)
            let most: UInt = 8 << 20
            return UInt(bitPattern: size) > most ? highest &- most : UInt(bitPattern: lowest)
        #endif
    }
}

#if !canImport(Darwin)
    // The C library hides this function behind a macro that Swift's module of it does not set. With integers and pointers
    // alone, Swift passes arguments as C does on every platform that has it.
    @_silgen_name("pthread_getattr_np")
    private func attributesOfThread(_ thread: pthread_t, _ attributes: UnsafeMutablePointer<pthread_attr_t>) -> CInt
#endif
