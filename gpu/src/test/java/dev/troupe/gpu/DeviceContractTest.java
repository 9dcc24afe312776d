package dev.troupe.gpu;

import dev.troupe.model.kernel.KernelContractTest;
import dev.troupe.model.kernel.TestedProviders;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Every operation agrees with the scalar reference at the sizes of its contract, on TornadoVM's device. */
@Tag("device")
class DeviceContractTest extends KernelContractTest {
    @BeforeAll
    static void deviceIsThere() {
        TestedProviders.assumed("tornado");
    }
}
