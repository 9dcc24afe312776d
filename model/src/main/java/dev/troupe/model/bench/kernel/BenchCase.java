package dev.troupe.model.bench.kernel;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One kernel at one shape.
 *
 * @param kernel as reports call it; the same for all shapes
 * @param shape such as "1024x3072x768"
 * @param work of one call
 * @param preparation makes the inputs
 * @param peers the same work by other libraries, measured in turns with the kernel
 */
public record BenchCase(String kernel, String shape, Work work, Preparation preparation, List<Peer> peers) {
    public BenchCase {
        peers = List.copyOf(peers);
    }

    /** Allocates inputs and outputs in the arena and gives what is measured: one call of the kernel. */
    @FunctionalInterface
    public interface Preparation {
        Runnable prepare(Kernels kernels, TensorArena arena);
    }

    /**
     * Another library.
     *
     * @param name as in the report: "openblas"
     */
    public record Peer(String name, Preparation preparation) {}

    /** What bounds a kernel from above. */
    public enum Limit {
        /** The float32 multiply-add peak. */
        FLOAT32("GFLOP/s"),
        /** The peak of products in the kernels' precision. */
        PRODUCT("GFLOP/s"),
        /** That of products in bf16. */
        BF16("GFLOP/s"),
        /** That of products of bytes. */
        INT8("GOP/s"),
        /** Reading memory that is in no cache. */
        READ("GB/s"),
        /** Changing memory in place, both ways counted. */
        UPDATE("GB/s");

        private final String unit;

        Limit(String unit) {
            this.unit = unit;
        }

        public String unit() {
            return unit;
        }
    }

    /**
     * An amount of work.
     *
     * @param units floating-point operations or bytes
     * @param limit which of the machine's limits it is compared with
     */
    public record Work(double units, Limit limit) {
        public static Work flops(double operations) {
            return new Work(operations, Limit.FLOAT32);
        }

        /** Operations of a product. */
        public static Work product(double operations) {
            return new Work(operations, Limit.PRODUCT);
        }

        /** Bytes that have to be read and written once, mostly read. */
        public static Work bytes(double bytes) {
            return new Work(bytes, Limit.READ);
        }

        /** Bytes read and written of what is changed in place. */
        public static Work updated(double bytes) {
            return new Work(bytes, Limit.UPDATE);
        }
    }

    /** A case without peers. */
    public static BenchCase of(String kernel, String shape, Work work, Preparation preparation) {
        return new BenchCase(kernel, shape, work, preparation, List.of());
    }

    /** The same case, compared with one more library. */
    public BenchCase with(Peer peer) {
        List<Peer> all = new ArrayList<>(peers);
        all.add(peer);
        return new BenchCase(kernel, shape, work, preparation, all);
    }

    /** Whether "kernel shape" contains {@code filter}, in any case. */
    public boolean matches(String filter) {
        return (kernel + " " + shape).toLowerCase(Locale.ROOT).contains(filter.toLowerCase(Locale.ROOT));
    }
}
