package dev.troupe.model.kernel;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.List;

/**
 * The kernel providers that tests run: all of them, or those named in the property {@code troupe.test.backends}, for a
 * module that tests a provider of its own.
 */
public final class TestedProviders {
    private static final String NAMES = System.getProperty("troupe.test.backends", "");

    private TestedProviders() {}

    /** Those that run here, and those that do not and say why. */
    public static List<KernelProvider> all() {
        List<String> names = Arrays.asList(NAMES.split(",", -1));
        return KernelProviders.all().stream()
                .filter(provider -> NAMES.isEmpty() || names.contains(provider.name()))
                .toList();
    }

    /** Labels of all. */
    public static List<String> names() {
        return all().stream().map(KernelProvider::label).toList();
    }

    /** Ends the test as skipped, with the reason, where this provider does not run. */
    public static KernelProvider assumed(String name) {
        KernelProvider provider =
                all().stream().filter(p -> p.label().equals(name)).findFirst().orElseThrow();
        assumeTrue(
                provider.unavailable().isEmpty(),
                () -> name + ": " + provider.unavailable().orElse(""));
        return provider;
    }
}
