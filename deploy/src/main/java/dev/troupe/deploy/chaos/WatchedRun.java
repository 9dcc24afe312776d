package dev.troupe.deploy.chaos;

import dev.troupe.actors.training.run.DecisionLog;
import dev.troupe.actors.training.run.MetricsFile;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A run as its directory shows it, to a process that is no node.
 *
 * @param directory of the run
 */
record WatchedRun(Path directory) {
    private static final Pattern STEP = Pattern.compile("\\{\"kind\":\"step\",\"step\":(\\d+),.*\\}\n");
    private static final int TAIL_BYTES = 4096;
    private static final int BUFFER_BYTES = 1 << 16;

    /** What the latest coordinator has decided. */
    Optional<DecisionLog.History> decisions() {
        return DecisionLog.latest(directory);
    }

    /** Bytes of the decisions of each coordinator before the latest, by name of the file. */
    Map<String, Long> formerTerms() {
        TreeMap<String, Long> bytes = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory.resolve("decisions"))) {
            for (Path file : files.toList()) {
                bytes.put(file.getFileName().toString(), Files.size(file));
            }
        } catch (IOException e) {
            throw new TroupeException("the decisions in " + directory + " cannot be read: " + e, e);
        }
        bytes.pollLastEntry();
        return bytes;
    }

    /** The last step that is recorded; 0 for none. Looks at the end of the metrics only. */
    long step() {
        try (FileChannel channel = FileChannel.open(MetricsFile.in(directory))) {
            ByteBuffer tail = ByteBuffer.allocate(TAIL_BYTES);
            channel.read(tail, Math.max(0, channel.size() - TAIL_BYTES));
            Matcher lines = STEP.matcher(StandardCharsets.UTF_8.decode(tail.flip()));
            long last = 0;
            while (lines.find()) {
                last = Long.parseLong(lines.group(1));
            }
            return last;
        } catch (NoSuchFileException notYet) {
            return 0;
        } catch (IOException e) {
            throw new TroupeException("the metrics in " + directory + " cannot be read: " + e, e);
        }
    }

    /** Whether the metrics have every step from 1 to {@code steps} once, in order. */
    boolean hasEachStepOnce(long steps) {
        List<Long> recorded = MetricsFile.read(MetricsFile.in(directory)).stream()
                .filter(MetricsLine.Step.class::isInstance)
                .map(MetricsLine::step)
                .toList();
        return recorded.equals(LongStream.rangeClosed(1, steps).boxed().toList());
    }

    /** SHA-256 of all states, weights and moments, in a checkpoint: of the ranks' files in order. */
    static String checksum(Path checkpoint) {
        List<Path> files;
        try (Stream<Path> entries = Files.list(checkpoint)) {
            files = entries.filter(file -> file.getFileName().toString().startsWith("rank-"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new TroupeException("the checkpoint " + checkpoint + " cannot be read: " + e, e);
        }
        if (files.isEmpty()) {
            throw new TroupeException("the checkpoint " + checkpoint + " has no files of ranks");
        }
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
            for (Path file : files) {
                try (FileChannel channel = FileChannel.open(file)) {
                    while (channel.read(buffer.clear()) >= 0) {
                        digest.update(buffer.flip());
                    }
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new TroupeException("the checkpoint " + checkpoint + " cannot be read: " + e, e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
