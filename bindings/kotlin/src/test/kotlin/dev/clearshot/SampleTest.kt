package dev.clearshot

import dev.clearshot.support.Server
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import java.nio.file.Path
import dev.clearshot.samples.main as phone
import trial.main as trial

/** What the README shows is what is in `samples/`, and it runs. */
class SampleTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `the README's first lines take a photo from a file to the server`() {
        val returnId = server.openReturn("MUG-1")
        val said = saidBy {
            trial(arrayOf(photo("01-mug-overview.jpg").path, "$folder/queue", server.url, server.recipient, returnId, server.token("shopper")))
        }
        assertEquals(listOf("GOOD []", "1 accepted"), said)
        assertEquals("accepted", server.evidence(returnId).single()["status"].asString)
    }

    @Test
    fun `the phone guides, keeps and sends every photo of a folder`() {
        val returnId = server.openReturn("MUG-1", "MUG-2")
        val photos = folder.resolve("photos").toFile()
        NAMES.forEach { photo(it).copyTo(photos.resolve(it)) }
        val said = saidBy {
            phone(arrayOf(photos.path, "$folder/queue", server.url, server.recipient, returnId, server.token("shopper")))
        }
        NAMES.forEach { name -> assertTrue(said.any { it.startsWith("$name: ") }, said.toString()) }
        assertTrue("  " + Reason.BLURRED.text in said, said.toString())
        assertEquals("${NAMES.size} accepted", said.last())
        assertEquals(NAMES.size, server.evidence(returnId).count { it["status"].asString == "accepted" })
    }

    @Test
    fun `the README shows the samples word by word, and the first one is short`() {
        val readme = File(PACKAGE, "README.md").readText()
        listOf("Trial.kt", "Phone.kt").forEach { name ->
            assertTrue("```kotlin\n" + File(PACKAGE, "samples/$name").readText() + "```" in readme, "$name is not in README.md as it is")
        }
        assertTrue(File(PACKAGE, "samples/Trial.kt").readLines().count { it.isNotBlank() } < 30)
    }

    /** The lines that a program prints. */
    private fun saidBy(program: () -> Unit): List<String> {
        val console = System.out
        val said = ByteArrayOutputStream()
        System.setOut(PrintStream(said, true))
        try {
            program()
        } finally {
            System.setOut(console)
        }
        return said.toString().trim().lines()
    }

    private fun photo(name: String) = File(System.getProperty("clearshot.photos"), name)

    companion object {
        private val PACKAGE = System.getProperty("clearshot.package")
        private val NAMES = listOf("02-mug-chip-motion.jpg", "03-mug-chip.jpg", "05-mug-crack.jpg")

        private lateinit var server: Server

        @BeforeAll
        @JvmStatic
        fun startServer(@TempDir data: Path) {
            server = Server(data)
        }

        @AfterAll
        @JvmStatic
        fun stopServer() {
            server.close()
        }
    }
}
