package dev.troupe.model.kernel.check;

import dev.troupe.model.TroupeException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The result of comparing kernels with the reference.
 *
 * @param provider whose kernels were checked, or the name of a product beside them
 * @param threads that they worked on
 * @param comparisons that were made
 * @param seconds that they took
 * @param differences what was found; empty when all is well
 * @param remedy what a user can do when it is not
 */
public record SelfCheck(
        String provider,
        int threads,
        int comparisons,
        double seconds,
        List<KernelDifference> differences,
        String remedy) {
    private static final int DIFFERENCES_SHOWN = 8;

    public SelfCheck {
        differences = List.copyOf(differences);
    }

    /**
     * Refuses kernels that differ.
     *
     * @throws TroupeException saying which, at which size and by how much
     */
    public void require() {
        if (!differences.isEmpty()) {
            throw new TroupeException(problem() + "\n" + remedy + " and report this.");
        }
    }

    /** What was compared, where nothing differs. */
    public String summary() {
        return String.format(
                Locale.ROOT,
                "kernels %s agree with the reference: %d comparisons on %d threads in %.0f ms",
                provider,
                comparisons,
                threads,
                seconds * 1e3);
    }

    /** What differs, and by how much; only where something does. */
    public String problem() {
        return "kernels \"" + provider + "\" compute other results than the scalar reference on this machine and are"
                + " not used:\n"
                + differences.stream()
                        .limit(DIFFERENCES_SHOWN)
                        .map(SelfCheck::line)
                        .collect(Collectors.joining("\n"))
                + (differences.size() > DIFFERENCES_SHOWN
                        ? "\n  and " + (differences.size() - DIFFERENCES_SHOWN) + " more"
                        : "");
    }

    private static String line(KernelDifference d) {
        return String.format(
                Locale.ROOT,
                "  %s at %s: %s is off by %.3g, %.3g is allowed",
                d.operation(),
                d.shape(),
                d.output(),
                d.error(),
                d.tolerance());
    }
}
