// How calls cross the border, and how what they bring becomes this package's own types.
package dev.clearshot

import dev.clearshot.generated.CaptureException
import dev.clearshot.generated.InternalException
import kotlin.enums.enumEntries

/**
 * The constant of the same place in the enum on the other side of the border. That both sides have the same constants in the
 * same order is tested (`WordsTest`); a `when` for each frame and word would be the third copy of every enum.
 */
internal inline fun <reified T : Enum<T>> Enum<*>.twin(): T = enumEntries<T>()[ordinal]

/** Calls Rust. Whatever goes wrong becomes a [ClearshotException]. */
internal inline fun <T> bordered(call: () -> T): T = try {
    call()
} catch (failure: CaptureException.Failed) {
    throw ClearshotException(failure.code.twin(), failure.reason, failure.advice.twin(), failure)
} catch (failure: InternalException) {
    // A panic outside the guard of an export, in the generated code itself.
    throw ClearshotException(ErrorCode.PANIC, "call Clearshot: its border failed", Advice.RESTART_APP, failure)
} catch (failure: IllegalStateException) {
    // What generated objects say of themselves when they are called after they were destroyed.
    throw closed(failure)
}

/** An object is used after it was closed. */
internal fun closed(cause: Throwable? = null): ClearshotException =
    ClearshotException(ErrorCode.CLOSED, "use the object: it was closed before", Advice.TELL_SHOP, cause)
