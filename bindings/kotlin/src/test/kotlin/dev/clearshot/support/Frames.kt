package dev.clearshot.support

import java.nio.ByteBuffer

/** Width and height of the frames of these tests. */
const val WIDTH: Int = 64
const val HEIGHT: Int = 48

/** A picture by a formula, with edges and light of all kinds: the same bytes wherever it is made. */
fun sample(x: Int, y: Int): Byte = ((x * 7 + y * 13 + (x / 8 + y / 8) % 2 * 90) % 256).toByte()

/** The rows of the picture, [rowStride] bytes apart, the last one only as long as its pixels, [before] bytes into the buffer. */
fun ByteBuffer.withPicture(rowStride: Int, before: Int = 0): ByteBuffer {
    for (y in 0 until HEIGHT) for (x in 0 until WIDTH) put(before + y * rowStride + x, sample(x, y))
    position(before)
    limit(before + rowStride * (HEIGHT - 1) + WIDTH)
    return this
}
