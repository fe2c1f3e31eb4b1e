package dev.clearshot.support

import kotlin.time.Clock
import kotlin.time.Instant

/** A clock that stands still until it is set: waiting takes no time. */
class SettableClock(@Volatile var now: Instant = Clock.System.now()) : Clock {
    override fun now(): Instant = now
}
