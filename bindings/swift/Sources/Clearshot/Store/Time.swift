import Foundation

extension Date {
    /// A moment from the core's milliseconds since 1970.
    init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    /// The core's milliseconds since 1970; a time that no calendar has goes to the end of their range, where the core
    /// refuses it.
    var milliseconds: Int64 {
        let milliseconds = (timeIntervalSince1970 * 1000).rounded(.down)
        return Int64(exactly: milliseconds) ?? (milliseconds < 0 ? .min : .max)
    }
}

extension Duration {
    /// In milliseconds, 0 at least.
    var clampedMilliseconds: UInt64 { clampedNanoseconds / 1_000_000 }
}
