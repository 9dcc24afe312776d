package dev.troupe.model.format.durable;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Every byte, and the length, counts in the digest that versions are made of. */
class PieceDigestTest {
    private static final int MIB = 1 << 20;

    @Test
    void everyByteAndTheLengthCount() {
        long size = 2L * MIB + 5;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(size);
            Set<String> digests = new HashSet<>();
            digests.add(Sha256.ofPieces(bytes).sha256());
            assertThat(Sha256.ofPieces(bytes)).isEqualTo(Sha256.ofPieces(bytes));
            for (long at : new long[] {0, MIB - 1, MIB, 2L * MIB, size - 1}) {
                bytes.set(ValueLayout.JAVA_BYTE, at, (byte) 1);
                digests.add(Sha256.ofPieces(bytes).sha256());
                bytes.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
            }
            for (long length : new long[] {0, 1, MIB, 2L * MIB, size - 1}) {
                digests.add(Sha256.ofPieces(bytes.asSlice(0, length)).sha256());
            }
            assertThat(digests).hasSize(11);
        }
    }
}
