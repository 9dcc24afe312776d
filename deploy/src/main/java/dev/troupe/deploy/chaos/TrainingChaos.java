package dev.troupe.deploy.chaos;

import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.actors.training.mesh.Seating;
import dev.troupe.actors.training.run.Decision;
import dev.troupe.actors.training.run.DecisionLog;
import dev.troupe.deploy.chaos.ChaosCluster.Node;
import dev.troupe.deploy.chaos.ChaosReport.Recovery;
import dev.troupe.model.TroupeException;
import dev.troupe.model.mesh.Mesh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains once undisturbed, and again while nodes that lead or have ranks are killed, stand still or are cut off at
 * random moments and replaced, as often as is wanted; compares the bits of the final states. Something happens to the
 * next node when the one before is replaced and a new step is recorded, or, to some, while the run recovers from the
 * kill of the one before.
 */
public final class TrainingChaos {
    private static final long POLL_MILLIS = 10;
    /** Steps after which the next node is disturbed, at most. */
    private static final int LONGEST_GAP = 40;

    private static final int LONGEST_DELAY_MILLIS = 60;
    /** Within these, a run that has lost a node, or the one that leads it, is mostly not ready yet. */
    private static final int RECOVERY_MILLIS = 1500;

    private static final int COORDINATORS_RECOVERY_MILLIS = 6000;
    /** How long a node that was out of reach may take to notice that it is no member any more. */
    private static final int LATE_SECONDS = 30;

    private static final int MOST_PROBLEMS = 10;
    private static final int NUM_WORDS = 6000;
    private static final List<String> WORDS = List.of("the", "cat", "dog", "sees", "runs", "to", "a", "tree", "and");

    private final Path folder;
    private final ChaosSettings settings;
    private final Consumer<String> told;
    private final Random random;
    private final FaultPlan plan;
    private final List<Recovery> recoveries = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    private TrainingChaos(Path folder, ChaosSettings settings, Consumer<String> told) {
        this.folder = folder;
        this.settings = settings;
        this.told = told;
        this.random = new Random(settings.seed());
        this.plan = new FaultPlan(settings, random);
    }

    /**
     * Does all of it.
     *
     * @param folder for runs and logs
     * @param told hears what happens, a line at a time
     * @throws TroupeException when a run stalls or fails
     */
    public static ChaosReport run(Path folder, ChaosSettings settings, Consumer<String> told) {
        return new TrainingChaos(folder, settings, told).run();
    }

    private ChaosReport run() {
        Path config = writeRun();
        told.accept("seed " + settings.seed() + ", logs in " + folder);
        String undisturbed = train(config, 0);
        int differing = 0;
        for (int run = 1; !plan.isDone(); run++) {
            int before = recoveries.size();
            String checksum = train(config, run);
            boolean same = checksum.equals(undisturbed);
            differing += same ? 0 : 1;
            told.accept("run " + run + ": " + (recoveries.size() - before) + " faults, final states "
                    + (same ? "bit-identical" : "differ"));
            if (recoveries.size() == before) {
                throw new TroupeException("a run ends before anything can happen to a node: raise --steps");
            }
        }
        return new ChaosReport(differing, recoveries, problems);
    }

    private Path writeRun() {
        StringBuilder text = new StringBuilder();
        Random words = new Random(11);
        for (int i = 0; i < NUM_WORDS; i++) {
            text.append(WORDS.get(words.nextInt(WORDS.size()))).append(i % 12 == 11 ? ".\n" : " ");
        }
        Mesh mesh = Mesh.parse(settings.mesh());
        Path file = folder.resolve("run.conf");
        try {
            Files.writeString(folder.resolve("text.txt"), text);
            Files.writeString(file, """
                    model { dim = 64, numLayers = 4, numHeads = 4, numKvHeads = 2, ffnDim = 128, contextLength = 32, dropout = 0.1 }
                    data { tokenizer = char, text = "%s", heldOutFraction = 0.05 }
                    train { steps = %d, batch = 4, accumulation = 16, seed = 7, threads = 1 }
                    optimizer { learningRate = 1e-3, warmupSteps = 5 }
                    mesh { data = %d, tensor = %d, pipeline = %d, zero = %d }
                    checkpoint.everySteps = %d
                    eval { everySteps = %d, windows = 8, finalWindows = 16 }
                    """.formatted(
                            folder.resolve("text.txt"),
                            settings.steps(),
                            mesh.data(),
                            mesh.tensor(),
                            mesh.pipeline(),
                            settings.zero(),
                            Math.max(1, settings.steps() / 5),
                            Math.max(1, settings.steps() / 7)));
        } catch (IOException e) {
            throw new TroupeException("cannot write to " + folder + ": " + e, e);
        }
        return file;
    }

    /**
     * Trains on a new cluster.
     *
     * @param number of the run; the first, 0, is undisturbed, on one node: the numbers are the same on any
     * @return the checksum of its final states
     */
    private String train(Path config, int number) {
        Path place = folder.resolve("run-" + number);
        WatchedRun run = new WatchedRun(place.resolve("run"));
        try {
            Files.createDirectories(place);
        } catch (IOException e) {
            throw new TroupeException("cannot write to " + folder + ": " + e, e);
        }
        long start = System.nanoTime();
        try (ChaosCluster cluster = new ChaosCluster(place, settings.partitions() > 0)) {
            int nodes = number == 0 ? 1 : settings.nodes();
            cluster.startTraining(config, run.directory(), nodes);
            cluster.fill(nodes);
            Disturbance disturbance = new Disturbance(number, cluster, run);
            TrainingSummary summary = number == 0 ? disturbance.awaitEnd() : disturbance.untilTheEnd();
            long end = System.nanoTime();
            while (!cluster.haveLateOnesNoticed()) {
                if (seconds(end) > LATE_SECONDS) {
                    problems.add("run " + number + ": a node that was out of reach has not begun again " + LATE_SECONDS
                            + " s after the run");
                    break;
                }
                pause(POLL_MILLIS);
            }
            if (!run.hasEachStepOnce(settings.steps())) {
                problems.add("run " + number + ": the metrics do not have each step once");
            }
            if (!disturbance.areFormerTermsOver()) {
                problems.add(
                        "run " + number + ": a coordinator has decided something after the next one's run went on");
            }
            if (number == 0) {
                told.accept(String.format(
                        Locale.ROOT, "undisturbed run: %.1f s for %d steps", seconds(start), summary.steps()));
            }
            return WatchedRun.checksum(Path.of(summary.checkpoint()));
        }
    }

    private static double seconds(long sinceNanos) {
        return (System.nanoTime() - sinceNanos) * 1e-9;
    }

    /**
     * What has just happened to a node.
     *
     * @param leads whether it led the run
     * @param duringRecovery whether the run was recovering from the kill of another
     * @param step the last one that was recorded
     */
    private record Hit(
            Node node, Fault fault, boolean leads, boolean duringRecovery, int ranks, long step, long nanos) {}

    /** What happens to one run. */
    private final class Disturbance {
        private final int number;
        private final ChaosCluster cluster;
        private final WatchedRun run;
        private long lastStep;
        private long lastNanos = System.nanoTime();
        private Map<String, Long> formerTerms = Map.of();

        Disturbance(int number, ChaosCluster cluster, WatchedRun run) {
            this.number = number;
            this.cluster = cluster;
            this.run = run;
        }

        /** Disturbs nodes as long as the run lasts, and there is something left to do. */
        TrainingSummary untilTheEnd() {
            while (!plan.isDone()) {
                long at = run.step() + 1 + random.nextInt(LONGEST_GAP);
                TrainingSummary end = awaitUntil(() -> isWhole() && run.step() >= at);
                welcomeThoseThatReturn();
                if (end != null) {
                    return end;
                }
                pause(random.nextInt(LONGEST_DELAY_MILLIS));
                end = disturb();
                if (end != null) {
                    return end;
                }
            }
            return awaitEnd();
        }

        private boolean isWhole() {
            return run.step() > 0
                    && cluster.nodes().size() >= settings.nodes()
                    && cluster.nodes().stream().allMatch(Node::isMember);
        }

        TrainingSummary awaitEnd() {
            TrainingSummary end = awaitUntil(() -> false);
            if (end == null) {
                throw new IllegalStateException("waited for nothing");
            }
            return end;
        }

        private @Nullable TrainingSummary disturb() {
            DecisionLog.History before = run.decisions().orElseThrow();
            Decision.Seated seated = before.seated();
            if (seated == null || victims(before).isEmpty()) {
                return null; // ranks are being seated
            }
            List<Hit> hits = new ArrayList<>();
            Map<Node, Integer> timesAgain = cluster.timesAgain();
            Hit first = hit(draw(before), plan.fault(), before, seated, false);
            hits.add(first);
            TrainingSummary end = plan.drawSecond() ? strikeAgain(hits, seated) : null;
            if (end == null) {
                end = awaitUntil(() -> goesOnWithout(hits, seated.epoch()) >= 0);
            }
            long goesOnAt = goesOnWithout(hits, seated.epoch());
            long wentOn = System.nanoTime();
            formerTerms = run.formerTerms();
            if (first.fault() != Fault.KILL) {
                // Sooner, it would be a member that was slow, and go on as one.
                awaitRemoval(first.node());
                cluster.release(first.node(), first.fault());
            }
            if (end != null && goesOnAt < 0) {
                return end; // disturbed when all was done
            }
            Set<String> gone = removedSince(timesAgain);
            if (!gone.isEmpty()) {
                told.accept("run " + number + ": the cluster has removed others, too: " + String.join(", ", gone));
            }
            hits.forEach(hit -> gone.add(hit.node().name()));
            boolean statesLost = areStatesLost(seated.seating(), gone);
            hits.forEach(hit -> record(hit, statesLost, goesOnAt, (wentOn - hit.nanos()) * 1e-9));
            plan.next(hits.size() > 1);
            return end;
        }

        /** Kills another node while the run recovers, at a moment that is drawn; unless it is ready before. */
        private @Nullable TrainingSummary strikeAgain(List<Hit> hits, Decision.Seated seated) {
            Hit first = hits.getFirst();
            int delay = random.nextInt(first.leads() ? COORDINATORS_RECOVERY_MILLIS : RECOVERY_MILLIS);
            long epoch = seated.epoch();
            TrainingSummary end =
                    awaitUntil(() -> (System.nanoTime() - first.nanos()) * 1e-6 >= delay || isSeatedAfter(epoch));
            if (end != null) {
                return end;
            }
            DecisionLog.History now = run.decisions().orElseThrow();
            List<Node> victims = victims(now);
            if (isSeatedAfter(epoch) || victims.isEmpty()) {
                told.accept("run " + number + ": recovered before another node could be killed");
                return null;
            }
            hits.add(hit(victims.get(random.nextInt(victims.size())), Fault.KILL, now, seated, true));
            return null;
        }

        private boolean isSeatedAfter(long epoch) {
            Decision.Seated seated =
                    run.decisions().map(DecisionLog.History::seated).orElse(null);
            return seated != null && seated.epoch() > epoch;
        }

        /** Nodes that lead or have ranks, by what is decided, and live. */
        private List<Node> victims(DecisionLog.History now) {
            return cluster.nodes().stream()
                    .filter(node -> now.nodes().contains(node.name()))
                    .toList();
        }

        private Node draw(DecisionLog.History now) {
            List<Node> victims = victims(now);
            Node drawn = victims.get(random.nextInt(victims.size()));
            return !plan.isCoordinators()
                    ? drawn
                    : victims.stream()
                            .filter(node -> now.led().node().equals(node.name()))
                            .findFirst()
                            .orElse(drawn);
        }

        private Hit hit(
                Node node, Fault fault, DecisionLog.History now, Decision.Seated seated, boolean duringRecovery) {
            Hit hit = new Hit(
                    node,
                    fault,
                    now.led().node().equals(node.name()),
                    duringRecovery,
                    seated.seating().ranksOf(node.name()).size(),
                    run.step(),
                    System.nanoTime());
            cluster.disturb(node, fault);
            cluster.fill(settings.nodes());
            return hit;
        }

        private void record(Hit hit, boolean statesLost, long goesOnAt, double seconds) {
            Recovery recovery = new Recovery(
                    number,
                    hit.step(),
                    hit.node().name(),
                    hit.fault(),
                    hit.leads(),
                    hit.duringRecovery(),
                    hit.ranks(),
                    statesLost,
                    goesOnAt,
                    seconds);
            if (recovery.wentTooFarBack()) {
                problems.add("run " + number + ": " + recovery.node() + " was disturbed after step " + recovery.step()
                        + ", and the run went back to step " + goesOnAt);
            }
            recoveries.add(recovery);
            told.accept(line(recovery));
        }

        /**
         * Nodes to which nothing was done, and which have begun again, with nothing in memory: where two are killed one
         * after the other, Akka's resolver may take the second's report of the first for a sign of a network that is
         * only partly there, and end all.
         */
        private Set<String> removedSince(Map<Node, Integer> timesAgain) {
            Set<String> removed = new TreeSet<>();
            cluster.timesAgain().forEach((node, times) -> {
                if (times > timesAgain.getOrDefault(node, times)) {
                    removed.add(node.name());
                }
            });
            return removed;
        }

        /** Whether a state was on no other nodes than these. */
        private static boolean areStatesLost(Seating seating, Set<String> gone) {
            return IntStream.range(0, seating.seats().size())
                    .anyMatch(rank -> gone.contains(seating.of(rank).nodeId())
                            && gone.contains(seating.keeperOf(rank).nodeId()));
        }

        private void awaitRemoval(Node node) {
            long start = System.nanoTime();
            while (!cluster.isRemoved(node)) {
                if (seconds(start) > settings.patienceSeconds()) {
                    throw new TroupeException("run " + number + ": after " + settings.patienceSeconds() + " s "
                            + node.name() + ", which is out of reach, is a member of the cluster: see the logs in "
                            + folder);
                }
                pause(POLL_MILLIS);
            }
        }

        /** Whether those that led before the latest recovery have decided nothing since. */
        boolean areFormerTermsOver() {
            Map<String, Long> now = run.formerTerms();
            return formerTerms.entrySet().stream()
                    .allMatch(term -> term.getValue().equals(now.get(term.getKey())));
        }

        /** The step from which ranks went on in a later epoch, when a step after it is recorded; -1 before. */
        private long goesOnWithout(List<Hit> hits, long epoch) {
            DecisionLog.History now = run.decisions().orElseThrow();
            Decision.Seated seated = now.seated();
            if (seated == null
                    || seated.epoch() <= epoch
                    || run.step() <= seated.step()
                    || hits.stream()
                            .anyMatch(hit -> now.nodes().contains(hit.node().name()))) {
                return -1;
            }
            return seated.step();
        }

        private interface Condition {
            boolean holds();
        }

        /** Waits until something holds, or until the end of the run, which is returned then. */
        private @Nullable TrainingSummary awaitUntil(Condition condition) {
            while (!condition.holds()) {
                Decision.Ended ended =
                        run.decisions().map(DecisionLog.History::ended).orElse(null);
                if (ended != null && ended.summary() != null) {
                    return ended.summary();
                }
                if (ended != null) {
                    throw new TroupeException("run " + number + " failed: " + ended.failure());
                }
                replaceThoseThatEnded();
                requireProgress();
                pause(POLL_MILLIS);
            }
            return null;
        }

        private void replaceThoseThatEnded() {
            for (Node node : cluster.ended()) {
                told.accept("run " + number + ": " + node.name() + " ended by itself, see "
                        + node.jvm().log());
                problems.add("run " + number + ": " + node.name() + " ended by itself");
                if (problems.size() > MOST_PROBLEMS) {
                    throw new TroupeException("nodes end by themselves: see the logs in " + folder);
                }
                cluster.fill(settings.nodes());
            }
        }

        private void welcomeThoseThatReturn() {
            for (Node node : cluster.takeBack()) {
                told.accept("run " + number + ": " + node.name() + " has begun again and is a member");
            }
        }

        private void requireProgress() {
            long step = run.step();
            if (step != lastStep) {
                lastStep = step;
                lastNanos = System.nanoTime();
            } else if (seconds(lastNanos) > settings.patienceSeconds()) {
                throw new TroupeException("run " + number + " stands still at step " + step + " for "
                        + settings.patienceSeconds() + " s: see the logs in " + folder);
            }
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted", e);
        }
    }

    private static String line(Recovery recovery) {
        return String.format(
                Locale.ROOT,
                "run %d, step %d: %s %s (%d ranks%s%s%s); goes on at step %d after %.2f s",
                recovery.run(),
                recovery.step(),
                recovery.fault().done(),
                recovery.node(),
                recovery.ranks(),
                recovery.wasCoordinator() ? ", coordinator" : "",
                recovery.duringRecovery() ? ", during a recovery" : "",
                recovery.duringRecovery() && recovery.statesLost() ? ", with the last copy of a state" : "",
                recovery.goesOnAt(),
                recovery.seconds());
    }
}
