/**
 * Lists the public API of compiled Kotlin classes as Markdown, in Kotlin's own words: read from the metadata that the compiler
 * writes into every class, so that what an app team can call is what stands there.
 *
 * Arguments: the folder of classes, and the file to write.
 */
package dev.clearshot.api

import java.io.File
import java.net.URLClassLoader
import kotlin.metadata.ClassKind
import kotlin.metadata.KmClass
import kotlin.metadata.KmPackage
import kotlin.metadata.Modality
import kotlin.metadata.Visibility
import kotlin.metadata.isData
import kotlin.metadata.isFunInterface
import kotlin.metadata.isSecondary
import kotlin.metadata.isValue
import kotlin.metadata.jvm.KotlinClassMetadata
import kotlin.metadata.kind
import kotlin.metadata.modality
import kotlin.metadata.visibility
import kotlin.system.exitProcess

/** What is public is in this package; below it lies what is generated. */
private const val PACKAGE = "dev/clearshot/"

/** Names of what the generator writes and of what it stands on. An app team must meet none of them. */
private val GENERATED = listOf("dev/clearshot/generated/", "uniffi/", "com/sun/jna/")

fun main(arguments: Array<String>) {
    val (classes, output) = arguments.map(::File)
    val listing = Listing()
    classFiles(classes).forEach { listing.add(it) }
    val text = listing.text()
    val shown = listing.names.filter { name -> GENERATED.any(name::startsWith) }
    if (shown.isNotEmpty()) {
        System.err.println("the public Kotlin API shows what is generated: ${shown.joinToString()}")
        exitProcess(1)
    }
    output.absoluteFile.parentFile.mkdirs()
    output.writeText(text)
}

/** The metadata of every class in the package itself. */
private fun classFiles(folder: File): List<KotlinClassMetadata> {
    // Maven runs this with a loader of its own; that of the metadata library knows Kotlin's classes, too.
    val loader = URLClassLoader(arrayOf(folder.toURI().toURL()), KotlinClassMetadata::class.java.classLoader)
    return File(folder, PACKAGE).listFiles { file -> file.extension == "class" }.orEmpty().sorted().mapNotNull { file ->
        val type = Class.forName(PACKAGE.replace('/', '.') + file.nameWithoutExtension, false, loader)
        type.getAnnotation(Metadata::class.java)?.let(KotlinClassMetadata::readStrict)
    }
}

private class Listing {
    private val types = sortedMapOf<String, KmClass>()
    private val topLevel = sortedSetOf<String>()
    private val render = Render()

    /** All classes that declarations name, with their packages. Complete once [text] was called. */
    val names: Set<String> get() = render.names

    fun add(metadata: KotlinClassMetadata) {
        when (metadata) {
            is KotlinClassMetadata.Class -> types[metadata.kmClass.name] = metadata.kmClass
            is KotlinClassMetadata.FileFacade -> add(metadata.kmPackage)
            is KotlinClassMetadata.MultiFileClassPart -> add(metadata.kmPackage)
            else -> Unit // classes of lambdas, and facades whose parts are listed
        }
    }

    private fun add(file: KmPackage) {
        topLevel += file.properties.filter { it.visibility.isShown }.map(render::property)
        topLevel += file.functions.filter { it.visibility.isShown && it.isWritten }.map(render::function)
    }

    fun text(): String = buildString {
        appendLine("# The Kotlin API")
        appendLine()
        appendLine("Package `dev.clearshot`, as compiled. Made by `cargo xtask api`; CI checks that it is current. `…` is a default value.")
        val shown = types.filterKeys { isShown(it) }
        for ((name, type) in shown) {
            appendLine()
            appendLine("## ${render.name(name)}")
            block(declaration(type))
        }
        if (topLevel.isNotEmpty()) {
            appendLine()
            appendLine("## Outside of classes")
            block(topLevel.joinToString("\n"))
        }
    }

    private fun StringBuilder.block(code: String) {
        appendLine("```kotlin").appendLine(code).appendLine("```")
    }

    /** A nested class is as public as the classes around it. */
    private fun isShown(name: String): Boolean {
        val type = types[name] ?: return true
        val outer = name.substringBeforeLast('.', "")
        return type.visibility.isShown && (outer.isEmpty() || isShown(outer))
    }

    private fun declaration(type: KmClass): String {
        val members = buildList {
            if (type.kind != ClassKind.ANNOTATION_CLASS) {
                addAll(type.constructors.filter { it.isSecondary && it.visibility.isShown }.map(render::constructor))
            }
            if (type.kmEnumEntries.isNotEmpty()) add(type.kmEnumEntries.joinToString { it.name })
            addAll(type.properties.filter { it.visibility.isShown && it.isWritten }.map(render::property).sorted())
            addAll(type.functions.filter { it.visibility.isShown && it.isWritten }.map(render::function).sorted())
        }
        val head = head(type)
        return if (members.isEmpty()) head else members.joinToString("\n", "$head {\n", "\n}") { "    $it" }
    }

    private fun head(type: KmClass): String = buildString {
        if (type.kind == ClassKind.CLASS && type.modality != Modality.FINAL) append(type.modality.name.lowercase()).append(' ')
        if (type.kind == ClassKind.INTERFACE && type.modality == Modality.SEALED) append("sealed ")
        if (type.isData) append("data ")
        if (type.isValue) append("value ")
        if (type.isFunInterface) append("fun ")
        append(type.kind.name.lowercase().replace('_', ' ')).append(' ')
        append(render.name(type.name)).append(render.parameters(type.typeParameters))
        val primary = type.constructors.firstOrNull { !it.isSecondary && it.visibility.isShown }
        val hasConstructor = type.kind == ClassKind.CLASS && primary != null
        if (hasConstructor && primary != null) append(render.values(primary.valueParameters))
        val supertypes = type.supertypes.map(render::type).filterNot { it == "Any" || it.startsWith("Enum<") }
        if (supertypes.isNotEmpty()) append(" : ").append(supertypes.joinToString())
    }
}

internal val Visibility.isShown: Boolean get() = this == Visibility.PUBLIC || this == Visibility.PROTECTED
