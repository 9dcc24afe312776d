package dev.troupe.deploy.cluster;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A {@code troupe} command in a JVM of its own, with this process's class path and flags. It ends with this process
 * ({@link ParentWatch}).
 *
 * @param log what it prints
 */
public record ChildJvm(Process process, Path log) {
    /** System property of a child: the process that it must not outlive. */
    static final String PARENT = "troupe.cluster.parent";

    private static final long STOP_SECONDS = 20;

    /**
     * Starts one.
     *
     * @param log gets what it prints
     * @param arguments of {@code troupe}
     * @throws TroupeException when the process cannot be started
     */
    public static ChildJvm start(Path log, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!argument.startsWith("-agentlib")
                    && !argument.startsWith("-javaagent")
                    && !argument.startsWith("-D" + PARENT)) {
                command.add(argument);
            }
        }
        command.add("-D" + PARENT + "=" + ProcessHandle.current().pid());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.troupe.deploy.Main"));
        command.addAll(arguments);
        try {
            return new ChildJvm(
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start(),
                    log);
        } catch (IOException e) {
            throw new TroupeException("'troupe " + String.join(" ", arguments) + "' could not be started: " + e, e);
        }
    }

    /** Whether it runs. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Whether it has ended, with exit code 0. */
    public boolean hasEndedWell() {
        return !process.isAlive() && process.exitValue() == 0;
    }

    /**
     * Sends a signal.
     *
     * @param name such as STOP
     */
    public void signal(String name) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .inheritIO()
                    .start();
            if (kill.waitFor() != 0) {
                throw new TroupeException("process " + process.pid() + " did not get the signal " + name);
            }
        } catch (IOException e) {
            throw new TroupeException("there is no command 'kill' here: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted while a process gets a signal", e);
        }
    }

    /** Asks all to end, with SIGTERM; kills those that have not after 20 s each. */
    static void stop(Collection<ChildJvm> children) {
        children.forEach(child -> child.process.destroy());
        for (ChildJvm child : children) {
            if (!child.awaitEnd(STOP_SECONDS)) {
                child.kill();
            }
        }
    }

    /** A port that is free now; another process could take it before the child does, which then ends and says so. */
    public static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new TroupeException("there is no free port: " + e, e);
        }
    }

    /** SIGKILL, and waits for the end. */
    public void kill() {
        process.destroyForcibly();
        awaitEnd(Long.MAX_VALUE);
    }

    /** Whether it ends within so many seconds. */
    public boolean awaitEnd(long seconds) {
        try {
            return process.waitFor(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted while a process ends", e);
        }
    }
}
