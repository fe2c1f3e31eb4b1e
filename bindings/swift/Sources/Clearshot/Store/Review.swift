internal import ClearshotGenerated

/// What is known of a photo before the shopper decides.
public struct Review: Sendable, Equatable {
    /// What analysis says of it.
    public let report: StillReport
    /// The session's photo that shows the same.
    public let duplicateOf: CaptureID?
    /// Where asking for another photo stands.
    public let asks: AskState

    init(_ generated: ClearshotGenerated.Review) {
        report = StillReport(generated.report)
        duplicateOf = generated.duplicateOf.map(CaptureID.init(rawValue:))
        asks = AskState(generated.asks)
    }
}

/// Where asking for another photo of a shot stands.
public struct AskState: Sendable, Equatable {
    /// Asks made since the shot's last photo was kept.
    public let asks: Int
    /// Asks left; at 0 the photo is kept whatever analysis says.
    public let asksLeft: Int
    /// Whether insisting on the photo would keep it now.
    public let mayInsist: Bool

    init(_ generated: ClearshotGenerated.AskState) {
        asks = Int(generated.asks)
        asksLeft = Int(generated.asksLeft)
        mayInsist = generated.mayInsist
    }
}

/// A photo that is saved: sealed, on the disk, and in the queue.
public struct SavedCapture: Sendable, Equatable {
    /// Its id.
    public let id: CaptureID
    /// The photo that it replaces.
    public let supersedes: CaptureID?
    /// Its place in the session, from 0.
    public let sequence: Int
    /// Sealed bytes.
    public let length: Int64
    /// Digest of the sealed bytes, 64 hexadecimal digits.
    public let sha256: String
    /// Whether analysis would have retaken it.
    public let keptAnyway: Bool

    init(_ generated: ClearshotGenerated.SavedCapture) {
        id = CaptureID(rawValue: generated.id)
        supersedes = generated.supersedes.map(CaptureID.init(rawValue:))
        sequence = Int(generated.sequence)
        length = Int64(generated.length)
        sha256 = generated.sha256
        keptAnyway = generated.keptAnyway
    }
}
