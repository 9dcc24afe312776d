package uk.ac.manchester.tornado.api.common;

import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;

/** A device that TornadoVM found. */
public interface TornadoDevice {
    String getDescription();

    TornadoDeviceType getDeviceType();

    long getMaxAllocMemory();

    long getMaxGlobalMemory();

    void sync(long executionPlanId);
}
