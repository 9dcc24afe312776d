package dev.troupe.model.format.safetensors;

import java.util.Optional;

/** The element types that the format names. Only {@link #F32}, {@link #F16} and {@link #BF16} can be read as floats. */
public enum TensorDtype {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U64(8),
    U32(4),
    U16(2),
    U8(1),
    F8_E4M3(1),
    F8_E5M2(1),
    BOOL(1);

    private final int bytes;

    TensorDtype(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether this reader turns it into float32. */
    public boolean readable() {
        return this == F32 || this == F16 || this == BF16;
    }

    static Optional<TensorDtype> named(String name) {
        for (TensorDtype dtype : values()) {
            if (dtype.name().equals(name)) {
                return Optional.of(dtype);
            }
        }
        return Optional.empty();
    }
}
