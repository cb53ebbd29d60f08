import Foundation

extension Pipe {
    /// What the pipe has to give, at least a byte; empty at its end. (FileHandle's own calls trap when
    /// a signal interrupts them, as the end of a child process can.)
    func readSome() -> Data {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe read(fileHandleForReading.fileDescriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 { return Data(buffer[..<count]) }
            if errno != EINTR { return Data() }
        }
    }

    /// Everything up to the end.
    func readToEnd() -> Data {
        var bytes = Data()
        while true {
            let more = readSome()
            if more.isEmpty { return bytes }
            bytes.append(more)
        }
    }
}
