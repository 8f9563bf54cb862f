package dev.paynowbridge.common;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** {@code /paynowbridge doctor}: one examination at a time. */
final class DoctorCommand implements Subcommand {
    private final Doctor doctor;
    private final Replies replies;
    private final AtomicBoolean busy = new AtomicBoolean();

    DoctorCommand(Doctor doctor, Replies replies) {
        this.doctor = doctor;
        this.replies = replies;
    }

    @Override
    public String name() {
        return "doctor";
    }

    @Override
    public String usage() {
        return "doctor";
    }

    @Override
    public boolean run(Sender sender, List<String> arguments) {
        if (!busy.compareAndSet(false, true)) {
            replies.say(sender, "doctor.busy");
            return true;
        }
        CompletableFuture<List<Line>> examination;
        try {
            replies.say(sender, "doctor.begins");
            examination = doctor.examine();
        } catch (RuntimeException | Error e) {
            busy.set(false);
            throw e;
        }
        examination.whenComplete((lines, failure) -> busy.set(false));
        replies.when(sender, examination, (receiver, lines) -> lines.forEach(line -> replies.say(receiver, line)));
        return true;
    }
}
