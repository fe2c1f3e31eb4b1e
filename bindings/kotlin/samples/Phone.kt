package dev.clearshot.samples

import dev.clearshot.*
import kotlinx.coroutines.runBlocking
import java.io.File
import java.nio.ByteBuffer
import javax.imageio.ImageIO

/** A phone on the command line: shows a folder's photos to the camera, keeps them and sends them. */
fun main(arguments: Array<String>): Unit = runBlocking {
    val (photos, queue, server, serviceKey, returnId) = arguments
    val token = arguments[5]
    val setup = StoreSetup(File(queue), serviceKey)
    CaptureStore.open(setup, PlainKeys).use { store ->
        val session = store.openSession(returnId, listOf(NewItem("MUG-1", "Mug", ReturnReason.DAMAGED)))
        for (file in File(photos).listFiles().orEmpty().sorted()) {
            val shot = store.addShot(session.id, session.items[0].id, ShotRole.DEFECT)
            println("${file.name}: ${guide(file) ?: "…"}")
            store.assess(shot, file.readBytes()).use { photo ->
                photo.review.report.reasons.forEach { println("  ${it.text}") }
                store.keep(photo, KeepRequest(insist = true))
                println("  saved")
            }
        }
        UploadRunner(store, ServerSetup(server), { token }).use { println("${it.sync().accepted} accepted") }
    }
}

/** What the shopper is told after three seconds of preview. */
private fun guide(file: File): String? = FrameAnalyzer().use { analyzer ->
    val picture = ImageIO.read(file)
    val luma = ByteBuffer.allocateDirect(picture.width * picture.height)
    for (y in 0 until picture.height) for (x in 0 until picture.width) luma.put((picture.getRGB(x, y) shr 8).toByte())
    val layout = FrameLayout(picture.width, picture.height)
    analyzer.beginShot(ShotRole.DEFECT, atNanos = 0)
    (0..30L).map { analyzer.analyze(luma.rewind(), layout, FrameContext(it * 100_000_000)) }.last().guidance.hint?.text
}

private object PlainKeys : DeviceKeyStore { // A command line has no key store.
    override fun wrap(key: ByteArray): ByteArray = key
    override fun unwrap(wrapped: ByteArray): ByteArray = wrapped
}
