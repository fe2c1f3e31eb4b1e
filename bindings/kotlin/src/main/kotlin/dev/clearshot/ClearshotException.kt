package dev.clearshot

/**
 * The one exception that Clearshot throws. Decide by [code], show [advice], log [message].
 *
 * @property code what kind of failure it is; stable over versions
 * @property reason what happened: English, without personal data and without paths; reads on after "failed to"
 * @property advice what the shopper can do about it
 */
public class ClearshotException internal constructor(
    public val code: ErrorCode,
    public val reason: String,
    public val advice: Advice,
    cause: Throwable? = null,
) : Exception("failed to $reason", cause) {
    /** What happened, for logs. */
    override val message: String get() = "failed to $reason"
}
