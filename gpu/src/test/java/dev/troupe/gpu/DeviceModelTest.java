package dev.troupe.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.gpu.device.Device;
import dev.troupe.gpu.device.PlanDevice;
import dev.troupe.gpu.limits.DeviceLimits;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelDevice;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.ScalarKernelProvider;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.check.KernelSelfCheck;
import dev.troupe.model.kernel.check.SelfCheck;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Small models train and decode on the device with the processor's numbers, and leave nothing behind on it. */
@Tag("device")
class DeviceModelTest {
    private static final int HEAP_ELEMENTS = 1 << 22;

    static Stream<ModelConfig> models() {
        return TestModels.all().stream();
    }

    @BeforeAll
    static void deviceIsThere() {
        TestedProviders.assumed("tornado");
    }

    @ParameterizedTest
    @MethodSource("models")
    void trainsAndDecodesAsTheProcessorDoes(ModelConfig config) {
        try (FixedComputePool pool = FixedComputePool.create(1);
                DeviceMemory memory =
                        new DeviceMemory(PlanDevice.open(HEAP_ELEMENTS, HEAP_ELEMENTS, DeviceKernels.all()))) {
            Kernels reference = new ScalarKernelProvider().create(pool);
            SmallModelRun.Result expected = SmallModelRun.of(config, reference);
            SmallModelRun.Result actual = SmallModelRun.of(config, DeviceKernels.create("tornado", memory));
            assertThat(actual.losses())
                    .as("losses, seed %d", SmallModelRun.SEED)
                    .hasSameSizeAs(expected.losses());
            for (int i = 0; i < expected.losses().size(); i++) {
                assertThat(actual.losses().get(i))
                        .as("loss of step %d", i)
                        .isCloseTo(expected.losses().get(i), within(1e-4));
            }
            for (int i = 0; i < expected.logits().size(); i++) {
                assertThat(actual.logits().get(i))
                        .as("logit %d", i)
                        .isCloseTo(expected.logits().get(i), within(2e-3f));
            }
            assertThat(actual.decoded()).isEqualTo(expected.decoded());
            assertThat(memory.usedBytes())
                    .as("bytes held after all arenas are closed")
                    .isZero();
        }
    }

    @Test
    void theSelfCheckRefusesADeviceWithABadKernel() {
        Device device =
                new SilentDevice(PlanDevice.open(HEAP_ELEMENTS, HEAP_ELEMENTS, DeviceKernels.all()), "weightNibbles");
        try (FixedComputePool pool = FixedComputePool.create(1);
                DeviceMemory memory = new DeviceMemory(device)) {
            SelfCheck check = KernelSelfCheck.run(DeviceKernels.create("tornado", memory), pool);
            assertThatThrownBy(check::require)
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContainingAll("tornado", "Q4");
        }
    }

    @Test
    void theDevicesLimitsAreMeasured() {
        try (DeviceMemory memory =
                new DeviceMemory(PlanDevice.open(HEAP_ELEMENTS, HEAP_ELEMENTS, DeviceKernels.all()))) {
            KernelDevice.Limits limits = new DeviceLimits(memory).measure();
            assertThat(limits.gflops()).isPositive().isFinite();
            assertThat(limits.readGigabytesPerSecond()).isPositive().isFinite();
            assertThat(limits.updateGigabytesPerSecond()).isPositive().isFinite();
            assertThat(memory.usedBytes()).isZero();
        }
    }

    /**
     * PoCL's device memory is the process's own, so what stays behind shows in its size. TornadoVM and PoCL keep some
     * 10 MiB of each plan (compiled kernels, the largest transfer buffer).
     */
    @Test
    @EnabledOnOs(OS.LINUX)
    void closingFreesTheDevicesMemory() throws IOException {
        int elements = 1 << 24;
        long[] residentKib = new long[6];
        for (int round = 0; round < residentKib.length; round++) {
            try (DeviceMemory memory =
                            new DeviceMemory(PlanDevice.open(elements + (1 << 20), 1 << 18, DeviceKernels.all()));
                    TensorArena arena = TensorArena.open("test")) {
                Tensor tensor = arena.allocate(elements);
                DeviceKernels.create("tornado", memory).elementwise().add(elements, tensor, tensor);
                assertThat(memory.usedBytes()).isEqualTo(elements * 4L);
            }
            System.gc();
            residentKib[round] = residentKib();
        }
        assertThat(residentKib[5] - residentKib[1])
                .as("growth in KiB over four heaps of 64 MiB: %s", Arrays.toString(residentKib))
                .isLessThan(64 * 1024);
    }

    private static long residentKib() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            String line = lines.filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
    }
}
