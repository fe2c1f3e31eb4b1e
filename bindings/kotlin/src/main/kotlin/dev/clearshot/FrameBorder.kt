// What a frame brings across the border, both ways.
package dev.clearshot

import dev.clearshot.generated.ChromaLayout as RustChromaLayout
import dev.clearshot.generated.Exposure as RustExposure
import dev.clearshot.generated.Flicker as RustFlicker
import dev.clearshot.generated.FrameContext as RustFrameContext
import dev.clearshot.generated.FrameLayout as RustFrameLayout
import dev.clearshot.generated.FrameLook as RustFrameLook
import dev.clearshot.generated.FrameReport as RustFrameReport
import dev.clearshot.generated.Framing as RustFraming
import dev.clearshot.generated.Gravity as RustGravity
import dev.clearshot.generated.Guidance as RustGuidance
import dev.clearshot.generated.Region as RustRegion
import dev.clearshot.generated.Relevance as RustRelevance
import dev.clearshot.generated.Sharpness as RustSharpness
import dev.clearshot.generated.StillReport as RustStillReport

/** A size or stride. A negative one is refused here, because the border knows none. */
private fun size(value: Int, name: String): UInt {
    if (value < 0) throw ClearshotException(ErrorCode.INVALID_FRAME, "use a $name of $value", Advice.TELL_SHOP)
    return value.toUInt()
}

/** A time of the frames' clock. A negative one is refused here, because the border knows none. */
internal fun nanos(value: Long): ULong {
    if (value < 0) throw ClearshotException(ErrorCode.INVALID_ARGUMENT, "use a time of $value ns", Advice.TELL_SHOP)
    return value.toULong()
}

internal fun FrameLayout.toRust(): RustFrameLayout = RustFrameLayout(
    size(width, "width"),
    size(height, "height"),
    size(rowStride, "row stride"),
    size(pixelStride, "pixel stride"),
    range.twin(),
    rotationDegrees,
)

internal fun ChromaLayout.toRust(): RustChromaLayout = RustChromaLayout(
    size(width, "width"),
    size(height, "height"),
    size(rowStride, "row stride"),
    size(pixelStride, "pixel stride"),
)

internal fun FrameContext.toRust(): RustFrameContext = RustFrameContext(
    takenNs = nanos(takenNanos),
    exposureTimeS = exposureTimeSeconds,
    iso = iso,
    aperture = aperture,
    gyroRate = gyroRate,
    gravity = gravity?.let { RustGravity(it.x, it.y, it.z) },
    focus = focus?.twin(),
    minFocusM = minFocusMetres,
    torch = torch,
    region = region?.let { RustRegion(it.x, it.y, it.width, it.height) },
    thermal = thermal?.twin(),
)

internal fun RustFrameLook.toKotlin(): FrameLook =
    FrameLook(report.toKotlin(), flicker.toKotlin(), guidance.toKotlin(), analysisNs.toLong())

private fun RustGuidance.toKotlin(): Guidance = Guidance(
    hint = hint?.twin(),
    sinceNanos = sinceNs.toLong(),
    progress = progress,
    torch = torch.twin(),
    autoCapture = autoCapture,
    showExample = showExample,
    offerOverride = offerOverride,
)

private fun RustFrameReport.toKotlin(): FrameReport = FrameReport(
    verdict = verdict.twin(),
    reasons = reasons.map { it.twin() },
    sharpness = sharpness.toKotlin(),
    exposure = exposure.toKotlin(),
    noiseSigma = noiseSigma,
    glare = Glare(glare.present, glare.area),
    framing = framing.toKotlin(),
    lens = Lens(lens.blocked, lens.covered),
    screen = Screen(screen.present, screen.strength),
    relevance = relevance?.toKotlin(),
    motionPixels = motionPx,
    focusing = focusing,
    hints = hints.map { it.twin() },
)

internal fun RustStillReport.toKotlin(): StillReport = StillReport(
    verdict = verdict.twin(),
    reasons = reasons.map { it.twin() },
    width = width.toInt(),
    height = height.toInt(),
    sharpness = sharpness.toKotlin(),
    exposure = exposure.toKotlin(),
    noiseSigma = noiseSigma,
    glare = Glare(glare.present, glare.area),
    framing = framing.toKotlin(),
    lens = Lens(lens.blocked, lens.covered),
    screen = Screen(screen.present, screen.strength),
    relevance = relevance?.toKotlin(),
    policyVersion = policyVersion.toInt(),
    policyHash = policyHash,
)

private fun RustSharpness.toKotlin(): Sharpness = Sharpness(state.twin(), score, cause?.twin())

private fun RustExposure.toKotlin(): Exposure = Exposure(state.twin(), mean, p50, p98, clippedLow, clippedHigh)

private fun RustFraming.toKotlin(): Framing = Framing(
    subject = subject?.toKotlin(),
    fill = fill,
    centreX = centreX,
    centreY = centreY,
    source = source.twin(),
    offset = offset,
    touches = Sides(touches.left, touches.top, touches.right, touches.bottom),
    rollDegrees = rollDeg,
    pitchDegrees = pitchDeg,
)

private fun RustRelevance.toKotlin(): Relevance =
    Relevance(subject.twin(), confidence, shares.associate { it.subject.twin<Subject>() to it.share })

private fun RustFlicker.toKotlin(): Flicker = Flicker(present, strength, bands)

private fun RustRegion.toKotlin(): Region = Region(x, y, width, height)
