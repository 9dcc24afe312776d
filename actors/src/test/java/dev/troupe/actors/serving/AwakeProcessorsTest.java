package dev.troupe.actors.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(value = OS.LINUX, disabledReason = "other systems do not say which files a process has open")
@Timeout(60)
class AwakeProcessorsTest {
    private static final int LATENCY_MICROS = 3;
    private static final Duration LINGER = Duration.ofMillis(20);

    @TempDir
    private Path directory;

    private Path device;

    @BeforeEach
    void makeDevice() throws IOException {
        device = Files.createFile(directory.resolve("latency"));
    }

    @Test
    void theDeviceIsOpenWhileSomeoneNeedsItAndHasTheLatency() throws Exception {
        AwakeProcessors awake = new AwakeProcessors(device, LATENCY_MICROS, LINGER);
        for (int turn = 0; turn < 3; turn++) {
            awake.begin();
            awake.begin();
            awaitOpen(true);
            awake.end();
            Thread.sleep(LINGER.multipliedBy(5));
            assertThat(isOpen()).as("while one of two needs it").isTrue();
            awake.end();
            awaitOpen(false);
        }
        ByteBuffer written = ByteBuffer.wrap(Files.readAllBytes(device)).order(ByteOrder.nativeOrder());
        assertThat(written.getInt()).isEqualTo(LATENCY_MICROS);
        assertThat(written.hasRemaining()).isFalse();
    }

    @Test
    void whoNeedsItAgainSoonFindsItOpen() throws Exception {
        AwakeProcessors awake = new AwakeProcessors(device, LATENCY_MICROS, Duration.ofMinutes(1));
        awake.begin();
        awaitOpen(true);
        awake.end();
        Files.delete(device); // so it could not be opened again
        awake.begin();
        assertThat(isOpen()).isTrue();
        awake.end();
    }

    @Test
    void withoutADeviceNothingHappens() {
        AwakeProcessors awake = new AwakeProcessors(directory.resolve("no-such-device"), LATENCY_MICROS, LINGER);
        awake.begin();
        awake.end();
        assertThat(directory.resolve("no-such-device")).doesNotExist();
    }

    private void awaitOpen(boolean wanted) throws IOException, InterruptedException {
        while (isOpen() != wanted || (wanted && Files.size(device) == 0)) {
            Thread.sleep(1);
        }
    }

    private boolean isOpen() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.anyMatch(this::isDevice);
        }
    }

    private boolean isDevice(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith(device.toString());
        } catch (IOException e) {
            return false; // it was closed meanwhile
        }
    }
}
