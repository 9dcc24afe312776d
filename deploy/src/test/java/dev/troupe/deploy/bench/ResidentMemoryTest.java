package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What is written off the heap is seen, what is written on it is not. */
class ResidentMemoryTest {
    private static final long BYTES = 96L << 20;

    @Test
    void onlyMappingsOfTheHeapAreTheHeaps() {
        List<String> lines = List.of(
                "b0000000-c0000000 rw-p 00000000 00:00 0 ",
                "Anonymous:           100 kB",
                "c0000000-d7a00000 rw-p 00000000 00:00 0 ",
                "Rss:                  70 kB",
                "Anonymous:            64 kB",
                "VmFlags: rd wr mr mw me ac ",
                "ffe00000-100000000 rw-p 00dc9000 fe:00 280661                             /lib/classes.jsa",
                "Anonymous:             8 kB",
                "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ",
                "Anonymous:             4 kB",
                "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
                "Anonymous:             0 kB");
        assertThat(ResidentMemory.inside(0xc0000000L, 0x100000000L, lines)).isEqualTo(64 + 8);
    }

    @Test
    void theHeapIsFoundInWhatCollectorsSay() {
        String g1 = """
                garbage-first heap   total reserved 6172672K, committed 266240K [0x0000000687400000, 0x0000000800000000)
                 region size 4096K, 7 young (28672K), 2 survivors (8192K)
                """;
        String serial = """
                DefNew     total 116160K, used 31021K [0x00000000c0000000, 0x00000000c7e00000, 0x00000000d5550000)
                 eden space 103296K,  30% used [0x00000000c0000000, 0x00000000c1e4b4f0, 0x00000000c64e0000)
                Tenured    total 258048K, used 1166K [0x00000000d5550000, 0x00000000e5150000, 0x0000000100000000)
                """;
        assertThat(ResidentMemory.heap(g1)).contains(new ResidentMemory.Range(0x687400000L, 0x800000000L));
        assertThat(ResidentMemory.heap(serial)).contains(new ResidentMemory.Range(0xc0000000L, 0x100000000L));
        assertThat(ResidentMemory.heap("")).isEmpty();
    }

    @Test
    void memoryOffTheHeapIsSeenAndThatOnItIsNot() {
        Assumptions.assumeTrue(ResidentMemory.outsideHeap() >= 0, "ResidentMemoryTest: not Linux, or another JVM");
        long before = ResidentMemory.outsideHeap();
        byte[][] onHeap = new byte[(int) (BYTES >> 20)][1 << 20];
        long after = ResidentMemory.outsideHeap();
        assertThat(after - before).isLessThan(BYTES / 2);
        assertThat(onHeap).hasDimensions((int) (BYTES >> 20), 1 << 20);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(BYTES);
            segment.fill((byte) 1);
            assertThat(ResidentMemory.outsideHeap() - after).isGreaterThan(BYTES / 2);
        }
    }
}
