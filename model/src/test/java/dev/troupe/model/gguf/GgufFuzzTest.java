package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mutated files: each is read as something whole or refused with a message, never with a crash or much memory. */
class GgufFuzzTest {
    private static final int MUTATIONS = 4000;
    private static final long MOST_BYTES = 4 << 20; // of the heap, for a file of some kilobytes
    private static final long[] EXTREMES = {
        0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 32, (1L << 31) - 1, 1L << 40, 1L << 62, 0xFFFFFFFFL, 0x7FFFFFFFL
    };

    private static byte[] mutated(byte[] file, SplittableRandom random) {
        byte[] bytes = file.clone();
        int times = random.nextInt(1, 4);
        for (int i = 0; i < times; i++) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> extreme(bytes, at, random);
                case 3 -> bytes = Arrays.copyOf(bytes, at + 1); // cut
                default -> System.arraycopy(file, 0, bytes, at, Math.min(file.length, bytes.length - at) / 8);
            }
        }
        return bytes;
    }

    private static void extreme(byte[] bytes, int at, SplittableRandom random) {
        if (at + 8 <= bytes.length) {
            ByteBuffer.wrap(bytes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(at, EXTREMES[random.nextInt(EXTREMES.length)]);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void mutatedFilesAreReadOrRefused(long seed) {
        byte[] file = GgufSamples.bytes();
        // Loads classes, whose heap would count as the first mutation's.
        requireReadable(GgufHeader.parse("whole.gguf", MemorySegment.ofArray(file)), file.length);
        SplittableRandom random = new SplittableRandom(seed);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] bytes = mutated(file, random);
            long before = threads.getCurrentThreadAllocatedBytes();
            try {
                requireReadable(GgufHeader.parse("fuzz.gguf", MemorySegment.ofArray(bytes)), bytes.length);
            } catch (TroupeException e) {
                assertThat(e.getMessage()).startsWith("fuzz.gguf").hasSizeLessThan(1000);
                refused++;
            } catch (RuntimeException e) {
                fail("seed " + seed + ", mutation " + i, e);
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                    .as("heap for mutation %d of seed %d", i, seed)
                    .isLessThan(MOST_BYTES);
        }
        assertThat(refused).isGreaterThan(MUTATIONS / 4);
    }

    private static void requireReadable(GgufHeader header, int fileBytes) {
        for (GgufTensor tensor : header.tensors().values()) {
            assertThat(tensor.size()).isPositive();
            assertThat(header.dataStart() + tensor.offset() + tensor.bytes()).isLessThanOrEqualTo(fileBytes);
            assertThat(tensor.shape().getLast() % tensor.type().blockElements()).isZero();
            assertThat(StorageType.valueOf(tensor.type().name())).isEqualTo(tensor.type());
        }
    }
}
