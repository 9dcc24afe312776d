package dev.troupe.gpu;

import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.gemm.GemmAddTest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Products with addend and bias, in every form, on TornadoVM's device. */
@Tag("device")
class DeviceGemmAddTest extends GemmAddTest {
    @BeforeAll
    static void deviceIsThere() {
        TestedProviders.assumed("tornado");
    }
}
