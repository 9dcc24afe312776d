package dev.troupe.deploy.node;

import akka.actor.Address;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.mesh.NodeTraits;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A node's part in its cluster, from {@code troupe.node} (reference.conf says what each key means).
 *
 * @param directory holds the registry and whatever else the node keeps
 * @param model directory of the model to serve, or "latest" for the latest promoted one
 * @param dataHost address that tensors of other nodes come to
 * @param dataPort its port; 0 for any free one
 * @param dataBindHost address of this machine where they arrive and tensors for others leave; empty for
 *     {@code dataHost}
 * @param identity by which it is known again when it was restarted
 * @param zone rack or zone of this machine; empty when it is not known
 * @param memoryMegabytes that tensors of a trainer may take; 0 for what the machine has
 * @param metricsPort of the Prometheus endpoint; -1 for none
 */
public record NodeConfig(
        String name,
        Set<Role> roles,
        Path directory,
        String model,
        String dataHost,
        int dataPort,
        String dataBindHost,
        String identity,
        String zone,
        long memoryMegabytes,
        int metricsPort) {
    /** Value of {@code troupe.node.model} that means the latest promoted model. */
    public static final String LATEST = "latest";

    private static final String PREFIX = "troupe.node";
    private static final String ADDRESS = "akka.remote.artery.canonical";

    public NodeConfig {
        roles = Set.copyOf(roles);
    }

    /**
     * Reads and checks {@code troupe.node}.
     *
     * @throws TroupeException naming the key that is missing or wrong
     */
    public static NodeConfig from(Config config) {
        try {
            Config node = config.getConfig(PREFIX);
            Set<Role> roles = EnumSet.noneOf(Role.class);
            node.getStringList("roles").forEach(role -> roles.add(Role.parse(role)));
            if (roles.isEmpty()) {
                throw new TroupeException(PREFIX + ".roles is empty: a node needs at least one role");
            }
            int metricsPort = node.getInt("metricsPort");
            if (metricsPort < -1 || metricsPort > 65_535) {
                throw new TroupeException(PREFIX + ".metricsPort (" + metricsPort
                        + ") must be a port, 0 for any free one or -1 for no metrics");
            }
            int dataPort = node.getInt("data.port");
            if (dataPort < 0 || dataPort > 65_535) {
                throw new TroupeException(
                        PREFIX + ".data.port (" + dataPort + ") must be a port, or 0 for any free one");
            }
            long memoryMegabytes = node.getLong("memoryMegabytes");
            if (memoryMegabytes < 0) {
                throw new TroupeException(PREFIX + ".memoryMegabytes (" + memoryMegabytes
                        + ") must be a number of megabytes, or 0 for what the machine has");
            }
            Path directory = Path.of(node.getString("directory"));
            return new NodeConfig(
                    node.getString("name"),
                    roles,
                    directory,
                    node.getString("model"),
                    node.getString("data.host"),
                    dataPort,
                    node.getString("data.bindHost"),
                    identity(node.getString("identity"), config.getConfig(ADDRESS), directory),
                    node.getString("zone"),
                    memoryMegabytes,
                    metricsPort);
        } catch (ConfigException e) {
            throw new TroupeException("the configuration of the node is wrong: " + e.getMessage(), e);
        }
    }

    /** What is configured, or else what stays the same from one start to the next. */
    private static String identity(String configured, Config address, Path directory) {
        if (!configured.isEmpty()) {
            return configured;
        }
        String host = address.getString("hostname");
        int port = address.getInt("port");
        return port > 0
                ? host + ":" + port
                : host + ":" + directory.toAbsolutePath().normalize();
    }

    /** The model's place on this node; empty for the latest promoted one. */
    Optional<Path> modelPath() {
        return model.equals(LATEST)
                ? Optional.empty()
                : Optional.of(Path.of(model).toAbsolutePath().normalize());
    }

    /** What makes a node that begins again this one, at its address, which looks for its cluster itself. */
    Config at(Address address) {
        return ConfigFactory.parseMap(Map.of(
                "akka.cluster.seed-nodes",
                List.of(),
                ADDRESS + ".port",
                address.getPort().orElseThrow(),
                PREFIX + ".identity",
                identity));
    }

    /** What a trainer says of its machine. */
    NodeTraits traits() {
        return NodeTraits.here(identity, zone, memoryMegabytes * 1_000_000);
    }

    /** Whether the node has a role. */
    public boolean has(Role role) {
        return roles.contains(role);
    }
}
