package dev.troupe.actors.training.data;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.actors.training.exchange.MicroBatchBuffer;
import dev.troupe.actors.training.exchange.MicroBatchTicket;
import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.actors.training.exchange.TensorTicket;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.data.TokenBatches;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import kamon.metric.Gauge;
import org.jspecify.annotations.Nullable;

/**
 * Gives out micro-batches in order of their index and fills the next ones meanwhile, into a fixed number of buffers: a
 * slow consumer bounds the reading. A request for another index than the next one starts again from there.
 */
public final class DataFeeder {
    /** What the feeder may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Next.class), @JsonSubTypes.Type(Release.class)})
    public sealed interface Command extends WireMessage {}

    /** Asks for a micro-batch. One request at a time. */
    public record Next(long microBatch, ActorRef<MicroBatchReady> replyTo) implements Command {}

    /** The buffer may be filled again. */
    public record Release(MicroBatchTicket ticket) implements Command {}

    private record Filled(
            MicroBatchTicket ticket,
            int generation,
            @Nullable Throwable failure) implements Command {}

    /** The answer to {@link Next}; give the ticket back with {@link Release}. */
    public record MicroBatchReady(MicroBatchTicket ticket) implements WireMessage {}

    /**
     * What the feeder reads.
     *
     * @param batch rows of a micro-batch
     * @param time tokens of a row
     * @param numBuffers micro-batches in memory at once, the one in use included
     */
    public record Settings(TokenBatches batches, int batch, int time, int numBuffers) {}

    private final ActorContext<Command> context;
    private final Settings settings;
    private final RunMemory memory;
    private final Executor blocking;
    private final Gauge readyGauge = Metrics.queueLength("data-feeder");
    private final Deque<Integer> freeSlots = new ArrayDeque<>();
    private final Map<Long, MicroBatchTicket> ready = new HashMap<>();
    private @Nullable Next waiting;
    private long nextToFill;
    private long nextToGive;
    private int generation;

    private DataFeeder(ActorContext<Command> context, Settings settings, RunMemory memory) {
        this.context = context;
        this.settings = settings;
        this.memory = memory;
        this.blocking = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
        for (int slot = 0; slot < settings.numBuffers(); slot++) {
            memory.publish(name(slot), new MicroBatchBuffer(settings.batch() * settings.time()));
            freeSlots.add(slot);
        }
    }

    /** A feeder that begins to read at {@code firstMicroBatch}. */
    public static Behavior<Command> create(Settings settings, RunMemory memory, long firstMicroBatch) {
        return Behaviors.setup(context -> {
            DataFeeder feeder = new DataFeeder(context, settings, memory);
            feeder.startAt(firstMicroBatch);
            return Behaviors.receiveMessage(feeder::onCommand);
        });
    }

    /** The buffer that a ticket stands for. */
    public static MicroBatchBuffer buffer(RunMemory memory, MicroBatchTicket ticket) {
        return memory.resolve(new TensorTicket(memory.runId(), name(ticket.slot())), MicroBatchBuffer.class);
    }

    private static String name(int slot) {
        return "micro-batch/" + slot;
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Next next -> onNext(next);
            case Release release -> {
                freeSlots.add(release.ticket().slot());
                fillFreeSlots();
            }
            case Filled filled -> onFilled(filled);
        }
        return Behaviors.same();
    }

    private void onNext(Next next) {
        if (next.microBatch() != nextToGive) {
            startAt(next.microBatch());
        }
        waiting = next;
        giveIfReady();
    }

    private void startAt(long microBatch) {
        generation++;
        ready.values().forEach(ticket -> freeSlots.add(ticket.slot()));
        ready.clear();
        nextToFill = microBatch;
        nextToGive = microBatch;
        fillFreeSlots();
    }

    private void fillFreeSlots() {
        while (!freeSlots.isEmpty()) {
            MicroBatchTicket ticket = new MicroBatchTicket(nextToFill++, freeSlots.remove());
            int ofGeneration = generation;
            MicroBatchBuffer buffer = buffer(memory, ticket);
            context.pipeToSelf(
                    memory.submit(blocking, () -> {
                        settings.batches()
                                .fill(
                                        ticket.microBatch(),
                                        settings.batch(),
                                        settings.time(),
                                        buffer.inputs(),
                                        buffer.targets());
                        return ticket;
                    }),
                    (done, failure) -> new Filled(ticket, ofGeneration, failure));
        }
    }

    private void onFilled(Filled filled) {
        if (filled.failure() != null) {
            throw new IllegalStateException(
                    "micro-batch " + filled.ticket().microBatch() + " cannot be read", filled.failure());
        }
        if (filled.generation() != generation) {
            freeSlots.add(filled.ticket().slot());
            fillFreeSlots();
            return;
        }
        ready.put(filled.ticket().microBatch(), filled.ticket());
        giveIfReady();
    }

    private void giveIfReady() {
        Next next = waiting;
        if (next != null) {
            MicroBatchTicket ticket = ready.remove(next.microBatch());
            if (ticket != null) {
                waiting = null;
                nextToGive = next.microBatch() + 1;
                next.replyTo().tell(new MicroBatchReady(ticket));
            }
        }
        readyGauge.update((double) ready.size());
    }
}
