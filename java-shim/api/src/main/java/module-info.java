/** Talk to a PayNow store from a Java game server without ever making the game wait. */
module dev.paynowbridge {
    requires java.logging;

    exports dev.paynowbridge;
}
