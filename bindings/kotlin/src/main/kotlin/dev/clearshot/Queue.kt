package dev.clearshot

import kotlin.time.Instant
import dev.clearshot.generated.Counters as RustCounters
import dev.clearshot.generated.QueueEntry as RustQueueEntry
import dev.clearshot.generated.RepairReport as RustRepairReport

/**
 * A photo, as the queue shows it.
 *
 * @property capture the capture's id
 * @property session the sitting
 * @property returnId the return
 * @property item the line of the return
 * @property sku the line's SKU, where it is known
 * @property shot the slot
 * @property role what the slot should show
 * @property takenAt when it was taken
 * @property verdict what analysis said; absent where the queue was rebuilt from a photo that could not be opened
 * @property reasons codes of the reasons to retake ([Reason.code])
 * @property keptAnyway whether the shopper kept it although analysis would have retaken it
 * @property supersedes the photo that it replaces
 * @property supersededBy the photo that replaces it
 * @property state where it stands
 * @property offset bytes that the server is known to have
 * @property length sealed bytes, in all
 * @property sha256 digest of the sealed bytes, 64 hexadecimal digits
 * @property attempts failed tries since the last progress
 * @property nextAt when it is tried again, if it waits
 * @property error a stable code of what went wrong last, such as `network` or the server's
 * @property status a sentence: where it stands and why
 * @property advice a sentence: what the shopper can do; absent where the choices say it all
 * @property choices what the shopper can do, the most helpful first; empty where nothing is left to do
 * @property network which networks it may use
 * @property onDevice whether the photo is still on this device
 */
public data class QueueEntry(
    public val capture: String,
    public val session: String,
    public val returnId: String,
    public val item: String,
    public val sku: String?,
    public val shot: String,
    public val role: ShotRole,
    public val takenAt: Instant,
    public val verdict: Verdict?,
    public val reasons: List<String>,
    public val keptAnyway: Boolean,
    public val supersedes: String?,
    public val supersededBy: String?,
    public val state: CaptureState,
    public val offset: Long,
    public val length: Long,
    public val sha256: String,
    public val attempts: Int,
    public val nextAt: Instant?,
    public val error: String?,
    public val status: String,
    public val advice: String?,
    public val choices: List<Choice>,
    public val network: NetworkPolicy,
    public val onDevice: Boolean,
)

/** Where a photo stands. */
public enum class CaptureState {
    /** Saved; nothing of it is known to have been sent. */
    QUEUED,

    /** Partly sent. */
    UPLOADING,

    /** The server has every byte, and has not yet accepted it. */
    UPLOADED,

    /** The server accepted it. */
    ACCEPTED,

    /** The server says that it cannot be evidence. */
    REJECTED,

    /** Sending has failed too often or for too long; it can be tried again. */
    STALLED,

    /** Its photo is no longer whole on this device. */
    LOST,
}

/** One thing that the shopper can do about a photo. */
public enum class Choice {
    /** Nothing: it goes on by itself. */
    WAIT,

    /** Look after the connection. */
    CONNECT,

    /** Use a network that is not metered. */
    CONNECT_TO_WIFI,

    /** Sign in again. */
    SIGN_IN,

    /** Have it sent again from a clean slate. */
    RETRY,

    /** Ask the shop: no photo would be taken as things are. */
    ASK_SHOP,

    /** Take another photo of the same. */
    TAKE_AGAIN,

    /** Delete the photo from this device. */
    DISCARD,
}

/**
 * How many photos stand where. They always add up to [captured].
 *
 * @property captured all of them
 * @property queued [CaptureState.QUEUED]
 * @property uploading [CaptureState.UPLOADING]
 * @property uploaded [CaptureState.UPLOADED]
 * @property accepted [CaptureState.ACCEPTED]
 * @property rejected [CaptureState.REJECTED]
 * @property stalled [CaptureState.STALLED]
 * @property lost [CaptureState.LOST]
 */
public data class Counters(
    public val captured: Long,
    public val queued: Long,
    public val uploading: Long,
    public val uploaded: Long,
    public val accepted: Long,
    public val rejected: Long,
    public val stalled: Long,
    public val lost: Long,
)

/**
 * What opening the queue found and mended. All empty on an ordinary day.
 *
 * @property adopted photos without a row, back in the queue
 * @property lost photos that are gone or no longer whole
 * @property found photos that were lost and are back, whole
 * @property quarantined damaged or foreign files that were set aside
 * @property duplicates second copies of photos that were set aside
 * @property newer files of a later version, left alone
 * @property unfinishedRemoved photos that were never finished, removed
 * @property databaseRebuilt whether the queue's database was damaged, and rebuilt from the photos
 * @property unreadable files that the disk does not give at the moment; left as they are
 * @property deviceKeyReplaced whether the key store had lost the device key, so that a new one was made: older photos can
 *   still be sent, and no longer be looked at
 */
public data class RepairReport(
    public val adopted: List<String>,
    public val lost: List<String>,
    public val found: List<String>,
    public val quarantined: Int,
    public val duplicates: Int,
    public val newer: Int,
    public val unfinishedRemoved: Int,
    public val databaseRebuilt: Boolean,
    public val unreadable: Int,
    public val deviceKeyReplaced: Boolean,
)

/**
 * Photos that were deleted from this device.
 *
 * @property photos how many
 * @property bytes that they took
 */
public data class Deleted(public val photos: Long, public val bytes: Long)

internal fun RustQueueEntry.toKotlin(): QueueEntry = QueueEntry(
    capture = capture,
    session = session,
    returnId = returnId,
    item = item,
    sku = sku,
    shot = shot,
    role = role.twin(),
    takenAt = Instant.fromEpochMilliseconds(takenAt),
    verdict = verdict?.twin(),
    reasons = reasons,
    keptAnyway = keptAnyway,
    supersedes = supersedes,
    supersededBy = supersededBy,
    state = state.twin(),
    offset = offset.toLong(),
    length = length.toLong(),
    sha256 = sha256,
    attempts = attempts.toInt(),
    nextAt = nextAt?.let(Instant::fromEpochMilliseconds),
    error = error,
    status = status,
    advice = advice,
    choices = choices.map { it.twin() },
    network = network.twin(),
    onDevice = onDevice,
)

internal fun RustCounters.toKotlin(): Counters = Counters(
    captured = captured.toLong(),
    queued = queued.toLong(),
    uploading = uploading.toLong(),
    uploaded = uploaded.toLong(),
    accepted = accepted.toLong(),
    rejected = rejected.toLong(),
    stalled = stalled.toLong(),
    lost = lost.toLong(),
)

internal fun RustRepairReport.toKotlin(): RepairReport = RepairReport(
    adopted = adopted,
    lost = lost,
    found = found,
    quarantined = quarantined.toInt(),
    duplicates = duplicates.toInt(),
    newer = newer.toInt(),
    unfinishedRemoved = unfinishedRemoved.toInt(),
    databaseRebuilt = databaseRebuilt,
    unreadable = unreadable.toInt(),
    deviceKeyReplaced = deviceKeyReplaced,
)
