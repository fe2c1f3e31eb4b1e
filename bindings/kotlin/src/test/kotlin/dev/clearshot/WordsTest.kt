package dev.clearshot

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import kotlin.enums.EnumEntries
import dev.clearshot.generated.Advice as RustAdvice
import dev.clearshot.generated.AskPolicy as RustAskPolicy
import dev.clearshot.generated.BlurCause as RustBlurCause
import dev.clearshot.generated.CaptureState as RustCaptureState
import dev.clearshot.generated.Choice as RustChoice
import dev.clearshot.generated.ErrorCode as RustErrorCode
import dev.clearshot.generated.ExposureState as RustExposureState
import dev.clearshot.generated.FocusState as RustFocusState
import dev.clearshot.generated.FramingSource as RustFramingSource
import dev.clearshot.generated.Hint as RustHint
import dev.clearshot.generated.LogLevel as RustLogLevel
import dev.clearshot.generated.LumaRange as RustLumaRange
import dev.clearshot.generated.NetworkFailure as RustNetworkFailure
import dev.clearshot.generated.NetworkPolicy as RustNetworkPolicy
import dev.clearshot.generated.Phase as RustPhase
import dev.clearshot.generated.PixelFormat as RustPixelFormat
import dev.clearshot.generated.Reason as RustReason
import dev.clearshot.generated.ReturnReason as RustReturnReason
import dev.clearshot.generated.SharpnessState as RustSharpnessState
import dev.clearshot.generated.ShotRole as RustShotRole
import dev.clearshot.generated.Subject as RustSubject
import dev.clearshot.generated.ThermalState as RustThermalState
import dev.clearshot.generated.TorchAdvice as RustTorchAdvice
import dev.clearshot.generated.Verdict as RustVerdict
import dev.clearshot.generated.WaitReason as RustWaitReason

class WordsTest {
    /** `twin()` goes by the place of a constant; this is what makes that right. */
    @Test
    fun `every word of Rust has its twin in the same place`() {
        assertTwins(Advice.entries, RustAdvice.entries)
        assertTwins(AskPolicy.entries, RustAskPolicy.entries)
        assertTwins(BlurCause.entries, RustBlurCause.entries)
        assertTwins(CaptureState.entries, RustCaptureState.entries)
        assertTwins(Choice.entries, RustChoice.entries)
        assertTwins(ErrorCode.entries, RustErrorCode.entries)
        assertTwins(ExposureState.entries, RustExposureState.entries)
        assertTwins(FocusState.entries, RustFocusState.entries)
        assertTwins(FramingSource.entries, RustFramingSource.entries)
        assertTwins(Hint.entries, RustHint.entries)
        assertTwins(LogLevel.entries, RustLogLevel.entries)
        assertTwins(LumaRange.entries, RustLumaRange.entries)
        assertTwins(NetworkFailure.entries, RustNetworkFailure.entries)
        assertTwins(NetworkPolicy.entries, RustNetworkPolicy.entries)
        assertTwins(Phase.entries, RustPhase.entries)
        assertTwins(PixelFormat.entries, RustPixelFormat.entries)
        assertTwins(Reason.entries, RustReason.entries)
        assertTwins(ReturnReason.entries, RustReturnReason.entries)
        assertTwins(SharpnessState.entries, RustSharpnessState.entries)
        assertTwins(ShotRole.entries, RustShotRole.entries)
        assertTwins(Subject.entries, RustSubject.entries)
        assertTwins(ThermalState.entries, RustThermalState.entries)
        assertTwins(TorchAdvice.entries, RustTorchAdvice.entries)
        assertTwins(Verdict.entries, RustVerdict.entries)
        assertTwins(WaitReason.entries, RustWaitReason.entries)
    }

    private fun assertTwins(ours: EnumEntries<*>, rust: EnumEntries<*>) {
        assertEquals(rust.map { it.name }, ours.map { it.name })
    }
}
