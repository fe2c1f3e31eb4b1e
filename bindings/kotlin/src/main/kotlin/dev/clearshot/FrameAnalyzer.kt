package dev.clearshot

import java.nio.ByteBuffer
import dev.clearshot.generated.FrameAnalyzer as RustFrameAnalyzer

/**
 * Judges the frames of one camera's preview and guides the shopper through them.
 *
 * ```kotlin
 * val look = analyzer.analyze(plane.buffer, layout, FrameContext(takenNanos = image.timestamp))
 * hintView.text = look.guidance.hint?.text
 * ```
 *
 * Call it on the thread on which the camera delivers: a call takes about a millisecond and blocks for no other reason than
 * another call. Frames of a direct buffer (what CameraX and `ImageReader` give) are read where they lie, during the call
 * only; those of a heap buffer are copied once, into memory that is kept for the next frame. Bytes count from the buffer's
 * position to its limit, and both stay as they are.
 *
 * @param config the app's configuration as JSON; absent: the shipped one
 * @param models which relevance model looks at the preview; absent: nobody asks whether the picture is of the item at all
 * @throws ClearshotException with [ErrorCode.INVALID_CONFIG] or [ErrorCode.INVALID_MODEL]
 */
public class FrameAnalyzer @JvmOverloads constructor(config: String? = null, models: ModelStore? = null) : AutoCloseable {
    private val rust = bordered { RustFrameAnalyzer(config, models?.rust) }

    /** Guards the kept buffers. The analyser in Rust has a lock of its own. */
    private val lock = Any()
    private val lumaBytes = FrameBytes()
    private val uBytes = FrameBytes()
    private val vBytes = FrameBytes()

    /**
     * Takes the next frame as luma alone. After an exception nothing has changed, and the next frame may come.
     *
     * @throws ClearshotException with [ErrorCode.INVALID_FRAME] when sizes and strides do not fit the bytes,
     *   [ErrorCode.CLOSED] after [close]
     */
    public fun analyze(luma: ByteBuffer, layout: FrameLayout, context: FrameContext): FrameLook = synchronized(lock) {
        bordered { rust.analyze(layout.toRust(), lumaBytes.of(luma), context.toRust()).toKotlin() }
    }

    /**
     * Takes the next frame with its colours, which tell glare from white paint, a finger from a shadow and a screen from an
     * item. Planes of semi-planar pictures may overlap, as CameraX gives them.
     *
     * @param u the blue difference (Cb)
     * @param v the red difference (Cr)
     * @throws ClearshotException as without colours
     */
    public fun analyze(
        luma: ByteBuffer,
        layout: FrameLayout,
        u: ByteBuffer,
        v: ByteBuffer,
        chroma: ChromaLayout,
        context: FrameContext,
    ): FrameLook = synchronized(lock) {
        bordered {
            val rustContext = context.toRust()
            rust.analyzeColor(
                layout.toRust(), lumaBytes.of(luma), chroma.toRust(), uBytes.of(u), vBytes.of(v), rustContext,
            ).toKotlin()
        }
    }

    /**
     * The next shot begins: the guide starts anew, and what the model saw is forgotten.
     *
     * @param role what the shot is to show
     * @param atNanos now, in nanoseconds of the frames' clock
     * @param asks how often another photo of this shot was asked for already ([Shot.asks]): when the asks are used up, the
     *   guidance offers to take the photo as it is from the first frame
     */
    @JvmOverloads
    public fun beginShot(role: ShotRole, atNanos: Long, asks: Int = 0) {
        bordered { rust.beginShot(role.twin(), asks.coerceAtLeast(0).toUInt(), nanos(atNanos)) }
    }

    /** The next shot begins, one of a session: with its role and its asks. */
    public fun beginShot(shot: Shot, atNanos: Long) {
        beginShot(shot.role, atNanos, shot.asks)
    }

    /** Begins as new, without a shot: another camera, or another clock. */
    public fun reset() {
        bordered { rust.reset() }
    }

    /** Gives the memory back. Every later call but this one throws [ErrorCode.CLOSED]. */
    override fun close() {
        bordered { rust.shut() }
    }
}
