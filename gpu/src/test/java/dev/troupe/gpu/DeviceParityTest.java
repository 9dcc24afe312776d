package dev.troupe.gpu;

import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.transformer.InferenceParityTest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Decoding with a cache gives the bits of the full forward pass, on TornadoVM's device. */
@Tag("device")
class DeviceParityTest extends InferenceParityTest {
    @BeforeAll
    static void deviceIsThere() {
        TestedProviders.assumed("tornado");
    }
}
