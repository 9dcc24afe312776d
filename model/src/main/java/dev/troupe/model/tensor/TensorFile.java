package dev.troupe.model.tensor;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.stream.WholeWrites;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Zeroed tensors in a mapped file of their own, for state that is used seldom: what is not in use need not be in this
 * process's memory ({@link #forget}). The file has one owner, takes all its space when it is made, so that a full disk
 * is an error then and not a fault later, and is gone when it is closed or the process ends, however it does: its name
 * goes as soon as it is mapped, where the system allows that.
 */
public final class TensorFile implements AutoCloseable {
    private static final long PAGE = 64 << 10; // a multiple of the page size of every system
    private static final int BLOCK = 4 << 20;
    private static final String OWNER = "tensor.files";

    private final Arena arena = Arena.ofShared();
    private final List<TensorBlock> blocks = new ArrayList<>();
    private final MemorySegment bytes;
    private long used;

    private TensorFile(Path path, long size) throws IOException {
        boolean made = false;
        try (FileChannel channel = FileChannel.open(
                path,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(BLOCK);
            for (long at = 0; at < size; at += zeros.limit()) {
                zeros.clear().limit((int) Math.min(BLOCK, size - at));
                WholeWrites.write(channel, zeros);
            }
            bytes = channel.map(FileChannel.MapMode.READ_WRITE, 0, size, arena);
            NativeMemory.add(OWNER, bytes.byteSize());
            made = true;
        } finally {
            if (!made) {
                arena.close();
            }
        }
    }

    /**
     * Makes a file.
     *
     * @param directory is made when it is missing; on a disk, for in memory it would save nothing
     * @param name says whose it is, to whoever looks into the directory
     * @param size most bytes of all tensors, each rounded up to a page
     * @throws TroupeException when there is not enough space, or no right to write there
     */
    public static TensorFile create(Path directory, String name, long size) {
        Path path = directory.resolve(name + "-" + UUID.randomUUID() + ".tensors");
        try {
            Files.createDirectories(directory);
            long free = Files.getFileStore(directory).getUsableSpace();
            if (free < size) {
                throw full(path, size, "only " + free / 1_000_000 + " MB are free", null);
            }
            return new TensorFile(path, Math.max(size, 1));
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            if (message.contains("No space left") || message.contains("quota exceeded")) {
                throw full(path, size, message, e);
            }
            throw new TroupeException(
                    "tensors cannot be kept in " + path + ": " + e + "; choose another mesh.offloadDirectory", e);
        }
    }

    private static TroupeException full(Path path, long size, String why, @Nullable IOException e) {
        String message = "tensors cannot be kept in " + path + ", which takes " + (size / 1_000_000 + 1) + " MB: " + why
                + "; free some space, or choose another mesh.offloadDirectory";
        return e == null ? new TroupeException(message) : new TroupeException(message, e);
    }

    /** Bytes of the file that a tensor of so many elements takes. */
    public static long bytesOf(long elements) {
        return Math.ceilDiv(elements * Float.BYTES, PAGE) * PAGE;
    }

    /** The next tensor, of zeros. */
    public Tensor allocate(int... shape) {
        long size = Math.multiplyExact(Tensor.sizeOf(shape), Float.BYTES);
        Tensor tensor = Tensor.of(bytes.asSlice(used, size), shape);
        used += bytesOf(Tensor.sizeOf(shape));
        blocks.add(tensor.block());
        return tensor;
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return used;
    }

    /**
     * Takes the pages of elements [from, to) of one of its tensors out of this process's memory: what was written stays
     * in the system's cache until it is on the disk, and comes from there when it is next used.
     */
    public void forget(Tensor tensor, long from, long to) {
        forget(tensor.readOnlySegment().asSlice(from * Float.BYTES, (to - from) * Float.BYTES));
    }

    /** As the other, of memory of its tensors. */
    public void forget(MemorySegment part) {
        MemoryCalls.forget(bytes, part);
    }

    /** As the other, all of it. */
    public void forget(Tensor tensor) {
        forget(tensor, 0, tensor.size());
    }

    @Override
    public void close() {
        blocks.forEach(TensorBlock::release);
        blocks.clear();
        NativeMemory.add(OWNER, -bytes.byteSize());
        arena.close();
    }
}
