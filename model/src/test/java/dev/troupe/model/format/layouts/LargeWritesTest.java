package dev.troupe.model.format.layouts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LargeWritesTest {
    private static final int HUGE_PAGE = 2 << 20;

    @Test
    void allBytesArriveInWholeHugePages() throws IOException {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        List<Integer> sizes = new ArrayList<>();
        WritableByteChannel out = new WritableByteChannel() {
            @Override
            public int write(ByteBuffer source) {
                byte[] bytes = new byte[source.remaining()];
                source.get(bytes);
                written.writeBytes(bytes);
                sizes.add(bytes.length);
                return bytes.length;
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {}
        };
        byte[] all = new byte[21 << 20];
        Random random = new Random(3);
        random.nextBytes(all);
        try (LargeWrites large = new LargeWrites(out)) {
            for (int at = 0; at < all.length; ) {
                int some = Math.min(all.length - at, random.nextInt(3 << 20));
                assertThat(large.write(ByteBuffer.wrap(all, at, some))).isEqualTo(some);
                at += some;
            }
        }
        assertThat(written.toByteArray()).isEqualTo(all);
        assertThat(sizes.subList(0, sizes.size() - 1))
                .allSatisfy(size -> assertThat(size % HUGE_PAGE).isZero());
    }
}
