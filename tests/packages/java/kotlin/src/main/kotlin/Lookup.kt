import dev.paynowbridge.LookupKey
import dev.paynowbridge.PayNowClient
import dev.paynowbridge.PayNowException
import dev.paynowbridge.TickExecutor
import java.time.Duration

fun main() {
    PayNowClient.builder(System.getenv("PAYNOW_STORE_ID"))
        .apiKeyEnv("PAYNOW_API_KEY").apiBase(System.getenv("PAYNOW_API_BASE")).build().use { client ->
            val tick = TickExecutor()
            val done = client.on(tick).lookupCustomer(LookupKey.minecraftJavaName("Notch"))
                .thenAccept { found -> println(found.map { "Notch is ${it.id()}" }.orElse("Notch is not a customer")) }
                .exceptionally { failure -> println(PayNowException.unwrap(failure).message); null }
            while (!done.isDone) {
                tick.drain(Duration.ofMillis(1)) // the tick
                Thread.sleep(50)
            }
        }
}
