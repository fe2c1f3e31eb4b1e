package dev.clearshot

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.readLines
import kotlin.io.path.walk

class PublicApiTest {
    /** What is `internal` cannot stand in a public declaration of ours: the compiler sees to it. */
    @Test
    fun `no generated declaration is public`() {
        val sources = Path.of(System.getProperty("clearshot.generated")).walk().filter { it.extension == "kt" }.toList()
        val declarations = sources.flatMap { it.readLines() }.filter { TOP_LEVEL.containsMatchIn(it) }
        assertTrue(declarations.any { "class FrameLook" in it }, "the generated sources were not found")
        assertEquals(emptyList<String>(), declarations.filterNot { HIDDEN.containsMatchIn(it) })
    }

    private companion object {
        /** Declarations begin at the start of a line. */
        val TOP_LEVEL = Regex("""^(?!package|import)[a-z][a-z ]*\b(class|interface|object|fun|val|var|typealias) """)
        val HIDDEN = Regex("^(internal|private) ")
    }
}
