package dev.clearshot

import com.sun.jna.Memory
import java.nio.ByteBuffer

/**
 * Brings the bytes of a buffer from its position to its limit into a form that crosses the border without a copy.
 *
 * A direct buffer is cut by `slice()`, because native code sees where a buffer begins, not where its position stands; its
 * own position and limit are left alone. A heap buffer has no address that stays: it is copied into a direct one, which is
 * kept for the next frame.
 *
 * Not safe for several threads: its owner calls it under a lock.
 */
internal class FrameBytes {
    private var kept: ByteBuffer = EMPTY

    fun of(buffer: ByteBuffer): ByteBuffer {
        if (buffer.isDirect) return buffer.slice()
        val length = buffer.remaining()
        if (kept.capacity() < length) kept = ByteBuffer.allocateDirect(length)
        kept.clear()
        kept.put(buffer.duplicate())
        kept.flip()
        return kept.slice()
    }

    private companion object {
        val EMPTY: ByteBuffer = ByteBuffer.allocateDirect(0)
    }
}

/**
 * Lends the bytes of a photo to native code for one call: those of a direct buffer where they lie, those of a heap buffer in a
 * copy that is given back at once. A direct buffer for the copy would stay until the garbage collector comes by, and a
 * photo leaves it nothing to collect.
 */
internal inline fun <T> lent(buffer: ByteBuffer, use: (ByteBuffer) -> T): T {
    val length = buffer.remaining().toLong()
    if (buffer.isDirect || length == 0L) return use(if (buffer.isDirect) buffer.slice() else ByteBuffer.allocateDirect(0))
    return Memory(length).use { copy -> use(copy.getByteBuffer(0, length).put(buffer.duplicate()).flip()) }
}
