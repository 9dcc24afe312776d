package dev.troupe.actors.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.util.zip.CRC32C;

/** Cuts what is sent into frames and writes them from where the tensor lies, as far as the socket takes them. */
final class FrameWriter {
    private final GatheringByteChannel channel;
    private final FrameHeader header;
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer[] parts;
    private long sequence;
    private boolean begun;

    FrameWriter(GatheringByteChannel channel, ByteBuffer headerMemory) {
        this.channel = channel;
        header = new FrameHeader(headerMemory);
        parts = new ByteBuffer[] {header.buffer(), header.buffer()};
    }

    /** Writes some of a transfer; false when the socket takes nothing now. */
    boolean advance(PendingTransfer send) throws IOException {
        if (!begun) {
            begin(send);
        }
        long written = channel.write(parts);
        ByteBuffer payload = parts[1];
        if (!payload.hasRemaining() && !parts[0].hasRemaining()) {
            begun = false;
            send.move(payload.capacity());
            if (send.left() == 0) {
                send.finish();
            }
        }
        return written > 0;
    }

    private void begin(PendingTransfer send) {
        ByteBuffer payload = send.slice(FrameHeader.payload(send.left()));
        crc.reset();
        crc.update(payload);
        payload.clear();
        header.fill(send.operation(), sequence++, send.left(), (int) crc.getValue());
        parts[1] = payload;
        begun = true;
    }
}
