package dev.clearshot

import com.google.gson.JsonElement
import com.google.gson.JsonObject
import com.google.gson.JsonPrimitive
import dev.clearshot.support.Contract
import dev.clearshot.support.SettableClock
import dev.clearshot.support.assertSame
import dev.clearshot.support.fields
import dev.clearshot.support.orNull
import dev.clearshot.support.word
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import kotlin.io.path.createDirectories
import kotlin.time.Duration.Companion.seconds
import kotlin.time.Instant

/** `queue.json` of `tests/contract`: one photo and what becomes of it, answer by answer. */
class QueueContractTest {
    @TempDir
    lateinit var folder: Path

    @TestFactory
    fun `every photo goes the way that it goes in Rust`(): List<DynamicTest> {
        val fixture = Contract.read("queue.json")
        val setup = fixture["setup"].asJsonObject
        return fixture["cases"].asJsonArray.map { it.asJsonObject }.mapIndexed { at, case ->
            dynamicTest(case["name"].asString) { runBlocking { play(case, setup, folder.resolve("$at").createDirectories()) } }
        }
    }

    private suspend fun play(case: JsonObject, setup: JsonObject, folder: Path) {
        val clock = SettableClock(BEGIN)
        val store = StoreSetup(folder.toFile(), setup["service_recipient"].asString, platformPerformsTransfers = true)
        CaptureStore.open(store, PlainKeys, clock = clock).use { store ->
            val capture = store.keepPhoto(setup["pixels"].asString)
            val tokens = TokenProvider { refresh -> if (refresh) "fresh" else "first" }
            UploadPlanner(store, ServerSetup(setup["server"].asString), tokens).use { planner ->
                val phone = Phone(store, planner, capture)
                case["steps"].asJsonArray.map { it.asJsonObject }.forEach { step ->
                    clock.now = BEGIN + step["at_s"].asLong.seconds
                    assertSame(step["expect"], phone.step(step), "after ${step["at_s"]} s")
                }
            }
        }
    }

    private suspend fun CaptureStore.keepPhoto(pixels: String): String {
        val item = NewItem("KETTLE-17", "Kettle", network = NetworkPolicy.UNMETERED, askPolicy = AskPolicy.WARN)
        val shot = openSession(RETURN, listOf(item)).items.single().shots.first()
        val photo = assess(shot.id, Contract.bytes(pixels), PixelLayout(192, 144, PixelFormat.LUMA))
        return keep(photo, KeepRequest(insist = true, takenAt = BEGIN)).id
    }

    /** A store with one photo, and a planner for it. */
    private class Phone(private val store: CaptureStore, private val planner: UploadPlanner, private val capture: String) {
        /** Asks what to do, answers it as the step says, and tells what there was to do and how the photo stands after it. */
        suspend fun step(step: JsonObject): JsonObject {
            if (step.says("retry")) store.retry(capture)
            var again: JsonObject? = null
            val next = when (val next = planner.next(Conditions(!step.says("offline"), step.says("metered")))) {
                is NextTransfer.Perform -> {
                    // Without a result it is left unanswered: the app was killed.
                    again = step["result"].orNull()?.let { answer(next.transfer, it, step["result_again"]) }
                    request(next.transfer)
                }
                is NextTransfer.Wait -> fields("wait" to next.reason)
                is NextTransfer.Done -> JsonPrimitive("done")
            }
            val entry = store.entry(capture)
            return fields(
                "next" to next,
                "again" to again,
                "state" to entry.state,
                "sent" to part(entry.offset, entry.length),
                "attempts" to entry.attempts,
                "error" to entry.error,
                "choices" to entry.choices,
            )
        }

        /** Reports the answer, and that to the request which follows a refused token; that request, if there was one. */
        private suspend fun answer(transfer: Transfer, result: JsonElement, resultAgain: JsonElement?): JsonObject? {
            val again = planner.report(transfer.ticket, result(result)).again ?: return null
            check(planner.report(again.ticket, result(resultAgain!!)).again == null) { "a token is refreshed once" }
            return request(again)
        }

        /** A request in the words of the fixture: without what differs from run to run. */
        private suspend fun request(transfer: Transfer): JsonObject {
            val header = { name: String -> transfer.headers.firstOrNull { it.name.equals(name, ignoreCase = true) }?.value }
            val length = store.entry(capture).length
            val body = when (val body = transfer.body) {
                is TransferBody.Empty -> null
                is TransferBody.Bytes -> "bytes"
                is TransferBody.FileRange -> {
                    val offset = header("Upload-Offset")?.toLong() ?: 0
                    fields("from" to part(offset, length), "to" to part(offset + body.length, length))
                }
            }
            return fields(
                "method" to transfer.method,
                "url" to transfer.url.replace(capture, "{capture}"),
                "authorization" to header("Authorization"),
                "body" to body,
            )
        }

        private suspend fun result(json: JsonElement): TransferResult {
            if (json == JsonPrimitive("cancelled")) return TransferResult.Cancelled
            val answer = json.asJsonObject
            word<NetworkFailure>(answer["no_answer"])?.let { return TransferResult.NoAnswer(it) }
            return TransferResult.Answer(
                answer["status"].asInt,
                answer["headers"].asJsonObject.entrySet().map { (name, value) -> HttpHeader(name, filled(value.asString)) },
                filled(answer["body"].asString).toByteArray(),
            )
        }

        /** A text with this photo's numbers in the places of their names. */
        private suspend fun filled(text: String): String {
            val entry = store.entry(capture)
            return text.replace("{capture}", capture)
                .replace("{sha256}", entry.sha256)
                .replace("{length}", entry.length.toString())
                .replace("{half}", (entry.length / 2).toString())
        }
    }

    /** Wraps nothing: what a key store does is not what is tested here. */
    private object PlainKeys : DeviceKeyStore {
        override fun wrap(key: ByteArray): ByteArray = key

        override fun unwrap(wrapped: ByteArray): ByteArray = wrapped
    }

    private companion object {
        /** When every case begins. */
        val BEGIN: Instant = Instant.fromEpochMilliseconds(1_800_000_000_000)

        const val RETURN = "019a0000-0000-7000-8000-000000000001"

        fun JsonObject.says(name: String): Boolean = this[name].orNull()?.asBoolean == true

        /** How much of the photo that is. */
        fun part(bytes: Long, length: Long): String = when (bytes) {
            0L -> "nothing"
            length -> "all"
            length / 2 -> "half"
            else -> "another part"
        }
    }
}
