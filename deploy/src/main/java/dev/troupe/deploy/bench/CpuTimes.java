package dev.troupe.deploy.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.Map;

/**
 * Processor time of this process by what it is for, in seconds.
 *
 * @param kernels of threads that compute, and of others while they lead a step
 * @param around of all else that Java threads do: actors, streams, sockets
 * @param runtime of the rest: collector and compilers
 */
public record CpuTimes(double kernels, double around, double runtime) {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final String COMPUTE = "compute";

    /** The processor time of each Java thread, and of the process, at one moment. */
    record Reading(Map<Long, Long> nanos, double processSeconds) {
        static Reading now() {
            Map<Long, Long> nanos = new HashMap<>();
            for (long id : THREADS.getAllThreadIds()) {
                nanos.put(id, Math.max(0, THREADS.getThreadCpuTime(id)));
            }
            return new Reading(nanos, CpuTimes.processSeconds());
        }
    }

    /**
     * From then to now; threads that ended meanwhile count as runtime.
     *
     * @param stepSeconds that threads of other names took in steps
     */
    static CpuTimes since(Reading then, double stepSeconds) {
        Reading now = Reading.now();
        double kernels = stepSeconds;
        double around = -stepSeconds;
        for (Map.Entry<Long, Long> thread : now.nanos().entrySet()) {
            double seconds = (thread.getValue() - then.nanos().getOrDefault(thread.getKey(), 0L)) / 1e9;
            if (computes(thread.getKey())) {
                kernels += seconds;
            } else {
                around += seconds;
            }
        }
        return new CpuTimes(kernels, around, now.processSeconds() - then.processSeconds() - kernels - around);
    }

    private static boolean computes(long id) {
        ThreadInfo info = THREADS.getThreadInfo(id);
        return info != null && info.getThreadName().contains(COMPUTE);
    }

    CpuTimes minus(CpuTimes other) {
        return new CpuTimes(kernels - other.kernels, around - other.around, runtime - other.runtime);
    }

    CpuTimes plus(CpuTimes other) {
        return new CpuTimes(kernels + other.kernels, around + other.around, runtime + other.runtime);
    }

    CpuTimes times(double factor) {
        return new CpuTimes(kernels * factor, around * factor, runtime * factor);
    }

    double all() {
        return kernels + around + runtime;
    }

    /** Of the calling thread. */
    static long threadNanos() {
        return THREADS.getCurrentThreadCpuTime();
    }

    static double processSeconds() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime() / 1e9;
    }
}
