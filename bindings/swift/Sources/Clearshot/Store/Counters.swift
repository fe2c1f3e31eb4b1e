internal import ClearshotGenerated

/// How many photos stand where.
///
/// They always add up to ``captured``.
public struct Counters: Sendable, Equatable {
    /// All of them.
    public let captured: Int
    /// In ``CaptureState/queued``.
    public let queued: Int
    /// In ``CaptureState/uploading``.
    public let uploading: Int
    /// In ``CaptureState/uploaded``.
    public let uploaded: Int
    /// In ``CaptureState/accepted``.
    public let accepted: Int
    /// In ``CaptureState/rejected``.
    public let rejected: Int
    /// In ``CaptureState/stalled``.
    public let stalled: Int
    /// In ``CaptureState/lost``.
    public let lost: Int

    init(_ generated: ClearshotGenerated.Counters) {
        captured = Int(generated.captured)
        queued = Int(generated.queued)
        uploading = Int(generated.uploading)
        uploaded = Int(generated.uploaded)
        accepted = Int(generated.accepted)
        rejected = Int(generated.rejected)
        stalled = Int(generated.stalled)
        lost = Int(generated.lost)
    }
}
