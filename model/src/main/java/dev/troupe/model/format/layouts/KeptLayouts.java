package dev.troupe.model.format.layouts;

import dev.troupe.model.TroupeException;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.format.durable.AtomicFile;
import dev.troupe.model.format.durable.DurableFiles;
import dev.troupe.model.format.durable.Sha256;
import dev.troupe.model.format.safetensors.SafetensorsFile;
import dev.troupe.model.format.safetensors.SafetensorsWriter;
import dev.troupe.model.format.safetensors.TensorDtype;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.OwnPages;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The layouts of one model's weights in one way of serving it: those that an earlier load left in a file, or new ones,
 * which {@link #keep} writes for the next load. One load.
 *
 * <p>The file is a safetensors file of bytes. What it depends on is in its metadata, and it is used only where all of
 * that is still so: the model's files (by size and times, so that they need not be read), its configuration, how it is
 * served, the vectors' width and {@link #REVISION}. It is mapped as long as the layouts are in use, or until
 * {@link #takeIn}.
 */
public final class KeptLayouts {
    /** Of how weights are laid out. Whoever changes a layout raises it; LayoutRevisionTest notices. */
    public static final int REVISION = 3;

    private static final Logger LOG = LoggerFactory.getLogger(KeptLayouts.class);
    private static final String PREFIX = "troupe.layouts.";
    private static final String FILES = PREFIX + "files";
    private static final String WEIGHTS = PREFIX + "weights";
    private static final String DIGEST = PREFIX + "digest";
    private static final int NAME_DIGITS = 16;
    private static final int ALIGNMENT = 64; // of every layout in the file

    private final OpenModel files;
    private final Path file;
    private final Map<String, String> conditions;
    private final Map<String, MemorySegment> found = new LinkedHashMap<>();
    private final Map<String, MemorySegment> used = new ConcurrentSkipListMap<>();
    private final Map<String, String> metadata;
    private MemorySegment mapping = MemorySegment.NULL; // of all that was found
    private volatile boolean isNew; // some of what is used

    private KeptLayouts(OpenModel files, Path file, Map<String, String> conditions) {
        this.files = files;
        this.file = file;
        this.conditions = conditions;
        this.metadata = find();
    }

    /**
     * Where to look for the layouts of a model that is about to be opened. What has changed since then is neither
     * looked for nor kept.
     *
     * @param directory of such files; need not be there
     * @param model its file or directory
     * @param serving all that decides how this model is laid out, beside its files
     * @throws TroupeException when the model's files cannot be looked at
     */
    public static Place place(Path directory, Path model, String serving) {
        return new Place(directory, serving, SourceFiles.stamp(model));
    }

    /** Of the layouts of one model. */
    public static final class Place {
        private final Path directory;
        private final String serving;
        private final String stamp;

        private Place(Path directory, String serving, String stamp) {
            this.directory = directory;
            this.serving = serving;
            this.stamp = stamp;
        }

        /** Looks for them, once the model is open. */
        public KeptLayouts of(OpenModel model) {
            Path path = model.path().toAbsolutePath().normalize();
            String name = path.getFileName() + "-"
                    + Sha256.of((path + "\n" + serving).getBytes(StandardCharsets.UTF_8))
                            .substring(0, NAME_DIGITS);
            Map<String, String> conditions = new TreeMap<>(Map.of(
                    PREFIX + "revision",
                    REVISION + "",
                    PREFIX + "lanes",
                    Lanes.LANES + "",
                    PREFIX + "serving",
                    serving,
                    PREFIX + "config",
                    model.config().toString(),
                    FILES,
                    stamp));
            return new KeptLayouts(model, directory.resolve(name + ".layouts"), conditions);
        }
    }

    /** Metadata of the file where it may be used, else nothing. */
    private Map<String, String> find() {
        if (!Files.exists(file) || hasChanged()) {
            return Map.of();
        }
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            Map<String, String> said = opened.metadata();
            for (Map.Entry<String, String> condition : conditions.entrySet()) {
                if (!condition.getValue().equals(said.get(condition.getKey()))) {
                    LOG.info("{} was made when {} was another; made anew", file, condition.getKey());
                    return Map.of();
                }
            }
            mapping = opened.lasting();
            opened.tensors().forEach((name, entry) -> found.put(name, opened.lastingBytes(entry)));
            return said;
        } catch (TroupeException e) {
            LOG.warn("layouts are made anew: {}", e.getMessage());
            return Map.of();
        }
    }

    private boolean hasChanged() {
        return !SourceFiles.stamp(files.path()).equals(conditions.get(FILES));
    }

    /** Whether an earlier load left layouts. */
    public boolean areFound() {
        return !metadata.isEmpty();
    }

    /** The file, there or not. */
    public Path file() {
        return file;
    }

    /** The model, whose weights are laid out where they are found, and whose version need not read its files then. */
    public OpenModel model() {
        return files.with(new Weights(), this::version);
    }

    /**
     * Of the weights that were laid out. Reads all that was found, else all of the model's files.
     *
     * @throws DamagedLayoutsException when what was found is not what was written; it is removed then
     */
    private String version() {
        if (!areFound()) {
            return files.version();
        }
        if (!digest(found).equals(metadata.get(DIGEST))) {
            discard();
            throw new DamagedLayoutsException(file);
        }
        return String.valueOf(metadata.get(WEIGHTS));
    }

    private static String digest(Map<String, MemorySegment> layouts) {
        StringBuilder all = new StringBuilder();
        new TreeMap<>(layouts).forEach((name, bytes) -> {
            all.append(name).append(Sha256.ofPieces(bytes).sha256());
        });
        return Sha256.of(all.toString().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Writes what was laid out, if any of it is new, in place of what was there. That it cannot is logged: a load is
     * slower without, and nothing else. While the layouts are still in memory.
     *
     * @param version of the weights
     */
    public void keep(String version) {
        if (!isNew) {
            return;
        }
        if (hasChanged()) {
            LOG.warn("{} has changed while it was loaded: its layouts are not kept", files.path());
            return;
        }
        try {
            Path parent = file.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            keepAlone(version);
        } catch (IOException e) {
            LOG.warn("layouts cannot be kept in {}: {}; the next load makes them again", file, e.toString());
        }
    }

    /** One process writes; others go without. A lock of a process that ended is none. */
    private void keepAlone(String version) throws IOException {
        Path lock = file.resolveSibling("." + file.getFileName() + ".lock");
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.tryLock()) {
            if (held == null) {
                LOG.info("{} is being written by another process", file);
                return;
            }
            write(version);
        } catch (OverlappingFileLockException _) {
            LOG.info("{} is being written by another loader of this process", file);
        }
    }

    private void write(String version) throws IOException {
        long start = System.nanoTime();
        Map<String, String> said = new LinkedHashMap<>(conditions);
        said.put(WEIGHTS, version);
        said.put(DIGEST, digest(used));
        List<SafetensorsWriter.Entry> entries = new ArrayList<>();
        used.forEach((name, bytes) -> entries.add(new SafetensorsWriter.Entry(
                name,
                TensorDtype.U8,
                List.of(Math.toIntExact(bytes.byteSize() / ALIGNMENT), ALIGNMENT),
                sink -> sink.write(bytes))));
        Path partial = file.resolveSibling("." + file.getFileName() + ".partial");
        AtomicFile.write(DurableFiles.LOCAL, partial, file, out -> {
            try (LargeWrites large = new LargeWrites(out)) {
                SafetensorsWriter.writeEntries(large, entries, said);
            }
        });
        LOG.info("{} was written in {} ms", file, (System.nanoTime() - start) / 1_000_000);
    }

    /**
     * Puts memory of the process's own, in huge pages, in place of the file that was found, while the model answers:
     * what is mapped from a file may lie in small pages, which cost answers up to a fifth. Takes some seconds for each
     * GB, most of which it rests.
     *
     * @throws InterruptedException when this thread is interrupted
     */
    public void takeIn() throws InterruptedException {
        long start = System.nanoTime();
        long bytes = OwnPages.take(mapping);
        LOG.info("{} bytes of {} are in memory after {} ms", bytes, file, (System.nanoTime() - start) / 1_000_000);
    }

    private void discard() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new TroupeException(file + " is damaged and cannot be removed: " + e.getMessage(), e);
        }
    }

    private Optional<MemorySegment> lay(String name, TensorArena arena, long bytes, Predicate<MemorySegment> writer) {
        long size = Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
        MemorySegment kept = found.get(name);
        if (kept == null || kept.byteSize() != size) {
            MemorySegment memory = arena.allocateBytes(size);
            if (!writer.test(memory.asSlice(0, bytes))) {
                return Optional.empty();
            }
            isNew = true;
            kept = memory;
        }
        used.put(name, kept);
        return Optional.of(kept.asSlice(0, bytes));
    }

    /** The model's own, but for where their layouts come to lie. */
    private final class Weights extends ForwardedWeights {
        Weights() {
            super(files.weights());
        }

        @Override
        public LayoutMemory layoutMemory(String matrix, TensorArena arena) {
            return new LayoutMemory() {
                @Override
                public TensorArena arena() {
                    return arena;
                }

                @Override
                public Optional<MemorySegment> layIfFit(String form, long bytes, Predicate<MemorySegment> writer) {
                    return KeptLayouts.this.lay(matrix + " " + form, arena, bytes, writer);
                }
            };
        }
    }
}
