internal import ClearshotGenerated

/// What opening the queue found and mended.
///
/// All zero on an ordinary day.
public struct RepairReport: Sendable, Equatable {
    /// Photos without a row, back in the queue.
    public let adopted: [CaptureID]
    /// Photos that are gone or no longer whole: now lost.
    public let lost: [CaptureID]
    /// Photos that were lost and are back, whole.
    public let found: [CaptureID]
    /// Damaged or foreign files that were set aside.
    public let quarantined: Int
    /// Second copies of photos that were set aside.
    public let duplicates: Int
    /// Files of a later version, left alone.
    public let newer: Int
    /// Photos that were never finished, removed.
    public let unfinishedRemoved: Int
    /// Whether the queue's database was damaged, and rebuilt from the photos.
    public let databaseRebuilt: Bool
    /// Files that the disk does not give at the moment; left as they are.
    public let unreadable: Int
    /// Whether the key store had lost the device key, so that a new one was made: older photos can still be sent, and
    /// no longer be looked at.
    public let deviceKeyReplaced: Bool

    init(_ generated: ClearshotGenerated.RepairReport) {
        adopted = generated.adopted.map(CaptureID.init(rawValue:))
        lost = generated.lost.map(CaptureID.init(rawValue:))
        found = generated.found.map(CaptureID.init(rawValue:))
        quarantined = Int(generated.quarantined)
        duplicates = Int(generated.duplicates)
        newer = Int(generated.newer)
        unfinishedRemoved = Int(generated.unfinishedRemoved)
        databaseRebuilt = generated.databaseRebuilt
        unreadable = Int(generated.unreadable)
        deviceKeyReplaced = generated.deviceKeyReplaced
    }
}

/// Photos that were deleted from this device.
public struct Deleted: Sendable, Equatable {
    /// How many.
    public let photos: Int
    /// Bytes that they took.
    public let bytes: Int64

    init(_ generated: ClearshotGenerated.Deleted) {
        photos = Int(generated.photos)
        bytes = Int64(generated.bytes)
    }
}
