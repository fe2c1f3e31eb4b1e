internal import ClearshotGenerated

/// Everything analysis says about one preview frame.
public struct FrameReport: Sendable, Equatable {
    /// Good, or retake.
    public let verdict: Verdict
    /// Why a photo of this frame would be asked for again; the one to tell first at the front.
    public let reasons: [Reason]
    /// Focus and motion.
    public let sharpness: Sharpness
    /// Light.
    public let exposure: Exposure
    /// Standard deviation of the sensor's noise in luma steps.
    public let noiseSigma: Double
    /// Reflections.
    public let glare: Glare
    /// Where the subject is.
    public let framing: Framing
    /// What covers the lens.
    public let lens: Lens
    /// Signs of a display.
    public let screen: Screen
    /// What the relevance model saw; none when it has not looked lately, or there is no model.
    public let relevance: Relevance?
    /// Length of the streak that the phone's turning draws during the exposure, in pixels of a VGA frame; none when the
    /// gyroscope or the exposure time is not known.
    public let motionPixels: Double?
    /// Whether the autofocus is still looking, or gave up.
    public let focusing: Bool
    /// Everything the shopper could be told of this frame, the most urgent at the front.
    ///
    /// What to show is the guidance's.
    public let hints: [Hint]

    init(_ generated: ClearshotGenerated.FrameReport) {
        verdict = Verdict(generated.verdict)
        reasons = generated.reasons.map(Reason.init)
        sharpness = Sharpness(generated.sharpness)
        exposure = Exposure(generated.exposure)
        noiseSigma = generated.noiseSigma
        glare = Glare(generated.glare)
        framing = Framing(generated.framing)
        lens = Lens(generated.lens)
        screen = Screen(generated.screen)
        relevance = generated.relevance.map(Relevance.init)
        motionPixels = generated.motionPx
        focusing = generated.focusing
        hints = generated.hints.map(Hint.init)
    }
}

/// How sharp the picture is where it has edges.
public struct Sharpness: Sendable, Equatable {
    /// The judgement.
    public let state: SharpnessState
    /// 0 (mush) to 1 (crisp).
    public let score: Double
    /// What most likely blurred it; only when it is soft or blurred and the edges tell.
    public let cause: BlurCause?

    init(_ generated: ClearshotGenerated.Sharpness) {
        state = SharpnessState(generated.state)
        score = generated.score
        cause = generated.cause.map(BlurCause.init)
    }
}

/// How much light there is, in steps of an 8-bit full-range luma.
public struct Exposure: Sendable, Equatable {
    /// The judgement.
    public let state: ExposureState
    /// Mean luma, 0 to 255.
    public let mean: Double
    /// Median luma, 0 to 255.
    public let p50: Double
    /// Luma that 98 % of the pixels do not exceed, 0 to 255.
    public let p98: Double
    /// Share of the pixels at the black end, 0 to 1.
    public let clippedLow: Double
    /// Share of the pixels at the white end, 0 to 1.
    public let clippedHigh: Double

    init(_ generated: ClearshotGenerated.Exposure) {
        state = ExposureState(generated.state)
        mean = generated.mean
        p50 = generated.p50
        p98 = generated.p98
        clippedLow = generated.clippedLow
        clippedHigh = generated.clippedHigh
    }
}

/// Reflections that hide the product.
public struct Glare: Sendable, Equatable {
    /// Whether there is one worth a retake.
    public let present: Bool
    /// Share of the region (or frame) under glare, 0 to 1.
    public let area: Double

    init(_ generated: ClearshotGenerated.Glare) {
        present = generated.present
        area = generated.area
    }
}

/// Where the subject is.
///
/// All positions are fractions of the upright picture, origin at the top left.
public struct Framing: Sendable, Equatable {
    /// The box around the subject; none when nothing stands out.
    public let subject: Region?
    /// Share of the frame that the box covers, 0 to 1.
    public let fill: Double
    /// Horizontal centre of the subject, 0 (left) to 1 (right).
    public let centreX: Double
    /// Vertical centre of the subject, 0 (top) to 1 (bottom).
    public let centreY: Double
    /// What told where the subject is.
    public let source: FramingSource
    /// How far the centre is from the middle: 0 in the middle, 1 in a corner.
    public let offset: Double
    /// Which sides of the frame the subject reaches.
    public let touches: Sides
    /// By how many degrees the picture is turned from level, 0 to 45; none without gravity or a level.
    public let rollDegrees: Double?
    /// Angle between the optical axis and the horizon in degrees, 0 to 90; none without gravity.
    public let pitchDegrees: Double?

    init(_ generated: ClearshotGenerated.Framing) {
        subject = generated.subject.map(Region.init)
        fill = generated.fill
        centreX = generated.centreX
        centreY = generated.centreY
        source = FramingSource(generated.source)
        offset = generated.offset
        touches = Sides(generated.touches)
        rollDegrees = generated.rollDeg
        pitchDegrees = generated.pitchDeg
    }
}

/// Sides of the upright picture.
public struct Sides: Sendable, Equatable {
    /// The left one.
    public let left: Bool
    /// The upper one.
    public let top: Bool
    /// The right one.
    public let right: Bool
    /// The lower one.
    public let bottom: Bool

    init(_ generated: ClearshotGenerated.Sides) {
        left = generated.left
        top = generated.top
        right = generated.right
        bottom = generated.bottom
    }
}

/// Something in front of the lens, such as a finger.
public struct Lens: Sendable, Equatable {
    /// Whether it is surely covered: a reason to retake.
    public let blocked: Bool
    /// Share of the frame that is likely covered, 0 to 1.
    public let covered: Double

    init(_ generated: ClearshotGenerated.Lens) {
        blocked = generated.blocked
        covered = generated.covered
    }
}

/// Signs that the picture was taken from a display.
public struct Screen: Sendable, Equatable {
    /// Whether they are strong enough to be told.
    public let present: Bool
    /// Share of the frame with rainbow fringes, 0 to 1; 0 when the colours are not known.
    public let strength: Double

    init(_ generated: ClearshotGenerated.Screen) {
        present = generated.present
        strength = generated.strength
    }
}

/// What the relevance model saw.
public struct Relevance: Sendable, Equatable {
    /// The most likely subject.
    public let subject: Subject
    /// How sure the model is of it, 0 to 1.
    public let confidence: Double
    /// The share of every subject that the model knows; they add up to 1.
    public let shares: [SubjectShare]

    init(_ generated: ClearshotGenerated.Relevance) {
        subject = Subject(generated.subject)
        confidence = generated.confidence
        shares = generated.shares.map(SubjectShare.init)
    }
}

/// How much of a picture is of a subject, as the model says it.
public struct SubjectShare: Sendable, Equatable {
    /// Of what.
    public let subject: Subject
    /// How much, 0 to 1.
    public let share: Double

    init(_ generated: ClearshotGenerated.SubjectShare) {
        subject = Subject(generated.subject)
        share = generated.share
    }
}

/// Lamps that flicker: bands across the rows that come and go.
public struct Flicker: Sendable, Equatable {
    /// Whether bands were seen in three of the last four pairs of frames.
    public let present: Bool
    /// Amplitude of the bands: 0.03 is three percent of the brightness.
    public let strength: Double
    /// Bright bands per frame; none when there are none.
    public let bands: Double?

    init(_ generated: ClearshotGenerated.Flicker) {
        present = generated.present
        strength = generated.strength
        bands = generated.bands
    }
}
