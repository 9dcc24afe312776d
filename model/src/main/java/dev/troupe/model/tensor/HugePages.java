package dev.troupe.model.tensor;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the kernel for transparent huge pages under a large segment ({@code madvise(MADV_HUGEPAGE)}, Linux only). */
final class HugePages {
    /** Size and alignment of a huge page on x86-64 and the usual AArch64 kernels. */
    static final long BYTES = 2L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(HugePages.class);
    private static final int MADV_HUGEPAGE = 14;
    private static final Optional<MethodHandle> MADVISE = madvise();

    private HugePages() {}

    /** Advice only: where it is not available, the segment keeps its small pages and everything still works. */
    static void advise(MemorySegment segment) {
        if (segment.byteSize() < BYTES || MADVISE.isEmpty()) {
            return;
        }
        try {
            int result = (int) MADVISE.get().invokeExact(segment, segment.byteSize(), MADV_HUGEPAGE);
            if (result != 0) {
                LOG.debug("madvise(MADV_HUGEPAGE) refused for {} bytes", segment.byteSize());
            }
        } catch (Throwable e) {
            throw new IllegalStateException("madvise could not be called", e);
        }
    }

    private static Optional<MethodHandle> madvise() {
        if (!System.getProperty("os.name", "").equals("Linux")) {
            return Optional.empty();
        }
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find("madvise")
                .map(symbol -> linker.downcallHandle(
                        symbol,
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_INT)));
    }
}
