package dev.clearshot

import java.nio.ByteBuffer
import dev.clearshot.generated.ModelStore as RustModelStore

/**
 * Which relevance model is used: the bundled one, until a newer one that is signed was offered. One for the whole app:
 * analysers and stores that are made with it share the loaded model.
 *
 * Fetching and keeping updates is the app's: it keeps the newest update file, and offers it at every start.
 */
public class ModelStore : AutoCloseable {
    internal val rust: RustModelStore = bordered { RustModelStore.bundled() }

    /**
     * The model in use. Loads it when nobody has yet, which takes some milliseconds.
     *
     * @throws ClearshotException with [ErrorCode.CLOSED] after [close]
     */
    public val info: ModelInfo
        get() = bordered { rust.info().let { ModelInfo(it.version.toInt(), it.sha256) } }

    /**
     * Takes over a model update if it was signed by the holder of this key, is newer than the model in use and meant for this
     * version of the app. What was made with this store before keeps its model; what is made from now on has the new one.
     *
     * @param update the update file
     * @param key the public key of who may sign, 64 hexadecimal digits
     * @param appVersion three numbers, such as `1.4.0`
     * @throws ClearshotException with [ErrorCode.INVALID_MODEL], [ErrorCode.MODEL_NOT_NEWER], [ErrorCode.APP_TOO_OLD] or
     *   [ErrorCode.INVALID_CONFIG] (the key); the model in use goes on
     */
    public fun offer(update: ByteArray, key: String, appVersion: String): ModelInfo = bordered {
        val bytes = FrameBytes().of(ByteBuffer.wrap(update))
        rust.offer(bytes, key, appVersion).let { ModelInfo(it.version.toInt(), it.sha256) }
    }

    /** Lets go of the model. Analysers and stores that were made with it keep theirs. */
    override fun close() {
        rust.destroy()
    }
}

/**
 * What a model says of itself.
 *
 * @property version an update must have a greater one
 * @property sha256 digest of its file, in hex: recorded with every verdict that it took part in
 */
public data class ModelInfo(public val version: Int, public val sha256: String)
