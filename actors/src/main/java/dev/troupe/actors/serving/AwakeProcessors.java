package dev.troupe.actors.serving;

import akka.actor.typed.ActorSystem;
import dev.troupe.model.kernel.cache.Processor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the system from putting idle processors to sleep while requests are answered, and a while after. A request
 * wakes three or four threads on its way to its first token, and a processor that sleeps takes a while to come back: a
 * virtual one is the host's to give back, after 1 to 4 ms in one request of a hundred (docs/log.md).
 *
 * <p>Linux lets a process say what latency it bears, and remembers it as long as the device is open to which that was
 * written (its documentation of PM QoS). Without any, an idle processor polls, which a virtual one needs as each halt
 * gives it to the host; one of the machine itself may halt as shallowly as it can, so that the other thread of its core
 * computes undisturbed. Who may not write there, as most users and containers may not, has processors that sleep.
 */
public final class AwakeProcessors {
    private static final Logger LOG = LoggerFactory.getLogger(AwakeProcessors.class);
    private static final int HALTED_MICROS = 2; // C1 of x86 takes one or two, the next state 4 to 10
    private static final AwakeProcessors OF_SYSTEM = new AwakeProcessors(
            Path.of("/dev/cpu_dma_latency"),
            Processor.machine().isVirtual() ? 0 : HALTED_MICROS,
            Duration.ofSeconds(1));

    private final Path device;
    private final int latencyMicros;
    private final Duration linger;

    // Guarded by this:
    private int users;
    private long unusedSince;
    private boolean held;
    private boolean refused;

    /**
     * @param device bears four bytes, a latency in microseconds
     * @param latencyMicros what may pass until an idle processor computes
     * @param linger how long they are kept awake when nobody needs it any more: sooner is costly where it comes often
     */
    AwakeProcessors(Path device, int latencyMicros, Duration linger) {
        this.device = device;
        this.latencyMicros = latencyMicros;
        this.linger = linger;
        this.refused = !Files.isWritable(device);
    }

    /** Those of this machine, unless {@code troupe.compute.awake} is false. */
    public static Optional<AwakeProcessors> of(ActorSystem<?> system) {
        return system.settings().config().getBoolean("troupe.compute.awake")
                ? Optional.of(OF_SYSTEM)
                : Optional.empty();
    }

    /** They are needed, until {@link #end}. Does not wait for the system. */
    public synchronized void begin() {
        users++;
        if (!held && !refused) {
            held = true;
            Thread.ofPlatform().daemon().name("troupe-awake").start(this::hold);
        }
    }

    /** Once for each {@link #begin}. */
    public synchronized void end() {
        users--;
        unusedSince = System.nanoTime();
    }

    private void hold() {
        try (FileChannel channel = FileChannel.open(device, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .putInt(0, latencyMicros));
            while (!isOver()) {
                Thread.sleep(linger);
            }
        } catch (IOException e) {
            LOG.info(
                    "idle processors may sleep while requests are answered: {} cannot be used ({})",
                    device,
                    e.toString());
            refuse();
        } catch (InterruptedException e) {
            refuse(); // the process ends
        }
    }

    private synchronized boolean isOver() {
        held = users > 0 || System.nanoTime() - unusedSince < linger.toNanos();
        return !held;
    }

    private synchronized void refuse() {
        refused = true;
        held = false;
    }
}
