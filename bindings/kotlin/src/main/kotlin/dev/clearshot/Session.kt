package dev.clearshot

import kotlin.time.Instant
import dev.clearshot.generated.Item as RustItem
import dev.clearshot.generated.NewItem as RustNewItem
import dev.clearshot.generated.Session as RustSession
import dev.clearshot.generated.Shot as RustShot

/**
 * An item to photograph.
 *
 * @property sku stock keeping unit, 1 to 64 characters; stored sealed
 * @property title what a person calls it, at most 256 characters; stored sealed
 * @property reason why it comes back; gives the item its first shots
 * @property network which networks its photos may use
 * @property askPolicy how hard the shop insists on good photos of it
 */
public data class NewItem(
    public val sku: String,
    public val title: String = sku,
    public val reason: ReturnReason = ReturnReason.DAMAGED,
    public val network: NetworkPolicy = NetworkPolicy.ANY,
    public val askPolicy: AskPolicy = AskPolicy.SOFT,
)

/**
 * A sitting of capturing for one return, as it stands.
 *
 * @property id its id
 * @property returnId the return that it is for
 * @property openedAt when it was opened
 * @property items its items, in the order of adding them
 */
public data class Session(
    public val id: String,
    public val returnId: String,
    public val openedAt: Instant,
    public val items: List<Item>,
)

/**
 * An item of a session. Its labels are absent where they cannot be known any more: the queue was rebuilt from its photos, or
 * the device key was lost.
 *
 * @property id its id, derived from the return and the SKU
 * @property sku stock keeping unit
 * @property title what a person calls it
 * @property reason why it comes back
 * @property network which networks its photos may use
 * @property shots its shots, in the order of taking them
 */
public data class Item(
    public val id: String,
    public val sku: String?,
    public val title: String?,
    public val reason: ReturnReason?,
    public val network: NetworkPolicy,
    public val shots: List<Shot>,
)

/**
 * A slot that wants a photo.
 *
 * @property id its id
 * @property role what the photo should show
 * @property overview for a defect: the overview shot of the same item
 * @property required whether the return is incomplete without it
 * @property askPolicy how hard the shop insists on a good photo
 * @property asks how often the shopper was asked for another photo since the last one was kept
 * @property current the newest photo of it, which supersedes the others
 */
public data class Shot(
    public val id: String,
    public val role: ShotRole,
    public val overview: String?,
    public val required: Boolean,
    public val askPolicy: AskPolicy,
    public val asks: Int,
    public val current: String?,
)

/** What the photo of a shot should show. */
public enum class ShotRole {
    /** The whole item. */
    OVERVIEW,

    /** What is wrong with it, near by. */
    DEFECT,

    /** A label with print. */
    LABEL,

    /** What it came in. */
    PACKAGING,

    /** A serial number. */
    SERIAL,

    /** Anything else. */
    OTHER,
    ;

    /** The word that never changes. */
    public val code: String get() = name.lowercase()
}

/** Why an item comes back. Decides which photos it needs. */
public enum class ReturnReason {
    /** It arrived broken. */
    DAMAGED,

    /** It does not work. */
    DEFECTIVE,

    /** It is another item than ordered. */
    WRONG_ITEM,

    /** Something is missing. */
    MISSING_PARTS,

    /** It is not what the shop described. */
    NOT_AS_DESCRIBED,

    /** The shopper changed their mind. */
    UNWANTED,
}

/** How hard the shop insists on a good photo. None of them traps the shopper. */
public enum class AskPolicy {
    /** Says what is wrong and keeps the photo. */
    WARN,

    /** Asks twice; the third photo is kept. Before that, the shopper can insist. */
    SOFT,

    /** Asks twice; the third photo is kept. Before that, insisting does not help. */
    HARD,
}

/** Which networks a photo may use. */
public enum class NetworkPolicy {
    /** Any. */
    ANY,

    /** Only those that cost nothing. */
    UNMETERED,

    /** Those that cost nothing, and after two hours any. */
    UNMETERED_THEN_ANY,
}

internal fun NewItem.toRust(): RustNewItem = RustNewItem(sku, title, reason.twin(), network.twin(), askPolicy.twin())

internal fun RustSession.toKotlin(): Session =
    Session(id, returnId, Instant.fromEpochMilliseconds(openedAt), items.map { it.toKotlin() })

private fun RustItem.toKotlin(): Item =
    Item(id, sku, title, reason?.twin(), network.twin(), shots.map { it.toKotlin() })

private fun RustShot.toKotlin(): Shot =
    Shot(id, role.twin(), overview, required, askPolicy.twin(), asks.toInt(), current)
