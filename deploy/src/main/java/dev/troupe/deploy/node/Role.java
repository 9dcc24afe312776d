package dev.troupe.deploy.node;

import dev.troupe.model.TroupeException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a node does in its cluster; {@code troupe.node.roles} lists them. */
public enum Role {
    /** Runs training: stages, optimizer shards, the coordinator. */
    TRAINER,
    /** Evaluates the checkpoints of a run that other nodes train. */
    EVAL,
    /** Gives tokens of corpora to trainers and evaluation nodes that have not the files. */
    DATA,
    /** Holds model replicas. */
    SERVER,
    /** Holds parts of replicas that servers lead. */
    MEMBER,
    /** Takes requests over HTTP and gRPC. */
    ROUTER,
    /** Keeps the registry of models and promotions. */
    REGISTRY;

    /** The name in configuration and in the cluster's membership. */
    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Role parse(String name) {
        return Arrays.stream(values())
                .filter(role -> role.configName().equals(name))
                .findFirst()
                .orElseThrow(() -> new TroupeException("troupe.node.roles has '" + name + "'; the roles are: "
                        + Arrays.stream(values()).map(Role::configName).collect(Collectors.joining(", "))));
    }
}
