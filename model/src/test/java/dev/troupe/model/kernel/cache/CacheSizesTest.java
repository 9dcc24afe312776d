package dev.troupe.model.kernel.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Caches as Linux describes those of some processors. */
class CacheSizesTest {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    private void cache(int index, int level, String type, String size, String processors) throws IOException {
        Path folder = Files.createDirectories(dir.resolve("index" + index));
        Files.writeString(folder.resolve("level"), level + "\n");
        Files.writeString(folder.resolve("type"), type + "\n");
        Files.writeString(folder.resolve("size"), size + "\n");
        Files.writeString(folder.resolve("shared_cpu_list"), processors + "\n");
    }

    @Test
    void zen4() throws IOException {
        cache(0, 1, "Data", "32K", "0");
        cache(1, 1, "Instruction", "48K", "0");
        cache(2, 2, "Unified", "1024K", "0");
        cache(3, 3, "Unified", "32768K", "0-7");
        CacheSizes caches = LinuxCaches.read(dir).orElseThrow();
        assertThat(caches).isEqualTo(new CacheSizes(32 * KIB, MIB, 32 * MIB)).isEqualTo(CacheSizes.DEFAULT);
        assertThat(caches.ofOuter(3)).isEqualTo(12 * MIB);
    }

    /** As a virtual machine shows it: with a last cache that other machines share. */
    @Test
    void sapphireRapids() throws IOException {
        cache(0, 1, "Data", "48K", "0");
        cache(1, 1, "Instruction", "64K", "0");
        cache(2, 2, "Unified", "2048K", "0");
        cache(3, 3, "Unified", "491520K", "0-1");
        CacheSizes caches = LinuxCaches.read(dir).orElseThrow();
        assertThat(caches).isEqualTo(new CacheSizes(48 * KIB, 2 * MIB, 480 * MIB));
        assertThat(caches.ofOuter(1)).as("no more than is known to help").isEqualTo(4 * MIB);
        assertThat(caches.summary())
                .isEqualTo("caches of 48 KiB, 2 MiB and 480 MiB, 4 MiB of the last one at a time for each eighth");
    }

    /** Two threads of a core share its caches. */
    @Test
    void oldIntelWithTwoThreadsACore() throws IOException {
        cache(0, 1, "Data", "32K", "0,4");
        cache(1, 1, "Instruction", "32K", "0,4");
        cache(2, 2, "Unified", "256K", "0,4");
        cache(3, 3, "Unified", "8192K", "0-7");
        assertThat(LinuxCaches.read(dir)).contains(new CacheSizes(32 * KIB, 128 * KIB, 8 * MIB));
    }

    /** Four cores with one second cache and no third. */
    @Test
    void arm() throws IOException {
        cache(0, 1, "Data", "32K", "0");
        cache(1, 1, "Instruction", "48K", "0");
        cache(2, 2, "Unified", "1M", "0-3");
        CacheSizes caches = LinuxCaches.read(dir).orElseThrow();
        assertThat(caches).isEqualTo(new CacheSizes(32 * KIB, 256 * KIB, MIB));
        assertThat(caches.ofOuter(1)).isEqualTo(128 * KIB);
    }

    @Test
    void nothingIsSaid() {
        assertThat(LinuxCaches.read(dir)).isEmpty();
        assertThat(LinuxCaches.read(dir.resolve("absent"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"2048, 0", "K, 0", "'', 0", "0K, 0", "2048K, none", "-1K, 0"})
    void whatCannotBeReadIsNotBelieved(String size, String processors) throws IOException {
        cache(0, 1, "Data", "32K", "0");
        cache(1, 2, "Unified", size, processors);
        assertThat(LinuxCaches.read(dir)).isEmpty();
    }

    @Test
    void noCacheIsEmpty() {
        assertThatIllegalArgumentException().isThrownBy(() -> new CacheSizes(32 * KIB, 0, MIB));
        assertThat(CacheSizes.machine().ofOuter(1)).isPositive();
    }
}
