package dev.troupe.gpu.device;

/**
 * The heaps of a device. TornadoVM's arrays have one element type and its kernels cannot reinterpret one as another, so
 * what is packed into bits lies apart from numbers.
 */
public enum Heap {
    /** Of float32: all ordinary tensors. */
    FLOATS,
    /** Of 32 bits each: stored weights, keys and values in fewer bits. Allocated when something is first put there. */
    WORDS
}
