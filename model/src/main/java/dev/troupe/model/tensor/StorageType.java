package dev.troupe.model.tensor;

/**
 * How numbers are stored in memory and in files. The quantized types are those of GGUF: a row is cut into blocks, each
 * with scales of its own, and a row's length is a multiple of the block's.
 *
 * <p>Byte layouts are described where they are read: {@code dev.troupe.model.kernel.quantized}.
 */
public enum StorageType {
    F32(1, 4),
    F16(1, 2),
    /** The upper half of a float32. */
    BF16(1, 2),
    /** One float16 scale, 32 signed bytes. */
    Q8_0(32, 34),
    /** One float16 scale, 32 four-bit numbers less 8. */
    Q4_0(32, 18),
    /** Float16 scale of scales and of minima, 8 pairs of six bits, 256 four-bit numbers. */
    Q4_K(256, 144),
    /** 256 six-bit numbers less 32, 16 signed byte scales, their float16 scale. */
    Q6_K(256, 210);

    private final int blockElements;
    private final int blockBytes;

    StorageType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** Elements that share a block; 1 for the plain types. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes of a block. */
    public int blockBytes() {
        return blockBytes;
    }

    /**
     * Bytes of {@code elements} numbers.
     *
     * @throws IllegalArgumentException when they do not fill whole blocks
     */
    public long bytes(long elements) {
        if (elements < 0 || elements % blockElements != 0) {
            throw new IllegalArgumentException(
                    elements + " elements do not fill whole blocks of " + this + ", which have " + blockElements);
        }
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }
}
