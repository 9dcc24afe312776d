package dev.troupe.model.kernel;

/**
 * A device that kernels run on while the host goes on: for measurements, which must wait for it and know its limits.
 */
public interface KernelDevice {
    /**
     * What a device can do at most, measured on it.
     *
     * @param gflops float32 multiply-add peak, 10^9 operations a second
     * @param readGigabytesPerSecond of memory larger than its caches
     * @param updateGigabytesPerSecond of numbers changed in place, read and written bytes together
     */
    record Limits(double gflops, double readGigabytesPerSecond, double updateGigabytesPerSecond) {}

    /** Its name, as its driver gives it. */
    String description();

    /** Waits until all that was asked of it is done. */
    void await();

    /** Measures; takes a few seconds. */
    Limits measure();
}
