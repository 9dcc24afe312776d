package dev.troupe.gpu.emulator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;

/** What the work items of one group share: its barrier and its local arrays. */
final class EmulatedGroup {
    private final CyclicBarrier barrier;
    private final List<Object> arrays = new ArrayList<>();

    EmulatedGroup(int size) {
        this.barrier = new CyclicBarrier(size);
    }

    void await() {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException("a work item failed or did not reach the barrier", e);
        }
    }

    /** The array that every work item's {@code number}-th allocation is. */
    synchronized float[] array(int number, int size) {
        if (number == arrays.size()) {
            float[] array = new float[size];
            Arrays.fill(array, Float.NaN); // as good as what a device starts with
            arrays.add(array);
        }
        return (float[]) arrays.get(number);
    }
}
