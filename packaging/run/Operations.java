import dev.paynowbridge.Authentication;
import dev.paynowbridge.AuthenticationPlatform;
import dev.paynowbridge.Customer;
import dev.paynowbridge.CustomerFields;
import dev.paynowbridge.CustomerQuery;
import dev.paynowbridge.CustomerToken;
import dev.paynowbridge.LookupKey;
import dev.paynowbridge.PayNowClient;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Every operation once, in a Java virtual machine of the target, against the sandbox. */
public final class Operations {
    private static int operations;

    private static <T> T answer(String operation, CompletableFuture<T> future) throws Exception {
        T answer = future.get(60, TimeUnit.SECONDS);
        operations++;
        System.out.println("ok " + operation);
        return answer;
    }

    private static void expect(String operation, Object expected, Object seen) {
        if (!expected.equals(seen)) throw new IllegalStateException(operation + ": " + seen + " in place of " + expected);
    }

    public static void main(String[] arguments) throws Exception {
        try (PayNowClient client = PayNowClient.builder(System.getenv("PAYNOW_STORE_ID"))
                .apiKeyEnv("PAYNOW_API_KEY").apiBase(System.getenv("PAYNOW_API_BASE")).build()) {
            expect("list", 7, answer("list_customers", client.listCustomers(CustomerQuery.all().limit(7))).size());

            String id = answer("create_customer", client.createCustomer(
                    CustomerFields.builder().name("Target").metadata(Map.of("rank", "k\u00f6nig")).build())).id();
            Customer made = answer("get_customer", client.getCustomer(id)).orElseThrow();
            expect("get", Map.of("rank", "k\u00f6nig"), made.metadata());
            Customer renamed = answer("update_customer",
                    client.updateCustomer(id, CustomerFields.builder().name("Renamed").build()));
            expect("update", Optional.of("Renamed"), renamed.name());

            Optional<Customer> notch =
                    answer("lookup_customer", client.lookupCustomer(LookupKey.minecraftJavaName("Notch")));
            expect("lookup", "421621336637440000", notch.orElseThrow().id());
            expect("lookup of a stranger", Optional.empty(),
                    client.lookupCustomer(LookupKey.minecraftJavaName("NoSuchPlayer")).get(60, TimeUnit.SECONDS));

            List<CustomerFields> several = List.of(CustomerFields.builder().steamId("76561198000000077").build(),
                    CustomerFields.builder().name("Second").build());
            expect("bulk", 2, answer("bulk_create_customers", client.bulkCreateCustomers(several)).size());

            answer("create_customer_token", client.createCustomerToken(id));
            answer("invalidate_customer_tokens", client.invalidateCustomerTokens(id));

            CustomerToken token = answer("authenticate_customer", client.authenticateCustomer(
                    new Authentication(AuthenticationPlatform.MINECRAFT_JAVA_NAME, "Notch", "203.0.113.7")));
            expect("current customer", "421621336637440000",
                    answer("get_current_customer", client.getCurrentCustomer(token)).id());
            expect("gift card", 2500L,
                    (long) answer("lookup_giftcard", client.lookupGiftcard(token, "GIFT-2500-ALEX")).orElseThrow().balance());
        }
        System.out.println(operations + " operations, " + System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    }
}
