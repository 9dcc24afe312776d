package dev.troupe.gpu;

import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.transformer.TrainingStageTest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Models learn and repeat themselves, on TornadoVM's device. */
@Tag("device")
class DeviceTrainingTest extends TrainingStageTest {
    @BeforeAll
    static void deviceIsThere() {
        TestedProviders.assumed("tornado");
    }
}
