package dev.troupe.model.kernel.quantized;

/** How a {@link WeightProduct} lays weights out, for those who read them beside it. */
public enum WeightLayout {
    /** Rows as they are stored. */
    ROWS,
    /** Panels of {@link PanelFormat}. */
    PANELS,
    /** In the memory of a device, as its kernels read them. */
    DEVICE
}
