package dev.troupe.model.bench.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * OpenBLAS, where it is installed: a peer to measure matrix products beside, never a part of a model. Called through
 * the foreign-function API; the dynamic linker decides which build of it is meant.
 */
public final class OpenBlas {
    private static final List<String> NAMES = List.of("libopenblas.so.0", "libopenblas.so", "libopenblas.dylib");

    private static final FunctionDescriptor SGEMM = FunctionDescriptor.ofVoid(
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_FLOAT,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            JAVA_INT,
            JAVA_FLOAT,
            ADDRESS,
            JAVA_INT);

    // Constants of the C interface to BLAS.
    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANSPOSE = 111;
    private static final int TRANSPOSE = 112;

    private static final Optional<OpenBlas> INSTALLED =
            NAMES.stream().flatMap(name -> open(name).stream()).findFirst();

    private final MethodHandle sgemm;
    private final MethodHandle setNumThreads;

    private OpenBlas(MethodHandle sgemm, MethodHandle setNumThreads) {
        this.sgemm = sgemm;
        this.setNumThreads = setNumThreads;
    }

    /** Empty when the dynamic linker finds none. */
    public static Optional<OpenBlas> installed() {
        return INSTALLED;
    }

    private static Optional<OpenBlas> open(String name) {
        SymbolLookup library;
        try {
            library = SymbolLookup.libraryLookup(name, Arena.global());
        } catch (IllegalArgumentException notInstalled) {
            return Optional.empty();
        }
        Optional<MethodHandle> setNumThreads =
                function(library, "openblas_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));
        return function(library, "cblas_sgemm", SGEMM)
                .flatMap(sgemm -> setNumThreads.map(setThreads -> new OpenBlas(sgemm, setThreads)));
    }

    private static Optional<MethodHandle> function(SymbolLookup library, String name, FunctionDescriptor type) {
        return library.find(name).map(symbol -> Linker.nativeLinker().downcallHandle(symbol, type));
    }

    /** From now on it uses so many threads. */
    public void useThreads(int threads) {
        try {
            setNumThreads.invokeExact(threads);
        } catch (Throwable e) {
            throw new IllegalStateException("OpenBLAS could not be called", e);
        }
    }

    /** As {@link dev.troupe.model.kernel.gemm.Gemm#multiply}. */
    void multiply(
            Transpose transposeA,
            Transpose transposeB,
            int m,
            int n,
            int k,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            Tensor c,
            int ldc,
            boolean accumulate) {
        try {
            sgemm.invokeExact(
                    ROW_MAJOR,
                    transposeA == Transpose.YES ? TRANSPOSE : NO_TRANSPOSE,
                    transposeB == Transpose.YES ? TRANSPOSE : NO_TRANSPOSE,
                    m,
                    n,
                    k,
                    1f,
                    a.segment(),
                    lda,
                    b.segment(),
                    ldb,
                    accumulate ? 1f : 0f,
                    c.segment(),
                    ldc);
        } catch (Throwable e) {
            throw new IllegalStateException("OpenBLAS could not be called", e);
        }
    }
}
