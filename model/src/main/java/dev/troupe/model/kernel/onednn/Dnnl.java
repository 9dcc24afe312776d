package dev.troupe.model.kernel.onednn;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.troupe.model.system.NativeFunction;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The functions of oneDNN's C interface that matrix products need (oneapi/dnnl/dnnl.h, version 3). Handles are
 * addresses; whoever creates one destroys it. A status other than success becomes an exception that names the function.
 */
final class Dnnl {
    /** dnnl_format_tag_t: panels of 64 columns, in each [k / 2][64][2]. */
    static final int PANELS = 384; // dnnl_BA16a64b2a

    /** Panels of 64 columns, in each [k / 4][64][4]. */
    static final int QUAD_PANELS = 388; // dnnl_BA16a64b4a

    static final int BF16 = 2;
    static final int F32 = 3;
    static final int S32 = 4;
    static final int S8 = 5;
    static final int U8 = 6;

    static final int ARG_SRC = 1;
    static final int ARG_DST = 17;
    static final int ARG_WEIGHTS = 33;
    static final int ARG_SCRATCHPAD = 80;

    private static final int CPU = 1;
    private static final int IN_ORDER = 1; // dnnl_stream_default_flags
    private static final int SCRATCHPAD_MODE_USER = 1;
    private static final int QUERY_SCRATCHPAD_MD = 136;

    private record Loaded(
            @Nullable SymbolLookup symbols, @Nullable String problem) {}

    private static final Loaded LIBRARY = load();

    private static final NativeFunction ENGINE_CREATE = function("dnnl_engine_create");
    private static final NativeFunction STREAM_CREATE = function("dnnl_stream_create");
    private static final NativeFunction STREAM_DESTROY = function("dnnl_stream_destroy");
    private static final NativeFunction CACHE_CAPACITY = function("dnnl_set_primitive_cache_capacity");
    private static final NativeFunction WITH_TAG = function("dnnl_memory_desc_create_with_tag");
    private static final NativeFunction WITH_STRIDES = function("dnnl_memory_desc_create_with_strides");
    private static final NativeFunction CLONE = function("dnnl_memory_desc_clone");
    private static final NativeFunction DESC_DESTROY = function("dnnl_memory_desc_destroy");
    private static final NativeFunction DESC_SIZE = function("dnnl_memory_desc_get_size");
    private static final NativeFunction ATTR_CREATE = function("dnnl_primitive_attr_create");
    private static final NativeFunction ATTR_SCRATCHPAD = function("dnnl_primitive_attr_set_scratchpad_mode");
    private static final NativeFunction ATTR_DESTROY = function("dnnl_primitive_attr_destroy");
    private static final NativeFunction MATMUL = function("dnnl_matmul_primitive_desc_create");
    private static final NativeFunction QUERY_MD = function("dnnl_primitive_desc_query_md");
    private static final NativeFunction PD_DESTROY = function("dnnl_primitive_desc_destroy");
    private static final NativeFunction PRIMITIVE_CREATE = function("dnnl_primitive_create");
    private static final NativeFunction PRIMITIVE_DESTROY = function("dnnl_primitive_destroy");
    private static final NativeFunction EXECUTE = function("dnnl_primitive_execute");
    private static final NativeFunction MEMORY_CREATE = function("dnnl_memory_create");
    private static final NativeFunction MEMORY_SET = function("dnnl_memory_set_data_handle");
    private static final NativeFunction MEMORY_DESTROY = function("dnnl_memory_destroy");
    private static final NativeFunction OMP_SET_NUM_THREADS = function("omp_set_num_threads");

    private static final long ENGINE = engine();

    private Dnnl() {}

    /** Why the library could not be loaded; nothing else may be called then. */
    static Optional<String> problem() {
        return Optional.ofNullable(LIBRARY.problem());
    }

    private static Loaded load() {
        try {
            return new Loaded(OneDnnLibrary.load(), null);
        } catch (IOException | IllegalArgumentException | UnsatisfiedLinkError e) {
            return new Loaded(null, "the library could not be loaded: " + e.getMessage());
        }
    }

    /** Without the library one at nothing, which {@link #problem} keeps from being called. */
    private static NativeFunction function(String name) {
        SymbolLookup symbols = LIBRARY.symbols();
        return NativeFunction.at(symbols == null ? MemorySegment.NULL : symbols.findOrThrow(name));
    }

    private static long engine() {
        if (LIBRARY.symbols() == null) {
            return 0;
        }
        // Primitives end when their owner destroys them: the library's own cache would keep them.
        check("dnnl_set_primitive_cache_capacity", CACHE_CAPACITY.call(0));
        return created("dnnl_engine_create", out -> ENGINE_CREATE.call(out, CPU, 0L));
    }

    /** The work that primitives made by this thread from now on split over threads: none. */
    static void useOneThread() {
        OMP_SET_NUM_THREADS.call(1);
    }

    static long createStream() {
        return created("dnnl_stream_create", out -> STREAM_CREATE.call(out, ENGINE, IN_ORDER));
    }

    static void destroyStream(long stream) {
        check("dnnl_stream_destroy", STREAM_DESTROY.call(stream));
    }

    /** A matrix of rows [rows][columns] whose starts are {@code stride} elements apart. */
    static long rows(int rows, int columns, int type, int stride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment dims = arena.allocateFrom(JAVA_LONG, rows, columns);
            MemorySegment strides = arena.allocateFrom(JAVA_LONG, stride, 1);
            return created(
                    "dnnl_memory_desc_create_with_strides",
                    out -> WITH_STRIDES.call(out, 2, dims.address(), type, strides.address()));
        }
    }

    /** A matrix [rows][columns] in a layout with a name of its own. */
    static long tagged(int rows, int columns, int type, int tag) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment dims = arena.allocateFrom(JAVA_LONG, rows, columns);
            return created("dnnl_memory_desc_create_with_tag", out -> WITH_TAG.call(out, 2, dims.address(), type, tag));
        }
    }

    static void destroyDescription(long description) {
        check("dnnl_memory_desc_destroy", DESC_DESTROY.call(description));
    }

    static long bytes(long description) {
        return DESC_SIZE.call(description);
    }

    /** The description of a product; its scratchpad is the caller's. */
    static long matmul(long a, long b, long c) {
        long attributes = created("dnnl_primitive_attr_create", out -> ATTR_CREATE.call(out));
        try {
            check("dnnl_primitive_attr_set_scratchpad_mode", ATTR_SCRATCHPAD.call(attributes, SCRATCHPAD_MODE_USER));
            return created(
                    "dnnl_matmul_primitive_desc_create", out -> MATMUL.call(out, ENGINE, a, b, 0L, c, attributes));
        } finally {
            check("dnnl_primitive_attr_destroy", ATTR_DESTROY.call(attributes));
        }
    }

    /** A copy of the description of the working memory that a product wants. */
    static long scratchpad(long product) {
        long borrowed = QUERY_MD.call(product, QUERY_SCRATCHPAD_MD, 0);
        return created("dnnl_memory_desc_clone", out -> CLONE.call(out, borrowed));
    }

    static void destroyProduct(long product) {
        check("dnnl_primitive_desc_destroy", PD_DESTROY.call(product));
    }

    static long createPrimitive(long product) {
        return created("dnnl_primitive_create", out -> PRIMITIVE_CREATE.call(out, product));
    }

    static void destroyPrimitive(long primitive) {
        check("dnnl_primitive_destroy", PRIMITIVE_DESTROY.call(primitive));
    }

    static long createMemory(long description, long address) {
        return created("dnnl_memory_create", out -> MEMORY_CREATE.call(out, description, ENGINE, address));
    }

    static void destroyMemory(long memory) {
        check("dnnl_memory_destroy", MEMORY_DESTROY.call(memory));
    }

    static void setAddress(long memory, long address) {
        check("dnnl_memory_set_data_handle", MEMORY_SET.call(memory, address));
    }

    static void execute(long primitive, long stream, int numArguments, long arguments) {
        check("dnnl_primitive_execute", EXECUTE.call(primitive, stream, numArguments, arguments));
    }

    private interface Creation {
        long run(long out);
    }

    private static long created(String function, Creation creation) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check(function, creation.run(out.address()));
            return out.get(JAVA_LONG, 0);
        }
    }

    private static void check(String function, long returned) {
        int status = (int) returned;
        if (status != 0) {
            throw new IllegalStateException("oneDNN: " + function + " failed with status " + status);
        }
    }
}
