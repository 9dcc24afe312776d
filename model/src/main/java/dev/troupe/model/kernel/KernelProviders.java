package dev.troupe.model.kernel;

import dev.troupe.model.TroupeException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

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
        providers.sort(Comparator.comparingInt(KernelProvider::rank).reversed().thenComparing(KernelProvider::name));
        return providers;
    }

    /**
     * The provider that {@code compute.backend} asks for.
     *
     * @param backend a provider's name, or "auto"
     * @throws TroupeException when there is none of that name or it cannot run here
     */
    public static KernelProvider select(String backend) {
        List<KernelProvider> providers = all();
        for (KernelProvider provider : providers) {
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
        throw new TroupeException("compute.backend \"" + backend + "\" is unknown; there is \"" + AUTO + "\", "
                + String.join(
                        ", ",
                        providers.stream().map(p -> "\"" + p.name() + "\"").toList()));
    }
}
