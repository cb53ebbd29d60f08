#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Where a reader's bytes come from: a file, or memory.
///
/// THREADS: one at a time. OWNERSHIP: closes the file when released.
final class ByteSource {
    private enum Kind {
        case file(descriptor: Int32, name: String)
        case memory([UInt8])
    }

    private let kind: Kind
    private var position = 0
    /// The length, where it is known.
    let byteCount: UInt64?

    init(_ bytes: [UInt8]) {
        kind = .memory(bytes)
        byteCount = UInt64(bytes.count)
    }

    /// Opens a file for reading.
    init(url: URL) throws {
        guard url.isFileURL else {
            throw FormDBError(.invalidArgument, "\(url) is not the URL of a file")
        }
        let path = url.path
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw SystemFailure.error("can't open", path) }
        var status = stat()
        let isKnown =
            unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        byteCount = isKnown ? UInt64(max(status.st_size, 0)) : nil
        kind = .file(descriptor: descriptor, name: path)
    }

    deinit {
        if case .file(let descriptor, _) = kind { close(descriptor) }
    }

    /// Reads up to the buffer's length; 0 is the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        switch kind {
        case .memory(let bytes):
            let length = min(buffer.count, bytes.count - position)
            unsafe bytes.withUnsafeBytes {
                unsafe buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[position..<(position + length)]))
            }
            position += length
            return length
        case .file(let descriptor, let name):
            while true {
                let length = unsafe systemRead(descriptor, buffer)
                if length >= 0 { return length }
                if errno != EINTR { throw SystemFailure.error("can't read", name) }
            }
        }
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    unsafe read(descriptor, buffer.baseAddress, buffer.count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    unsafe write(descriptor, bytes.baseAddress, bytes.count)
}

/// Where a writer's bytes go.
///
/// THREADS: one at a time. OWNERSHIP: closes the file when released.
final class ByteSink {
    @safe
    private enum Kind {
        case file(descriptor: Int32, name: String)
        case closure((UnsafeRawBufferPointer) throws -> Void)
    }

    private let kind: Kind

    /// Calls `body` with each piece.
    init(_ body: @escaping (UnsafeRawBufferPointer) throws -> Void) { kind = unsafe .closure(body) }

    /// Creates a file, or empties one.
    init(url: URL) throws {
        guard url.isFileURL else {
            throw FormDBError(.invalidArgument, "\(url) is not the URL of a file")
        }
        let path = url.path
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw SystemFailure.error("can't create", path) }
        kind = .file(descriptor: descriptor, name: path)
    }

    deinit {
        if case .file(let descriptor, _) = kind { close(descriptor) }
    }

    /// Writes all of the bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        switch kind {
        case .closure(let body): unsafe try body(bytes)
        case .file(let descriptor, let name):
            var rest = unsafe bytes
            while rest.count > 0 {
                let length = unsafe systemWrite(descriptor, rest)
                if length >= 0 {
                    unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest[length...])
                } else if errno != EINTR {
                    throw SystemFailure.error("can't write", name)
                }
            }
        }
    }
}

/// Errors of the system's calls on files that a host names.
private enum SystemFailure {
    static func error(_ what: String, _ path: String) -> FormDBError {
        let number = errno
        let reason = unsafe String(cString: strerror(number))
        let code: FormDBError.Code =
            switch number {
            case ENOENT: .missingFile
            case ENOSPC: .noSpace
            default: .io
            }
        return FormDBError(
            code, "\(what): \(reason)", file: path, systemError: number,
            advice: "check the path and its permissions")
    }
}
