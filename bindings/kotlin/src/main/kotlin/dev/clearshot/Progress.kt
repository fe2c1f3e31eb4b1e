package dev.clearshot

import kotlin.time.Instant
import dev.clearshot.generated.PhotoProgress as RustPhotoProgress
import dev.clearshot.generated.SyncEnd as RustSyncEnd
import dev.clearshot.generated.SyncProgress as RustSyncProgress
import dev.clearshot.generated.SyncReport as RustSyncReport
import dev.clearshot.generated.Waiting as RustWaiting

/**
 * How far a synchronisation is.
 *
 * @property running whether one runs now
 * @property sent bytes of all its photos that were sent, now or before; never shrinks while it runs
 * @property total bytes of all its photos
 * @property accepted photos that the server accepted in it
 * @property rejected photos that the server rejected in it
 * @property photos the photos that are on their way
 * @property waiting what it waits for, while nothing can be done
 */
public data class SyncProgress(
    public val running: Boolean,
    public val sent: Long,
    public val total: Long,
    public val accepted: Long,
    public val rejected: Long,
    public val photos: List<PhotoProgress>,
    public val waiting: Waiting?,
)

/**
 * Where one photo on its way stands.
 *
 * @property capture the photo
 * @property sent bytes handed to the network so far, counting none twice
 * @property total bytes in all
 * @property phase what is happening to it
 * @property detail what went wrong, for a person; where something did
 */
public data class PhotoProgress(
    public val capture: String,
    public val sent: Long,
    public val total: Long,
    public val phase: Phase,
    public val detail: String?,
)

/** What is happening to a photo on its way. */
public enum class Phase {
    /** Its bytes are being sent. */
    SENDING,

    /** The server has all of it and is checking it. */
    VERIFYING,

    /** A request failed; it is tried again by itself. */
    RETRYING,

    /** It was told to stop, and goes on from there later. */
    PAUSED,
}

/**
 * What a synchronisation waits for.
 *
 * @property until when it goes on by itself; absent: when what it waits for comes
 * @property reason what it waits for
 */
public data class Waiting(public val until: Instant?, public val reason: WaitReason)

/** What the queue waits for. */
public enum class WaitReason {
    /** A network. */
    OFFLINE,

    /** A network that is not metered. */
    METERED,

    /** The end of a back-off. */
    BACK_OFF,

    /** Somebody else is sending what is left. */
    LEASED,

    /** The shopper to sign in: the server has refused the token, and a fresh one. */
    UNAUTHORISED,

    /** The server's check of what has arrived. */
    VERIFYING,
}

/** Why a synchronisation ended. */
public sealed interface SyncEnd {
    /** Nothing is left to send. */
    public data object Done : SyncEnd

    /**
     * Something is left, and waiting for it would take longer than the time given.
     *
     * @property waiting what it waits for
     */
    public data class NotNow(public val waiting: Waiting) : SyncEnd

    /** The time was up. The next one goes on. */
    public data object TimeUp : SyncEnd

    /** It was stopped from elsewhere. The next one goes on. */
    public data object Cancelled : SyncEnd
}

/**
 * What a synchronisation did.
 *
 * @property end why it ended
 * @property steps requests made
 * @property failures requests that failed
 * @property bytesSent bytes of photos handed to the network
 * @property bytesResent of them, those that it had handed to the network before
 * @property accepted photos that the server accepted
 * @property rejected photos that the server rejected
 */
public data class SyncReport(
    public val end: SyncEnd,
    public val steps: Long,
    public val failures: Long,
    public val bytesSent: Long,
    public val bytesResent: Long,
    public val accepted: Long,
    public val rejected: Long,
)

internal fun RustSyncProgress.toKotlin(): SyncProgress = SyncProgress(
    running = running,
    sent = sent.toLong(),
    total = total.toLong(),
    accepted = accepted.toLong(),
    rejected = rejected.toLong(),
    photos = photos.map { it.toKotlin() },
    waiting = waiting?.toKotlin(),
)

private fun RustPhotoProgress.toKotlin(): PhotoProgress =
    PhotoProgress(capture, sent.toLong(), total.toLong(), phase.twin(), detail)

private fun RustWaiting.toKotlin(): Waiting = Waiting(until?.let(Instant::fromEpochMilliseconds), reason.twin())

internal fun RustSyncReport.toKotlin(): SyncReport = SyncReport(
    end = end.toKotlin(),
    steps = steps.toLong(),
    failures = failures.toLong(),
    bytesSent = bytesSent.toLong(),
    bytesResent = bytesResent.toLong(),
    accepted = accepted.toLong(),
    rejected = rejected.toLong(),
)

private fun RustSyncEnd.toKotlin(): SyncEnd = when (this) {
    is RustSyncEnd.Done -> SyncEnd.Done
    is RustSyncEnd.Waiting -> SyncEnd.NotNow(waiting.toKotlin())
    is RustSyncEnd.TimeUp -> SyncEnd.TimeUp
    is RustSyncEnd.Cancelled -> SyncEnd.Cancelled
}
