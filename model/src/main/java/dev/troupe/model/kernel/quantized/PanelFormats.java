package dev.troupe.model.kernel.quantized;

import dev.troupe.model.tensor.StorageType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The formats of all types. */
final class PanelFormats {
    /** Those that were asked for: their loops are written then. */
    private static final Map<StorageType, PanelFormat> FASTEST = new ConcurrentHashMap<>();

    private PanelFormats() {}

    /** What runs fastest here. */
    static PanelFormat fastest(StorageType type) {
        PanelFormat known = FASTEST.get(type); // without the lock that the other call may take
        return known != null ? known : FASTEST.computeIfAbsent(type, of -> WrittenPanels.of(of, vector(of)));
    }

    /** By the Vector API. */
    static PanelFormat vector(StorageType type) {
        return switch (type) {
            case F32 -> FloatPanels.INSTANCE;
            case BF16 -> Bf16Panels.INSTANCE;
            case F16 -> F16Panels.INSTANCE;
            case Q8_0 -> BytePanels.INSTANCE;
            case Q4_0 -> NibblePanels.Q4_0;
            case Q4_K -> NibblePanels.Q4_K;
            case Q6_K -> SixBitPanels.INSTANCE;
        };
    }
}
