package dev.troupe.model.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory of the process's own in place of a mapped file: the same bytes, for those too that read them meanwhile. */
class OwnPagesTest {
    private static final int SIZE = 37_000_001; // some pieces, the last of which ends within a page
    private static final long SEED = 7;

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path temp;

    private byte[] content = {};

    @BeforeEach
    void write() throws IOException {
        assumeTrue(MemoryCalls.SYSTEM.isPresent(), "pages are moved on Linux only");
        content = new byte[SIZE];
        new Random(SEED).nextBytes(content);
        Files.write(file(), content);
    }

    private Path file() {
        return temp.resolve("file");
    }

    private MemorySegment map(Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, SIZE, arena);
        }
    }

    @Test
    void theSameBytesStayWhenTheFileGoes() throws IOException, InterruptedException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment mapped = map(arena);
            assertThat(OwnPages.take(mapped)).isEqualTo(SIZE);
            try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
                channel.truncate(0); // who reads a page of a file that is not there any more is ended by the system
            }
            assertThat(mapped.mismatch(MemorySegment.ofArray(content))).isEqualTo(-1);
        }
    }

    @Test
    void theyLieInHugePages() throws IOException, InterruptedException {
        assumeTrue(MappedMemory.hasHugePages(), "no transparent huge pages on this system");
        try (Arena arena = Arena.ofShared()) {
            MemorySegment mapped = map(arena);
            OwnPages.take(mapped);
            assertThat(MappedMemory.kibibytes(mapped.address() + SIZE / 2, "AnonHugePages:"))
                    .isPositive();
        }
    }

    @Test
    void nothingIsLeftWhenTheMappingGoes() throws IOException, InterruptedException {
        long address;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment mapped = map(arena);
            OwnPages.take(mapped);
            address = mapped.address();
        }
        for (long at = 0; at < SIZE; at += HugePages.BYTES) {
            assertThat(MappedMemory.kibibytes(address + at, "Rss:")).isZero();
        }
    }

    @Test
    void whoReadsMeanwhileSeesNoDifference() throws IOException, InterruptedException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment mapped = map(arena);
            MemorySegment expected = MemorySegment.ofArray(content);
            AtomicBoolean isDone = new AtomicBoolean();
            AtomicLong passes = new AtomicLong();
            AtomicLong different = new AtomicLong(-1);
            Thread reader = Thread.ofPlatform().start(() -> {
                while (!isDone.get()) {
                    for (long at = 0; at + Long.BYTES <= SIZE; at += 64) {
                        if (mapped.get(ValueLayout.JAVA_LONG_UNALIGNED, at)
                                != expected.get(ValueLayout.JAVA_LONG_UNALIGNED, at)) {
                            different.set(at);
                        }
                    }
                    passes.incrementAndGet();
                }
            });
            while (passes.get() == 0) {
                Thread.sleep(1);
            }
            OwnPages.take(mapped);
            isDone.set(true);
            reader.join();
            assertThat(different).hasValue(-1);
        }
    }
}
