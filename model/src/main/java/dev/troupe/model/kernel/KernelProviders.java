package dev.troupe.model.kernel;

import dev.troupe.model.TroupeException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The kernel providers on the class path, and the choice among them. */
public final class KernelProviders {
    /** Takes the available provider with the highest rank. */
    public static final String AUTO = "auto";

    private KernelProviders() {}

    /** Every provider, available or not, best first. */
    public static List<KernelProvider> all() {
        List<KernelProvider> providers = new ArrayList<>();
        ServiceLoader.load(KernelProvider.class, KernelProviders.class.getClassLoader())
                .forEach(providers::add);
        providers.sort(Comparator.comparingInt(KernelProvider::rank).reversed().thenComparing(KernelProvider::label));
        return providers;
    }

    /** As {@link #select(String, Precision)}, with float32 products. */
    public static KernelProvider select(String backend) {
        return select(backend, Precision.FP32);
    }

    /**
     * The provider that {@code backend} and {@code precision} ask for.
     *
     * @param backend a provider's name, or "auto"
     * @throws TroupeException when there is none of that name and precision or it cannot run here
     */
    public static KernelProvider select(String backend, Precision precision) {
        for (KernelProvider provider : all()) {
            if (provider.precision() != precision) {
                continue;
            }
            if (backend.equals(AUTO)) {
                if (provider.unavailable().isEmpty()) {
                    return provider;
                }
            } else if (provider.name().equals(backend)) {
                provider.unavailable().ifPresent(reason -> {
                    throw new TroupeException("compute.backend \"" + backend + "\" cannot run here: " + reason);
                });
                return provider;
            }
        }
        throw unknown(backend, precision);
    }

    private static TroupeException unknown(String backend, Precision precision) {
        List<KernelProvider> providers = all();
        String others = providers.stream()
                .filter(provider -> provider.name().equals(backend))
                .map(provider -> provider.precision().configName())
                .collect(Collectors.joining(", "));
        String names = Stream.concat(
                        Stream.of(AUTO),
                        providers.stream()
                                .filter(provider -> provider.precision() == precision)
                                .map(KernelProvider::name))
                .map(name -> "\"" + name + "\"")
                .collect(Collectors.joining(", "));
        return new TroupeException("compute.backend \"" + backend + "\" "
                + (others.isEmpty()
                        ? "is unknown"
                        : "has no products in " + precision.configName() + ", only in " + others)
                + "; in " + precision.configName() + " there is " + names);
    }
}
