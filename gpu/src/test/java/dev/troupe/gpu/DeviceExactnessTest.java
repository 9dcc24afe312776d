package dev.troupe.gpu;

import dev.troupe.model.kernel.KernelExactnessTest;
import dev.troupe.model.kernel.TestedProviders;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Results do not depend on neighbours, packing, caching or repetition, on TornadoVM's device. */
@Tag("device")
class DeviceExactnessTest extends KernelExactnessTest {
    @BeforeAll
    static void deviceIsThere() {
        TestedProviders.assumed("tornado");
    }
}
