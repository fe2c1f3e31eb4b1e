package dev.clearshot.support

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import com.google.gson.JsonPrimitive
import dev.clearshot.ChromaLayout
import dev.clearshot.FrameAnalyzer
import dev.clearshot.FrameContext
import dev.clearshot.FrameLayout
import dev.clearshot.FrameLook
import dev.clearshot.FrameReport
import dev.clearshot.Gravity
import dev.clearshot.LumaRange
import dev.clearshot.Region
import org.junit.jupiter.api.Assertions.assertEquals
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import kotlin.enums.enumEntries

/** The fixtures that Rust, Kotlin and Swift read. */
object Contract {
    private val folder = Path.of(System.getProperty("clearshot.contract"))

    fun read(name: String): JsonObject = JsonParser.parseString(Files.readString(folder.resolve(name))).asJsonObject

    /** The bytes of a file from an offset on, in a direct buffer. */
    fun bytes(name: String, from: Int = 0): ByteBuffer {
        val bytes = Files.readAllBytes(folder.resolve(name))
        return ByteBuffer.allocateDirect(bytes.size).put(bytes).flip().position(from)
    }
}

/** Gives the frame of a case to an analyser. */
fun FrameAnalyzer.analyze(case: JsonObject, context: FrameContext): FrameLook {
    val luma = Contract.bytes(case["luma"].asString)
    val layout = layout(case["layout"].asJsonObject)
    val chroma = case["chroma"].orNull()?.asJsonObject ?: return analyze(luma, layout, context)
    val plane = { name: String ->
        val plane = chroma[name].asJsonObject
        Contract.bytes(plane["file"].asString, plane["offset"].asInt)
    }
    return analyze(luma, layout, plane("u"), plane("v"), chromaLayout(chroma["layout"].asJsonObject), context)
}

fun layout(json: JsonObject): FrameLayout = FrameLayout(
    json["width"].asInt,
    json["height"].asInt,
    json["row_stride"].asInt,
    json["pixel_stride"].asInt,
    word<LumaRange>(json["range"])!!,
    json["rotation_degrees"].asInt,
)

fun chromaLayout(json: JsonObject): ChromaLayout =
    ChromaLayout(json["width"].asInt, json["height"].asInt, json["row_stride"].asInt, json["pixel_stride"].asInt)

/** A context of the fields that the file names. */
fun context(json: JsonObject): FrameContext {
    val real = { name: String -> json[name].orNull()?.asDouble }
    return FrameContext(
        takenNanos = json["taken_ns"].asLong,
        exposureTimeSeconds = real("exposure_time_s"),
        iso = real("iso"),
        aperture = real("aperture"),
        gyroRate = real("gyro_rate"),
        gravity = json["gravity"].orNull()?.asJsonObject?.let {
            Gravity(it["x"].asDouble, it["y"].asDouble, it["z"].asDouble)
        },
        focus = word(json["focus"]),
        minFocusMetres = real("min_focus_m"),
        torch = json["torch"].orNull()?.asBoolean,
        region = json["region"].orNull()?.asJsonObject?.let {
            Region(it["x"].asDouble, it["y"].asDouble, it["width"].asDouble, it["height"].asDouble)
        },
        thermal = word(json["thermal"]),
    )
}

/** The constant of this name; none for null. */
inline fun <reified T : Enum<T>> word(json: JsonElement?): T? =
    json.orNull()?.let { name -> enumEntries<T>().first { it.name.lowercase() == name.asString } }

fun JsonElement?.orNull(): JsonElement? = this?.takeUnless { it is JsonNull }

/** A report in the words of the fixtures. */
fun json(report: FrameReport): JsonObject = fields(
    "verdict" to report.verdict,
    "reasons" to report.reasons,
    "sharpness" to report.sharpness.let { fields("state" to it.state, "score" to it.score, "cause" to it.cause) },
    "exposure" to report.exposure.let {
        fields(
            "state" to it.state, "mean" to it.mean, "p50" to it.p50, "p98" to it.p98,
            "clipped_low" to it.clippedLow, "clipped_high" to it.clippedHigh,
        )
    },
    "noise_sigma" to report.noiseSigma,
    "glare" to fields("present" to report.glare.present, "area" to report.glare.area),
    "framing" to report.framing.let {
        fields(
            "subject" to it.subject?.let { box -> fields("x" to box.x, "y" to box.y, "width" to box.width, "height" to box.height) },
            "fill" to it.fill,
            "centre_x" to it.centreX,
            "centre_y" to it.centreY,
            "source" to it.source,
            "offset" to it.offset,
            "touches" to it.touches.let { sides ->
                fields("left" to sides.left, "top" to sides.top, "right" to sides.right, "bottom" to sides.bottom)
            },
            "roll_deg" to it.rollDegrees,
            "pitch_deg" to it.pitchDegrees,
        )
    },
    "lens" to fields("blocked" to report.lens.blocked, "covered" to report.lens.covered),
    "screen" to fields("present" to report.screen.present, "strength" to report.screen.strength),
    "relevance" to report.relevance?.let {
        val shares = it.shares.map { (subject, share) -> subject.code to share }
        fields("subject" to it.subject, "confidence" to it.confidence, "shares" to fields(*shares.toTypedArray()))
    },
    "motion_px" to report.motionPixels,
    "focusing" to report.focusing,
    "hints" to report.hints,
)

/** A JSON object of these fields; words in lower case. */
fun fields(vararg fields: Pair<String, Any?>): JsonObject =
    JsonObject().apply { fields.forEach { (name, value) -> add(name, element(value)) } }

private fun element(value: Any?): JsonElement = when (value) {
    null -> JsonNull.INSTANCE
    is JsonElement -> value
    is Boolean -> JsonPrimitive(value)
    is Number -> JsonPrimitive(value)
    is Enum<*> -> JsonPrimitive(value.name.lowercase())
    is List<*> -> JsonArray().apply { value.forEach { add(element(it)) } }
    else -> JsonPrimitive(value.toString())
}

/** Asserts that two values are the same: numbers to 1e-6, those of the relevance model, which runs on any processor, to 1e-3. */
fun assertSame(expected: JsonElement, actual: JsonElement, at: String) {
    when {
        expected is JsonObject && actual is JsonObject -> {
            assertEquals(expected.keySet().sorted(), actual.keySet().sorted(), at)
            expected.entrySet().forEach { (name, value) -> assertSame(value, actual[name], "$at.$name") }
        }
        expected is JsonArray && actual is JsonArray -> {
            assertEquals(expected.size(), actual.size(), "$at has $actual")
            expected.forEachIndexed { index, value -> assertSame(value, actual[index], "$at[$index]") }
        }
        expected is JsonPrimitive && expected.isNumber && actual is JsonPrimitive && actual.isNumber ->
            assertEquals(expected.asDouble, actual.asDouble, if (".relevance." in at) 1e-3 else 1e-6, at)
        else -> assertEquals(expected, actual, at)
    }
}
