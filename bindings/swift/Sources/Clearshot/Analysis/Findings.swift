internal import ClearshotGenerated

/// What analysis says of a frame or a photo.
public enum Verdict: String, Sendable, CaseIterable {
    /// It can be used as evidence.
    case good
    /// The shopper is asked for another one; the reasons say why.
    case retake

    init(_ generated: ClearshotGenerated.Verdict) {
        self =
            switch generated {
            case .good: .good
            case .retake: .retake
            }
    }
}

/// Why a photo should be taken again.
///
/// Ordered by what the shopper should be told first.
public enum Reason: String, Sendable, CaseIterable {
    /// Something covers the lens.
    case lensBlocked = "lens_blocked"
    /// Too little light reached the sensor.
    case tooDark = "too_dark"
    /// The product is not what the photo shows.
    case irrelevant
    /// The photo shows a person, not the product.
    case person
    /// The photo was taken from a screen.
    case screen
    /// The product leaves the frame.
    case cutOff = "cut_off"
    /// The product fills too much of the frame.
    case tooClose = "too_close"
    /// The product fills too little of the frame.
    case tooFar = "too_far"
    /// The camera is held at an angle.
    case tilted
    /// Large parts of the photo are burnt out.
    case tooBright = "too_bright"
    /// The light comes from behind the product.
    case backlit
    /// A reflection hides part of the product.
    case glare
    /// A defect could not be judged, out of focus or moved.
    case blurred
    /// The shopper already took this photo.
    case duplicate

    init(_ generated: ClearshotGenerated.Reason) {
        self =
            switch generated {
            case .lensBlocked: .lensBlocked
            case .tooDark: .tooDark
            case .irrelevant: .irrelevant
            case .person: .person
            case .screen: .screen
            case .cutOff: .cutOff
            case .tooClose: .tooClose
            case .tooFar: .tooFar
            case .tilted: .tilted
            case .tooBright: .tooBright
            case .backlit: .backlit
            case .glare: .glare
            case .blurred: .blurred
            case .duplicate: .duplicate
            }
    }

    var generated: ClearshotGenerated.Reason {
        switch self {
        case .lensBlocked: .lensBlocked
        case .tooDark: .tooDark
        case .irrelevant: .irrelevant
        case .person: .person
        case .screen: .screen
        case .cutOff: .cutOff
        case .tooClose: .tooClose
        case .tooFar: .tooFar
        case .tilted: .tilted
        case .tooBright: .tooBright
        case .backlit: .backlit
        case .glare: .glare
        case .blurred: .blurred
        case .duplicate: .duplicate
        }
    }
}

/// The judgement on sharpness.
public enum SharpnessState: String, Sendable, CaseIterable {
    /// Nothing to say.
    case sharp
    /// Seen at full size; usable as evidence.
    case soft
    /// A defect could not be judged: a reason to retake.
    case blurred
    /// Too few edges to say anything, such as a plain black T-shirt.
    case unknown

    init(_ generated: ClearshotGenerated.SharpnessState) {
        self =
            switch generated {
            case .sharp: .sharp
            case .soft: .soft
            case .blurred: .blurred
            case .unknown: .unknown
            }
    }
}

/// What blurred a picture.
public enum BlurCause: String, Sendable, CaseIterable {
    /// Out of focus: all directions are equally soft.
    case defocus
    /// Camera or item moved: one direction is softer.
    case motion

    init(_ generated: ClearshotGenerated.BlurCause) {
        self =
            switch generated {
            case .defocus: .defocus
            case .motion: .motion
            }
    }
}

/// The judgement on light.
public enum ExposureState: String, Sendable, CaseIterable {
    /// Enough light, and not too much.
    case good
    /// Too little light.
    case tooDark = "too_dark"
    /// Burnt out over a large, flat area.
    case tooBright = "too_bright"
    /// The surroundings are far brighter than the subject.
    case backlit

    init(_ generated: ClearshotGenerated.ExposureState) {
        self =
            switch generated {
            case .good: .good
            case .tooDark: .tooDark
            case .tooBright: .tooBright
            case .backlit: .backlit
            }
    }
}

/// What told where the subject is.
public enum FramingSource: String, Sendable, CaseIterable {
    /// The strength of the edges, which do not know what is the product.
    case edges
    /// The relevance model.
    case map

    init(_ generated: ClearshotGenerated.FramingSource) {
        self =
            switch generated {
            case .edges: .edges
            case .map: .map
            }
    }
}

/// What a picture can be of.
public enum Subject: String, Sendable, CaseIterable {
    /// An item that somebody bought.
    case product
    /// A person or a part of one.
    case person
    /// A label, receipt or other paper with text.
    case document
    /// A display that shows something.
    case screen
    /// A room or landscape.
    case scene
    /// An animal.
    case animal
    /// A bare table, floor or wall.
    case surface

    init(_ generated: ClearshotGenerated.Subject) {
        self =
            switch generated {
            case .product: .product
            case .person: .person
            case .document: .document
            case .screen: .screen
            case .scene: .scene
            case .animal: .animal
            case .surface: .surface
            }
    }
}

extension Reason {
    /// One sentence for the shopper, in English, that says what to do about it.
    public var text: String { Self.texts[self] ?? rawValue }

    private static let texts = texts { try describeReason(reason: $0.generated) }
}
