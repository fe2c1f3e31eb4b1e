internal import ClearshotGenerated

/// What the queue waits for.
public enum WaitReason: String, Sendable, CaseIterable {
    /// A network.
    case offline
    /// A network that is not metered.
    case metered
    /// The end of a back-off.
    case backOff = "back_off"
    /// Somebody else is sending what is left.
    case leased
    /// The shopper to sign in: the server has refused the token, and a fresh one.
    case unauthorised
    /// The server's check of what has arrived.
    case verifying

    init(_ generated: ClearshotGenerated.WaitReason) {
        self =
            switch generated {
            case .offline: .offline
            case .metered: .metered
            case .backOff: .backOff
            case .leased: .leased
            case .unauthorised: .unauthorised
            case .verifying: .verifying
            }
    }
}
