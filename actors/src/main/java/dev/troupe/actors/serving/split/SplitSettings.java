package dev.troupe.actors.serving.split;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.troupe.model.TroupeException;
import java.time.Duration;

/**
 * How replicas are split: {@code troupe.serving.replica}.
 *
 * @param peerTimeout how long a member may keep another waiting within a step, or when they begin
 */
public record SplitSettings(ReplicaShape shape, Duration peerTimeout) {
    static final String PREFIX = "troupe.serving.replica";

    public SplitSettings {
        ReplicaShape.require(peerTimeout.toMillis() >= 1, "peerTimeout", peerTimeout, "a time");
    }

    /**
     * Reads {@code troupe.serving.replica}.
     *
     * @param config the whole configuration
     * @throws TroupeException when a value is missing, of the wrong type or out of range
     */
    public static SplitSettings from(Config config) {
        try {
            Config replica = config.getConfig(PREFIX);
            ReplicaShape shape =
                    new ReplicaShape(replica.getInt("pipeline"), replica.getInt("tensor"), replica.getInt("nodes"));
            return new SplitSettings(shape, replica.getDuration("peerTimeout"));
        } catch (ConfigException e) {
            throw new TroupeException("the configuration of replicas is wrong: " + e.getMessage(), e);
        }
    }
}
