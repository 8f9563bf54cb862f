/** Talk to a PayNow store from a Java game server without ever making the game wait. */
module dev.paynowbridge {
    requires java.logging;
    requires static transitive org.jspecify;

    exports dev.paynowbridge;
}
