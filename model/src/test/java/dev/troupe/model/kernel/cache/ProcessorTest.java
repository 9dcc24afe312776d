package dev.troupe.model.kernel.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processors as Linux describes them. */
class ProcessorTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    private Processor read(String description) throws IOException {
        return Processor.read(Files.writeString(dir.resolve("cpuinfo"), description));
    }

    @Test
    void theFirstOneCounts() throws IOException {
        Processor processor = read("""
                processor\t: 0
                vendor_id\t: AuthenticAMD
                flags\t\t: fpu avx512f avx512_vnni
                vmx flags\t: tsc_offset

                processor\t: 1
                vendor_id\t: GenuineIntel
                flags\t\t: fpu amx_int8
                """);
        assertThat(processor).isEqualTo(new Processor("AuthenticAMD", Set.of("fpu", "avx512f", "avx512_vnni")));
        assertThat(processor.has("avx512_vnni")).isTrue();
        assertThat(processor.has("amx_int8")).isFalse();
    }

    @Test
    void onlyAnIntelReadsInTurns() throws IOException {
        assertThat(read("vendor_id\t: GenuineIntel\nflags\t: fpu\n").placesInTurns())
                .isEqualTo(4);
        assertThat(read("vendor_id\t: AuthenticAMD\nflags\t: fpu\n").placesInTurns())
                .isEqualTo(1);
    }

    @Test
    void aVirtualOneHasAFlagOfIt() throws IOException {
        assertThat(read("model name\t: A hypervisor\nflags\t: fpu hypervisor lahf_lm\n")
                        .isVirtual())
                .isTrue();
        assertThat(read("model name\t: A hypervisor\nflags\t: fpu lahf_lm\n").isVirtual())
                .isFalse();
    }

    @Test
    void whereNothingIsKnown() throws IOException {
        Processor other = read("processor\t: 0\nFeatures\t: fp asimd\n");
        assertThat(other).isEqualTo(Processor.read(dir.resolve("missing")));
        assertThat(other.has("")).isFalse();
        assertThat(other.placesInTurns()).isEqualTo(1);
    }
}
