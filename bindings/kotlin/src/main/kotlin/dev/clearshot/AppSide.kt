// What the app implements for Clearshot, and how its exceptions reach Rust as typed errors.
package dev.clearshot

import dev.clearshot.generated.ForeignException
import kotlinx.coroutines.runBlocking
import dev.clearshot.generated.DeviceKeyStore as RustDeviceKeyStore
import dev.clearshot.generated.LogLevel as RustLogLevel
import dev.clearshot.generated.LogSink as RustLogSink
import dev.clearshot.generated.TokenProvider as RustTokenProvider

/**
 * Protects the device key: the platform's key store (Keystore on Android). Whatever it throws becomes a
 * [ClearshotException] with [ErrorCode.KEY_STORE] of the call that needed the key, and nothing is lost.
 */
public interface DeviceKeyStore {
    /** Encrypts the device key, so that only this device's key store can decrypt it. May block. */
    public fun wrap(key: ByteArray): ByteArray

    /**
     * Decrypts what [wrap] gave. May block.
     *
     * @throws KeyLostException when the key is gone for good; a new one is made then
     */
    public fun unwrap(wrapped: ByteArray): ByteArray
}

/** Thrown by an app's [DeviceKeyStore]: the key is gone for good, because the key store was wiped or invalidated it. */
public class KeyLostException(message: String, cause: Throwable? = null) : Exception(message, cause)

/** Gives the shopper's access token. */
public fun interface TokenProvider {
    /**
     * The token in use; with [refresh] a fresh one, because the server has refused the last. It may take its time: what is
     * being sent goes on meanwhile.
     *
     * @throws SignedOutException when nobody is signed in: the queue waits until somebody is. Any other exception counts as
     *   "not now", and the token is asked for again later.
     */
    public suspend fun token(refresh: Boolean): String
}

/** Thrown by an app's [TokenProvider]: nobody is signed in. */
public class SignedOutException(cause: Throwable? = null) : Exception("nobody is signed in", cause)

/** Takes what Clearshot tells of itself while it synchronises: ids, states and numbers, nothing personal. */
public fun interface LogSink {
    /** Takes a line, on a thread of Clearshot's. What it throws is ignored. */
    public fun log(level: LogLevel, line: String)
}

/** How much a line matters. */
public enum class LogLevel {
    /** For who looks for a fault in Clearshot. */
    DEBUG,

    /** What an app's log usually has. */
    INFO,

    /** Something that should not happen often. */
    WARNING,

    /** Something that should not happen. */
    ERROR,
}

internal class KeyStoreAdapter(private val app: DeviceKeyStore) : RustDeviceKeyStore {
    override fun wrap(key: ByteArray): ByteArray = caught { app.wrap(key) }

    override fun unwrap(wrapped: ByteArray): ByteArray = caught { app.unwrap(wrapped) }
}

internal class TokenAdapter(private val app: TokenProvider) : RustTokenProvider {
    // Rust asks on a thread of its own that waits for nothing else.
    override fun token(refresh: Boolean): String = caught { runBlocking { app.token(refresh) } }
}

internal class LogAdapter(private val app: LogSink) : RustLogSink {
    override fun log(level: RustLogLevel, line: String): Unit = caught { app.log(level.twin(), line) }
}

/**
 * Runs the app's code for Rust. Not even an `Error` may leave it: native code could not unwind it. Of an exception that is
 * not ours only the class is told, because its text may name a person.
 */
private inline fun <T> caught(call: () -> T): T = try {
    call()
} catch (lost: KeyLostException) {
    throw ForeignException.KeyLost(lost.message ?: "the key is lost")
} catch (_: SignedOutException) {
    throw ForeignException.SignedOut()
} catch (failure: Throwable) {
    throw ForeignException.Unavailable("the app's code threw ${failure.javaClass.simpleName}")
}
