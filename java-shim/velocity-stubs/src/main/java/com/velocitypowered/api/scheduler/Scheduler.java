package com.velocitypowered.api.scheduler;

public interface Scheduler {
    TaskBuilder buildTask(Object plugin, Runnable runnable);

    interface TaskBuilder {
        ScheduledTask schedule();
    }
}
