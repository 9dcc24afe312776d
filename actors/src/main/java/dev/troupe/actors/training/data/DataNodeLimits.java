package dev.troupe.actors.training.data;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.troupe.model.TroupeException;

/**
 * What a data node does at once.
 *
 * @param openCorpora most folders of token shards that are open; the one that was not asked for longest is closed
 * @param reads most that are under way
 * @param waiting most requests that wait for a read to end, or for a corpus to be open
 */
public record DataNodeLimits(int openCorpora, int reads, int waiting) {
    private static final String PREFIX = "troupe.data";

    /**
     * Reads and checks {@code troupe.data}.
     *
     * @throws TroupeException naming the key that is wrong
     */
    public static DataNodeLimits from(Config config) {
        try {
            Config data = config.getConfig(PREFIX);
            return new DataNodeLimits(
                    positive(data, "openCorpora"), positive(data, "reads"), positive(data, "waiting"));
        } catch (ConfigException e) {
            throw new TroupeException("the configuration of the data node is wrong: " + e.getMessage(), e);
        }
    }

    private static int positive(Config data, String key) {
        int value = data.getInt(key);
        if (value < 1) {
            throw new TroupeException(
                    "configuration key \"" + PREFIX + "." + key + "\" is " + value + ", but must be at least 1");
        }
        return value;
    }
}
