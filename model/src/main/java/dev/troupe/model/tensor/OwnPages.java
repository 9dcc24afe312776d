package dev.troupe.model.tensor;

import dev.troupe.model.system.NativeFunction;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts memory of the process's own, in huge pages, in place of the pages of a mapped file, while others read them: at
 * the same addresses, with the same bytes. What was mapped for a quick start is as good then as memory that was filled
 * at the start, and the file may change or go.
 *
 * <p>A piece is copied beside, and {@code mremap(2)} puts it in its place. The system does that with all of the
 * process's memory locked, so that a thread that reads there meanwhile has the old page or the new one, or waits.
 */
public final class OwnPages {
    private static final Logger LOG = LoggerFactory.getLogger(OwnPages.class);
    private static final long PIECE = 8 * HugePages.BYTES;
    private static final int MAYMOVE_FIXED = 3;
    private static final int SHARE = 8; // of one thread's time that is spent copying: others compute meanwhile

    private final MemoryCalls calls;
    private final NativeFunction mremap;
    private final long pageBytes;

    private OwnPages(MemoryCalls calls, NativeFunction mremap, NativeFunction getpagesize) {
        this.calls = calls;
        this.mremap = mremap;
        this.pageBytes = (int) getpagesize.call();
    }

    private static Optional<OwnPages> system() {
        return MemoryCalls.SYSTEM.flatMap(calls -> NativeFunction.ofLinux("mremap")
                .flatMap(mremap -> NativeFunction.ofLinux("getpagesize")
                        .map(getpagesize -> new OwnPages(calls, mremap, getpagesize))));
    }

    /**
     * Does so piece by piece, and rests in between for several times as long as a piece took. Where the system has no
     * such call, or gives no more memory, the rest of the pages stay the file's.
     *
     * @param file all of a mapping, private or read-only; stays mapped meanwhile
     * @return bytes that are the process's own now
     * @throws InterruptedException when this thread is interrupted between two pieces
     */
    public static long take(MemorySegment file) throws InterruptedException {
        Optional<OwnPages> system = system();
        if (system.isEmpty()) {
            return 0;
        }
        long taken = 0;
        while (taken < file.byteSize()) {
            long start = System.nanoTime();
            long end = Math.min(file.byteSize(), (file.address() + taken) / PIECE * PIECE + PIECE - file.address());
            if (!system.get().takePiece(file.asSlice(taken, end - taken))) {
                LOG.warn("{} of {} bytes of a mapped file stay in its pages", file.byteSize() - taken, file.byteSize());
                return taken;
            }
            taken = end;
            TimeUnit.NANOSECONDS.sleep((SHARE - 1) * (System.nanoTime() - start));
        }
        return taken;
    }

    /** @param piece begins on a page; ends on one, or with its file */
    private boolean takePiece(MemorySegment piece) {
        long within = piece.address() % HugePages.BYTES; // huge pages lie in the copy as they do in the place
        long size = Math.ceilDiv(piece.byteSize(), pageBytes) * pageBytes;
        long mapped = HugePages.BYTES + within + size;
        long start = calls.map(mapped);
        if (start == MemoryCalls.MAP_FAILED) {
            return false;
        }
        long copy = Math.ceilDiv(start, HugePages.BYTES) * HugePages.BYTES + within;
        calls.adviseHuge(copy, size);
        MemorySegment.ofAddress(copy).reinterpret(piece.byteSize()).copyFrom(piece);
        boolean isPlaced = move(copy, size, piece.address()) == piece.address();
        // Not what was moved away: the system may have given those addresses to another thread since.
        unmap(start, copy);
        unmap(isPlaced ? copy + size : copy, start + mapped);
        return isPlaced;
    }

    private void unmap(long from, long to) {
        if (to > from) {
            calls.unmap(from, to - from);
        }
    }

    /** What would make it fail is looked at before anything is unmapped (mremap in Linux's mm/mremap.c). */
    private long move(long from, long bytes, long to) {
        return mremap.call(from, bytes, bytes, MAYMOVE_FIXED, to);
    }
}
