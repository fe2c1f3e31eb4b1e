package dev.clearshot.benchmarks

import dev.clearshot.CaptureStore
import dev.clearshot.DeviceKeyStore
import dev.clearshot.FrameAnalyzer
import dev.clearshot.FrameContext
import dev.clearshot.FrameLayout
import dev.clearshot.NewItem
import dev.clearshot.StoreSetup
import kotlinx.coroutines.runBlocking
import java.awt.RenderingHints
import java.awt.image.BufferedImage
import java.io.ByteArrayOutputStream
import java.io.File
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.file.Files
import javax.imageio.ImageIO
import kotlin.system.exitProcess

// What the border costs from Kotlin: time and memory beyond the analysis itself. `bindings/kotlin/tools/benchmark` runs it.

/** What a 720p frame may cost beyond its analysis, median: an eightieth of the time between two frames at 60 a second. */
private const val BORDER_NANOS = 200_000L

/** Growth that counts as flat: what an allocator keeps back differs by less. */
private const val FLAT_BYTES = 2L shl 20

private const val FRAMES = 10_000
private const val STILLS = 300

/** Calls before anything is measured: the JVM compiles what is called often. */
private const val WARM_UP = 2_000

/** Photos before memory is looked at: every thread's part of the allocator has had the largest photo by then. */
private const val STILLS_WARM_UP = 60

/** Says the figures, and fails when one of them is beyond its bound. */
fun main() {
    val kept = listOf(frameTime(), frameAllocation(), frameMemory(), stillMemory())
    exitProcess(if (kept.all { it }) 0 else 1)
}

/** The time of a 720p frame beyond the analysis, which Rust times itself. */
private fun frameTime(): Boolean = FrameAnalyzer().use { analyzer ->
    val frames = Frames(analyzer, 1280, 720)
    repeat(WARM_UP) { frames.next() }
    val border = LongArray(FRAMES)
    val analysis = LongArray(FRAMES)
    for (at in 0 until FRAMES) {
        val began = System.nanoTime()
        analysis[at] = frames.next()
        border[at] = System.nanoTime() - began - analysis[at]
    }
    border.sort()
    analysis.sort()
    println("analysis of a 720p frame      ${micros(analysis[FRAMES / 2])} µs (median)")
    println("border beyond it              ${micros(border[FRAMES / 2])} µs (median), ${micros(border[FRAMES * 99 / 100])} µs (99 %)")
    border[FRAMES / 2] <= BORDER_NANOS
}

/** What a frame leaves to the garbage collector, by size: a report, never pixels. */
private fun frameAllocation(): Boolean = FrameAnalyzer().use { analyzer ->
    val sizes = listOf(320 to 240, 1280 to 720, 3840 to 2160)
    val bytes = sizes.map { (width, height) ->
        val frames = Frames(analyzer, width, height)
        repeat(WARM_UP / 10) { frames.next() }
        val before = allocated()
        repeat(100) { frames.next() }
        (allocated() - before) / 100
    }
    sizes.zip(bytes).forEach { (size, bytes) -> println("allocated by a frame          $bytes bytes (${size.first} × ${size.second})") }
    // Reports differ in length, and the JVM compiles while it runs; what grew with the frame would be a byte a row at least.
    bytes.max() - bytes.min() < sizes.last().second
}

/** Memory over 10,000 frames. */
private fun frameMemory(): Boolean = FrameAnalyzer().use { analyzer ->
    val frames = Frames(analyzer, 1280, 720)
    repeat(WARM_UP) { frames.next() }
    val before = heap() to resident()
    repeat(FRAMES) { frames.next() }
    val (heap, resident) = heap() - before.first to resident() - before.second
    println("memory, $FRAMES frames         heap ${kibi(heap)} KiB, resident ${kibi(resident)} KiB")
    heap <= FLAT_BYTES && resident <= FLAT_BYTES
}

/** Memory over 300 photos of 12 megapixels: the slope of a line through what the process has after each. */
private fun stillMemory(): Boolean = runBlocking {
    val folder = Files.createTempDirectory("clearshot-benchmark").toFile()
    try {
        CaptureStore.open(StoreSetup(folder, NOBODY), PlainKeys).use { store ->
            val shot = store.openSession(RETURN, listOf(NewItem("MUG-1"))).items.single().shots.first().id
            val jpeg = twelveMegapixels()
            val after = LongArray(STILLS_WARM_UP + STILLS) {
                store.assess(shot, jpeg).use { photo -> check(photo.review.report.width > photo.review.report.height) }
                resident()
            }
            val growth = slope(after.drop(STILLS_WARM_UP)) * STILLS
            println("memory, $STILLS stills of 12 MP   resident ${kibi(growth.toLong())} KiB (slope × $STILLS), ${after.last() shr 20} MiB in all")
            growth in -FLAT_BYTES.toDouble()..FLAT_BYTES.toDouble()
        }
    } finally {
        folder.deleteRecursively()
    }
}

/** Frames of one size, 33 ms apart: tiles of two greys, which have edges. */
private class Frames(private val analyzer: FrameAnalyzer, width: Int, height: Int) {
    private val layout = FrameLayout(width, height)
    private val luma: ByteBuffer = ByteBuffer.allocateDirect(width * height)
    private var taken = 0L

    init {
        for (y in 0 until height) for (x in 0 until width) luma.put((90 + (x / 40 + y / 40) % 2 * 80).toByte())
        luma.flip()
        analyzer.reset()
    }

    /** Judges the next one; how long the analysis took. */
    fun next(): Long {
        taken += 33_000_000
        return analyzer.analyze(luma, layout, FrameContext(taken)).analysisNanos
    }
}

/** A photo of the demo at the size of a phone's: 4,000 × 3,000 pixels. */
private fun twelveMegapixels(): ByteArray {
    val photo = ImageIO.read(File(System.getProperty("clearshot.photos"), "01-mug-overview.jpg"))
    val large = BufferedImage(4000, 3000, BufferedImage.TYPE_INT_RGB)
    large.createGraphics().apply {
        setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC)
        drawImage(photo, 0, 0, large.width, large.height, null)
        dispose()
    }
    return ByteArrayOutputStream().also { ImageIO.write(large, "jpg", it) }.toByteArray()
}

/** Growth from one value to the next, by least squares. */
private fun slope(values: List<Long>): Double {
    val middle = (values.size - 1) / 2.0
    val mean = values.average()
    val along = values.withIndex().sumOf { (at, value) -> (at - middle) * (value - mean) }
    return along / values.indices.sumOf { (it - middle) * (it - middle) }
}

/** Bytes that this thread has ever allocated on the heap. */
private fun allocated(): Long = (ManagementFactory.getThreadMXBean() as com.sun.management.ThreadMXBean).currentThreadAllocatedBytes

/** Bytes on the heap that somebody holds. */
private fun heap(): Long {
    System.gc()
    return ManagementFactory.getMemoryMXBean().heapMemoryUsage.used
}

/** Bytes of memory that this process has. */
private fun resident(): Long {
    val line = File("/proc/self/status").readLines().first { it.startsWith("RssAnon:") }
    return line.filter { it.isDigit() }.toLong() * 1024
}

private fun micros(nanos: Long): String = "%.1f".format(nanos / 1e3)

private fun kibi(bytes: Long): Long = bytes / 1024

/** A service's key that belongs to nobody: nothing is sent. */
private const val NOBODY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

/** A return that no server knows. */
private const val RETURN = "01935f5e-7a4c-7c3e-9b1a-0123456789ab"

private object PlainKeys : DeviceKeyStore {
    override fun wrap(key: ByteArray): ByteArray = key

    override fun unwrap(wrapped: ByteArray): ByteArray = wrapped
}
