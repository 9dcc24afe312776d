package dev.troupe.model.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

class TensorFileTest {
    private static final int ELEMENTS = 1 << 20;
    private static final long SMALL_PAGE = 4 << 10;

    @TempDir
    Path root;

    /** KiB in memory of mappings of files of this name, of this process. */
    static long residentKib(String name) throws IOException {
        long resident = 0;
        boolean mine = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.startsWith("Rss:")) {
                resident += mine ? Long.parseLong(line.replaceAll("\\D", "")) : 0;
            } else if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                mine = line.contains("/" + name + "-") && line.contains(".tensors");
            }
        }
        return resident;
    }

    @Test
    void keepsWhatWasWrittenThroughForgetting() throws IOException {
        long before = NativeMemory.bytes("tensor.files");
        Path directory = root.resolve("made/when/missing");
        try (TensorFile file = TensorFile.create(directory, "state", 2 * TensorFile.bytesOf(ELEMENTS + 1))) {
            Tensor first = file.allocate(ELEMENTS + 1);
            Tensor second = file.allocate(ELEMENTS);
            assertThat(first.get(ELEMENTS)).isZero();
            for (int i = 0; i < ELEMENTS; i++) {
                first.set(i, i);
                second.set(i, -i);
            }
            file.forget(first);
            file.forget(second, ELEMENTS / 2, ELEMENTS);
            if (Files.exists(Path.of("/proc/self/smaps"))) {
                assertThat(residentKib("state")).isBetween(1L, 2L * ELEMENTS * 4 / 1024 * 3 / 8);
            }
            for (int i = 0; i < ELEMENTS; i++) {
                assertThat(first.get(i)).isEqualTo(i);
                assertThat(second.get(i)).isEqualTo(-i);
            }
            assertThat(NativeMemory.bytes("tensor.files")).isGreaterThan(before);
        }
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).as("files that are left").isEmpty();
        }
        assertThat(NativeMemory.bytes("tensor.files")).isEqualTo(before);
    }

    @Test
    void whatLiesBeforeTheFileInMemoryStays() {
        MemoryCalls calls = MemoryCalls.SYSTEM.orElseThrow(() -> new TestAbortedException("there is no mmap here"));
        long bytes = 4 * SMALL_PAGE;
        int numNeighbours = 0;
        List<Long> mapped = new ArrayList<>(); // until the end: they fill gaps that hold one of the two only
        try {
            for (int i = 0; i < 256 && numNeighbours < 3; i++) {
                try (TensorFile file = TensorFile.create(root, "state", TensorFile.bytesOf(16) + i * SMALL_PAGE)) {
                    long start = file.allocate(16).address();
                    long neighbour = calls.map(bytes); // the system maps from the top down
                    mapped.add(neighbour);
                    MemorySegment before = MemorySegment.ofAddress(neighbour).reinterpret(bytes);
                    before.fill((byte) 1);
                    file.forget(MemorySegment.ofAddress(start).reinterpret(64));
                    assertThat(before.mismatch(before.asSlice(1))).isEqualTo(before.byteSize() - 1);
                    assertThat(before.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
                    numNeighbours += neighbour + bytes == start ? 1 : 0;
                }
            }
        } finally {
            mapped.forEach(address -> calls.unmap(address, bytes));
        }
        assumeThat(numNeighbours).as("files with memory right before them").isPositive();
    }

    @Test
    void aFullDiskIsNamedBeforeAnythingIsWritten() throws IOException {
        long free = Files.getFileStore(root).getUsableSpace();
        assumeThat(free).isLessThan(Long.MAX_VALUE / 4);
        assertThatThrownBy(() -> TensorFile.create(root, "state", free + (1L << 40)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(root.toString())
                .hasMessageContaining("are free")
                .hasMessageContaining("mesh.offloadDirectory");
        try (Stream<Path> left = Files.list(root)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aDirectoryThatCannotBeMadeIsNamed() throws IOException {
        Path file = Files.writeString(root.resolve("file"), "no directory");
        assertThatThrownBy(() -> TensorFile.create(file.resolve("below"), "state", 100))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("mesh.offloadDirectory");
    }
}
