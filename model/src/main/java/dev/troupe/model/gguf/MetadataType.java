package dev.troupe.model.gguf;

/** Types of metadata values, in the order of their numbers in a file. */
public enum MetadataType {
    UINT8(0, 1),
    INT8(1, 1),
    UINT16(2, 2),
    INT16(3, 2),
    UINT32(4, 4),
    INT32(5, 4),
    FLOAT32(6, 4),
    BOOL(7, 1),
    STRING(8, 8),
    ARRAY(9, 12),
    UINT64(10, 8),
    INT64(11, 8),
    FLOAT64(12, 8);

    private static final MetadataType[] ALL = values();

    private final int number;
    private final int leastBytes;

    MetadataType(int number, int leastBytes) {
        this.number = number;
        this.leastBytes = leastBytes;
    }

    /** What a file calls it. */
    int number() {
        return number;
    }

    /** Fewest bytes that a value of this type takes. */
    int leastBytes() {
        return leastBytes;
    }

    static boolean exists(long number) {
        return number >= 0 && number < ALL.length;
    }

    static MetadataType numbered(long number) {
        return ALL[(int) number];
    }
}
