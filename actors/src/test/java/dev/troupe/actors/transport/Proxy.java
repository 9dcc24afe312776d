package dev.troupe.actors.transport;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Stands between who opens a connection for tensors and a data plane, and flips one bit of what is sent after the
 * handshake.
 */
final class Proxy implements AutoCloseable {
    private static final int HELLO_PREFIX = 12;

    private final ServerSocket listener;
    private final Endpoint target;
    private final long damageAt;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    /** @param damageAt number of the byte after the handshake */
    Proxy(Endpoint target, long damageAt) throws IOException {
        this.target = target;
        this.damageAt = damageAt;
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket server = new Socket();
                sockets.add(client);
                sockets.add(server);
                server.connect(new InetSocketAddress(target.host(), target.port()));
                Thread.ofVirtual().start(() -> forward(client, server, true));
                Thread.ofVirtual().start(() -> forward(server, client, false));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void forward(Socket from, Socket to, boolean fromClient) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            long at = Long.MIN_VALUE;
            if (fromClient) {
                byte[] prefix = in.readNBytes(HELLO_PREFIX);
                ByteBuffer numbers = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN);
                byte[] hello = in.readNBytes(numbers.getInt(8));
                out.write(prefix);
                out.write(hello);
                boolean tensors =
                        ByteBuffer.wrap(hello).order(ByteOrder.LITTLE_ENDIAN).getInt(0) == 0;
                at = tensors ? 0 : Long.MIN_VALUE;
            }
            byte[] bytes = new byte[10_000];
            for (int count = in.read(bytes); count > 0; count = in.read(bytes)) {
                if (damageAt >= at && damageAt < at + count) {
                    bytes[(int) (damageAt - at)] ^= 4;
                }
                out.write(bytes, 0, count);
                at += count;
            }
        } catch (IOException e) {
            // one side has closed
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
