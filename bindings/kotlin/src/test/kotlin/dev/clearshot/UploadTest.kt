package dev.clearshot

import dev.clearshot.support.Server
import dev.clearshot.support.SettableClock
import dev.clearshot.support.SilentServer
import dev.clearshot.support.openStore
import dev.clearshot.support.take
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.flow.transformWhile
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.io.RandomAccessFile
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Path
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.time.Duration.Companion.seconds

class UploadTest {
    @TempDir
    lateinit var folder: Path

    private val nowhere = ServerSetup("http://127.0.0.1:9")

    @Test
    fun `a photo goes to the server, and queue and progress tell of it`() = runBlocking(Dispatchers.Default) {
        val returnId = server.openReturn("MUG-1")
        openStore(folder, server.recipient).use { store ->
            val saved = store.take(returnId = returnId)
            val lines = ConcurrentLinkedQueue<String>()
            UploadRunner(store, ServerSetup(server.url), { server.token("shopper") }, { _, line -> lines.add(line) }).use { uploader ->
                val states = async {
                    store.queue().transformWhile { entries ->
                        emit(entries.single().state)
                        entries.single().state != CaptureState.ACCEPTED
                    }.toList()
                }
                val report = uploader.sync()
                assertEquals(SyncEnd.Done, report.end)
                assertEquals(1L to 0L, report.accepted to report.rejected)
                assertEquals(CaptureState.ACCEPTED, states.await().last())
                val progress = uploader.progress().first()
                assertEquals(listOf(false, 1L, progress.total), listOf(progress.running, progress.accepted, progress.sent))
                assertEquals(saved.length, progress.total)
            }
            val evidence = server.evidence(returnId).single()
            assertEquals(saved.id to "accepted", evidence["id"].asString to evidence["status"].asString)
            assertTrue(lines.isNotEmpty(), "the log was told")
        }
    }

    @Test
    fun `a coroutine that is cancelled in the middle of an upload ends it, and the next sync sends the photo`() = runBlocking(Dispatchers.Default) {
        val returnId = server.openReturn("MUG-2")
        openStore(folder, server.recipient).use { store ->
            val saved = store.take(returnId = returnId, sku = "MUG-2")
            SilentServer().use { silent ->
                UploadRunner(store, ServerSetup(silent.url), { "a-token" }).use { uploader ->
                    val syncing = async { uploader.sync() }
                    silent.asked()
                    assertTrue(uploader.progress().first { it.running }.total > 0)
                    assertEquals(ErrorCode.IN_USE, assertThrows<ClearshotException> { runBlocking { uploader.sync() } }.code)
                    syncing.cancelAndJoin()
                    assertThrows<CancellationException> { runBlocking { syncing.await() } }
                    assertFalse(uploader.progress().first().running, "nothing runs on behind the caller's back")
                }
            }
            val entry = store.entry(saved.id)
            assertEquals(0 to true, entry.attempts to entry.onDevice)
            UploadRunner(store, ServerSetup(server.url), { server.token("shopper") }).use { assertEquals(1L, it.sync().accepted) }
        }
        assertEquals(saved(returnId), 1)
    }

    @Test
    fun `a token provider that throws pauses or backs off, its text stays where it is, and nothing is lost`() = runBlocking(Dispatchers.Default) {
        val throwing = listOf<Pair<TokenProvider, WaitReason>>(
            TokenProvider { throw SignedOutException() } to WaitReason.UNAUTHORISED,
            TokenProvider { throw IllegalStateException("jane@shop.example") } to WaitReason.BACK_OFF,
            TokenProvider { throw NoClassDefFoundError("jane@shop.example") } to WaitReason.BACK_OFF,
        )
        throwing.forEachIndexed { at, (tokens, reason) ->
            openStore(folder.resolve("$at")).use { store ->
                val saved = store.take()
                UploadRunner(store, nowhere, tokens).use { assertEquals(reason, waitingOf(it).reason) }
                val entry = store.entry(saved.id)
                assertTrue(entry.onDevice && "jane" !in entry.toString(), entry.toString())
            }
        }
    }

    @Test
    fun `without a network nothing is asked for, and a sync waits for one`() = runBlocking(Dispatchers.Default) {
        openStore(folder).use { store ->
            store.take()
            UploadRunner(store, nowhere, { error("nobody needs a token") }).use { uploader ->
                assertEquals(Waiting(until = null, WaitReason.OFFLINE), waitingOf(uploader, Conditions.OFFLINE))
            }
        }
    }

    @Test
    fun `a log that throws changes nothing`() = runBlocking {
        val returnId = server.openReturn("MUG-3")
        openStore(folder, server.recipient).use { store ->
            store.take(returnId = returnId, sku = "MUG-3")
            val report = UploadRunner(store, ServerSetup(server.url), { server.token("shopper") }, { _, _ -> error("full") }).use { it.sync() }
            assertEquals(1L, report.accepted)
        }
    }

    @Test
    fun `closing the store ends a synchronisation with its code`() = runBlocking(Dispatchers.Default) {
        SilentServer().use { silent ->
            val store = openStore(folder)
            store.take()
            UploadRunner(store, ServerSetup(silent.url), { "a-token" }).use { uploader ->
                var code: ErrorCode? = null
                val syncing = launch { code = assertThrows<ClearshotException> { runBlocking { uploader.sync(limit = 60.seconds) } }.code }
                silent.asked()
                store.close()
                silent.close()
                syncing.join()
                assertEquals(ErrorCode.CLOSED, code)
            }
        }
    }

    @Test
    fun `an address that is none is refused`() = runBlocking {
        openStore(folder).use { store ->
            listOf("ftp://shop.example", "http://shop.example", "nonsense").forEach { url ->
                val code = assertThrows<ClearshotException>(url) { UploadRunner(store, ServerSetup(url), { "" }) }.code
                assertEquals(ErrorCode.INVALID_SERVER, code)
            }
        }
    }

    @Test
    fun `an app that makes the requests itself brings photos to the server as well`() = runBlocking {
        val returnId = server.openReturn("MUG-4")
        val clock = SettableClock()
        openStore(folder, server.recipient, clock = clock).use { store ->
            store.take(returnId = returnId, sku = "MUG-4")
            UploadPlanner(store, ServerSetup(server.url), { server.token("shopper") }).use { planner ->
                while (true) {
                    when (val next = planner.next()) {
                        is NextTransfer.Perform -> planner.report(next.transfer.ticket, perform(next.transfer))
                        is NextTransfer.Wait -> clock.now = next.until ?: error("waits for ${next.reason}")
                        NextTransfer.Done -> break
                    }
                }
            }
            assertEquals(CaptureState.ACCEPTED, store.queue().first().single().state)
        }
        assertEquals(1, saved(returnId))
    }

    @Test
    fun `a phone that is killed has every photo that it said was saved, and sends them after it`() = runBlocking {
        val returnId = server.openReturn("MUG-5")
        val phone = ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", System.getProperty("java.class.path"),
            "-Djna.library.path=" + System.getProperty("jna.library.path"),
            "-Dclearshot.photos=" + System.getProperty("clearshot.photos"),
            "dev.clearshot.support.DoomedPhoneKt", folder.toString(), server.recipient, returnId, "MUG-5",
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val output = phone.inputStream.bufferedReader()
        val saved = List(3) { output.readLine() }
        // In the middle of another photo, most likely.
        phone.toHandle().destroyForcibly() // its output stays to be read
        phone.waitFor()
        val told = saved + output.readLines()

        openStore(folder, server.recipient).use { store ->
            val kept = store.queue().first().map { it.capture }
            assertTrue(kept.containsAll(told), "$told are not all in $kept")
            val report = UploadRunner(store, ServerSetup(server.url), { server.token("shopper") }).use { it.sync() }
            assertEquals(SyncEnd.Done to kept.size.toLong(), report.end to report.accepted)
            assertEquals(kept.toSet(), server.evidence(returnId).map { it["id"].asString }.toSet())
        }
    }

    /** What a synchronisation comes to wait for; it is cancelled then. */
    private suspend fun waitingOf(uploader: UploadRunner, conditions: Conditions = Conditions.UNMETERED): Waiting = coroutineScope {
        val syncing = launch { uploader.sync(conditions) }
        uploader.progress().mapNotNull { it.waiting }.first().also { syncing.cancelAndJoin() }
    }

    private fun saved(returnId: String): Int = server.evidence(returnId).count { it["status"].asString == "accepted" }

    private fun perform(transfer: Transfer): TransferResult {
        val body = when (val body = transfer.body) {
            TransferBody.Empty -> BodyPublishers.noBody()
            is TransferBody.Bytes -> BodyPublishers.ofByteArray(body.bytes)
            is TransferBody.FileRange -> BodyPublishers.ofByteArray(
                RandomAccessFile(body.file, "r").use { file ->
                    ByteArray(body.length.toInt()).also {
                        file.seek(body.start)
                        file.readFully(it)
                    }
                },
            )
        }
        val request = HttpRequest.newBuilder(URI(transfer.url)).method(transfer.method, body)
        transfer.headers.forEach { request.header(it.name, it.value) }
        val answer = HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofByteArray())
        val headers = answer.headers().map().flatMap { (name, values) -> values.map { HttpHeader(name, it) } }
        return TransferResult.Answer(answer.statusCode(), headers, answer.body())
    }

    companion object {
        private lateinit var server: Server

        @BeforeAll
        @JvmStatic
        fun startServer(@TempDir data: Path) {
            server = Server(data)
        }

        @AfterAll
        @JvmStatic
        fun stopServer() {
            server.close()
        }
    }
}
