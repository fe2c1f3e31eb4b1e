package dev.clearshot

/**
 * Everything to know after a frame.
 *
 * @property report what analysis says about this frame
 * @property flicker whether the lamps flicker
 * @property guidance what to show
 * @property analysisNanos how long the analysis itself took; the crossing of the border is not in it
 */
public data class FrameLook(
    public val report: FrameReport,
    public val flicker: Flicker,
    public val guidance: Guidance,
    public val analysisNanos: Long,
)

/**
 * What to show and offer now.
 *
 * @property hint the one thing to tell the shopper; absent at the start of a shot, while nothing is known
 * @property sinceNanos when that was first shown, in nanoseconds of the frames' clock
 * @property progress how near the last seconds were to good: 0 (the most urgent fault all along) to 1; 1 exactly when the
 *   scene is good now, also while an earlier hint still has its time
 * @property torch what to do about the torch
 * @property autoCapture whether a photo could be taken for the shopper now
 * @property showExample whether to show an example picture: no progress for some seconds
 * @property offerOverride whether to offer to take the photo as it is; stays until the next shot
 */
public data class Guidance(
    public val hint: Hint?,
    public val sinceNanos: Long,
    public val progress: Double,
    public val torch: TorchAdvice,
    public val autoCapture: Boolean,
    public val showExample: Boolean,
    public val offerOverride: Boolean,
)

/** What to do about the torch. */
public enum class TorchAdvice {
    /** Leave it as it is. */
    NONE,

    /** It is dark: offer to switch it on. */
    SUGGEST,

    /** It made a reflection: offer to switch it off again. */
    WITHDRAW,
}

/**
 * Everything analysis says about one preview frame.
 *
 * @property verdict good, or retake
 * @property reasons why a photo of this frame would be asked for again; the one to tell first at the front
 * @property sharpness focus and motion
 * @property exposure light
 * @property noiseSigma standard deviation of the sensor's noise in luma steps
 * @property glare reflections
 * @property framing where the subject is
 * @property lens what covers the lens
 * @property screen signs of a display
 * @property relevance what the relevance model saw; absent when it has not looked lately, or there is no model
 * @property motionPixels length of the streak that the phone's turning draws during the exposure, in pixels of a VGA frame;
 *   absent when the gyroscope or the exposure time is not known
 * @property focusing whether the autofocus is still looking, or gave up
 * @property hints everything the shopper could be told of this frame, the most urgent at the front; what to show is
 *   [Guidance.hint]
 */
public data class FrameReport(
    public val verdict: Verdict,
    public val reasons: List<Reason>,
    public val sharpness: Sharpness,
    public val exposure: Exposure,
    public val noiseSigma: Double,
    public val glare: Glare,
    public val framing: Framing,
    public val lens: Lens,
    public val screen: Screen,
    public val relevance: Relevance?,
    public val motionPixels: Double?,
    public val focusing: Boolean,
    public val hints: List<Hint>,
)

/**
 * Everything analysis says about a full-resolution photo.
 *
 * @property verdict good, or retake
 * @property reasons why to retake; the one to tell first at the front; empty when good
 * @property width upright, in pixels
 * @property height upright, in pixels
 * @property sharpness focus and motion
 * @property exposure light
 * @property noiseSigma standard deviation of the sensor's noise in luma steps
 * @property glare reflections
 * @property framing where the subject is
 * @property lens what covers the lens
 * @property screen signs of a display
 * @property relevance what the relevance model saw; absent when no model ran
 * @property policyVersion version of the thresholds that judged
 * @property policyHash SHA-256 of the thresholds' canonical JSON, in hex
 */
public data class StillReport(
    public val verdict: Verdict,
    public val reasons: List<Reason>,
    public val width: Int,
    public val height: Int,
    public val sharpness: Sharpness,
    public val exposure: Exposure,
    public val noiseSigma: Double,
    public val glare: Glare,
    public val framing: Framing,
    public val lens: Lens,
    public val screen: Screen,
    public val relevance: Relevance?,
    public val policyVersion: Int,
    public val policyHash: String,
)

/**
 * How sharp the picture is where it has edges.
 *
 * @property state the judgement
 * @property score 0 (mush) to 1 (crisp)
 * @property cause what most likely blurred it; only when it is soft or blurred and the edges tell
 */
public data class Sharpness(public val state: SharpnessState, public val score: Double, public val cause: BlurCause?)

/** The judgement on sharpness. */
public enum class SharpnessState {
    /** Nothing to say. */
    SHARP,

    /** Seen at full size; usable as evidence. */
    SOFT,

    /** A defect could not be judged: a reason to retake. */
    BLURRED,

    /** Too few edges to say anything, such as a plain black T-shirt. */
    UNKNOWN,
}

/** What blurred a picture. */
public enum class BlurCause {
    /** Out of focus: all directions are equally soft. */
    DEFOCUS,

    /** Camera or item moved: one direction is softer. */
    MOTION,
}

/**
 * How much light there is, in steps of an 8-bit full-range luma.
 *
 * @property state the judgement
 * @property mean mean luma, 0 to 255
 * @property p50 median luma, 0 to 255
 * @property p98 luma that 98 % of the pixels do not exceed, 0 to 255
 * @property clippedLow share of the pixels at the black end, 0 to 1
 * @property clippedHigh share of the pixels at the white end, 0 to 1
 */
public data class Exposure(
    public val state: ExposureState,
    public val mean: Double,
    public val p50: Double,
    public val p98: Double,
    public val clippedLow: Double,
    public val clippedHigh: Double,
)

/** The judgement on light. */
public enum class ExposureState {
    /** Enough light, and not too much. */
    GOOD,

    /** Too little light. */
    TOO_DARK,

    /** Burnt out over a large, flat area. */
    TOO_BRIGHT,

    /** The surroundings are far brighter than the subject. */
    BACKLIT,
}

/**
 * Reflections that hide the product.
 *
 * @property present whether there is one worth a retake
 * @property area share of the region (or frame) under glare, 0 to 1
 */
public data class Glare(public val present: Boolean, public val area: Double)

/**
 * Where the subject is. All positions are fractions of the upright picture, origin at the top left.
 *
 * @property subject the box around the subject; absent when nothing stands out
 * @property fill share of the frame that the box covers, 0 to 1
 * @property centreX horizontal centre of the subject, 0 (left) to 1 (right)
 * @property centreY vertical centre of the subject, 0 (top) to 1 (bottom)
 * @property source what told where the subject is
 * @property offset how far the centre is from the middle: 0 in the middle, 1 in a corner
 * @property touches which sides of the frame the subject reaches
 * @property rollDegrees by how much the picture is turned from level, 0 to 45; absent without gravity or a level
 * @property pitchDegrees angle between the optical axis and the horizon, 0 to 90; absent without gravity
 */
public data class Framing(
    public val subject: Region?,
    public val fill: Double,
    public val centreX: Double,
    public val centreY: Double,
    public val source: FramingSource,
    public val offset: Double,
    public val touches: Sides,
    public val rollDegrees: Double?,
    public val pitchDegrees: Double?,
)

/** What told where the subject is. */
public enum class FramingSource {
    /** The strength of the edges, which do not know what is the product. */
    EDGES,

    /** The relevance model. */
    MAP,
}

/**
 * Sides of the upright picture.
 *
 * @property left whether the left one is meant
 * @property top whether the upper one is meant
 * @property right whether the right one is meant
 * @property bottom whether the lower one is meant
 */
public data class Sides(
    public val left: Boolean,
    public val top: Boolean,
    public val right: Boolean,
    public val bottom: Boolean,
)

/**
 * Something in front of the lens, such as a finger.
 *
 * @property blocked whether it is surely covered: a reason to retake
 * @property covered share of the frame that is likely covered, 0 to 1
 */
public data class Lens(public val blocked: Boolean, public val covered: Double)

/**
 * Signs that the picture was taken from a display.
 *
 * @property present whether they are strong enough to be told
 * @property strength share of the frame with rainbow fringes, 0 to 1; 0 when the colours are not known
 */
public data class Screen(public val present: Boolean, public val strength: Double)

/**
 * What the relevance model saw.
 *
 * @property subject the most likely subject
 * @property confidence how sure the model is of it, 0 to 1
 * @property shares the share of every subject that the model knows; they add up to 1
 */
public data class Relevance(
    public val subject: Subject,
    public val confidence: Double,
    public val shares: Map<Subject, Double>,
)

/** What a picture can be of. */
public enum class Subject {
    /** An item that somebody bought. */
    PRODUCT,

    /** A person or a part of one. */
    PERSON,

    /** A label, receipt or other paper with text. */
    DOCUMENT,

    /** A display that shows something. */
    SCREEN,

    /** A room or landscape. */
    SCENE,

    /** An animal. */
    ANIMAL,

    /** A bare table, floor or wall. */
    SURFACE,
    ;

    /** The word that never changes. */
    public val code: String get() = name.lowercase()
}

/**
 * Lamps that flicker: bands across the rows that come and go.
 *
 * @property present whether bands were seen in three of the last four pairs of frames
 * @property strength amplitude of the bands: 0.03 is three percent of the brightness
 * @property bands bright bands per frame; absent when there are none
 */
public data class Flicker(public val present: Boolean, public val strength: Double, public val bands: Double?)
