package dev.troupe.model.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Large tensors lie on huge pages where the system has them, and their memory goes back with the arena. */
class HugePagesTest {
    private static final Path SWITCH = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
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
        assumeTrue(
                Files.isReadable(SWITCH) && !Files.readString(SWITCH).contains("[never]"),
                "no transparent huge pages on this system");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = HugePages.allocate(SIZE, arena);
            segment.fill((byte) 1);
            // The system may be out of whole huge pages; that it gives not one means that the advice came too late.
            assertThat(kibibytes(segment.address(), "AnonHugePages:")).isPositive();
        }
    }

    @Test
    void goesBackWithTheArena() throws IOException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/smaps")), "no /proc/self/smaps on this system");
        long address;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = HugePages.allocate(SIZE, arena).fill((byte) 1);
            address = segment.address();
            assertThat(kibibytes(address, "Rss:")).isPositive();
        }
        assertThat(kibibytes(address, "Rss:")).isZero();
    }

    /** A figure of the mapping that holds this address, 0 when there is none. */
    private static long kibibytes(long address, String name) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        boolean inside = false;
        for (String line : lines) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                String[] range = line.substring(0, line.indexOf(' ')).split("-", 2);
                inside = Long.compareUnsigned(Long.parseUnsignedLong(range[0], 16), address) <= 0
                        && Long.compareUnsigned(address, Long.parseUnsignedLong(range[1], 16)) < 0;
            } else if (inside && line.startsWith(name)) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return 0;
    }
}
