package dev.troupe.gpu.emulator;

import java.lang.reflect.Field;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** A work item's place. Its fields are final in TornadoVM, which has the device fill them in. */
final class EmulatedContext extends KernelContext {
    /** Thrown by a work item that runs alone when its kernel turns out to have a barrier. */
    static final class NeedsGroup extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NeedsGroup() {
            super("the kernel has a barrier", null, false, false);
        }
    }

    private static final Field GLOBAL_X = field("globalIdx");
    private static final Field GLOBAL_Y = field("globalIdy");
    private static final Field GROUP_X = field("groupIdx");
    private static final Field GROUP_Y = field("groupIdy");
    private static final Field LOCAL_X = field("localIdx");
    private static final Field LOCAL_Y = field("localIdy");

    private final EmulatedGroup group;
    private final boolean alone;
    private int numArrays;

    EmulatedContext(EmulatedGroup group, boolean alone) {
        this.group = group;
        this.alone = alone;
    }

    EmulatedContext at(int groupX, int groupY, int localX, int localY, int sizeX, int sizeY) {
        numArrays = 0;
        set(GLOBAL_X, groupX * sizeX + localX);
        set(GLOBAL_Y, groupY * sizeY + localY);
        set(GROUP_X, groupX);
        set(GROUP_Y, groupY);
        set(LOCAL_X, localX);
        set(LOCAL_Y, localY);
        return this;
    }

    @Override
    public void localBarrier() {
        if (alone) {
            throw new NeedsGroup();
        }
        group.await();
    }

    @Override
    public void atomicAdd(IntArray array, int index, int value) {
        synchronized (array) {
            array.set(index, array.get(index) + value);
        }
    }

    @Override
    public float[] allocateFloatLocalArray(int size) {
        return group.array(numArrays++, size);
    }

    private static Field field(String name) {
        try {
            Field field = KernelContext.class.getField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException("TornadoVM's KernelContext has no " + name, e);
        }
    }

    private void set(Field field, int value) {
        try {
            field.set(this, value);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
