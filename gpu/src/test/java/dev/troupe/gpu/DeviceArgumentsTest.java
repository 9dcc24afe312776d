package dev.troupe.gpu;

import dev.troupe.model.kernel.KernelArgumentsTest;
import dev.troupe.model.kernel.TestedProviders;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Wrong shapes end as exceptions, on TornadoVM's device. */
@Tag("device")
class DeviceArgumentsTest extends KernelArgumentsTest {
    @BeforeAll
    static void deviceIsThere() {
        TestedProviders.assumed("tornado");
    }
}
