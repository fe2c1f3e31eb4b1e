package dev.clearshot.api

import kotlin.metadata.KmClassifier
import kotlin.metadata.KmConstructor
import kotlin.metadata.KmFunction
import kotlin.metadata.KmProperty
import kotlin.metadata.KmType
import kotlin.metadata.KmTypeParameter
import kotlin.metadata.KmValueParameter
import kotlin.metadata.KmVariance
import kotlin.metadata.MemberKind
import kotlin.metadata.declaresDefaultValue
import kotlin.metadata.isConst
import kotlin.metadata.isNullable
import kotlin.metadata.isOperator
import kotlin.metadata.isSuspend
import kotlin.metadata.isVar
import kotlin.metadata.kind
import kotlin.metadata.visibility

/** Functions that every class has. */
private val UNIVERSAL = setOf("equals", "hashCode", "toString")

/** Written by somebody, and no `componentN` or `copy` of a data class. */
internal val KmFunction.isWritten: Boolean
    get() = (kind == MemberKind.DECLARATION || kind == MemberKind.DELEGATION) && name !in UNIVERSAL

internal val KmProperty.isWritten: Boolean
    get() = kind == MemberKind.DECLARATION || kind == MemberKind.DELEGATION

/** Declarations as Kotlin writes them, and the names of all classes that occur. */
internal class Render {
    val names = sortedSetOf<String>()

    /** Without its package: `a/b/C.D` is `C.D`. */
    fun name(full: String): String {
        names += full
        return full.substringAfterLast('/')
    }

    fun constructor(constructor: KmConstructor): String = "constructor" + values(constructor.valueParameters)

    fun property(property: KmProperty): String = buildString {
        if (property.isConst) append("const ")
        val setter = property.setter
        append(if (property.isVar && setter != null && setter.visibility.isShown) "var " else "val ")
        property.receiverParameterType?.let { append(type(it)).append('.') }
        append(property.name).append(": ").append(type(property.returnType))
    }

    fun function(function: KmFunction): String = buildString {
        if (function.isSuspend) append("suspend ")
        if (function.isOperator) append("operator ")
        append("fun ")
        if (function.typeParameters.isNotEmpty()) append(parameters(function.typeParameters)).append(' ')
        function.receiverParameterType?.let { append(type(it)).append('.') }
        append(function.name).append(values(function.valueParameters))
        val result = type(function.returnType)
        if (result != "Unit") append(": ").append(result)
    }

    fun values(values: List<KmValueParameter>): String = values.joinToString(", ", "(", ")") { value ->
        val element = value.varargElementType
        val text = if (element == null) "${value.name}: ${type(value.type)}" else "vararg ${value.name}: ${type(element)}"
        if (value.declaresDefaultValue) "$text = …" else text
    }

    fun parameters(parameters: List<KmTypeParameter>): String =
        if (parameters.isEmpty()) "" else parameters.joinToString(", ", "<", ">") { it.name }

    fun type(type: KmType): String {
        val arguments = type.arguments.map { argument ->
            val inner = argument.type?.let(::type) ?: "*"
            when (argument.variance) {
                KmVariance.IN -> "in $inner"
                KmVariance.OUT -> "out $inner"
                else -> inner
            }
        }
        val plain = when (val classifier = type.classifier) {
            is KmClassifier.Class -> ofClass(classifier.name, type, arguments)
            is KmClassifier.TypeAlias -> name(classifier.name)
            is KmClassifier.TypeParameter -> "T${classifier.id}"
        }
        return when {
            !type.isNullable -> plain
            "->" in plain -> "($plain)?"
            else -> "$plain?"
        }
    }

    private fun ofClass(full: String, type: KmType, arguments: List<String>): String {
        if (full.startsWith("kotlin/Function")) return ofFunction(type, arguments)
        val simple = name(full)
        return if (arguments.isEmpty()) simple else "$simple<${arguments.joinToString()}>"
    }

    /** The compiler writes `suspend (A) -> R` as a function of `A` and a continuation of `R`. */
    private fun ofFunction(type: KmType, arguments: List<String>): String {
        if (!type.isSuspend) return arguments.dropLast(1).joinToString(", ", "(", ")") + " -> " + arguments.last()
        val result = arguments[arguments.size - 2].removePrefix("Continuation<").removeSuffix(">")
        return "suspend " + arguments.dropLast(2).joinToString(", ", "(", ")") + " -> " + result
    }
}
