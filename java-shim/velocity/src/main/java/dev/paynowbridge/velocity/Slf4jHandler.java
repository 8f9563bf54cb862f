package dev.paynowbridge.velocity;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;
import org.slf4j.Logger;

/** Hands lines on to the log that the proxy gave this plugin. */
final class Slf4jHandler extends Handler {
    private final Logger log;
    private final SimpleFormatter formatter = new SimpleFormatter();

    private Slf4jHandler(Logger log) {
        this.log = log;
    }

    static java.util.logging.Logger loggerInto(Logger log) {
        java.util.logging.Logger logger = java.util.logging.Logger.getAnonymousLogger();
        logger.setUseParentHandlers(false);
        // What is too fine is for the proxy's own settings to decide.
        logger.setLevel(Level.ALL);
        logger.addHandler(new Slf4jHandler(log));
        return logger;
    }

    @Override
    public void publish(LogRecord entry) {
        int level = entry.getLevel().intValue();
        String line = formatter.formatMessage(entry);
        if (level >= Level.SEVERE.intValue()) {
            log.error(line, entry.getThrown());
        } else if (level >= Level.WARNING.intValue()) {
            log.warn(line, entry.getThrown());
        } else if (level >= Level.INFO.intValue()) {
            log.info(line, entry.getThrown());
        } else {
            log.debug(line, entry.getThrown());
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
