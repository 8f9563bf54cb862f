package dev.paynowbridge;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A gift card as a customer sees it. Amounts are in the store's smallest unit of currency. */
public final class GiftCard {
    private final String code;
    private final long balance;
    private final long startingBalance;
    private final @Nullable Moment expiresAt;

    GiftCard(Reader in) {
        code = in.text();
        balance = in.number();
        startingBalance = in.number();
        expiresAt = in.moment();
    }

    /**
     * The code. Who knows it can spend the card: keep it out of logs.
     *
     * @return the code
     */
    public String code() {
        return code;
    }

    /**
     * What is left.
     *
     * @return the amount
     */
    public long balance() {
        return balance;
    }

    /**
     * What was on it in the beginning.
     *
     * @return the amount
     */
    public long startingBalance() {
        return startingBalance;
    }

    /**
     * Until when it can be spent.
     *
     * @return the moment, to the millisecond, if it expires and that is a date
     */
    public Optional<Instant> expiresAt() {
        return Moment.instant(expiresAt);
    }

    /**
     * Until when it can be spent, as the server wrote it.
     *
     * @return the text, if it expires
     */
    public Optional<String> expiresAtText() {
        return Moment.text(expiresAt);
    }

    /** Leaves the code out. */
    @Override
    public String toString() {
        return "GiftCard[balance=" + balance + ", startingBalance=" + startingBalance + "]";
    }
}
