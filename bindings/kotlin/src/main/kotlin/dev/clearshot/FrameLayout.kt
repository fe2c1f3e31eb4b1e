package dev.clearshot

/**
 * How the bytes of a luma plane lie. Two frames of one camera have the same: make it once.
 *
 * @property width in pixels, as delivered
 * @property height in pixels, as delivered
 * @property rowStride bytes from one row to the next; the last row may stop at its last pixel
 * @property pixelStride bytes from one pixel to the next
 * @property range how values map to light
 * @property rotationDegrees by how much the frame must be turned clockwise to be upright: 0, 90, 180 or 270, as
 *   `ImageInfo.rotationDegrees` says it
 */
public data class FrameLayout(
    public val width: Int,
    public val height: Int,
    public val rowStride: Int = width,
    public val pixelStride: Int = 1,
    public val range: LumaRange = LumaRange.FULL,
    public val rotationDegrees: Int = 0,
)

/**
 * How the bytes of both chroma planes lie.
 *
 * @property width of a plane in samples
 * @property height of a plane in samples
 * @property rowStride bytes from one row to the next
 * @property pixelStride bytes from one sample to the next; 2 in semi-planar pictures (NV12, NV21)
 */
public data class ChromaLayout(
    public val width: Int,
    public val height: Int,
    public val rowStride: Int = width,
    public val pixelStride: Int = 1,
)

/** How luma values map to light. */
public enum class LumaRange {
    /** 0 is black, 255 is white: JPEG, Android's camera, iOS full range. */
    FULL,

    /** 16 is black, 235 is white: video. */
    LIMITED,
}

/**
 * When a frame was taken, and what the sensors knew then. Only the time is needed: analysis never depends on a sensor, it
 * only judges better with one.
 *
 * @property takenNanos when the frame was taken, in nanoseconds of any clock that only goes forward
 *   (`ImageInfo.timestamp`, `System.nanoTime()`); not below 0
 * @property exposureTimeSeconds exposure time in seconds
 * @property iso sensitivity as an ISO number
 * @property aperture f-number
 * @property gyroRate turn rate of the phone in radians per second
 * @property gravity direction of gravity
 * @property focus what the autofocus is doing
 * @property minFocusMetres shortest distance at which the lens can focus
 * @property torch whether the torch is on
 * @property region where the shopper tapped: the defect; in fractions of the upright frame
 * @property thermal how hot the phone is: the hotter, the less often the relevance model looks
 */
public data class FrameContext(
    public val takenNanos: Long,
    public val exposureTimeSeconds: Double? = null,
    public val iso: Double? = null,
    public val aperture: Double? = null,
    public val gyroRate: Double? = null,
    public val gravity: Gravity? = null,
    public val focus: FocusState? = null,
    public val minFocusMetres: Double? = null,
    public val torch: Boolean? = null,
    public val region: Region? = null,
    public val thermal: ThermalState? = null,
)

/**
 * Direction of gravity in the phone's axes, in m/s², as `Sensor.TYPE_GRAVITY` says it.
 *
 * @property x to the right of the screen
 * @property y to its top
 * @property z out of it
 */
public data class Gravity(public val x: Double, public val y: Double, public val z: Double)

/** What the autofocus is doing. */
public enum class FocusState {
    /** Not moving, focus not confirmed. */
    INACTIVE,

    /** Looking for focus. */
    SCANNING,

    /** In focus. */
    FOCUSED,

    /** Gave up. */
    FAILED,
}

/** How hot the phone is, as its system says. */
public enum class ThermalState {
    /** Nothing to heed. */
    NOMINAL,

    /** Slightly warm; the system asks for nothing yet. */
    FAIR,

    /** Hot: the system slows down. */
    SERIOUS,

    /** Too hot: everything that can wait must stop. */
    CRITICAL,
}

/**
 * A rectangle in fractions of the upright picture, origin at the top left.
 *
 * @property x left edge, 0 to 1
 * @property y top edge, 0 to 1
 * @property width 0 to 1
 * @property height 0 to 1
 */
public data class Region(
    public val x: Double,
    public val y: Double,
    public val width: Double,
    public val height: Double,
)
