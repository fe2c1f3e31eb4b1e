internal import ClearshotGenerated

/// What to show and offer now.
public struct Guidance: Sendable, Equatable {
    /// The one thing to tell the shopper; none at the start of a shot, while nothing is known.
    public let hint: Hint?
    /// When that was first shown, on the frames' clock.
    public let since: Duration
    /// How near the last seconds were to good: 0 (the most urgent fault all along) to 1.
    ///
    /// It is 1 exactly when the scene is good now, also while an earlier hint still has its time.
    public let progress: Double
    /// What to do about the torch.
    public let torch: TorchAdvice
    /// Whether a photo could be taken for the shopper now.
    public let autoCapture: Bool
    /// Whether to show an example picture: no progress for some seconds.
    public let showExample: Bool
    /// Whether to offer to take the photo as it is.
    ///
    /// Stays until the next shot.
    public let offerOverride: Bool

    init(_ generated: ClearshotGenerated.Guidance) {
        hint = generated.hint.map(Hint.init)
        since = .nanoseconds(Int64(clamping: generated.sinceNs))
        progress = generated.progress
        torch = TorchAdvice(generated.torch)
        autoCapture = generated.autoCapture
        showExample = generated.showExample
        offerOverride = generated.offerOverride
    }
}

/// The one thing to tell the shopper now.
///
/// Ordered by urgency.
public enum Hint: String, Sendable, CaseIterable {
    /// Something covers the lens.
    case lensBlocked = "lens_blocked"
    /// Too little light.
    case tooDark = "too_dark"
    /// Nothing stands out.
    case noSubject = "no_subject"
    /// Something else than an item is in view.
    case wrongSubject = "wrong_subject"
    /// A display is in view.
    case screen
    /// The subject leaves the frame.
    case cutOff = "cut_off"
    /// The subject fills too much of the frame, or lies closer than the lens can focus.
    case tooClose = "too_close"
    /// The subject fills too little of the frame.
    case tooFar = "too_far"
    /// The subject is far from the middle.
    case offCentre = "off_centre"
    /// The camera is held at an angle.
    case tilted
    /// Large parts are burnt out.
    case tooBright = "too_bright"
    /// The light comes from behind the subject.
    case backlit
    /// A reflection hides part of the subject.
    case glare
    /// The camera or the subject moves.
    case moving
    /// Out of focus, or still looking for it.
    case focusing
    /// Not quite sharp.
    case soft
    /// Nothing to say: take the photo.
    case good

    init(_ generated: ClearshotGenerated.Hint) {
        self =
            switch generated {
            case .lensBlocked: .lensBlocked
            case .tooDark: .tooDark
            case .noSubject: .noSubject
            case .wrongSubject: .wrongSubject
            case .screen: .screen
            case .cutOff: .cutOff
            case .tooClose: .tooClose
            case .tooFar: .tooFar
            case .offCentre: .offCentre
            case .tilted: .tilted
            case .tooBright: .tooBright
            case .backlit: .backlit
            case .glare: .glare
            case .moving: .moving
            case .focusing: .focusing
            case .soft: .soft
            case .good: .good
            }
    }

    var generated: ClearshotGenerated.Hint {
        switch self {
        case .lensBlocked: .lensBlocked
        case .tooDark: .tooDark
        case .noSubject: .noSubject
        case .wrongSubject: .wrongSubject
        case .screen: .screen
        case .cutOff: .cutOff
        case .tooClose: .tooClose
        case .tooFar: .tooFar
        case .offCentre: .offCentre
        case .tilted: .tilted
        case .tooBright: .tooBright
        case .backlit: .backlit
        case .glare: .glare
        case .moving: .moving
        case .focusing: .focusing
        case .soft: .soft
        case .good: .good
        }
    }
}

/// What to do about the torch.
public enum TorchAdvice: String, Sendable, CaseIterable {
    /// Leave it as it is.
    case none
    /// It is dark: offer to switch it on.
    case suggest
    /// It made a reflection: offer to switch it off again.
    case withdraw

    init(_ generated: ClearshotGenerated.TorchAdvice) {
        self =
            switch generated {
            case .none: .none
            case .suggest: .suggest
            case .withdraw: .withdraw
            }
    }
}

extension Hint {
    /// A few words for the shopper, in English, to be read at arm's length.
    public var text: String { Self.texts[self] ?? rawValue }

    private static let texts = texts { try describeHint(hint: $0.generated) }
}
