package trial

import dev.clearshot.*
import kotlinx.coroutines.runBlocking
import java.io.File

object Keys : DeviceKeyStore { // An Android app has its Keystore here.
    override fun wrap(key: ByteArray): ByteArray = key
    override fun unwrap(wrapped: ByteArray): ByteArray = wrapped
}

fun main(arguments: Array<String>): Unit = runBlocking {
    val (photo, folder, server, serviceKey, returnId) = arguments
    val token = arguments[5]

    CaptureStore.open(StoreSetup(File(folder), serviceKey), Keys).use { store ->
        val session = store.openSession(returnId, listOf(NewItem("MUG-1", "Mug", ReturnReason.DAMAGED)))
        val pending = store.assess(session.items[0].shots[0].id, File(photo).readBytes())
        println("${pending.verdict} ${pending.review.report.reasons.map { it.text }}")
        store.keep(pending, KeepRequest(insist = true)) // From here on it is safe.

        val report = UploadRunner(store, ServerSetup(server), { token }).use { it.sync() }
        println("${report.accepted} accepted")
    }
}
