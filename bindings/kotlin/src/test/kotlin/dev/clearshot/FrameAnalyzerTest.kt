package dev.clearshot

import dev.clearshot.generated.panicOnPurpose
import dev.clearshot.support.HEIGHT
import dev.clearshot.support.WIDTH
import dev.clearshot.support.withPicture
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import java.nio.ByteBuffer
import java.util.concurrent.Callable
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors

class FrameAnalyzerTest {
    private val layout = FrameLayout(WIDTH, HEIGHT)
    private val context = FrameContext(takenNanos = 1_000_000)

    private fun direct(rowStride: Int = WIDTH, before: Int = 0) =
        ByteBuffer.allocateDirect(before + rowStride * HEIGHT).withPicture(rowStride, before)

    private fun heap() = ByteBuffer.allocate(WIDTH * HEIGHT).withPicture(WIDTH)

    /** What an analyser that has seen nothing says of this frame. */
    private fun look(luma: ByteBuffer, layout: FrameLayout = this.layout): FrameReport =
        FrameAnalyzer().use { it.analyze(luma, layout, context).report }

    private fun codeOf(call: () -> Unit): ErrorCode = assertThrows<ClearshotException> { call() }.code

    @Test
    fun `bytes count from the position of the buffer, which stays where it is`() {
        val inTheMiddle = direct(before = 37)
        assertEquals(look(direct()), look(inTheMiddle))
        assertEquals(37, inTheMiddle.position())
        inTheMiddle.position(38)
        assertEquals(ErrorCode.INVALID_FRAME, codeOf { look(inTheMiddle) }, "one byte too few from there on")
    }

    @Test
    fun `a heap buffer says the same as a direct one`() {
        assertEquals(look(direct()), look(heap()))
    }

    @Test
    fun `a padded frame says the same as one without, and its last row may stop at its last pixel`() {
        val padded = layout.copy(rowStride = WIDTH + 16)
        val luma = direct(rowStride = WIDTH + 16)
        assertEquals((WIDTH + 16) * (HEIGHT - 1) + WIDTH, luma.remaining())
        assertEquals(look(direct()), look(luma, padded))
        luma.limit(luma.limit() - 1)
        assertEquals(ErrorCode.INVALID_FRAME, codeOf { look(luma, padded) })
    }

    @Test
    fun `a layout that does not fit is refused with its reason, and the next frame is judged as ever`() {
        val wrong = listOf(
            layout.copy(width = 0),
            layout.copy(height = -1),
            layout.copy(rowStride = WIDTH - 1),
            layout.copy(rowStride = Int.MAX_VALUE),
            layout.copy(pixelStride = 0),
            layout.copy(pixelStride = -2),
            layout.copy(height = HEIGHT + 1),
            layout.copy(rotationDegrees = 45),
        )
        FrameAnalyzer().use { analyzer ->
            wrong.forEach { layout ->
                val refused = assertThrows<ClearshotException>(layout.toString()) { analyzer.analyze(direct(), layout, context) }
                assertEquals(ErrorCode.INVALID_FRAME, refused.code, layout.toString())
                assertEquals(Advice.TELL_SHOP, refused.advice)
                assertTrue(refused.message.startsWith("failed to "), refused.message)
            }
            assertEquals(ErrorCode.INVALID_ARGUMENT, codeOf { analyzer.analyze(direct(), layout, FrameContext(takenNanos = -1)) })
            assertEquals(look(direct()), analyzer.analyze(direct(), layout, context).report)
        }
    }

    @Test
    fun `colours tell what luma alone cannot, and their planes may overlap`() {
        val chroma = ChromaLayout(WIDTH / 2, HEIGHT / 2, rowStride = WIDTH, pixelStride = 2)
        val uv = ByteBuffer.allocateDirect(WIDTH * HEIGHT / 2)
        repeat(uv.capacity()) { uv.put(it, 128.toByte()) }
        val v = uv.duplicate().position(1)
        FrameAnalyzer().use { analyzer ->
            assertEquals(0.0, analyzer.analyze(direct(), layout, uv, v, chroma, context).report.screen.strength)
            val short = assertThrows<ClearshotException> {
                analyzer.analyze(direct(), layout, uv, v, chroma.copy(height = HEIGHT), context)
            }
            assertEquals(ErrorCode.INVALID_FRAME, short.code)
        }
    }

    @Test
    fun `a shot begins without a hint, and with used up asks it offers the photo as it is`() {
        FrameAnalyzer().use { analyzer ->
            analyzer.beginShot(ShotRole.OVERVIEW, atNanos = 0)
            val first = analyzer.analyze(direct(), layout, context).guidance
            assertNull(first.hint)
            assertEquals(false, first.offerOverride)
            analyzer.beginShot(ShotRole.OVERVIEW, atNanos = 0, asks = 2)
            assertEquals(true, analyzer.analyze(direct(), layout, context).guidance.offerOverride)
        }
    }

    @Test
    fun `frames of several threads wait for each other`() {
        val threads = Executors.newFixedThreadPool(8)
        FrameAnalyzer().use { analyzer ->
            val expected = look(direct()).exposure
            val looks = threads.invokeAll(
                List(200) { at -> Callable { analyzer.analyze(if (at % 2 == 0) direct() else heap(), layout, context) } },
            )
            looks.forEach { assertEquals(expected, it.get().report.exposure) }
        }
        threads.shutdown()
    }

    @Test
    fun `closing while frames come ends them with the code closed and nothing else`() {
        val threads = Executors.newFixedThreadPool(4)
        val analyzer = FrameAnalyzer()
        val underWay = CountDownLatch(4)
        val ends = List(4) {
            threads.submit(
                Callable {
                    val luma = direct()
                    var frames = 0
                    val end = assertThrows<ClearshotException> {
                        while (true) {
                            analyzer.analyze(luma, layout, context)
                            if (frames++ == 0) underWay.countDown()
                        }
                    }
                    end.code
                },
            )
        }
        underWay.await()
        analyzer.close()
        ends.forEach { assertEquals(ErrorCode.CLOSED, it.get()) }
        threads.shutdown()
    }

    @Test
    fun `a closed analyser says so to every call but close`() {
        val analyzer = FrameAnalyzer()
        analyzer.close()
        analyzer.close()
        assertEquals(ErrorCode.CLOSED, codeOf { analyzer.analyze(direct(), layout, context) })
        assertEquals(ErrorCode.CLOSED, codeOf { analyzer.beginShot(ShotRole.DEFECT, 0) })
        assertEquals(ErrorCode.CLOSED, codeOf { analyzer.reset() })
    }

    @Test
    fun `a configuration with an unknown field is refused`() {
        assertEquals(ErrorCode.INVALID_CONFIG, codeOf { FrameAnalyzer(config = """{"analysis": {"sharpest": 1}}""") })
    }

    @Test
    fun `a panic in Rust comes back as an exception, and the next call works`() {
        val panic = assertThrows<ClearshotException> { bordered { panicOnPurpose() } }
        assertEquals(ErrorCode.PANIC, panic.code)
        assertEquals(Advice.RESTART_APP, panic.advice)
        look(direct())
    }
}
