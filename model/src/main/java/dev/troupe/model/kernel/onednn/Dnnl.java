package dev.troupe.model.kernel.onednn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
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

    private static final MethodHandle ENGINE_CREATE = status("dnnl_engine_create", ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle STREAM_CREATE = status("dnnl_stream_create", ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle STREAM_DESTROY = status("dnnl_stream_destroy", JAVA_LONG);
    private static final MethodHandle CACHE_CAPACITY = status("dnnl_set_primitive_cache_capacity", JAVA_INT);
    private static final MethodHandle WITH_TAG =
            status("dnnl_memory_desc_create_with_tag", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle WITH_STRIDES =
            status("dnnl_memory_desc_create_with_strides", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle CLONE = status("dnnl_memory_desc_clone", ADDRESS, JAVA_LONG);
    private static final MethodHandle DESC_DESTROY = status("dnnl_memory_desc_destroy", JAVA_LONG);
    private static final MethodHandle DESC_SIZE = handle("dnnl_memory_desc_get_size", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ATTR_CREATE = status("dnnl_primitive_attr_create", ADDRESS);
    private static final MethodHandle ATTR_SCRATCHPAD =
            status("dnnl_primitive_attr_set_scratchpad_mode", JAVA_LONG, JAVA_INT);
    private static final MethodHandle ATTR_DESTROY = status("dnnl_primitive_attr_destroy", JAVA_LONG);
    private static final MethodHandle MATMUL = status(
            "dnnl_matmul_primitive_desc_create",
            ADDRESS,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG);
    private static final MethodHandle QUERY_MD =
            handle("dnnl_primitive_desc_query_md", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle PD_DESTROY = status("dnnl_primitive_desc_destroy", JAVA_LONG);
    private static final MethodHandle PRIMITIVE_CREATE = status("dnnl_primitive_create", ADDRESS, JAVA_LONG);
    private static final MethodHandle PRIMITIVE_DESTROY = status("dnnl_primitive_destroy", JAVA_LONG);
    private static final MethodHandle EXECUTE =
            status("dnnl_primitive_execute", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MEMORY_CREATE =
            status("dnnl_memory_create", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MEMORY_SET = status("dnnl_memory_set_data_handle", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MEMORY_DESTROY = status("dnnl_memory_destroy", JAVA_LONG);
    private static final MethodHandle OMP_SET_NUM_THREADS = threads();

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

    private static MethodHandle status(String name, MemoryLayout... arguments) {
        return handle(name, JAVA_INT, arguments);
    }

    private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... arguments) {
        return bind(name, FunctionDescriptor.of(result, arguments));
    }

    private static MethodHandle threads() {
        return bind("omp_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));
    }

    /** Without the library, a handle to nothing, which {@link #problem} keeps from being called. */
    private static MethodHandle bind(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        SymbolLookup symbols = LIBRARY.symbols();
        return symbols == null
                ? linker.downcallHandle(type).bindTo(MemorySegment.NULL.reinterpret(1))
                : linker.downcallHandle(symbols.findOrThrow(name), type);
    }

    private static long engine() {
        if (LIBRARY.symbols() == null) {
            return 0;
        }
        // Primitives end when their owner destroys them: the library's own cache would keep them.
        check("dnnl_set_primitive_cache_capacity", call(() -> (int) CACHE_CAPACITY.invokeExact(0)));
        return created("dnnl_engine_create", out -> (int) ENGINE_CREATE.invokeExact(out, CPU, 0L));
    }

    /** The work that primitives made by this thread from now on split over threads: none. */
    static void useOneThread() {
        call(() -> {
            OMP_SET_NUM_THREADS.invokeExact(1);
            return 0;
        });
    }

    static long createStream() {
        return created("dnnl_stream_create", out -> (int) STREAM_CREATE.invokeExact(out, ENGINE, IN_ORDER));
    }

    static void destroyStream(long stream) {
        check("dnnl_stream_destroy", call(() -> (int) STREAM_DESTROY.invokeExact(stream)));
    }

    /** A matrix of rows [rows][columns] whose starts are {@code stride} elements apart. */
    static long rows(int rows, int columns, int type, int stride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment dims = arena.allocateFrom(JAVA_LONG, rows, columns);
            MemorySegment strides = arena.allocateFrom(JAVA_LONG, stride, 1);
            return created("dnnl_memory_desc_create_with_strides", out ->
                    (int) WITH_STRIDES.invokeExact(out, 2, dims, type, strides));
        }
    }

    /** A matrix [rows][columns] in a layout with a name of its own. */
    static long tagged(int rows, int columns, int type, int tag) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment dims = arena.allocateFrom(JAVA_LONG, rows, columns);
            return created(
                    "dnnl_memory_desc_create_with_tag", out -> (int) WITH_TAG.invokeExact(out, 2, dims, type, tag));
        }
    }

    static void destroyDescription(long description) {
        check("dnnl_memory_desc_destroy", call(() -> (int) DESC_DESTROY.invokeExact(description)));
    }

    static long bytes(long description) {
        return call(() -> (long) DESC_SIZE.invokeExact(description));
    }

    /** The description of a product; its scratchpad is the caller's. */
    static long matmul(long a, long b, long c) {
        long attributes = created("dnnl_primitive_attr_create", out -> (int) ATTR_CREATE.invokeExact(out));
        try {
            check("dnnl_primitive_attr_set_scratchpad_mode", call(() ->
                    (int) ATTR_SCRATCHPAD.invokeExact(attributes, SCRATCHPAD_MODE_USER)));
            return created("dnnl_matmul_primitive_desc_create", out ->
                    (int) MATMUL.invokeExact(out, ENGINE, a, b, 0L, c, attributes));
        } finally {
            check("dnnl_primitive_attr_destroy", call(() -> (int) ATTR_DESTROY.invokeExact(attributes)));
        }
    }

    /** A copy of the description of the working memory that a product wants. */
    static long scratchpad(long product) {
        long borrowed = call(() -> (long) QUERY_MD.invokeExact(product, QUERY_SCRATCHPAD_MD, 0));
        return created("dnnl_memory_desc_clone", out -> (int) CLONE.invokeExact(out, borrowed));
    }

    static void destroyProduct(long product) {
        check("dnnl_primitive_desc_destroy", call(() -> (int) PD_DESTROY.invokeExact(product)));
    }

    static long createPrimitive(long product) {
        return created("dnnl_primitive_create", out -> (int) PRIMITIVE_CREATE.invokeExact(out, product));
    }

    static void destroyPrimitive(long primitive) {
        check("dnnl_primitive_destroy", call(() -> (int) PRIMITIVE_DESTROY.invokeExact(primitive)));
    }

    static long createMemory(long description, long address) {
        return created("dnnl_memory_create", out -> (int) MEMORY_CREATE.invokeExact(out, description, ENGINE, address));
    }

    static void destroyMemory(long memory) {
        check("dnnl_memory_destroy", call(() -> (int) MEMORY_DESTROY.invokeExact(memory)));
    }

    /** What follows is called for every tile: no lambdas. */
    static void setAddress(long memory, long address) {
        int status;
        try {
            status = (int) MEMORY_SET.invokeExact(memory, address);
        } catch (Throwable e) {
            throw failed(e);
        }
        check("dnnl_memory_set_data_handle", status);
    }

    static void execute(long primitive, long stream, int numArguments, long arguments) {
        int status;
        try {
            status = (int) EXECUTE.invokeExact(primitive, stream, numArguments, arguments);
        } catch (Throwable e) {
            throw failed(e);
        }
        check("dnnl_primitive_execute", status);
    }

    private interface IntCall {
        int run() throws Throwable;
    }

    private interface LongCall {
        long run() throws Throwable;
    }

    private interface Creation {
        int run(MemorySegment out) throws Throwable;
    }

    private static int call(IntCall call) {
        try {
            return call.run();
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private static long call(LongCall call) {
        try {
            return call.run();
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private static long created(String function, Creation creation) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check(function, call(() -> creation.run(out)));
            return out.get(JAVA_LONG, 0);
        }
    }

    private static IllegalStateException failed(Throwable e) {
        return new IllegalStateException("oneDNN could not be called", e);
    }

    private static void check(String function, int status) {
        if (status != 0) {
            throw new IllegalStateException("oneDNN: " + function + " failed with status " + status);
        }
    }
}
