package dev.troupe.actors.training.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.actors.training.mesh.NodeFailure;
import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.stream.WholeWrites;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The decisions of a run's coordinators, in its directory: a file for each coordinator, named by its term, which is
 * higher than all before. A file is created by whoever begins the term and by nobody else, even if several try at once;
 * only its creator writes it, a synced line at a time; the first line says what the run is. Whoever finds a later term
 * than its own is no coordinator any more: a node that stood still and wakes must write nothing of the run's.
 *
 * <p>Methods block on the disk. Thread-safe.
 */
public final class DecisionLog implements AutoCloseable {
    /** Epochs of a term: those of {@code term} begin at {@code term * EPOCHS_OF_A_TERM}. */
    public static final long EPOCHS_OF_A_TERM = 1_000_000;

    private static final String FOLDER = "decisions";
    private static final Pattern NAME = Pattern.compile("term-(\\d{8})\\.jsonl");
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * What the latest coordinator has decided.
     *
     * @param seated the latest seating; null for none
     * @param failures of nodes, of all terms that know of each other
     * @param ended null while the run goes on
     */
    public record History(
            long term,
            Decision.Led led,
            Decision.@Nullable Seated seated,
            List<NodeFailure> failures,
            Decision.@Nullable Ended ended) {
        public History {
            failures = List.copyOf(failures);
        }

        /** Names of the nodes that lead or have ranks. */
        public Set<String> nodes() {
            Set<String> nodes = new LinkedHashSet<>(List.of(led.node()));
            if (seated != null) {
                seated.seating().nodes().forEach(node -> nodes.add(node.nodeId()));
            }
            return nodes;
        }
    }

    private final Path folder;
    private final long term;
    private final FileChannel channel;

    private DecisionLog(Path folder, long term, FileChannel channel) {
        this.folder = folder;
        this.term = term;
        this.channel = channel;
    }

    /** Whether a run of this directory was ever led. */
    static boolean isIn(Path runDirectory) {
        return Files.isDirectory(runDirectory.resolve(FOLDER));
    }

    /**
     * Begins a term: from now on every earlier coordinator is none.
     *
     * @param above terms that are known from elsewhere; the new one is higher
     */
    public static DecisionLog begin(Path runDirectory, long above) {
        Path folder = runDirectory.resolve(FOLDER);
        try {
            Files.createDirectories(folder);
            Optional<DecisionLog> log = Optional.empty();
            while (log.isEmpty()) {
                log = create(
                        folder,
                        Math.max(terms(folder).stream().max(Long::compare).orElse(0L), above) + 1);
            }
            return log.get();
        } catch (IOException e) {
            throw new TroupeException("the run directory " + runDirectory + " cannot be written: " + e, e);
        }
    }

    /** Empty when another was faster. */
    private static Optional<DecisionLog> create(Path folder, long term) throws IOException {
        try {
            return Optional.of(new DecisionLog(
                    folder,
                    term,
                    FileChannel.open(file(folder, term), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)));
        } catch (FileAlreadyExistsException another) {
            return Optional.empty();
        }
    }

    private static Path file(Path folder, long term) {
        return folder.resolve(String.format("term-%08d.jsonl", term));
    }

    private static List<Long> terms(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> NAME.matcher(String.valueOf(file.getFileName())))
                    .filter(Matcher::matches)
                    .map(name -> Long.parseLong(name.group(1)))
                    .toList();
        }
    }

    /** What the latest coordinator that came to decide something has decided. */
    public static Optional<History> latest(Path runDirectory) {
        Path folder = runDirectory.resolve(FOLDER);
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try {
            List<Long> latestFirst =
                    terms(folder).stream().sorted((a, b) -> Long.compare(b, a)).toList();
            for (long term : latestFirst) {
                List<Decision> decisions = read(file(folder, term));
                if (!decisions.isEmpty() && decisions.getFirst() instanceof Decision.Led led) {
                    return Optional.of(history(term, led, decisions));
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new TroupeException("the decisions in " + folder + " cannot be read: " + e, e);
        }
    }

    private static History history(long term, Decision.Led led, List<Decision> decisions) {
        Decision.Seated seated = null;
        List<NodeFailure> failures = new ArrayList<>();
        Decision.Ended ended = null;
        for (Decision decision : decisions) {
            switch (decision) {
                case Decision.Led _ -> {
                    // the first one, which is known
                }
                case Decision.Seated latest -> seated = latest;
                case Decision.NodeFailed(NodeFailure failure) -> failures.add(failure);
                case Decision.Ended end -> ended = end;
            }
        }
        return new History(term, led, seated, failures, ended);
    }

    private static List<Decision> read(Path file) throws IOException {
        List<Decision> decisions = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            try {
                decisions.add(JSON.readValue(line, Decision.class));
            } catch (JsonProcessingException cutByACrash) {
                break;
            }
        }
        return decisions;
    }

    /** This coordinator's. */
    public long term() {
        return term;
    }

    /** The number that epochs of this term are above. */
    public long fence() {
        return term * EPOCHS_OF_A_TERM;
    }

    /** Whether nobody has begun a later term. */
    public boolean isLatest() {
        try {
            return terms(folder).stream().allMatch(other -> other <= term);
        } catch (IOException e) {
            throw new TroupeException("the decisions in " + folder + " cannot be read: " + e, e);
        }
    }

    /**
     * Before anything of the run's is written.
     *
     * @throws TroupeException when somebody has begun a later term
     */
    public void requireLatest() {
        if (!isLatest()) {
            throw new TroupeException("another coordinator goes on with the run of " + folder.getParent()
                    + ": this one, of term " + term + ", was out of reach");
        }
    }

    /** Adds a decision; it is on the disk when this returns. */
    public synchronized void append(Decision decision) {
        requireLatest();
        try {
            String line = JSON.writerFor(Decision.class).writeValueAsString(decision) + "\n";
            ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
            WholeWrites.write(channel, bytes);
            channel.force(true);
        } catch (IOException e) {
            throw new TroupeException("a decision could not be recorded in " + folder + ": " + e, e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
