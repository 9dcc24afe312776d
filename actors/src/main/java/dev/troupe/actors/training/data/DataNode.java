package dev.troupe.actors.training.data;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.actors.training.TrainingCoordinator;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.data.TokenRange;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import kamon.metric.Gauge;
import org.jspecify.annotations.Nullable;

/**
 * Gives tokens of corpora, which are folders of token shards on its machine, to trainers and evaluation nodes that have
 * not the files: a node of a cluster with the role {@code data} has one. It keeps nothing of who reads what, so that
 * any of them can go on where another was lost.
 */
public final class DataNode {
    /** By which those of a cluster are found. */
    public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "data-node");

    /** Most tokens of an answer: 64 KiB, or 128 KiB of a large vocabulary, so that heartbeats do not wait behind it. */
    public static final int MOST_TOKENS = 1 << 15;

    /** Most ranges of a request. */
    public static final int MOST_RANGES = 1 << 10;

    /** What may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Describe.class), @JsonSubTypes.Type(Read.class), @JsonSubTypes.Type(Report.class)
    })
    public sealed interface Command extends WireMessage {}

    /** About a corpus. */
    public sealed interface Request extends Command {
        /** Of token shards, from the root of the node's file system. */
        String folder();

        /** Who asks. */
        ActorRef<Answer> replyTo();
    }

    /** Asks for the corpus in a folder as it is now: opens it, or opens it anew when its files have changed. */
    public record Describe(String folder, ActorRef<Answer> replyTo) implements Request {}

    /**
     * Asks for tokens.
     *
     * @param sha256 of the corpus: from another one nothing is read
     * @param ranges at most {@link #MOST_RANGES}, of {@link #MOST_TOKENS} together
     */
    public record Read(String folder, String sha256, List<TokenRange> ranges, ActorRef<Answer> replyTo)
            implements Request {
        public Read {
            ranges = List.copyOf(ranges);
        }
    }

    /** Asks what the node does, for whoever shows it. */
    public record Report(ActorRef<Reported> replyTo) implements Command {}

    private record Opened(
            String folder,
            @Nullable OpenCorpus corpus,
            @Nullable Throwable failure) implements Command {}

    private record ReadEnded(
            Read read,
            @Nullable PackedTokens tokens,
            @Nullable Throwable failure) implements Command {}

    /** What comes of a request. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(Described.class),
        @JsonSubTypes.Type(TokensRead.class),
        @JsonSubTypes.Type(Busy.class),
        @JsonSubTypes.Type(Refused.class)
    })
    public sealed interface Answer extends WireMessage {}

    /** The answer to {@link Describe}; the parts are those of {@link dev.troupe.model.data.CorpusTokens}. */
    public record Described(long tokens, int vocabSize, String tokenizerSha256, String sha256) implements Answer {}

    /** The answer to {@link Read}: the ranges, one behind the other. */
    public record TokensRead(PackedTokens tokens) implements Answer {}

    /** Too much waits already: ask later, or another node. */
    public record Busy() implements Answer {}

    /** The node cannot; {@code message} is fit for a user. */
    public record Refused(String message) implements Answer {}

    /**
     * The answer to {@link Report}.
     *
     * @param folders of corpora that are open, the latest last
     * @param tokens that were given since it began
     */
    public record Reported(List<String> folders, long tokens) implements WireMessage {
        public Reported {
            folders = List.copyOf(folders);
        }
    }

    private final ActorContext<Command> context;
    private final DataNodeLimits limits;
    private final Executor blocking;
    private final Gauge waitingGauge = Metrics.queueLength("data-node");
    private final Map<String, OpenCorpus> open = new LinkedHashMap<>(16, 0.75f, true); // by folder, the latest last
    private final Map<String, List<Request>> opening = new HashMap<>(); // by folder: who waits
    private final Deque<Read> queued = new ArrayDeque<>();
    private int waiting; // for corpora to be open
    private int reading;
    private long tokensGiven;

    private DataNode(ActorContext<Command> context, DataNodeLimits limits) {
        this.context = context;
        this.limits = limits;
        this.blocking = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
    }

    /** A node that the cluster's runs find; its limits are {@code troupe.data} of the configuration. */
    public static Behavior<Command> create() {
        return Behaviors.setup(context -> {
            DataNode node = new DataNode(
                    context, DataNodeLimits.from(context.getSystem().settings().config()));
            context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
            return Behaviors.receiveMessage(node::onCommand);
        });
    }

    /** One for whoever starts it. */
    static Behavior<Command> unregistered(DataNodeLimits limits) {
        return Behaviors.setup(context -> Behaviors.receiveMessage(new DataNode(context, limits)::onCommand));
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Describe request -> awaitOpen(request);
            case Read read -> onRead(read);
            case Report(ActorRef<Reported> replyTo) ->
                replyTo.tell(new Reported(List.copyOf(open.keySet()), tokensGiven));
            case Opened opened -> onOpened(opened);
            case ReadEnded ended -> onReadEnded(ended);
        }
        waitingGauge.update((double) (waiting + queued.size()));
        return Behaviors.same();
    }

    private void onRead(Read read) {
        long tokens = read.ranges().stream().mapToLong(TokenRange::length).sum();
        if (read.ranges().size() > MOST_RANGES || tokens > MOST_TOKENS) {
            refuse(
                    read,
                    "a read of " + read.ranges().size() + " ranges and " + tokens + " tokens is more than "
                            + MOST_RANGES + " ranges or " + MOST_TOKENS + " tokens: ask for less at once");
            return;
        }
        OpenCorpus corpus = open.get(read.folder());
        if (corpus == null) {
            awaitOpen(read);
        } else {
            read(read, corpus);
        }
    }

    /** Keeps a request until its corpus is known to be what its files are now. */
    private void awaitOpen(Request request) {
        if (waiting >= limits.waiting()) {
            request.replyTo().tell(new Busy());
            return;
        }
        waiting++;
        String folder = request.folder();
        List<Request> waitingForIt = opening.get(folder);
        if (waitingForIt != null) {
            waitingForIt.add(request);
            return;
        }
        opening.put(folder, new ArrayList<>(List.of(request)));
        OpenCorpus before = open.get(folder);
        context.pipeToSelf(
                CompletableFuture.supplyAsync(() -> OpenCorpus.open(folder, before), blocking),
                (corpus, failure) -> new Opened(folder, corpus, failure));
    }

    private void onOpened(Opened opened) {
        List<Request> requests = opening.remove(opened.folder());
        if (requests == null) {
            throw new IllegalStateException(opened.folder() + " was opened for nobody");
        }
        waiting -= requests.size();
        OpenCorpus corpus = opened.corpus();
        if (corpus == null) { // what was open stays: who reads it may go on, as with files that are mapped
            String message = TrainingCoordinator.userMessage(opened.failure());
            context.getLog().warn("{} is asked for, but {}", opened.folder(), message);
            requests.forEach(request -> refuse(request, message));
            return;
        }
        if (!corpus.equals(open.put(opened.folder(), corpus))) {
            context.getLog().info("serves {} tokens of {}", corpus.tokens().tokens(), opened.folder());
        }
        if (open.size() > limits.openCorpora()) {
            open.remove(open.keySet().iterator().next());
        }
        for (Request request : requests) {
            switch (request) {
                case Describe describe -> describe.replyTo().tell(described(corpus));
                case Read read -> read(read, corpus);
            }
        }
    }

    private static Described described(OpenCorpus corpus) {
        return new Described(
                corpus.tokens().tokens(),
                corpus.tokens().vocabSize(),
                corpus.tokens().tokenizerSha256(),
                corpus.sha256());
    }

    private void read(Read read, OpenCorpus corpus) {
        if (!corpus.sha256().equals(read.sha256())) {
            refuse(
                    read,
                    "the corpus in " + read.folder() + " is not the one that is asked for: it was prepared again"
                            + " since, or its folder is not the same on all nodes");
            return;
        }
        long end = corpus.tokens().tokens();
        for (TokenRange range : read.ranges()) {
            if (range.end() > end) {
                refuse(
                        read,
                        "tokens " + range.position() + " to " + range.end() + " are asked for, but " + read.folder()
                                + " has " + end);
                return;
            }
        }
        if (reading < limits.reads()) {
            reading++;
            context.pipeToSelf(
                    CompletableFuture.supplyAsync(() -> PackedTokens.of(corpus.tokens(), read.ranges()), blocking),
                    (tokens, failure) -> new ReadEnded(read, tokens, failure));
        } else if (queued.size() < limits.waiting()) {
            queued.add(read);
        } else {
            read.replyTo().tell(new Busy());
        }
    }

    private void onReadEnded(ReadEnded ended) {
        reading--;
        PackedTokens tokens = ended.tokens();
        if (tokens == null) {
            refuse(ended.read(), TrainingCoordinator.userMessage(ended.failure()));
        } else {
            tokensGiven += tokens.count();
            Metrics.tokensRead(tokens.count());
            ended.read().replyTo().tell(new TokensRead(tokens));
        }
        Read next = queued.poll();
        if (next != null) {
            onRead(next); // its corpus may have been closed meanwhile
        }
    }

    private static void refuse(Request request, String message) {
        request.replyTo().tell(new Refused(message));
    }
}
