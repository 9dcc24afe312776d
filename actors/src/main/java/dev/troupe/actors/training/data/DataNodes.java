package dev.troupe.actors.training.data;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.training.data.DataNode.Answer;
import dev.troupe.actors.training.data.DataNode.Busy;
import dev.troupe.actors.training.data.DataNode.Command;
import dev.troupe.actors.training.data.DataNode.Described;
import dev.troupe.actors.training.data.DataNode.Refused;
import dev.troupe.actors.training.data.DataNode.TokensRead;
import dev.troupe.model.TroupeException;
import dev.troupe.model.parallel.CommunicationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data nodes of a cluster, as somebody sees them who reads a corpus: one of them answers, and when it does not,
 * another. For threads that may wait; an interruption ends a wait at once. Thread-safe.
 */
final class DataNodes {
    private static final Logger LOG = LoggerFactory.getLogger(DataNodes.class);

    /** After which another node is asked: the cluster knows a lost one by then, and a read takes milliseconds. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(2);

    /** Before all of them are asked again. */
    private static final long PAUSE_MILLIS = 200;

    private final ActorSystem<?> system;
    private final String folder;
    private final Duration patience;
    private final BooleanSupplier cancelled;
    private volatile @Nullable ActorRef<Command> latest; // who answered

    /**
     * For readers of one corpus.
     *
     * @param patience how long nobody may answer
     * @param cancelled whether nobody waits for tokens any more
     */
    DataNodes(ActorSystem<?> system, String folder, Duration patience, BooleanSupplier cancelled) {
        this.system = system;
        this.folder = folder;
        this.patience = patience;
        this.cancelled = cancelled;
    }

    /** A wait for tokens: what nodes say that does not help, by node. */
    private final class Wait {
        private final long begin = System.nanoTime();
        private final Map<String, String> problems = new TreeMap<>(); // of this round
        private final Map<String, String> said = new HashMap<>();
        private boolean isSaid;

        /** A node does not help. */
        void problem(String node, String problem) {
            problems.put(node, problem);
            if (!problem.equals(said.put(node, problem))) {
                LOG.info("data node {} gives nothing of {}: {}", node, folder, problem);
            }
        }

        /** Waits a little more, and says so the first time. */
        void again(String what) {
            if (cancelled.getAsBoolean()) {
                throw new CancellationException("nobody waits for " + what + " any more");
            }
            long waited = System.nanoTime() - begin;
            if (waited > patience.toNanos()) {
                throw new TroupeException("no data node has given " + what + " within " + patience.toSeconds()
                        + " s (data.nodeWaitSeconds): " + problems() + "; start a node that has the files with"
                        + " troupe.node.roles=[data]");
            }
            if (!isSaid) {
                isSaid = true;
                LOG.warn("{} is waited for: {}", what, problems());
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
            problems.clear();
        }

        /** They are there. */
        void end(String what) {
            if (isSaid) {
                LOG.info("{} came after {} s", what, (System.nanoTime() - begin) / 1_000_000_000);
            }
        }

        private String problems() {
            if (problems.isEmpty()) {
                return "the cluster has no data node";
            }
            List<String> all = new ArrayList<>();
            problems.forEach((node, problem) -> all.add(node + ": " + problem));
            return String.join("; ", all);
        }
    }

    /**
     * What the corpus is. All nodes are asked, so that two that have different ones are noticed before anything is
     * computed; who does not answer may come later, and reads are of this corpus only.
     *
     * @throws TroupeException when nodes differ, or none has it
     */
    Described describe() {
        Wait wait = new Wait();
        while (true) {
            Map<ActorRef<Command>, CompletionStage<Answer>> asked = new TreeMap<>();
            found().forEach(node -> asked.put(node, ask(node, replyTo -> new DataNode.Describe(folder, replyTo))));
            String by = "";
            Described corpus = null;
            for (Map.Entry<ActorRef<Command>, CompletionStage<Answer>> one : asked.entrySet()) {
                String node = name(one.getKey());
                Answer answer = await(one.getValue());
                if (answer instanceof Described described) {
                    if (corpus != null && !corpus.equals(described)) {
                        throw new TroupeException("data nodes " + by + " and " + node + " have different corpora in "
                                + folder + ": give them the same files");
                    }
                    corpus = described;
                    by = node;
                } else {
                    wait.problem(node, problem(answer));
                }
            }
            if (corpus != null) {
                wait.end(folder);
                return corpus;
            }
            wait.again("the corpus in " + folder);
        }
    }

    /**
     * Reads.
     *
     * @throws TroupeException when no node gives the tokens
     * @throws CommunicationException when the thread is interrupted
     */
    PackedTokens read(Function<ActorRef<Answer>, Command> request) {
        Wait wait = new Wait();
        while (true) {
            for (ActorRef<Command> node : inTurn()) {
                Answer answer = await(ask(node, request));
                if (answer instanceof TokensRead(PackedTokens tokens)) {
                    latest = node;
                    wait.end("a range of " + folder);
                    return tokens;
                }
                wait.problem(name(node), problem(answer));
            }
            wait.again("tokens of " + folder);
        }
    }

    private static String problem(@Nullable Answer answer) {
        return switch (answer) {
            case null -> "it does not answer";
            case Busy _ -> "it has too much to do";
            case Refused(String message) -> message;
            case Described _, TokensRead _ -> "it answers something else";
        };
    }

    /** The one that answered last, if it is still there, then the others; readers that begin take different ones. */
    private List<ActorRef<Command>> inTurn() {
        List<ActorRef<Command>> nodes = new ArrayList<>(found());
        ActorRef<Command> first = latest;
        if (first != null && nodes.remove(first)) {
            nodes.addFirst(first);
        } else if (!nodes.isEmpty()) {
            Collections.rotate(nodes, ThreadLocalRandom.current().nextInt(nodes.size()));
        }
        return nodes;
    }

    /** Those that the cluster reaches. */
    private List<ActorRef<Command>> found() {
        Receptionist.Listing listing = await(AskPattern.ask(
                system.receptionist(),
                (ActorRef<Receptionist.Listing> replyTo) -> Receptionist.find(DataNode.KEY, replyTo),
                ANSWER_TIMEOUT,
                system.scheduler()));
        return listing == null
                ? List.of()
                : listing.getServiceInstances(DataNode.KEY).stream()
                        .sorted(Comparator.naturalOrder())
                        .toList();
    }

    private CompletionStage<Answer> ask(ActorRef<Command> node, Function<ActorRef<Answer>, Command> request) {
        return AskPattern.ask(node, request::apply, ANSWER_TIMEOUT, system.scheduler());
    }

    /** The answer; null when there was none in time. */
    private static <T> @Nullable T await(CompletionStage<T> answer) {
        CompletableFuture<T> future = answer.toCompletableFuture();
        try {
            // The ask has this limit, too, but not in an actor system that ends.
            return future.get(2 * ANSWER_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return null;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TimeoutException) {
                return null;
            }
            throw new IllegalStateException("a data node cannot be asked", e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static CommunicationException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new CommunicationException("interrupted while waiting for a data node", e);
    }

    private static String name(ActorRef<Command> node) {
        return node.path().address().hasGlobalScope()
                ? node.path().address().hostPort()
                : node.path().name();
    }
}
