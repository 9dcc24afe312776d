package dev.troupe.actors.transport;

import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A rank in a JVM of its own, which adds up tensors until it is killed. */
final class PeerProcess implements AutoCloseable {
    static final String NODE = "node-child";
    private static final String HOST = "127.0.0.1";

    private final Process process;
    private final Endpoint endpoint;

    private PeerProcess(Process process, Endpoint endpoint) {
        this.process = process;
        this.endpoint = endpoint;
    }

    /** Starts the process; it waits for {@link #join}. */
    static PeerProcess start() throws IOException {
        List<String> command = List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                PeerProcess.class.getName());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String port = process.inputReader(StandardCharsets.UTF_8).readLine();
        return new PeerProcess(process, new Endpoint(HOST, Integer.parseInt(port), NODE));
    }

    Endpoint endpoint() {
        return endpoint;
    }

    /** Has it join as the last of {@code members}. */
    void join(String group, List<Endpoint> members) throws IOException {
        BufferedWriter out = process.outputWriter(StandardCharsets.UTF_8);
        out.write(group + "\n");
        for (Endpoint member : members) {
            out.write(member.host() + " " + member.port() + " " + member.nodeId() + "\n");
        }
        out.write("\n");
        out.flush();
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGSTOP: alive, and silent. */
    void stop() throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-STOP", Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    public static void main(String[] arguments) throws IOException {
        DataPlane plane = DataPlane.open(NODE, HOST, 0);
        System.out.println(plane.endpoint().port());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String group = in.readLine();
        List<Endpoint> members = new ArrayList<>();
        for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
            String[] words = line.split(" ", -1);
            members.add(new Endpoint(words[0], Integer.parseInt(words[1]), words[2]));
        }
        try (TensorArena arena = TensorArena.open("test.transport");
                Communicator communicator = plane.join(group, members.size() - 1, members, Duration.ofSeconds(30))) {
            Tensor values = arena.allocate(KilledPeerTest.SIZE);
            while (true) {
                KilledPeerTest.fill(values, communicator.rank());
                communicator.allReduce(values);
            }
        }
    }
}
