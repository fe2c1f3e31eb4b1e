package dev.clearshot

import com.google.gson.JsonArray
import com.google.gson.JsonObject
import dev.clearshot.generated.panicOnPurpose
import dev.clearshot.support.Contract
import dev.clearshot.support.analyze
import dev.clearshot.support.assertSame
import dev.clearshot.support.chromaLayout
import dev.clearshot.support.context
import dev.clearshot.support.fields
import dev.clearshot.support.json
import dev.clearshot.support.layout
import dev.clearshot.support.orNull
import dev.clearshot.support.word
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.assertThrows
import java.nio.ByteBuffer

/** The fixtures of `tests/contract`, which Rust and Swift read as well. */
class ContractTest {
    @TestFactory
    fun `every frame gets the report that Rust gives`(): List<DynamicTest> = ModelStore().let { models ->
        cases("frames.json", "frames") { case ->
            FrameAnalyzer(text(case, "config"), models.takeIf { case["model"].asBoolean }).use { analyzer ->
                val context = context(case["context"].asJsonObject)
                word<ShotRole>(case["role"])?.let { analyzer.beginShot(it, context.takenNanos) }
                assertSame(case["expect"], json(analyzer.analyze(case, context).report), "report")
            }
        }
    }

    @TestFactory
    fun `every sequence of frames shows what it shows in Rust`(): List<DynamicTest> {
        val frames = Contract.read("frames.json")["frames"].asJsonArray.map { it.asJsonObject }.associateBy { it["name"].asString }
        return cases("guide.json", "sequences") { assertSame(it["expect"], changes(it, frames), "shown") }
    }

    @TestFactory
    fun `every bad call throws the code, the reason and the advice of Rust`(): List<DynamicTest> =
        cases("errors.json", "cases") { case ->
            val thrown = assertThrows<ClearshotException> { call(case) }
            val expected = case["expect"].asJsonObject
            // A stride that no Int can say arrives as a negative one, and is refused with a reason of its own.
            val reason = if (isSayable(case)) thrown.reason else expected["reason"].asString
            assertSame(expected, fields("code" to thrown.code.code, "reason" to reason, "advice" to thrown.advice.code), "error")
        }

    @TestFactory
    fun `every word is that of Rust`(): List<DynamicTest> {
        val ours = mapOf(
            "hints" to Hint.entries.map(::coded),
            "reasons" to Reason.entries.map(::coded),
            "errors" to ErrorCode.entries.map(::coded),
            "advice" to Advice.entries.map(::coded),
            "verdicts" to Verdict.entries.map { fields("code" to it.code) },
            "subjects" to Subject.entries.map { fields("code" to it.code) },
            "roles" to ShotRole.entries.map { fields("code" to it.code) },
        )
        return Contract.read("codes.json").entrySet().map { (kind, words) ->
            dynamicTest(kind) { assertSame(words, JsonArray().apply { ours.getValue(kind).forEach(::add) }, kind) }
        }
    }

    private fun cases(file: String, list: String, check: (JsonObject) -> Unit): List<DynamicTest> =
        Contract.read(file)[list].asJsonArray.map { it.asJsonObject }.map { dynamicTest(it["name"].asString) { check(it) } }

    private fun isSayable(case: JsonObject): Boolean =
        (case["layout"].orNull()?.asJsonObject?.get("row_stride")?.asLong ?: 0) <= Int.MAX_VALUE

    private fun coded(word: Coded): JsonObject = fields("code" to word.code, "text" to word.text)

    private fun text(case: JsonObject, name: String): String? = case[name].orNull()?.toString()

    /** What is shown at the first frame, and at every one at which something else is shown than before. */
    private fun changes(sequence: JsonObject, frames: Map<String, JsonObject>): JsonArray {
        val changes = JsonArray()
        val everyMillis = sequence["every_ms"].asLong
        var atMillis = 1_000_000L
        var shown: JsonObject? = null
        FrameAnalyzer(text(sequence, "config")).use { analyzer ->
            for (part in sequence["parts"].asJsonArray.map { it.asJsonObject }) {
                word<ShotRole>(part["begin_shot"])?.let { analyzer.beginShot(it, atMillis * 1_000_000, part["asks"].asInt) }
                val frame = frames.getValue(part["frame"].asString)
                repeat(part["frames"].asInt) {
                    val context = context(frame["context"].asJsonObject)
                        .copy(takenNanos = atMillis * 1_000_000, torch = part["torch"].orNull()?.asBoolean)
                    val guidance = analyzer.analyze(frame, context).guidance
                    val now = offers(guidance)
                    if (shown != now) {
                        shown = now
                        changes.add(
                            now.deepCopy().apply {
                                addProperty("at_ms", atMillis)
                                addProperty("since_ms", guidance.sinceNanos / 1_000_000)
                                addProperty("progress", guidance.progress)
                            },
                        )
                    }
                    atMillis += everyMillis
                }
            }
        }
        return changes
    }

    private fun offers(guidance: Guidance): JsonObject = fields(
        "hint" to guidance.hint,
        "torch" to guidance.torch,
        "auto_capture" to guidance.autoCapture,
        "show_example" to guidance.showExample,
        "offer_override" to guidance.offerOverride,
    )

    private fun call(case: JsonObject) {
        val zeros = { name: String -> ByteBuffer.allocateDirect(case[name].asInt) }
        val context = FrameContext(takenNanos = 0)
        when (val call = case["call"].asString) {
            "analyze" -> {
                val analyzer = FrameAnalyzer()
                if (case["closed"].orNull()?.asBoolean == true) analyzer.close()
                analyzer.analyze(zeros("luma_bytes"), layout(case["layout"].asJsonObject), context)
            }
            "analyze_color" -> FrameAnalyzer().analyze(
                zeros("luma_bytes"),
                layout(case["layout"].asJsonObject),
                zeros("u_bytes"),
                zeros("v_bytes"),
                chromaLayout(case["chroma"].asJsonObject),
                context,
            )
            "analyzer" -> FrameAnalyzer(case["config"].asString)
            "check_config" -> checkConfig(case["config"].asString)
            "offer" -> ModelStore().use {
                it.offer(case["update"].asString.toByteArray(), case["key"].asString, case["app_version"].asString)
            }
            "panic" -> bordered { panicOnPurpose() }
            else -> error("no such call: $call")
        }
    }
}
