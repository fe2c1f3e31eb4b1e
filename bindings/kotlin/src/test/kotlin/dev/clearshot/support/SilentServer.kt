package dev.clearshot.support

import java.net.InetAddress
import java.net.ServerSocket
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread

/** Takes connections and never answers. Whoever waits for [asked] knows that a request is under way. */
class SilentServer : AutoCloseable {
    private val socket = ServerSocket(0, 8, InetAddress.getLoopbackAddress())
    private val asking = CountDownLatch(1)

    val url: String = "http://127.0.0.1:${socket.localPort}"

    init {
        thread(isDaemon = true) {
            val connections = generateSequence { runCatching { socket.accept() }.getOrNull() }
            connections.forEach { connection ->
                thread(isDaemon = true) {
                    // The first bytes of the request are here; then whatever comes, until the other side leaves.
                    runCatching {
                        connection.getInputStream().read()
                        asking.countDown()
                        connection.getInputStream().transferTo(java.io.OutputStream.nullOutputStream())
                    }
                }
            }
        }
    }

    /** Waits until a request is under way. */
    fun asked() {
        asking.await()
    }

    override fun close() {
        socket.close()
    }
}
