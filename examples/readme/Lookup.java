import dev.paynowbridge.LookupKey;
import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.PayNowException;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.TickExecutor;
import java.time.Duration;
import java.util.concurrent.Future;

public class Lookup {
    public static void main(String[] args) throws InterruptedException {
        try (PayNowClient client = PayNowClient.builder(System.getenv("PAYNOW_STORE_ID"))
                .apiKeyEnv("PAYNOW_API_KEY").apiBase(System.getenv("PAYNOW_API_BASE")).build()) {
            TickExecutor tick = new TickExecutor();
            PayNowOperations paynow = client.on(tick);  // its futures complete on the thread that drains `tick`
            Future<?> done = paynow.lookupCustomer(LookupKey.minecraftJavaName("Notch"))
                    .thenAccept(found -> System.out.println(found.map(customer -> "Notch is " + customer.id()).orElse("Notch is not a customer")))
                    .exceptionally(failure -> { System.out.println(PayNowException.unwrap(failure).getMessage()); return null; });
            for (; !done.isDone(); Thread.sleep(50)) tick.drain(Duration.ofMillis(1));  // the tick
        }
    }
}
