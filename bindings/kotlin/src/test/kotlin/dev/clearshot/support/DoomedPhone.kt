package dev.clearshot.support

import dev.clearshot.KeepRequest
import dev.clearshot.NewItem
import dev.clearshot.ShotRole
import kotlinx.coroutines.runBlocking
import java.nio.file.Path

/** Keeps photo after photo, and says the id of each that is saved, until somebody kills it. */
fun main(arguments: Array<String>): Unit = runBlocking {
    val (folder, recipient, returnId, sku) = arguments
    val store = openStore(Path.of(folder), recipient)
    val session = store.openSession(returnId, listOf(NewItem(sku)))
    val names = listOf("01-mug-overview.jpg", "03-mug-chip.jpg", "05-mug-crack.jpg", "07-frame-overview.jpg")
    generateSequence(0) { it + 1 }.forEach { at ->
        val shot = store.addShot(session.id, session.items.single().id, ShotRole.DEFECT)
        val saved = store.keep(store.assess(shot, demoPhoto(names[at % names.size])), KeepRequest(insist = true))
        println(saved.id)
    }
}
