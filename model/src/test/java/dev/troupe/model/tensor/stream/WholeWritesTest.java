package dev.troupe.model.tensor.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.junit.jupiter.api.Test;

class WholeWritesTest {
    @Test
    void goesOnWhereAChannelTakesAPartAtATime() throws IOException {
        ByteArrayOutputStream taken = new ByteArrayOutputStream();
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5}).position(1);
        WholeWrites.write(
                new WritableByteChannel() {
                    @Override
                    public int write(ByteBuffer source) {
                        taken.write(source.get());
                        return 1;
                    }

                    @Override
                    public boolean isOpen() {
                        return true;
                    }

                    @Override
                    public void close() {}
                },
                bytes);
        assertThat(taken.toByteArray()).containsExactly(2, 3, 4, 5);
        assertThat(bytes.hasRemaining()).isFalse();
    }
}
