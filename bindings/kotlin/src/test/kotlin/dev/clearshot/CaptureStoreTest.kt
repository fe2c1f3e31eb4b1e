package dev.clearshot

import dev.clearshot.support.FlippingKeyStore
import dev.clearshot.support.NOBODY
import dev.clearshot.support.SOME_RETURN
import dev.clearshot.support.openStore
import dev.clearshot.support.demoPhoto
import dev.clearshot.support.take
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import javax.imageio.ImageIO
import kotlin.io.path.createDirectories
import kotlin.io.path.fileSize
import kotlin.io.path.writeBytes
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Instant

class CaptureStoreTest {
    @TempDir
    lateinit var folder: Path

    private fun codeOf(call: suspend () -> Unit): ErrorCode = assertThrows<ClearshotException> { runBlocking { call() } }.code

    @Test
    fun `a kept photo is in the queue with everything that was said of it`() = runBlocking {
        openStore(folder).use { store ->
            val session = store.openSession(SOME_RETURN, listOf(NewItem("MUG-1", "Blue mug")))
            val shot = session.items.single().shots.first()
            assertEquals(ShotRole.OVERVIEW, shot.role)
            val pending = store.assess(shot.id, demoPhoto("01-mug-overview.jpg"))
            assertEquals(Verdict.GOOD, pending.verdict)
            assertEquals(listOf<Reason>(), pending.review.report.reasons)
            assertJpeg(pending.thumbnail(), longest = 320)
            val kept = pending.photo()
            val takenAt = Instant.fromEpochMilliseconds(1_790_000_000_123)
            val drawn = listOf(Stroke(listOf(StrokePoint(0.25f, 0.5f), StrokePoint(0.5f, 0.5f)), width = 0.01f))
            val saved = store.keep(pending, KeepRequest(takenAt = takenAt, sinceSessionBegan = 1500.milliseconds, annotation = drawn))

            val entry = store.queue().first().single()
            assertEquals(saved.id to saved.sha256, entry.capture to entry.sha256)
            assertEquals(takenAt, entry.takenAt)
            assertEquals(listOf("MUG-1", CaptureState.QUEUED, Verdict.GOOD, false), listOf(entry.sku, entry.state, entry.verdict, entry.keptAnyway))
            assertEquals(1L, store.counters().first().queued)
            assertEquals(saved.id, store.session(session.id).items.single().shots.first().current)
            assertArrayEquals(kept, store.photo(saved.id))
            assertJpeg(store.thumbnail(saved.id), longest = 320)
            assertTrue("\"monotonic_millis\":1500" in store.manifest(saved.id), store.manifest(saved.id))
            assertTrue("0.25" in store.manifest(saved.id))
            assertEquals(ErrorCode.CLOSED, codeOf { pending.photo() }, "what was kept is closed")
        }
    }

    @Test
    fun `pixels that the platform decoded are judged like the file, from heap and from direct memory`() = runBlocking {
        openStore(folder).use { store ->
            val shot = store.openSession(SOME_RETURN, listOf(NewItem("MUG-1"))).items.single().shots.first().id
            val picture = ImageIO.read(demoPhoto("01-mug-overview.jpg").inputStream())
            val rgba = ByteBuffer.allocate(picture.width * picture.height * 4)
            for (y in 0 until picture.height) for (x in 0 until picture.width) rgba.putInt(picture.getRGB(x, y) shl 8 or 255)
            rgba.flip()
            val direct = ByteBuffer.allocateDirect(rgba.capacity() + 5).position(5).put(rgba.duplicate()).flip().position(5)
            val layout = PixelLayout(picture.width, picture.height, PixelFormat.RGBA)
            val reports = listOf(rgba, direct).map { store.assess(shot, it, layout).review.report }
            assertEquals(reports[0], reports[1])
            assertEquals(Verdict.GOOD, reports[0].verdict)
            assertEquals(picture.height to picture.width, store.assess(shot, rgba, layout.copy(orientation = 6)).review.report.run { width to height })
            assertEquals(ErrorCode.UNSUPPORTED_PHOTO, codeOf { store.assess(shot, rgba, layout.copy(height = layout.height + 1)) })
            assertEquals(ErrorCode.UNSUPPORTED_PHOTO, codeOf { store.assess(shot, rgba, layout.copy(width = -1)) })
        }
    }

    @Test
    fun `a bad photo is asked about, and the queue flow tells of it once the shopper insists`() = runBlocking {
        openStore(folder).use { store ->
            val session = store.openSession(SOME_RETURN, listOf(NewItem("MUG-1")))
            val defect = session.items.single().shots.first { it.role == ShotRole.DEFECT }.id
            val seen = CompletableDeferred<Unit>()
            val kept = async { store.queue().onEach { seen.complete(Unit) }.filter { it.isNotEmpty() }.first().single() }
            seen.await()
            val blurred = store.assess(defect, demoPhoto("02-mug-chip-motion.jpg"))
            assertEquals(Reason.BLURRED, blurred.review.report.reasons.first())
            val refused = assertThrows<ClearshotException> { runBlocking { store.keep(blurred) } }
            assertEquals(ErrorCode.ASK_FIRST to Advice.RETAKE_OR_KEEP, refused.code to refused.advice)
            assertEquals(1, store.askAgain(blurred).asks)
            store.keep(blurred, KeepRequest(insist = true))
            assertTrue(kept.await().keptAnyway)
        }
    }

    @Test
    fun `bad arguments have their code`() = runBlocking {
        openStore(folder).use { store ->
            assertEquals(ErrorCode.INVALID_ARGUMENT, codeOf { store.session("no id") })
            assertEquals(ErrorCode.INVALID_ARGUMENT, codeOf { store.openSession(SOME_RETURN, listOf(NewItem(""))) })
            assertEquals(ErrorCode.NOT_FOUND, codeOf { store.entry(SOME_RETURN) })
            val shot = store.openSession(SOME_RETURN, listOf(NewItem("MUG-1"))).items.single().shots.first().id
            assertEquals(ErrorCode.DAMAGED_PHOTO, codeOf { store.assess(shot, ByteArray(0)) })
            assertEquals(ErrorCode.UNSUPPORTED_PHOTO, codeOf { store.assess(shot, "GIF89a nothing".toByteArray()) })
            assertNull(store.sessionOfReturn("01935f5e-7a4c-7c3e-9b1a-000000000000"))
        }
        assertEquals(ErrorCode.INVALID_CONFIG, codeOf { openStore(folder, recipient = "age1nobody") })
    }

    @Test
    fun `a closed store and what belongs to it say so, and closing again is fine`() = runBlocking {
        val store = openStore(folder)
        val shot = store.openSession(SOME_RETURN, listOf(NewItem("MUG-1"))).items.single().shots.first().id
        val pending = store.assess(shot, demoPhoto("01-mug-overview.jpg"))
        store.close()
        store.close()
        assertEquals(ErrorCode.CLOSED, codeOf { store.keep(pending) })
        assertEquals(ErrorCode.CLOSED, codeOf { store.queue().first() })
        assertEquals(ErrorCode.CLOSED, codeOf { store.resume() })
        assertEquals(ErrorCode.CLOSED, codeOf { UploadRunner(store, ServerSetup("http://127.0.0.1:9"), { "" }) })
        pending.close()
        assertEquals(ErrorCode.CLOSED, codeOf { pending.thumbnail() })
    }

    @Test
    fun `a paused store refuses, and goes on after it`() = runBlocking {
        openStore(folder).use { store ->
            val saved = store.take()
            store.pause()
            assertEquals(ErrorCode.PAUSED, codeOf { store.sessions() })
            store.resume()
            assertEquals(saved.id, store.queue().first().single().capture)
        }
    }

    @Test
    fun `two stores on one folder see one queue and keep one chain`() = runBlocking {
        openStore(folder).use { first ->
            openStore(folder).use { second ->
                val kept = listOf(first.take("01-mug-overview.jpg"), second.take("03-mug-chip.jpg"), first.take("05-mug-crack.jpg"))
                assertEquals(listOf(0, 1, 2), kept.map { it.sequence })
                assertEquals(first.queue().first(), second.queue().first())
                assertEquals(3, second.queue().first().size)
            }
        }
    }

    @Test
    fun `a key store that throws is a typed error, its text stays where it is, and nothing is lost`() = runBlocking {
        val locked = object : DeviceKeyStore {
            override fun wrap(key: ByteArray): ByteArray = throw IllegalArgumentException("of Jane Doe")

            override fun unwrap(wrapped: ByteArray): ByteArray = throw StackOverflowError("of Jane Doe")
        }
        assertEquals(ErrorCode.KEY_STORE, codeOf { openStore(folder, keyStore = locked) }, "a new folder")
        val saved = openStore(folder).use { it.take() }
        val thrown = assertThrows<ClearshotException> { runBlocking { openStore(folder, keyStore = locked) } }
        assertEquals(ErrorCode.KEY_STORE to Advice.UNLOCK_DEVICE, thrown.code to thrown.advice)
        assertTrue("StackOverflowError" in thrown.message && "Jane" !in thrown.message, thrown.message)
        openStore(folder).use { store ->
            assertFalse(store.repaired.deviceKeyReplaced)
            assertJpeg(store.photo(saved.id), longest = 2560)
        }
    }

    @Test
    fun `a key that is lost is replaced, and older photos are still there to be sent`() = runBlocking {
        val saved = openStore(folder).use { it.take() }
        val wiped = object : DeviceKeyStore by FlippingKeyStore {
            override fun unwrap(wrapped: ByteArray): ByteArray = throw KeyLostException("wiped")
        }
        openStore(folder, keyStore = wiped).use { store ->
            assertTrue(store.repaired.deviceKeyReplaced)
            assertEquals(saved.id, store.queue().first().single().capture)
            assertEquals(ErrorCode.SEALING, codeOf { store.photo(saved.id) })
        }
    }

    /** On a disk of its own, so small that the second photo does not fit. */
    @Test
    fun `a full disk refuses a photo with what to do about it, and what waits stays whole`() = runBlocking {
        val disk = folder.resolve("disk").createDirectories()
        val mounted = ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=24m", "clearshot-test", disk.toString())
            .redirectErrorStream(true).start().waitFor() == 0
        assumeTrue(mounted) { "skipped: mounting a small disk needs root" }
        try {
            openStore(disk.resolve("phone")).use { store ->
                val saved = store.take()
                val shot = store.sessions().single().items.single().shots.first { it.current == null }.id
                val pending = store.assess(shot, demoPhoto("03-mug-chip.jpg"))
                fill(disk.resolve("filler"))
                val refused = assertThrows<ClearshotException> { runBlocking { store.keep(pending) } }
                assertTrue(refused.code in listOf(ErrorCode.DISK_FULL, ErrorCode.QUOTA), refused.message)
                assertEquals(Advice.FREE_SPACE, refused.advice)
                assertEquals(saved.id, store.queue().first().single().capture)
                assertJpeg(store.photo(saved.id), longest = 2560)
                Files.delete(disk.resolve("filler"))
                store.keep(pending)
                assertEquals(2, store.queue().first().size)
            }
        } finally {
            check(ProcessBuilder("umount", "-l", disk.toString()).start().waitFor() == 0)
        }
    }

    @Test
    fun `a lower limit of photos is a typed error`() = runBlocking {
        CaptureStore.open(StoreSetup(folder.toFile(), NOBODY, maxPhotos = 1), FlippingKeyStore).use { store ->
            store.take()
            assertEquals(ErrorCode.QUOTA, codeOf { store.take("03-mug-chip.jpg") })
        }
    }

    @Test
    fun `the shopper can delete everything`() = runBlocking {
        openStore(folder).use { store ->
            val saved = store.take()
            assertEquals(Deleted(1, saved.length), store.deletePhotos())
            assertFalse(Files.walk(folder).use { files -> files.anyMatch { it.toString().endsWith(".sealed") } })
        }
    }

    private fun fill(filler: Path) {
        val disk = Files.getFileStore(filler.parent)
        filler.writeBytes(ByteArray(disk.usableSpace.toInt() - 64 * 1024))
        assertTrue(filler.fileSize() > 0)
    }

    private fun assertJpeg(bytes: ByteArray, longest: Int) {
        val picture = ImageIO.read(bytes.inputStream())
        assertTrue(maxOf(picture.width, picture.height) in 1..longest)
    }
}
