package dev.clearshot

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.withContext
import java.io.File
import java.nio.ByteBuffer
import kotlin.time.Clock
import dev.clearshot.generated.CaptureStore as RustCaptureStore
import dev.clearshot.generated.StoreSetup as RustStoreSetup

/**
 * Sessions, sealed photos and the queue, in one folder: the phone's truth. Everything here works without a network.
 *
 * May be used from any thread and by several processes at a time. Suspending functions run on the store's dispatcher. A call
 * that has begun is not torn by cancellation: a photo is kept, or it is not, and the caller learns which of the queue.
 *
 * @property repaired what opening found and mended
 */
public class CaptureStore private constructor(
    internal val rust: RustCaptureStore,
    public val repaired: RepairReport,
    private val dispatcher: CoroutineDispatcher,
    private val clock: Clock,
) : AutoCloseable {
    /** Counts what this process has done to the queue. */
    private val changes = MutableStateFlow(0L)

    /** Closes the database, so that the system may suspend the process. Until [resume], other calls throw [ErrorCode.PAUSED]. */
    public suspend fun pause(): Unit = call { it.pause() }

    /** Opens the database again. Nothing happens when the store is not paused. */
    public suspend fun resume(): Unit = call { it.resume() }

    /**
     * Opens a session for a return, with its items, each with the shots of its reason.
     *
     * @param returnId the return's id, as the server gave it
     * @throws ClearshotException with [ErrorCode.INVALID_ARGUMENT] for an id that is none, an SKU that is empty or too long
     */
    public suspend fun openSession(returnId: String, items: List<NewItem>): Session = change {
        it.session(it.openSession(returnId, items.map(NewItem::toRust), now())).toKotlin()
    }

    /** A session, as it stands. */
    public suspend fun session(session: String): Session = call { it.session(session).toKotlin() }

    /** All sessions, the newest first. */
    public suspend fun sessions(): List<Session> = call { store -> store.sessions().map { it.toKotlin() } }

    /** The newest session of a return; absent when there is none. */
    public suspend fun sessionOfReturn(returnId: String): Session? = call { it.sessionOfReturn(returnId)?.toKotlin() }

    /** Adds an item to a session; gives its id. An item that it has already keeps its shots and takes the new labels. */
    public suspend fun addItem(session: String, item: NewItem): String =
        change { it.addItem(session, item.toRust(), now()) }

    /** Adds a shot to an item, such as one more defect; gives its id. */
    public suspend fun addShot(session: String, item: String, role: ShotRole): String =
        change { it.addShot(session, item, role.twin(), now()) }

    /** Changes how hard the shop insists on a good photo of this shot. */
    public suspend fun setAskPolicy(shot: String, policy: AskPolicy): Unit =
        change { it.setAskPolicy(shot, policy.twin()) }

    /**
     * Judges a photo for a shot. Nothing is saved yet.
     *
     * @param photo a JPEG or PNG, as the camera wrote it
     * @throws ClearshotException with [ErrorCode.DAMAGED_PHOTO] or [ErrorCode.UNSUPPORTED_PHOTO]
     */
    public suspend fun assess(shot: String, photo: ByteArray): PendingPhoto = assess(shot, ByteBuffer.wrap(photo))

    /** As with a `ByteArray`; the bytes from the buffer's position to its limit, without a copy of a direct one. */
    public suspend fun assess(shot: String, photo: ByteBuffer): PendingPhoto =
        call { store -> lent(photo) { PendingPhoto(store.assess(shot, it)) } }

    /** As [assess], of a photo that the platform decoded (HEIC). */
    public suspend fun assess(shot: String, pixels: ByteBuffer, layout: PixelLayout): PendingPhoto =
        call { store -> lent(pixels) { PendingPhoto(store.assessPixels(shot, layout.toRust(), it)) } }

    /**
     * The shopper was asked for another photo of this shot, and takes one. A good photo counts nothing.
     *
     * @return where asking stands now
     */
    public suspend fun askAgain(photo: PendingPhoto): AskState = change { it.askAgain(photo.rust, now()).toKotlin() }

    /**
     * Seals a photo and puts it into the queue: only when this returns is it saved. Then the photo is closed; after an
     * exception it can be kept again.
     *
     * @throws ClearshotException with [ErrorCode.ASK_FIRST] while the shop wants the shopper to be asked,
     *   [ErrorCode.DISK_FULL], [ErrorCode.QUOTA] or [ErrorCode.STORAGE]; nothing is saved then, and nothing is lost
     */
    public suspend fun keep(photo: PendingPhoto, request: KeepRequest = KeepRequest()): SavedCapture =
        change { it.keep(photo.rust, request.toRust(), now()).toKotlin() }

    /** The queue as it stands, and again whenever this process has changed it. Conflated: a slow reader misses the past. */
    public fun queue(): Flow<List<QueueEntry>> = watched { store -> store.queue().map { it.toKotlin() } }

    /** How many photos stand where, as [queue]. */
    public fun counters(): Flow<Counters> = watched { it.counters().toKotlin() }

    /** One photo of the queue, as it stands. */
    public suspend fun entry(capture: String): QueueEntry = call { it.entry(capture).toKotlin() }

    /** A kept photo's thumbnail, a JPEG. */
    public suspend fun thumbnail(capture: String): ByteArray = call { it.thumbnail(capture) }

    /** A kept photo, a JPEG. */
    public suspend fun photo(capture: String): ByteArray = call { it.photo(capture) }

    /** What was sealed beside a kept photo, as JSON: for an export. */
    public suspend fun manifest(capture: String): String = call { it.manifest(capture) }

    /** Changes which networks a photo may use. */
    public suspend fun setNetwork(capture: String, network: NetworkPolicy): Unit =
        change { it.setNetwork(capture, network.twin()) }

    /** Tries a stalled or rejected photo again, from a clean slate. */
    public suspend fun retry(capture: String): Unit = change { it.retry(capture, now()) }

    /** Tries every stalled photo again; says how many. */
    public suspend fun retryStalled(): Long = change { it.retryStalled(now()).toLong() }

    /** Ends the pause that a refused token began: the shopper has signed in again. */
    public suspend fun tokenRenewed(): Unit = change { it.tokenRenewed() }

    /** Deletes the photo of a capture that the server has rejected; says how many bytes it took. */
    public suspend fun discard(capture: String): Long = change { it.discard(capture).toLong() }

    /** Deletes the photos that the server accepted longer than a day ago. A synchronisation does it by itself. */
    public suspend fun sweep(): Deleted = change { store -> store.sweep(now()).let { Deleted(it.photos.toLong(), it.bytes.toLong()) } }

    /**
     * Deletes the photos of a session, or all of them, from this device: those that were never sent, too. For the shopper to
     * ask for, and nobody else.
     */
    public suspend fun deletePhotos(session: String? = null): Deleted =
        change { store -> store.deletePhotos(session).let { Deleted(it.photos.toLong(), it.bytes.toLong()) } }

    /**
     * Closes the store. Waits for a photo that is being kept; whatever is being sent ends. Every later call but this one
     * throws [ErrorCode.CLOSED].
     */
    override fun close() {
        bordered { rust.shut() }
    }

    /** The queue may have changed: whoever watches looks again. */
    internal fun changed() {
        changes.update { it + 1 }
    }

    internal fun now(): Long = clock.now().toEpochMilliseconds()

    /** Runs on the store's dispatcher, and to its end: the result of what has happened is not thrown away. */
    internal suspend fun <T> call(body: (RustCaptureStore) -> T): T =
        withContext(dispatcher + NonCancellable) { bordered { body(rust) } }

    private suspend fun <T> change(body: (RustCaptureStore) -> T): T = try {
        call(body)
    } finally {
        changed()
    }

    private fun <T> watched(look: (RustCaptureStore) -> T): Flow<T> =
        changes.map { bordered { look(rust) } }.distinctUntilChanged().flowOn(dispatcher)

    /** Opens stores. */
    public companion object {
        /**
         * Opens the store, and mends what a crash, a full disk or a person left behind.
         *
         * @param keyStore protects the device key, with which the shopper's photos are sealed too
         * @param models which relevance model looks at photos; absent: nobody asks whether they are of the item at all
         * @param dispatcher where the store's work is done: it reads and writes files, and blocks
         * @param clock what time it is
         * @throws ClearshotException with [ErrorCode.KEY_STORE] when the key store fails, [ErrorCode.INVALID_CONFIG],
         *   [ErrorCode.STORAGE], [ErrorCode.DISK_FULL] or [ErrorCode.APP_TOO_OLD]
         */
        public suspend fun open(
            setup: StoreSetup,
            keyStore: DeviceKeyStore,
            models: ModelStore? = null,
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            clock: Clock = Clock.System,
        ): CaptureStore = withContext(dispatcher + NonCancellable) {
            bordered {
                val now = clock.now().toEpochMilliseconds()
                val rust = RustCaptureStore.open(setup.toRust(), KeyStoreAdapter(keyStore), models?.rust, now)
                CaptureStore(rust, rust.repaired().toKotlin(), dispatcher, clock)
            }
        }
    }
}

/**
 * What a store is opened with.
 *
 * @property folder the folder; made if absent. The app's own (`context.noBackupFilesDir`), because a copy on another phone
 *   could not be opened
 * @property serviceRecipient the returns service's public key (`age1…`), from the app's configuration
 * @property config thresholds as JSON; absent: the built-in ones
 * @property maxBytes bytes that the photos may take; absent: 2 GiB
 * @property maxPhotos photos that may wait; absent: 1,000
 * @property platformPerformsTransfers whether [UploadPlanner] is used by something that goes on without the app's process
 */
public data class StoreSetup(
    public val folder: File,
    public val serviceRecipient: String,
    public val config: String? = null,
    public val maxBytes: Long? = null,
    public val maxPhotos: Long? = null,
    public val platformPerformsTransfers: Boolean = false,
)

private fun StoreSetup.toRust(): RustStoreSetup = RustStoreSetup(
    folder = folder.path,
    serviceRecipient = serviceRecipient,
    config = config,
    maxBytes = maxBytes?.coerceAtLeast(0)?.toULong(),
    maxPhotos = maxPhotos?.coerceAtLeast(0)?.toULong(),
    platformPerformsTransfers = platformPerformsTransfers,
)
