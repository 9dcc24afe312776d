package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Where a work item of a kernel is, and its group's local memory and barrier. */
public class KernelContext {
    public final Integer globalIdx = 0;
    public final Integer globalIdy = 0;
    public final Integer groupIdx = 0;
    public final Integer groupIdy = 0;
    public final Integer localIdx = 0;
    public final Integer localIdy = 0;

    public void localBarrier() {}

    public void atomicAdd(IntArray array, int index, int val) {
        array.set(index, array.get(index) + val);
    }

    public float[] allocateFloatLocalArray(int size) {
        return new float[size];
    }

    public int[] allocateIntLocalArray(int size) {
        return new int[size];
    }
}
