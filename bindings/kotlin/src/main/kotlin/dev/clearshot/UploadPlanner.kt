package dev.clearshot

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import java.io.File
import kotlin.time.Instant
import dev.clearshot.generated.HttpHeader as RustHttpHeader
import dev.clearshot.generated.NextTransfer as RustNextTransfer
import dev.clearshot.generated.Reported as RustReported
import dev.clearshot.generated.Transfer as RustTransfer
import dev.clearshot.generated.TransferBody as RustTransferBody
import dev.clearshot.generated.TransferResult as RustTransferResult
import dev.clearshot.generated.UploadPlanner as RustUploadPlanner

/**
 * Plans transfers for an app that makes the requests itself: with an HTTP client of its own, or by a service of the platform
 * that goes on without the app. What an answer means stays Clearshot's decision. Open the store with
 * [StoreSetup.platformPerformsTransfers] for the second.
 *
 * Most apps want [UploadRunner] instead.
 *
 * @param tokens gives the shopper's access token
 * @throws ClearshotException with [ErrorCode.INVALID_SERVER]
 */
public class UploadPlanner(
    private val store: CaptureStore,
    server: ServerSetup,
    tokens: TokenProvider,
    private val dispatcher: CoroutineDispatcher = Dispatchers.IO,
) : AutoCloseable {
    private val rust = bordered { RustUploadPlanner(store.rust, server.toRust(), TokenAdapter(tokens)) }

    /** What to perform now. Asking again while transfers are out gives those of other photos. */
    public suspend fun next(conditions: Conditions = Conditions.UNMETERED): NextTransfer =
        call { it.next(conditions.toRust(), store.now()).toKotlin() }

    /** Takes how a transfer went. */
    public suspend fun report(ticket: String, result: TransferResult): Reported =
        call { it.report(ticket, result.toRust(), store.now()).toKotlin() }

    /**
     * Writes the body of a transfer that sends a file's range to a file of its own (sealed bytes), for platforms that send
     * whole files only. The app deletes it when the transfer is reported.
     */
    public suspend fun writeBody(ticket: String, file: File): Unit = call { it.writeBody(ticket, file.path) }

    /** Lets go of the server. Transfers that are out can be reported to another planner. */
    override fun close() {
        rust.destroy()
    }

    private suspend fun <T> call(body: (RustUploadPlanner) -> T): T = try {
        withContext(dispatcher + NonCancellable) { bordered { body(rust) } }
    } finally {
        store.changed()
    }
}

/**
 * A request to perform: exactly once, without following redirects.
 *
 * @property ticket to be given back with the answer, also by a later process; holds ids, no token
 * @property capture the capture that it is for; absent for a question about many
 * @property method the method
 * @property url the address
 * @property headers the headers, with the token; `Content-Length` is the performer's to add
 * @property body what it sends
 * @property leasedUntil when the request may be made by somebody else; absent when it does not matter
 */
public data class Transfer(
    public val ticket: String,
    public val capture: String?,
    public val method: String,
    public val url: String,
    public val headers: List<HttpHeader>,
    public val body: TransferBody,
    public val leasedUntil: Instant?,
)

/**
 * A header of a request or an answer.
 *
 * @property name its name
 * @property value its value
 */
public data class HttpHeader(public val name: String, public val value: String)

/** What a request sends. */
public sealed interface TransferBody {
    /** Nothing. */
    public data object Empty : TransferBody

    /**
     * These bytes.
     *
     * @property bytes the bytes
     */
    public class Bytes(public val bytes: ByteArray) : TransferBody

    /**
     * A range of a file, which stays as it is until the transfer is reported.
     *
     * @property file the file
     * @property start the first byte
     * @property length how many bytes
     */
    public data class FileRange(public val file: File, public val start: Long, public val length: Long) : TransferBody
}

/** What to do now. */
public sealed interface NextTransfer {
    /**
     * Perform this, and report it.
     *
     * @property transfer the request
     */
    public data class Perform(public val transfer: Transfer) : NextTransfer

    /**
     * Nothing can be done yet.
     *
     * @property until when to ask again; absent: when what it waits for comes
     * @property reason what it waits for
     */
    public data class Wait(public val until: Instant?, public val reason: WaitReason) : NextTransfer

    /** Nothing is left to send. */
    public data object Done : NextTransfer
}

/** How a transfer went, as the platform saw it. */
public sealed interface TransferResult {
    /**
     * Somebody answered.
     *
     * @property status the status
     * @property headers the headers
     * @property body the body, or as much of it as came
     */
    public class Answer(
        public val status: Int,
        public val headers: List<HttpHeader> = emptyList(),
        public val body: ByteArray = ByteArray(0),
    ) : TransferResult

    /**
     * Nobody did.
     *
     * @property failure why
     */
    public data class NoAnswer(public val failure: NetworkFailure) : TransferResult

    /** It was told to stop. Costs no attempt. */
    public data object Cancelled : TransferResult
}

/** Why nobody answered. */
public enum class NetworkFailure {
    /** There was no network, or no way to the server. */
    UNREACHABLE,

    /** The connection was cut. */
    CONNECTION_LOST,

    /** Nothing moved for too long. */
    TIMED_OUT,

    /** The server could not prove who it is. */
    TLS,

    /** The file with the photo could not be read. */
    FILE,

    /** Anything else. */
    OTHER,
}

/**
 * What a report led to.
 *
 * @property capture the capture; absent for a question about many
 * @property state where the capture stands now; absent when the transfer was not its own any more, and for a question
 * @property again the same request with a fresh token, to be performed and reported in its place
 */
public data class Reported(
    public val capture: String?,
    public val state: CaptureState?,
    public val again: Transfer?,
)

private fun RustNextTransfer.toKotlin(): NextTransfer = when (this) {
    is RustNextTransfer.Perform -> NextTransfer.Perform(transfer.toKotlin())
    is RustNextTransfer.Wait -> NextTransfer.Wait(until?.let(Instant::fromEpochMilliseconds), reason.twin())
    is RustNextTransfer.Done -> NextTransfer.Done
}

private fun RustTransfer.toKotlin(): Transfer = Transfer(
    ticket = ticket,
    capture = capture,
    method = method,
    url = url,
    headers = headers.map { HttpHeader(it.name, it.value) },
    body = body.toKotlin(),
    leasedUntil = leasedUntil?.let(Instant::fromEpochMilliseconds),
)

private fun RustTransferBody.toKotlin(): TransferBody = when (this) {
    is RustTransferBody.Empty -> TransferBody.Empty
    is RustTransferBody.Bytes -> TransferBody.Bytes(bytes)
    is RustTransferBody.File -> TransferBody.FileRange(File(path), start.toLong(), length.toLong())
}

private fun TransferResult.toRust(): RustTransferResult = when (this) {
    is TransferResult.Answer -> RustTransferResult.Answer(
        status.coerceIn(0, UShort.MAX_VALUE.toInt()).toUShort(),
        headers.map { RustHttpHeader(it.name, it.value) },
        body,
    )
    is TransferResult.NoAnswer -> RustTransferResult.NoAnswer(failure.twin())
    is TransferResult.Cancelled -> RustTransferResult.Cancelled
}

private fun RustReported.toKotlin(): Reported = Reported(capture, state?.twin(), again?.toKotlin())
