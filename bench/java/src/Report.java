import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs each measurement in a JVM of its own and prints the figures as Markdown, with the goals beside them. Linux. */
final class Report {
    private static final String BRIDGE = "bridge";
    private static final int[] OUTSTANDING = {8, 64};
    private static final int[] LATENCIES_MS = {0, 20};
    /** Runs of what varies, of which the medians count. */
    private static final int REPEATS = 3;

    private final Path out;
    private final Path library;
    private final Map<String, Path> jdks = new LinkedHashMap<>();
    private final boolean quick;
    /** The one scene that is played; empty: all. */
    private final String only;
    private final PrintWriter raw;
    private final List<Runner> runners = new ArrayList<>();
    private final List<Goal> goals = new ArrayList<>();
    /** Seconds of processor time that what was measured, and its servers, have used. */
    private double processes;

    /** Who is measured, on which JDK. */
    private record Runner(String peer, String jdk) {
        boolean isBridge() {
            return peer.equals(BRIDGE);
        }

        String label() {
            return switch (peer) {
                case BRIDGE -> "**paynow-bridge**, JDK " + jdk;
                case "jdk" -> "`HttpClient.sendAsync`, JDK " + jdk;
                case "okhttp" -> "OkHttp `enqueue`, JDK " + jdk;
                default -> "new Apache client each, JDK " + jdk;
            };
        }
    }

    /** On two lines, below a bar. */
    private static String shortLabel(Runner runner) {
        return switch (runner.peer()) {
            case BRIDGE -> "paynow-bridge";
            case "jdk" -> "HttpClient";
            case "okhttp" -> "OkHttp";
            default -> "new Apache client";
        } + "\\nJDK " + runner.jdk();
    }

    /** One thing that is measured. */
    private interface Scene {
        void play() throws IOException, InterruptedException;
    }

    private record Goal(String what, String figure, String where, boolean met) {}

    private record Case(int latencyMs, int outstanding) {
        String label() {
            return outstanding + " outstanding, " + latencyMs + " ms";
        }
    }

    private Report(Path out, Path library, boolean quick, String only, List<String> homes) throws IOException {
        this.out = out;
        this.library = library;
        this.quick = quick;
        this.only = only;
        raw = new PrintWriter(Files.newBufferedWriter(out.resolve("results.txt")), true);
        for (String home : homes) {
            Path jdk = Path.of(home);
            jdks.put(feature(jdk), jdk);
        }
        String first = jdks.keySet().iterator().next();
        jdks.keySet().forEach(jdk -> runners.add(new Runner(BRIDGE, jdk)));
        jdks.keySet().forEach(jdk -> runners.add(new Runner("jdk", jdk)));
        runners.add(new Runner("okhttp", first));
        runners.add(new Runner("apache", first));
    }

    /** {@code OUT-FOLDER LIBRARY QUICK(0|1) SCENE-OR-EMPTY JAVA-HOME…} */
    public static void main(String[] arguments) throws Exception {
        List<String> homes = Arrays.asList(arguments).subList(4, arguments.length);
        new Report(Path.of(arguments[0]), Path.of(arguments[1]), arguments[2].equals("1"), arguments[3], homes).run();
    }

    private void run() throws Exception {
        long from = System.nanoTime();
        double busy = machineSeconds();
        facts();
        Map<String, Scene> scenes = new LinkedHashMap<>();
        scenes.put("submit", this::submits);
        scenes.put("complete", this::completions);
        scenes.put("calls", this::calls);
        scenes.put("peek", this::peeks);
        scenes.put("scoreboard", this::scoreboards);
        scenes.put("wire", this::wire);
        scenes.put("load", this::loads);
        for (Map.Entry<String, Scene> scene : scenes.entrySet()) {
            if (only.isEmpty() || scene.getKey().equals(only)) {
                scene.getValue().play();
            }
        }
        printGoals();
        double took = (System.nanoTime() - from) / 1e9;
        double others = machineSeconds() - busy - processes - ProcessHandle.current().info().totalCpuDuration().map(Report::seconds).orElse(0.0);
        System.out.println("\nTook " + number(took, 0) + " s; other programs used "
                + number(100 * Math.max(0, others) / took / Runtime.getRuntime().availableProcessors(), 0) + " % of the machine meanwhile.");
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    /** Seconds of processor time that all programs together have used; the kernel counts in hundredths. */
    private static double machineSeconds() throws IOException {
        String[] words = Files.readAllLines(Path.of("/proc/stat")).get(0).trim().split(" +");
        double ticks = 0;
        for (int i = 1; i <= 8; i++) {
            // 4 and 5 are idle time.
            ticks += i == 4 || i == 5 ? 0 : Double.parseDouble(words[i]);
        }
        return ticks / 100;
    }

    // ---- processes ----

    private static String release(Path jdk, String field) throws IOException {
        for (String line : Files.readAllLines(jdk.resolve("release"))) {
            if (line.startsWith(field + "=")) {
                return line.substring(field.length() + 1).replace("\"", "");
            }
        }
        return "unknown";
    }

    private static String feature(Path jdk) throws IOException {
        return release(jdk, "JAVA_VERSION").replaceAll("\\..*", "");
    }

    private final class Server implements AutoCloseable {
        private final Process process;
        final String base;

        Server(String... options) throws IOException {
            List<String> command = new ArrayList<>(List.of(out.resolve("server").toString()));
            command.addAll(List.of(options));
            process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            String port = new BufferedReader(new InputStreamReader(process.getInputStream())).readLine();
            if (port == null) {
                throw new IOException("the server does not start");
            }
            base = "http://127.0.0.1:" + port;
        }

        /** Seconds of processor time it has used. */
        double cpu() {
            return process.info().totalCpuDuration().map(Report::seconds).orElse(0.0);
        }

        @Override
        public void close() {
            processes += cpu();
            process.destroy();
        }
    }

    private Map<String, Double> measure(Runner runner, String what, Object... arguments) throws IOException, InterruptedException {
        String label = what + ", " + runner.peer() + " on " + runner.jdk();
        System.err.println("bench: " + label);
        List<String> command = new ArrayList<>();
        command.add(jdks.get(runner.jdk()).resolve("bin/java").toString());
        if (Integer.parseInt(runner.jdk()) >= 24) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(
                "-Xmx256m", "-Dpaynowbridge.library.path=" + library, "-cp", out.resolve("classes") + ":" + out.resolve("peers") + "/*", "Measure"));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        Process process = new ProcessBuilder(command).redirectError(out.resolve("errors.txt").toFile()).start();
        Map<String, Double> numbers = new LinkedHashMap<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split(" ");
                numbers.put(words[0], Double.parseDouble(words[1]));
                raw.println(label + ": " + line);
            }
        }
        if (process.waitFor() != 0) {
            throw new IOException(label + " failed: " + Files.readString(out.resolve("errors.txt")));
        }
        processes += numbers.get("process_cpu");
        return numbers;
    }

    // ---- words ----

    private static String number(double value, int digits) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%,." + digits + "f", value) : "–";
    }

    private static String duration(double ns) {
        if (ns < 1e3) {
            return number(ns, 0) + " ns";
        }
        if (ns < 1e6) {
            return number(ns / 1e3, ns < 1e5 ? 1 : 0) + " µs";
        }
        return number(ns / 1e6, ns < 1e8 ? 1 : 0) + " ms";
    }

    private static void row(Object... cells) {
        StringBuilder line = new StringBuilder("|");
        for (Object cell : cells) {
            line.append(' ').append(cell).append(" |");
        }
        System.out.println(line);
    }

    private static void head(String... cells) {
        System.out.println();
        row((Object[]) cells);
        System.out.println("|---" + "|---:".repeat(cells.length - 1) + "|");
    }

    private void atMost(String what, double ns, double limit, String where) {
        goals.add(new Goal(what, duration(ns), where, ns <= limit));
    }

    private void atLeast(String what, double ratio, double limit, String where) {
        goals.add(new Goal(what, number(ratio, ratio < 10 ? 2 : 0) + "×", where, ratio >= limit));
    }

    private void facts() throws IOException {
        String model = "unknown processor";
        for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
            if (line.startsWith("model name")) {
                model = line.substring(line.indexOf(':') + 2);
                break;
            }
        }
        System.out.println("## Java\n");
        System.out.println("- Machine: " + Runtime.getRuntime().availableProcessors() + " cores (" + model + "), Linux "
                + System.getProperty("os.version") + "; the server runs on the same cores");
        for (Path jdk : jdks.values()) {
            System.out.println("- JDK " + release(jdk, "JAVA_VERSION") + " (" + release(jdk, "IMPLEMENTOR") + "), `-Xmx256m`, otherwise as it comes");
        }
        System.out.println("- Peers: `java.net.http.HttpClient` (HTTP/1.1), OkHttp 4.12.0 (64 requests at once to one host: five by default), a new\n"
                + "  Apache HttpClient 4.5.14 per request on a cached thread pool; each parses the answer (682 bytes of JSON) with Gson 2.11.0");
        System.out.println("- The server is one C thread with one answer for all; every measurement has a JVM of its own");
        if (quick) {
            System.out.println("- **A quick run: it shows that everything runs, its figures mean little.**");
        }
    }

    // ---- submit ----

    private void submits() throws IOException, InterruptedException {
        double seconds = quick ? 1 : 10;
        Map<String, Map<Runner, Map<String, Double>>> found = new LinkedHashMap<>();
        for (String condition : List.of("healthy", "hung")) {
            Map<Runner, List<Map<String, Double>>> runs = new LinkedHashMap<>();
            for (int i = 0; i < (quick ? 1 : REPEATS); i++) {
                for (Runner runner : runners) {
                    try (Server warm = new Server(); Server server = condition.equals("hung") ? new Server("--hang") : new Server()) {
                        add(runs, runner, measure(runner, "submit, " + condition + " server", "submit", runner.peer(), server.base, warm.base,
                                seconds, condition.equals("hung") ? 2_000 : 10_000));
                    }
                }
            }
            found.put(condition, medians(runs));
        }
        writePlot(found);
        System.out.println("""

                ### What a request costs the calling thread

                ![What starting a request costs the calling thread in Java, from the median to the p99.9, with a healthy and a hung server](bench/plots/cost-java.svg)

                20 ticks a second, 20 look-ups in each, after thousands for warming up; medians of 3 interleaved runs. The clock runs over `lookupCustomer(uuid).whenComplete(…)`
                (bridge, futures on a `TickExecutor`), `sendAsync(…).thenApply(parse).whenComplete(…)`, `enqueue(…)`, or handing the task to the pool;
                the columns with building it include making the request object. Nothing is subtracted; two readings of the clock cost what the last column says.
                Hung: a server that accepts and never answers, with a deadline of 2 s. OkHttp sends nothing more then: 64 calls hang, and what is
                enqueued behind them waits without a deadline, see how many have ended.""");
        head("server", "", "requests", "p50", "p99", "p99.9", "max", "with building it: p50", "p99.9", "first of a tick: p50", "p99", "ended by then", "threads", "RSS MB", "clock p50");
        found.forEach((condition, results) -> results.forEach((runner, run) -> row(
                condition, runner.label(), number(run.get("all.n"), 0), duration(run.get("all.p50")), duration(run.get("all.p99")),
                duration(run.get("all.p999")), duration(run.get("all.max")), duration(run.get("whole.p50")), duration(run.get("whole.p999")),
                duration(run.get("first.p50")), duration(run.get("first.p99")),
                number(run.get("ended"), 0), number(run.get("threads"), 0), number(run.get("rss_kib") * 1024 / 1e6, 0), duration(run.get("clock.p50")))));
        found.forEach((condition, results) -> {
            for (Runner runner : runners) {
                if (runner.isBridge()) {
                    String where = condition + " server, JDK " + runner.jdk();
                    atMost("submit p50 <= 300 ns", results.get(runner).get("all.p50"), 300, where);
                    atMost("submit p99.9 <= 30 µs", results.get(runner).get("all.p999"), 30_000, where);
                }
            }
        });
        Map<Runner, Map<String, Double>> healthy = found.get("healthy");
        for (Runner runner : runners) {
            if (!runner.isBridge() && !runner.peer().equals("apache")) {
                Map<String, Double> own = healthy.get(new Runner(BRIDGE, runner.jdk()));
                Map<String, Double> other = healthy.get(runner);
                atLeast("calling thread, p50: >= 20× less", other.get("all.p50") / own.get("all.p50"), 20, "healthy server, " + runner.label());
                atLeast("calling thread, p99.9: >= 50× less", other.get("all.p999") / own.get("all.p999"), 50, "healthy server, " + runner.label());
            }
        }
    }

    /** For gnuplot: whose, then the median and the p99.9 with each server, in ns. */
    private void writePlot(Map<String, Map<Runner, Map<String, Double>>> found) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Runner runner : runners) {
            lines.append('"').append(shortLabel(runner)).append('"');
            found.values().forEach(results -> lines.append(' ').append(results.get(runner).get("all.p50"))
                    .append(' ').append(results.get(runner).get("all.p999")));
            lines.append('\n');
        }
        Files.writeString(out.resolve("cost.dat"), lines);
    }

    // ---- completion ----

    private void completions() throws IOException, InterruptedException {
        System.out.println("""

                ### What an answer costs the thread that ticks

                A hundred answers lie ready in the `TickExecutor`; one drain runs them all, 50 ms after the last, and each callback reads the customer.
                Time / 100.""");
        head("", "drains", "p50", "p99", "max");
        try (Server server = new Server()) {
            for (Runner runner : bridges()) {
                Map<String, Double> run = measure(runner, "complete", "complete", server.base, quick ? 20 : 100, quick ? 100 : 600);
                row(runner.label(), number(run.get("complete.n"), 0), duration(run.get("complete.p50")), duration(run.get("complete.p99")),
                        duration(run.get("complete.max")));
                atMost("completion on the tick <= 0.5 µs each, 100 in one tick (p50)", run.get("complete.p50"), 500, "JDK " + runner.jdk());
            }
        }
    }

    // ---- ways of asking ----

    private void calls() throws IOException, InterruptedException {
        System.out.println("""

                ### What looking a player up costs beside a UUID

                20 ticks a second with 20 look-ups of each kind, one kind after the other. `lookupPlayer` makes its `Player` of a UUID and a name, on the
                clock. Medians of 3 interleaved runs.""");
        head("", "look-ups of each", "`lookupCustomer(uuid)`: p50", "p99.9", "`lookupPlayer`: p50", "p99.9", "of `lookupCustomer`");
        runBridges("calls", "calls", quick ? 1 : 10).forEach((runner, run) -> {
            double uuid = run.get("lookup_uuid.p50");
            double player = run.get("lookup_player.p50");
            row(runner.label(), number(run.get("lookup_uuid.n"), 0), duration(uuid), duration(run.get("lookup_uuid.p999")), duration(player),
                    duration(run.get("lookup_player.p999")), number(player / uuid, 2) + "×");
            goals.add(new Goal("`lookupPlayer` within 1.3× of `lookupCustomer(uuid)` (p50)", number(player / uuid, 2) + "×", "JDK " + runner.jdk(),
                    player <= 1.3 * uuid));
        });
    }

    private void peeks() throws IOException, InterruptedException {
        System.out.println("""

                ### What peeking costs the thread that ticks

                200 customers are remembered; `peek(uuid)` looks at one after the other. Their answers have not changed since they were peeked at
                last. Medians of 3 interleaved runs.""");
        head("", "peeks", "p50", "p99", "p99.9", "max");
        runBridges("peek", "peek", quick ? 20 : 100, quick ? 200 : 1_000).forEach((runner, run) -> {
            row(runner.label(), number(run.get("peek.n"), 0), duration(run.get("peek.p50")), duration(run.get("peek.p99")),
                    duration(run.get("peek.p999")), duration(run.get("peek.max")));
            atMost("`peek` <= 0.6 µs (p50)", run.get("peek.p50"), 600, "JDK " + runner.jdk());
        });
    }

    private void scoreboards() throws IOException, InterruptedException {
        System.out.println("""

                ### What a scoreboard costs the thread that ticks

                The plugin's placeholders: 500 players who are known look at 20 lines each, 20 times a second. Each line is asked for by itself, as
                PlaceholderAPI does; what PlaceholderAPI needs for it comes on top. Processor time and memory are the mean of a tick. Medians of 3
                interleaved runs.""");
        head("", "ticks", "lines in each", "a tick: p50", "p99", "max", "processor time", "allocated");
        runBridges("scoreboard", "scoreboard", quick ? 40 : 400).forEach((runner, run) -> {
            row(runner.label(), number(run.get("scoreboard.n"), 0), number(run.get("scoreboard.lines"), 0), duration(run.get("scoreboard.p50")),
                    duration(run.get("scoreboard.p99")), duration(run.get("scoreboard.max")), duration(run.get("scoreboard.cpu")),
                    number(run.get("scoreboard.bytes") / 1e3, 0) + " kB");
            atMost("a scoreboard of 20 lines for 500 players <= 2.5 ms a tick (p50)", run.get("scoreboard.p50"), 2_500_000, "JDK " + runner.jdk());
        });
    }

    /** The medians of what the bridge was measured at with a healthy server. */
    private Map<Runner, Map<String, Double>> runBridges(String what, String mode, Object... rest) throws IOException, InterruptedException {
        Map<Runner, List<Map<String, Double>>> runs = new LinkedHashMap<>();
        for (int i = 0; i < (quick ? 1 : REPEATS); i++) {
            for (Runner runner : bridges()) {
                try (Server server = new Server()) {
                    List<Object> arguments = new ArrayList<>(List.of(mode, server.base));
                    arguments.addAll(List.of(rest));
                    add(runs, runner, measure(runner, what, arguments.toArray()));
                }
            }
        }
        return medians(runs);
    }

    // ---- from the call to the wire ----

    private void wire() throws IOException, InterruptedException {
        System.out.println("""

                ### How long a request waits until it is sent

                A host that ticks, drains its `TickExecutor` at the beginning of each tick, and then, every 15 to 45 hundredths of a second, looks a
                customer up. No call wakes a thread. From the call until the server reads the request.""");
        head("ticks a second", "", "requests", "p50", "p99", "max");
        for (int rate : new int[] {20, 64}) {
            for (Runner runner : bridges()) {
                try (Server server = new Server("--arrival")) {
                    Map<String, Double> run = measure(runner, "wire, " + rate + " ticks", "wire", server.base, rate, quick ? 10 : 150);
                    row(rate, runner.label(), number(run.get("wire.n"), 0), duration(run.get("wire.p50")), duration(run.get("wire.p99")), duration(run.get("wire.max")));
                    String where = rate + " ticks a second, JDK " + runner.jdk();
                    atMost("from the call to the wire: p50 <= 1.5 ms", run.get("wire.p50"), 1_500_000, where);
                    atMost("from the call to the wire: p99 <= 4 ms", run.get("wire.p99"), 4_000_000, where);
                }
            }
        }
    }

    private List<Runner> bridges() {
        return runners.stream().filter(Runner::isBridge).toList();
    }

    // ---- load ----

    private static Map<String, Double> median(List<Map<String, Double>> runs) {
        Map<String, Double> result = new LinkedHashMap<>();
        for (String name : runs.get(0).keySet()) {
            double[] values = runs.stream().mapToDouble(run -> run.get(name)).sorted().toArray();
            // An error in any run is an error.
            result.put(name, name.equals("errors") ? values[values.length - 1] : values[values.length / 2]);
        }
        return result;
    }

    private static void add(Map<Runner, List<Map<String, Double>>> runs, Runner runner, Map<String, Double> run) {
        runs.computeIfAbsent(runner, key -> new ArrayList<>()).add(run);
    }

    private static Map<Runner, Map<String, Double>> medians(Map<Runner, List<Map<String, Double>>> runs) {
        Map<Runner, Map<String, Double>> results = new LinkedHashMap<>();
        runs.forEach((runner, all) -> results.put(runner, median(all)));
        return results;
    }

    private void loads() throws IOException, InterruptedException {
        Map<Case, Map<Runner, Map<String, Double>>> found = new LinkedHashMap<>();
        for (int latency : LATENCIES_MS) {
            for (int outstanding : OUTSTANDING) {
                Map<Runner, List<Map<String, Double>>> runs = new LinkedHashMap<>();
                // Those at 0 ms fill the machine, and what else it does shows; those at 20 ms hardly vary.
                int repeats = quick || latency > 0 ? 1 : REPEATS;
                for (int i = 0; i < repeats; i++) {
                    for (Runner runner : runners) {
                        try (Server server = new Server("--latency-ms", Integer.toString(latency))) {
                            Map<String, Double> run = measure(runner, "load, " + latency + " ms, " + outstanding + " outstanding", "load",
                                    runner.peer(), server.base, outstanding, quick ? 1 : 2, quick ? 1 : 10);
                            run.put("server_percent", server.cpu() / run.get("total") * run.get("rate") * 100);
                            add(runs, runner, run);
                        }
                    }
                }
                found.put(new Case(latency, outstanding), medians(runs));
            }
        }
        System.out.println("""

                ### Throughput, processor time, threads and memory

                A closed loop: each answer is replaced by another request, on the thread that brought it. 2 s after 10 s of warming up, which the JDK's client needs; at 0 ms the median
                of 3 interleaved runs. Processor time is that of the whole JVM, its compiler and collector included, without the server. With 20 ms and
                64 outstanding no client can do more than 3,200 a second.""");
        head("latency", "outstanding", "", "requests/s", "bridge is faster by", "CPU s per 10,000", "of the bridge's", "threads", "RSS MB", "failed", "server, % of a core");
        found.forEach((load, results) -> results.forEach((runner, run) -> {
            Map<String, Double> own = results.get(new Runner(BRIDGE, runner.jdk()));
            row(load.latencyMs() + " ms", load.outstanding(), runner.label(), number(run.get("rate"), 0),
                    runner.isBridge() ? "–" : number(own.get("rate") / run.get("rate"), 2) + "×", number(run.get("cpu_per_10k"), 2),
                    runner.isBridge() ? "–" : number(run.get("cpu_per_10k") / own.get("cpu_per_10k"), 2) + "×",
                    number(run.get("threads"), 0), number(run.get("rss_kib") * 1024 / 1e6, 0), number(run.get("errors"), 0), number(run.get("server_percent"), 0));
        }));
        for (String jdk : jdks.keySet()) {
            Map<String, Double> run = measure(new Runner("empty", jdk), "empty JVM", "empty");
            row("–", "–", "a JVM that does nothing, JDK " + jdk, "–", "–", "–", "–", number(run.get("threads"), 0),
                    number(run.get("rss_kib") * 1024 / 1e6, 0), "–", "–");
        }
        found.forEach((load, results) -> {
            // At 20 ms the 20 ms decide.
            if (load.outstanding() != 64 || load.latencyMs() != 0) {
                return;
            }
            for (Runner runner : runners) {
                double least = switch (runner.peer()) {
                    case "jdk" -> Integer.parseInt(runner.jdk()) >= 21 ? 3.5 : 5;
                    case "okhttp" -> 2;
                    default -> 0;
                };
                if (least > 0) {
                    atLeast("throughput: >= " + number(least, 1) + "× " + runner.label(),
                            results.get(new Runner(BRIDGE, runner.jdk())).get("rate") / results.get(runner).get("rate"), least, load.label());
                }
            }
        });
    }

    private void printGoals() {
        System.out.println("\n### Goals\n\nA peer is compared with the bridge on the same JDK.");
        head("goal", "measured", "where", "");
        for (Goal goal : goals) {
            row(goal.what(), goal.figure(), goal.where(), goal.met() ? "met" : "**missed**");
        }
    }
}
