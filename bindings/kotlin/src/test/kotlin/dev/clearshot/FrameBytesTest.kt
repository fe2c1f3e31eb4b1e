package dev.clearshot

import com.sun.jna.Native
import com.sun.jna.Pointer
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer

class FrameBytesTest {
    @Test
    fun `a direct buffer crosses where it lies, from its position to its limit`() {
        val buffer = ByteBuffer.allocateDirect(100).position(10).limit(90)
        val bytes = FrameBytes().of(buffer)
        assertEquals(address(buffer) + 10, address(bytes))
        assertEquals(80, bytes.remaining())
        assertEquals(10 to 90, buffer.position() to buffer.limit())
    }

    @Test
    fun `a heap buffer is copied into memory that is kept for the next`() {
        val kept = FrameBytes()
        val first = kept.of(ByteBuffer.wrap(byteArrayOf(1, 2, 3, 4)).position(1))
        assertTrue(first.isDirect)
        assertEquals(listOf<Byte>(2, 3, 4), List(first.remaining()) { first.get(it) })
        val second = kept.of(ByteBuffer.wrap(byteArrayOf(5, 6)))
        assertEquals(address(first), address(second))
        assertEquals(2, second.remaining())
    }

    @Test
    fun `a read-only heap buffer is as good`() {
        val bytes = FrameBytes().of(ByteBuffer.wrap(byteArrayOf(1, 2)).asReadOnlyBuffer())
        assertEquals(listOf<Byte>(1, 2), List(bytes.remaining()) { bytes.get(it) })
    }

    private fun address(buffer: ByteBuffer): Long = Pointer.nativeValue(Native.getDirectBufferPointer(buffer))
}
