package dev.clearshot

import kotlin.time.Clock
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Instant
import dev.clearshot.generated.AskState as RustAskState
import dev.clearshot.generated.KeepRequest as RustKeepRequest
import dev.clearshot.generated.PendingPhoto as RustPendingPhoto
import dev.clearshot.generated.PixelLayout as RustPixelLayout
import dev.clearshot.generated.SavedCapture as RustSavedCapture
import dev.clearshot.generated.Stroke as RustStroke
import dev.clearshot.generated.StrokePoint as RustStrokePoint

/**
 * A judged photo that is not kept yet: in memory only, about a megabyte, and the shopper's to decide.
 * [CaptureStore.keep] saves it; [close] throws it away.
 */
public class PendingPhoto internal constructor(internal val rust: RustPendingPhoto) : AutoCloseable {
    /** What is known of it before the shopper decides. */
    public val review: Review = bordered { rust.review().let { Review(it.report.toKotlin(), it.duplicateOf, it.asks.toKotlin()) } }

    /** Good, or retake. */
    public val verdict: Verdict get() = review.report.verdict

    /**
     * Its thumbnail: a JPEG, at most 320 pixels on the longer side.
     *
     * @throws ClearshotException with [ErrorCode.CLOSED] after it was kept or closed
     */
    public fun thumbnail(): ByteArray = bordered { rust.thumbnail() }

    /**
     * The photo as it would be kept: an upright JPEG without metadata.
     *
     * @throws ClearshotException with [ErrorCode.CLOSED] after it was kept or closed
     */
    public fun photo(): ByteArray = bordered { rust.photo() }

    /** Gives its memory back. Nothing of it was on the disk. */
    override fun close() {
        bordered { rust.shut() }
    }
}

/**
 * What is known of a photo before the shopper decides.
 *
 * @property report what analysis says of it
 * @property duplicateOf the session's photo that shows the same
 * @property asks where asking for another photo stands
 */
public data class Review(public val report: StillReport, public val duplicateOf: String?, public val asks: AskState)

/**
 * Where asking for another photo of a shot stands.
 *
 * @property asks asks made since the shot's last photo was kept
 * @property asksLeft asks left; at 0 the photo is kept whatever analysis says
 * @property mayInsist whether insisting on the photo would keep it now
 */
public data class AskState(public val asks: Int, public val asksLeft: Int, public val mayInsist: Boolean)

/**
 * How a photo is to be kept.
 *
 * @property insist whether the shopper insists on a photo that analysis would have retaken; makes no difference for a good one
 * @property takenAt when the shutter was pressed
 * @property sinceSessionBegan the same moment by a monotonic clock, since the session began
 * @property annotation what the shopper drew on it; kept beside the pixels, which stay as they were taken
 * @property network which networks it may use; absent: as its item says
 */
public data class KeepRequest(
    public val insist: Boolean = false,
    public val takenAt: Instant = Clock.System.now(),
    public val sinceSessionBegan: Duration = 0.milliseconds,
    public val annotation: List<Stroke> = emptyList(),
    public val network: NetworkPolicy? = null,
)

/**
 * One line that the shopper drew, in fractions of the upright photo's width and height.
 *
 * @property points its points
 * @property width as a fraction of the photo's longer side
 */
public data class Stroke(public val points: List<StrokePoint>, public val width: Float)

/**
 * A point of a stroke.
 *
 * @property x from the left edge, 0 to 1
 * @property y from the upper edge, 0 to 1
 */
public data class StrokePoint(public val x: Float, public val y: Float)

/**
 * A photo that is saved: sealed, on the disk, and in the queue.
 *
 * @property id its id
 * @property supersedes the photo that it replaces
 * @property sequence its place in the session, from 0
 * @property length sealed bytes
 * @property sha256 digest of the sealed bytes, 64 hexadecimal digits
 * @property keptAnyway whether analysis would have retaken it
 */
public data class SavedCapture(
    public val id: String,
    public val supersedes: String?,
    public val sequence: Int,
    public val length: Long,
    public val sha256: String,
    public val keptAnyway: Boolean,
)

/**
 * How decoded pixels lie in memory: rows from top to bottom, the last one may stop at its last pixel. For photos that the
 * platform decodes, such as HEIC.
 *
 * @property width in pixels
 * @property height in pixels
 * @property format what a pixel is made of
 * @property rowStride bytes from one row to the next
 * @property orientation how the pixels are to be turned: the EXIF value, 1 to 8; others count as 1
 */
public data class PixelLayout(
    public val width: Int,
    public val height: Int,
    public val format: PixelFormat,
    public val rowStride: Int = width * format.bytes,
    public val orientation: Int = 1,
)

/**
 * What a pixel is made of, 8 bits each.
 *
 * @property bytes of a pixel
 */
public enum class PixelFormat(public val bytes: Int) {
    /** One byte of luma. */
    LUMA(1),

    /** Red, green, blue. */
    RGB(3),

    /** Red, green, blue, alpha (laid over white): `Bitmap.Config.ARGB_8888` as `copyPixelsToBuffer` writes it. */
    RGBA(4),

    /** Luma, blue and red difference, full range (BT.601, as in JPEG). */
    Y_CB_CR(3),
}

internal fun KeepRequest.toRust(): RustKeepRequest = RustKeepRequest(
    insist = insist,
    takenAt = takenAt.toEpochMilliseconds(),
    monotonicMillis = sinceSessionBegan.inWholeMilliseconds.coerceAtLeast(0).toULong(),
    annotation = annotation.map { stroke ->
        RustStroke(stroke.points.map { RustStrokePoint(it.x, it.y) }, stroke.width)
    },
    network = network?.twin(),
)

internal fun PixelLayout.toRust(): RustPixelLayout {
    if (width < 0 || height < 0 || rowStride < 0) {
        throw ClearshotException(ErrorCode.UNSUPPORTED_PHOTO, "use $width×$height pixels in rows of $rowStride bytes", Advice.TELL_SHOP)
    }
    val turn = if (orientation in 1..8) orientation else 1
    return RustPixelLayout(width.toUInt(), height.toUInt(), rowStride.toUInt(), format.twin(), turn.toUByte())
}

internal fun RustSavedCapture.toKotlin(): SavedCapture =
    SavedCapture(id, supersedes, sequence.toInt(), length.toLong(), sha256, keptAnyway)

internal fun RustAskState.toKotlin(): AskState = AskState(asks.toInt(), asksLeft.toInt(), mayInsist)
