package dev.clearshot

import dev.clearshot.generated.Words
import dev.clearshot.generated.describeAdvice
import dev.clearshot.generated.describeError
import dev.clearshot.generated.describeHint
import dev.clearshot.generated.describeReason
import java.util.concurrent.ConcurrentHashMap

/** Something with a word that never changes and a text in English, both written once, in Rust. */
public interface Coded {
    /** The word that never changes: for logs, the wire, and keys of translations. */
    public val code: String

    /** A few words or one sentence in English. An app in another language shows its own, by [code]. */
    public val text: String
}

/** What analysis says of a frame or a photo. */
public enum class Verdict {
    /** It can be used as evidence. */
    GOOD,

    /** The shopper is asked for another one; the reasons say why. */
    RETAKE,
    ;

    /** The word that never changes. */
    public val code: String get() = name.lowercase()
}

/** Why a photo should be taken again. Ordered by what the shopper should be told first. */
public enum class Reason : Coded {
    /** Something covers the lens. */
    LENS_BLOCKED,

    /** Too little light reached the sensor. */
    TOO_DARK,

    /** The product is not what the photo shows. */
    IRRELEVANT,

    /** The photo shows a person, not the product. */
    PERSON,

    /** The photo was taken from a screen. */
    SCREEN,

    /** The product leaves the frame. */
    CUT_OFF,

    /** The product fills too much of the frame. */
    TOO_CLOSE,

    /** The product fills too little of the frame. */
    TOO_FAR,

    /** The camera is held at an angle. */
    TILTED,

    /** Large parts of the photo are burnt out. */
    TOO_BRIGHT,

    /** The light comes from behind the product. */
    BACKLIT,

    /** A reflection hides part of the product. */
    GLARE,

    /** A defect could not be judged, out of focus or moved. */
    BLURRED,

    /** The shopper already took this photo. */
    DUPLICATE,
    ;

    override val code: String get() = words().code

    /** What to do about it, in English. */
    override val text: String get() = words().text

    private fun words(): Words = described(this) { describeReason(twin()) }
}

/** The one thing to tell the shopper now. Ordered by urgency. */
public enum class Hint : Coded {
    /** Something covers the lens. */
    LENS_BLOCKED,

    /** Too little light. */
    TOO_DARK,

    /** Nothing stands out. */
    NO_SUBJECT,

    /** Something else than an item is in view. */
    WRONG_SUBJECT,

    /** A display is in view. */
    SCREEN,

    /** The subject leaves the frame. */
    CUT_OFF,

    /** The subject fills too much of the frame, or lies closer than the lens can focus. */
    TOO_CLOSE,

    /** The subject fills too little of the frame. */
    TOO_FAR,

    /** The subject is far from the middle. */
    OFF_CENTRE,

    /** The camera is held at an angle. */
    TILTED,

    /** Large parts are burnt out. */
    TOO_BRIGHT,

    /** The light comes from behind the subject. */
    BACKLIT,

    /** A reflection hides part of the subject. */
    GLARE,

    /** The camera or the subject moves. */
    MOVING,

    /** Out of focus, or still looking for it. */
    FOCUSING,

    /** Not quite sharp. */
    SOFT,

    /** Nothing to say: take the photo. */
    GOOD,
    ;

    override val code: String get() = words().code

    /** What the shopper reads at arm's length, in English. */
    override val text: String get() = words().text

    private fun words(): Words = described(this) { describeHint(twin()) }
}

/** The kinds of failure. A later version may add some, and never changes the meaning of one. */
public enum class ErrorCode : Coded {
    /** Sizes and strides do not fit the frame's bytes. */
    INVALID_FRAME,

    /** The photo is of a kind that is not read, is too large or too small, or its pixels do not fit their description. */
    UNSUPPORTED_PHOTO,

    /** The photo's file is empty, cut short or damaged. */
    DAMAGED_PHOTO,

    /** An argument is not what the call takes: an id that is none, an empty SKU, a time before 1970. */
    INVALID_ARGUMENT,

    /** A configuration that is no JSON, has an unknown field or a value out of bounds. */
    INVALID_CONFIG,

    /** A model or a model update that cannot be used. */
    INVALID_MODEL,

    /** A model update that is not newer than the model in use. */
    MODEL_NOT_NEWER,

    /** What was given was made for later versions of the app. */
    APP_TOO_OLD,

    /** The object was closed before. */
    CLOSED,

    /** The store is paused: resume it first. */
    PAUSED,

    /** Somebody else is using it now: another process, or a synchronisation that still runs. */
    IN_USE,

    /** The disk is full. Nothing was saved, nothing was lost. */
    DISK_FULL,

    /** The limit of waiting photos is reached. Nothing was saved, nothing was evicted. */
    QUOTA,

    /** The folder cannot be read or written. */
    STORAGE,

    /** The database or a file was damaged. What can be read again is, when the store is opened again. */
    DAMAGED,

    /** No such session, item, shot or capture. */
    NOT_FOUND,

    /** The photo is not on this phone any more. */
    NO_PHOTO,

    /** The capture is in a state in which this cannot be done. */
    WRONG_STATE,

    /** Analysis would have another photo, and the shop wants the shopper to be asked first. */
    ASK_FIRST,

    /** The platform's key store failed. */
    KEY_STORE,

    /** Something was sealed with another key, or was altered. */
    SEALING,

    /** The app gave no token that can be used. */
    TOKEN,

    /** The server's address or a certificate to trust cannot be used. */
    INVALID_SERVER,

    /** The network or the server failed in a way that waiting may mend. */
    NETWORK,

    /** It was cancelled. Nothing is lost, the next call goes on. */
    CANCELLED,

    /** An object of the app that Clearshot called failed: a log, for instance. */
    FOREIGN,

    /** A bug of Clearshot: a panic, caught. */
    PANIC,

    /** A failure that should not be possible. */
    INTERNAL,
    ;

    override val code: String get() = words().code

    /** What it means, in English. */
    override val text: String get() = words().text

    private fun words(): Words = described(this) { describeError(twin()) }
}

/** What the shopper can do about a failure. */
public enum class Advice : Coded {
    /** The same again may work. */
    TRY_AGAIN,

    /** The photo was not kept, or cannot be. */
    TAKE_AGAIN,

    /** Another file is needed. */
    CHOOSE_ANOTHER,

    /** Analysis asks, the shopper decides. */
    RETAKE_OR_KEEP,

    /** Room is needed on the phone. */
    FREE_SPACE,

    /** What waits must be sent first. */
    SEND_WAITING,

    /** The network is needed. */
    CHECK_CONNECTION,

    /** The shop wants to know who it is. */
    SIGN_IN,

    /** The key of this phone is locked away. */
    UNLOCK_DEVICE,

    /** The app must be started anew. */
    RESTART_APP,

    /** The app is too old. */
    UPDATE_APP,

    /** The photo was sent and deleted here. */
    LOOK_AT_RETURN,

    /** Only the app's makers can mend it. */
    TELL_SHOP,

    /** There is nothing to do. */
    NOTHING,
    ;

    override val code: String get() = words().code

    /** The sentence that the shopper reads, in English. */
    override val text: String get() = words().text

    private fun words(): Words = described(this) { describeAdvice(twin()) }
}

/** Words that Rust was asked for: each once. */
private val known = ConcurrentHashMap<Enum<*>, Words>()

private fun described(word: Enum<*>, ask: () -> Words): Words = known.getOrPut(word) { bordered(ask) }
