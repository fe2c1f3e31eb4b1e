internal import ClearshotGenerated
public import Foundation

/// How far a synchronisation is.
public struct SyncProgress: Sendable, Equatable {
    /// Whether one runs now.
    public let running: Bool
    /// Bytes of all its photos that were sent, now or before.
    ///
    /// Never shrinks while it runs.
    public let sent: Int64
    /// Bytes of all its photos.
    public let total: Int64
    /// Photos that the server accepted in it.
    public let accepted: Int
    /// Photos that the server rejected in it.
    public let rejected: Int
    /// The photos that are on their way.
    public let photos: [PhotoProgress]
    /// What it waits for, while nothing can be done.
    public let waiting: Waiting?

    init(_ generated: ClearshotGenerated.SyncProgress) {
        running = generated.running
        sent = Int64(generated.sent)
        total = Int64(generated.total)
        accepted = Int(generated.accepted)
        rejected = Int(generated.rejected)
        photos = generated.photos.map(PhotoProgress.init)
        waiting = generated.waiting.map(Waiting.init)
    }
}

/// Where one photo on its way stands.
public struct PhotoProgress: Sendable, Equatable {
    /// The photo.
    public let capture: CaptureID
    /// Bytes handed to the network so far, counting none twice.
    public let sent: Int64
    /// Bytes in all.
    public let total: Int64
    /// What is happening to it.
    public let phase: Phase
    /// What went wrong, for a person; where something did.
    public let detail: String?

    init(_ generated: ClearshotGenerated.PhotoProgress) {
        capture = CaptureID(rawValue: generated.capture)
        sent = Int64(generated.sent)
        total = Int64(generated.total)
        phase = Phase(generated.phase)
        detail = generated.detail
    }
}

/// What is happening to a photo on its way.
public enum Phase: Sendable, Equatable {
    /// Its bytes are being sent.
    case sending
    /// The server has all of it and is checking it.
    case verifying
    /// A request failed; it is tried again by itself.
    case retrying
    /// It was told to stop, and goes on from there later.
    case paused

    init(_ generated: ClearshotGenerated.Phase) {
        self =
            switch generated {
            case .sending: .sending
            case .verifying: .verifying
            case .retrying: .retrying
            case .paused: .paused
            }
    }
}

/// What a synchronisation waits for.
public struct Waiting: Sendable, Equatable {
    /// When it goes on by itself; absent: when what it waits for comes.
    public let until: Date?
    /// What it waits for.
    public let reason: WaitReason

    init(_ generated: ClearshotGenerated.Waiting) {
        until = generated.until.map(Date.init(milliseconds:))
        reason = WaitReason(generated.reason)
    }
}
