package dev.clearshot.support

import com.google.gson.JsonArray
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Path

/** A real `clearshot serve` on a free port, with its data in [data]. Killed when closed. */
class Server(private val data: Path) : AutoCloseable {
    private val process: Process =
        ProcessBuilder(program, "serve", "--json", "--listen", "127.0.0.1:0", "--data", data.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start()

    private val started: JsonObject = run {
        val line = process.inputStream.bufferedReader().readLine() ?: error("clearshot serve did not start")
        JsonParser.parseString(line).asJsonObject
    }

    /** Where it listens. */
    val url: String = "http://" + started["listen"].asString

    /** The service's public key. */
    val recipient: String = started["recipient"].asString

    /** A token of this server. */
    fun token(role: String): String {
        val mint = ProcessBuilder(program, "token", "--data", data.toString(), "--role", role, "--subject", "tester").start()
        return mint.inputStream.bufferedReader().readText().trim()
    }

    /** Opens a return with these SKUs; its id. */
    fun openReturn(vararg skus: String): String {
        val items = JsonArray()
        skus.forEach { sku ->
            items.add(
                JsonObject().apply {
                    addProperty("sku", sku)
                    addProperty("title", sku)
                    addProperty("reason", "damaged")
                    addProperty("wanted", "refund")
                },
            )
        }
        val body = JsonObject().apply {
            addProperty("order", "ORDER-7731-Q")
            add("items", items)
        }
        val request = HttpRequest.newBuilder(URI("$url/v1/returns"))
            .header("Authorization", "Bearer " + token("shopper"))
            .header("Idempotency-Key", "return of " + skus.joinToString(" "))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.toString()))
        return ask(request)["id"].asString
    }

    /** All evidence of a return, as an agent sees it. */
    fun evidence(returnId: String): List<JsonObject> {
        val request = HttpRequest.newBuilder(URI("$url/v1/returns/$returnId"))
            .header("Authorization", "Bearer " + token("agent"))
            .header("Accept", "application/json")
        return ask(request)["items"].asJsonArray
            .flatMap { it.asJsonObject["evidence"].asJsonArray }
            .map { it.asJsonObject }
    }

    override fun close() {
        process.destroyForcibly().waitFor()
    }

    private fun ask(request: HttpRequest.Builder): JsonObject {
        val answer = HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString())
        check(answer.statusCode() in 200..299) { "${answer.statusCode()}: ${answer.body()}" }
        return JsonParser.parseString(answer.body()).asJsonObject
    }

    companion object {
        private val program: String = System.getProperty("clearshot.program")
    }
}
