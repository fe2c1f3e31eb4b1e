import Foundation

/// The same bytes as a `Data` that owns nothing, for the length of a call into the core: nothing is copied.
///
/// The generated code counts bytes in 32 bits and would end the process beyond that.
func borrowed(
    _ bytes: UnsafeRawBufferPointer,
    refusedAs code: ErrorCode = .invalidFrame
) throws(ClearshotError) -> Data {
    guard let start = bytes.baseAddress else { return Data() }
    guard bytes.count <= Int32.max else {
        throw ClearshotError(
            code: code,
            reason: "take \(bytes.count) bytes at once: at most 2 GiB are taken",
            advice: .tellShop
        )
    }
    return Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
}
