package dev.clearshot.support

import dev.clearshot.CaptureStore
import dev.clearshot.DeviceKeyStore
import dev.clearshot.KeepRequest
import dev.clearshot.NewItem
import dev.clearshot.SavedCapture
import dev.clearshot.Session
import dev.clearshot.StoreSetup
import java.io.File
import java.nio.file.Path
import kotlin.io.path.createDirectories
import kotlin.time.Clock

/** A service's key that belongs to nobody: for stores that never send. */
const val NOBODY: String = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

/** A return that no server knows. */
const val SOME_RETURN: String = "01935f5e-7a4c-7c3e-9b1a-0123456789ab"

/** A key store that turns every bit: what it wraps is not the key. */
object FlippingKeyStore : DeviceKeyStore {
    override fun wrap(key: ByteArray): ByteArray = flipped(key)

    override fun unwrap(wrapped: ByteArray): ByteArray = flipped(wrapped)

    private fun flipped(bytes: ByteArray) = ByteArray(bytes.size) { (bytes[it].toInt() xor 0xff).toByte() }
}

/** A real photo of the demo. */
fun demoPhoto(name: String): ByteArray = File(System.getProperty("clearshot.photos"), name).readBytes()

suspend fun openStore(
    folder: Path,
    recipient: String = NOBODY,
    keyStore: DeviceKeyStore = FlippingKeyStore,
    clock: Clock = Clock.System,
): CaptureStore = CaptureStore.open(StoreSetup(folder.createDirectories().toFile(), recipient), keyStore, clock = clock)

/** Keeps a photo in the first shot of a new session. */
suspend fun CaptureStore.take(name: String = "01-mug-overview.jpg", returnId: String = SOME_RETURN, sku: String = "MUG-1"): SavedCapture {
    val session: Session = sessionOfReturn(returnId) ?: openSession(returnId, listOf(NewItem(sku)))
    val shot = session.items.single().shots.first { it.current == null }
    return keep(assess(shot.id, demoPhoto(name)), KeepRequest(insist = true))
}
