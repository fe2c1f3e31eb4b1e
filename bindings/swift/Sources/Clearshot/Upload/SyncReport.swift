internal import ClearshotGenerated

/// What a synchronisation did.
public struct SyncReport: Sendable, Equatable {
    /// Why it ended.
    public let end: SyncEnd
    /// Requests made.
    public let steps: Int
    /// Requests that failed.
    public let failures: Int
    /// Bytes of photos handed to the network.
    public let bytesSent: Int64
    /// Of them, those that it had handed to the network before.
    public let bytesResent: Int64
    /// Photos that the server accepted.
    public let accepted: Int
    /// Photos that the server rejected.
    public let rejected: Int

    init(_ generated: ClearshotGenerated.SyncReport) {
        end = SyncEnd(generated.end)
        steps = Int(generated.steps)
        failures = Int(generated.failures)
        bytesSent = Int64(generated.bytesSent)
        bytesResent = Int64(generated.bytesResent)
        accepted = Int(generated.accepted)
        rejected = Int(generated.rejected)
    }
}

/// Why a synchronisation ended.
public enum SyncEnd: Sendable, Equatable {
    /// Nothing is left to send.
    case done
    /// Something is left, and waiting for it would take longer than the time given.
    case waiting(Waiting)
    /// The time was up. The next one goes on.
    case timeUp
    /// It was cancelled. The next one goes on.
    case cancelled

    init(_ generated: ClearshotGenerated.SyncEnd) {
        self =
            switch generated {
            case .done: .done
            case .waiting(let waiting): .waiting(Waiting(waiting))
            case .timeUp: .timeUp
            case .cancelled: .cancelled
            }
    }
}
