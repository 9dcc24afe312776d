package dev.troupe.model.kernel.cache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What Linux says of the first processor; elsewhere nothing is known of it.
 *
 * @param vendor as the processor names it, such as "AuthenticAMD"; empty when not known
 * @param flags groups of instructions that it has and other things of it, as the system calls them
 */
public record Processor(String vendor, Set<String> flags) {
    private static final Processor MACHINE = read(Path.of("/proc/cpuinfo"));

    public Processor {
        flags = Set.copyOf(flags);
    }

    /** The one that this process runs on. */
    public static Processor machine() {
        return MACHINE;
    }

    static Processor read(Path description) {
        try (Stream<String> all = Files.lines(description)) {
            // Of the first one only: a machine with hundreds of them takes its time to describe all.
            List<String> lines = all.takeWhile(line -> !line.isBlank()).toList();
            String flags = value(lines, "flags");
            return new Processor(
                    value(lines, "vendor_id"),
                    flags.isEmpty() ? Set.of() : Set.copyOf(Arrays.asList(flags.split(" +"))));
        } catch (IOException e) {
            return new Processor("", Set.of());
        }
    }

    /** Of the line that begins so, what follows its colon. */
    private static String value(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key) && line.contains(":"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("");
    }

    /** Whether it has this group of instructions. */
    public boolean has(String instructions) {
        return flags.contains(instructions);
    }

    /** Whether a hypervisor lends it, as far as those of x86 say. */
    public boolean isVirtual() {
        return has("hypervisor");
    }

    /**
     * From how many places of memory, a few lines of each in turns, a thread reads fastest what it computes with. An
     * Intel reads ahead a page at a time in each place; an AMD goes on by itself where it is one place, and loses a
     * third where there are four (docs/log.md).
     */
    public int placesInTurns() {
        return vendor.equals("GenuineIntel") ? 4 : 1;
    }
}
