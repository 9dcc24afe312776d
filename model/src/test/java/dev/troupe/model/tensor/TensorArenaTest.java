package dev.troupe.model.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Pieces of an arena share huge pages, do not overlap, and go back together. */
class TensorArenaTest {
    private static final String OWNER = "test.arena";

    @Test
    void piecesAreAlignedZeroAndApart() {
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        try (TensorArena arena = TensorArena.open(OWNER)) {
            List<MemorySegment> pieces = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                MemorySegment piece = arena.allocateBytes(
                        random.nextInt(4) == 0 ? random.nextLong(3 * HugePages.BYTES) : random.nextLong(100_000));
                assertThat(piece.address() % 64).isZero();
                assertThat(piece.mismatch(MemorySegment.ofArray(new byte[(int) piece.byteSize()])))
                        .as("piece %d of %d bytes is zero", i, piece.byteSize())
                        .isEqualTo(-1);
                pieces.add(piece.fill((byte) 1));
            }
            pieces.sort(Comparator.comparingLong(MemorySegment::address));
            for (int i = 1; i < pieces.size(); i++) {
                MemorySegment before = pieces.get(i - 1);
                assertThat(before.address() + before.byteSize())
                        .isLessThanOrEqualTo(pieces.get(i).address());
            }
        }
        assertThat(NativeMemory.bytes(OWNER)).isZero();
    }

    @Test
    void layersSmallerThanHugePagesShareThem() throws IOException {
        assumeTrue(MappedMemory.hasHugePages(), "no transparent huge pages on this system");
        try (TensorArena arena = TensorArena.open(OWNER)) {
            MemorySegment last = MemorySegment.NULL;
            for (int i = 0; i < 64; i++) {
                last = arena.allocateBytes(HugePages.BYTES / 8).fill((byte) 1);
            }
            assertThat(MappedMemory.kibibytes(last.address(), "AnonHugePages:")).isPositive();
        }
    }

    /** The end of each would else take a huge page of its own, half of which is empty. */
    @Test
    void largePiecesShareThemToo() throws IOException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "no /proc/self/status on this system");
        long size = 2 * HugePages.BYTES + HugePages.BYTES / 8;
        int pieces = 40;
        try (TensorArena arena = TensorArena.open(OWNER)) {
            long before = MappedMemory.residentKibibytes();
            for (int i = 0; i < pieces; i++) {
                arena.allocateBytes(size).fill((byte) 1);
            }
            long kibibytes = MappedMemory.residentKibibytes() - before;
            long filled = pieces * size / 1024;
            assertThat(kibibytes).isBetween(filled * 9 / 10, filled * 11 / 10);
        }
    }

    /** Matrices that are laid out later take no memory until then, whatever lies between them. */
    @Test
    void littlePiecesTakeNoPagesOfTheLargeOnes() throws IOException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "no /proc/self/status on this system");
        int layers = 40;
        try (TensorArena arena = TensorArena.open(OWNER)) {
            long before = MappedMemory.residentKibibytes();
            for (int i = 0; i < layers; i++) {
                arena.allocateBytes(3 * HugePages.BYTES);
                arena.allocateBytes(8192).fill((byte) 1);
            }
            assertThat(MappedMemory.residentKibibytes() - before).isLessThan(layers * HugePages.BYTES / 1024 / 4);
        }
    }

    @Test
    void sharedPagesGoBackWithTheArena() throws IOException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/smaps")), "no /proc/self/smaps on this system");
        long address = 0;
        try (TensorArena arena = TensorArena.open(OWNER)) {
            for (int i = 0; i < 64; i++) {
                address =
                        arena.allocateBytes(HugePages.BYTES / 8).fill((byte) 1).address();
            }
            assertThat(MappedMemory.kibibytes(address, "Rss:")).isPositive();
        }
        assertThat(MappedMemory.kibibytes(address, "Rss:")).isZero();
    }

    @Test
    void arenasOfLittleThingsTakeNoHugePages() throws IOException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "no /proc/self/status on this system");
        List<TensorArena> arenas = new ArrayList<>();
        try {
            long before = MappedMemory.residentKibibytes();
            for (int i = 0; i < 200; i++) {
                TensorArena arena = TensorArena.open(OWNER);
                arenas.add(arena);
                arena.allocateBytes(100).fill((byte) 1);
            }
            assertThat(MappedMemory.residentKibibytes() - before).isLessThan(200 * HugePages.BYTES / 1024 / 4);
        } finally {
            arenas.forEach(TensorArena::close);
        }
    }

    /** More than a process has addresses for, so that it fails whatever the machine has. */
    @Test
    void memoryThatThereIsNotIsAnErrorOfItsOwnAndTheArenaGoesOn() {
        long tooMuch = (1L << 50) - 16;
        try (TensorArena arena = TensorArena.open(OWNER)) {
            arena.allocateBytes(1000);
            assertThatThrownBy(() -> arena.allocateBytes(tooMuch))
                    .isInstanceOf(NotEnoughMemoryException.class)
                    .hasMessage("the system gave no 1125899906842608 bytes (1073741823 MiB) of memory for test.arena,"
                            + " which has 1000 bytes so far");
            assertThatThrownBy(() -> arena.allocate(1 << 28, 1 << 20)).isInstanceOf(NotEnoughMemoryException.class);
            assertThat(arena.bytes()).isEqualTo(1000);
            assertThat(NativeMemory.bytes(OWNER)).isEqualTo(1000);
            assertThat(arena.allocate(5).size()).isEqualTo(5);
        }
        assertThat(NativeMemory.bytes(OWNER)).isZero();
    }
}
