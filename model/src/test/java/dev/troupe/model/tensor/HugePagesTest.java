package dev.troupe.model.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Large tensors lie on huge pages where the system has them, and their memory goes back with the arena. */
class HugePagesTest {
    private static final long SIZE = 16 * HugePages.BYTES;

    @Test
    void isAlignedAndZero() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = HugePages.allocate(HugePages.BYTES + 12, arena);
            assertThat(segment.address() % HugePages.BYTES).isZero();
            assertThat(segment.byteSize()).isEqualTo(HugePages.BYTES + 12);
            assertThat(segment.mismatch(arena.allocate(segment.byteSize()))).isEqualTo(-1);
        }
    }

    @Test
    void liesOnHugePages() throws IOException {
        assumeTrue(MappedMemory.hasHugePages(), "no transparent huge pages on this system");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = HugePages.allocate(SIZE, arena);
            segment.fill((byte) 1);
            // The system may be out of whole huge pages; that it gives not one means that the advice came too late.
            assertThat(MappedMemory.kibibytes(segment.address(), "AnonHugePages:"))
                    .isPositive();
        }
    }

    @Test
    void goesBackWithTheArena() throws IOException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/smaps")), "no /proc/self/smaps on this system");
        long address;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = HugePages.allocate(SIZE, arena).fill((byte) 1);
            address = segment.address();
            assertThat(MappedMemory.kibibytes(address, "Rss:")).isPositive();
        }
        assertThat(MappedMemory.kibibytes(address, "Rss:")).isZero();
    }
}
