package dev.clearshot

import dev.clearshot.generated.Conditions as RustConditions
import dev.clearshot.generated.ServerSetup as RustServerSetup

/**
 * The returns API, as the app's configuration has it.
 *
 * @property url its address, such as `https://returns.shop.example`
 * @property extraRoot certificates to trust in addition, PEM: for a test server or a company's own authority
 * @property allowPlainHttp whether `http` may go to other computers than this one; the token then travels in clear: for
 *   trying things out
 */
public class ServerSetup(
    public val url: String,
    public val extraRoot: ByteArray? = null,
    public val allowPlainHttp: Boolean = false,
)

/**
 * The network as the platform knows it.
 *
 * @property online whether there is one at all
 * @property metered whether it costs the shopper money by the byte
 */
public data class Conditions(public val online: Boolean, public val metered: Boolean) {
    /** The usual ones. */
    public companion object {
        /** A network that costs nothing. */
        public val UNMETERED: Conditions = Conditions(online = true, metered = false)

        /** A network that costs money by the byte. */
        public val METERED: Conditions = Conditions(online = true, metered = true)

        /** No network. */
        public val OFFLINE: Conditions = Conditions(online = false, metered = false)
    }
}

internal fun ServerSetup.toRust(): RustServerSetup = RustServerSetup(url, extraRoot, allowPlainHttp)

internal fun Conditions.toRust(): RustConditions = RustConditions(online, metered)
