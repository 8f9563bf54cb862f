package com.velocitypowered.api.event;

public interface ResultedEvent<R extends ResultedEvent.Result> {
    R getResult();

    interface Result {
        boolean isAllowed();
    }

    final class ComponentResult implements Result {
        private final boolean allowed;

        private ComponentResult(boolean allowed) {
            this.allowed = allowed;
        }

        public static ComponentResult allowed() {
            return new ComponentResult(true);
        }

        public static ComponentResult denied(net.kyori.adventure.text.Component reason) {
            return new ComponentResult(false);
        }

        @Override
        public boolean isAllowed() {
            return allowed;
        }
    }
}
