package dev.clearshot

import dev.clearshot.generated.Cancellation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import dev.clearshot.generated.UploadRunner as RustUploadRunner

/** How often a running synchronisation is looked at: what a person sees as steady. */
private val LOOK_EVERY = 200.milliseconds

/**
 * Sends what a store's queue holds, from the app's own process. One synchronisation at a time.
 *
 * Clearshot makes the requests itself. When to synchronise is the platform's to say (`WorkManager`); whatever was cut off
 * goes on with the next call.
 *
 * @param tokens gives the shopper's access token
 * @param log what happens is told to it, if there is one
 * @param dispatcher where a synchronisation runs; it holds one thread for as long as it lasts
 * @throws ClearshotException with [ErrorCode.INVALID_SERVER]
 */
public class UploadRunner(
    private val store: CaptureStore,
    server: ServerSetup,
    tokens: TokenProvider,
    log: LogSink? = null,
    private val dispatcher: CoroutineDispatcher = Dispatchers.IO,
) : AutoCloseable {
    private val rust = bordered {
        RustUploadRunner(store.rust, server.toRust(), TokenAdapter(tokens), log?.let(::LogAdapter))
    }

    /**
     * Sends what can be sent, and deletes what the server has had for long enough. Ends when nothing is left, when [limit] is
     * over, or when the next thing to do is further away than that. Without a network it waits for one: tell it by
     * [setConditions].
     *
     * Cancelling the coroutine ends it at once: requests under way are dropped, nothing is lost, and the next synchronisation
     * goes on from there.
     *
     * @throws ClearshotException with [ErrorCode.IN_USE] while another call of this uploader is at it
     */
    public suspend fun sync(
        conditions: Conditions = Conditions.UNMETERED,
        limit: Duration = 10.minutes,
    ): SyncReport = coroutineScope {
        val watching = launch { tellWatchers() }
        try {
            run(conditions, limit)
        } finally {
            watching.cancel()
            store.changed()
        }
    }

    /** The network has changed. A synchronisation that runs takes note at once. */
    public fun setConditions(conditions: Conditions) {
        bordered { rust.setConditions(conditions.toRust()) }
    }

    /** There is a new photo or a new token: a synchronisation that waits looks again. */
    public fun wake() {
        bordered { rust.wake() }
    }

    /**
     * How far the synchronisation is, or how far the last one came, for as long as somebody collects it. Conflated: a slow
     * reader misses the past.
     */
    public fun progress(): Flow<SyncProgress> = flow {
        while (true) {
            emit(bordered { rust.progress() }.toKotlin())
            delay(LOOK_EVERY)
        }
    }.distinctUntilChanged().flowOn(dispatcher).conflate()

    /** Lets go of the server. A synchronisation that runs ends by itself: cancel it to stop it. */
    override fun close() {
        rust.destroy()
    }

    /**
     * Rust blocks its thread, and hears of a cancelled coroutine by its own means only. So that nothing is sent behind the
     * back of a caller who has been told that it is over, they are told when it is.
     */
    private suspend fun run(conditions: Conditions, limit: Duration): SyncReport {
        val millis = limit.inWholeMilliseconds.coerceAtLeast(0).toULong()
        val cancellation = bordered { Cancellation() }
        val running = CoroutineScope(dispatcher).async {
            bordered { rust.syncFor(millis, conditions.toRust(), cancellation) }.toKotlin()
        }
        try {
            return running.await()
        } catch (cancelled: CancellationException) {
            bordered { cancellation.cancel() }
            withContext(NonCancellable) { running.join() }
            throw cancelled
        } finally {
            cancellation.destroy()
        }
    }

    /** Whoever watches the queue sees it move. */
    private suspend fun tellWatchers() {
        while (true) {
            delay(LOOK_EVERY)
            store.changed()
        }
    }
}
