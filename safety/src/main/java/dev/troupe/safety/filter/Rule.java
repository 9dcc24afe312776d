package dev.troupe.safety.filter;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.troupe.model.TroupeException;
import dev.troupe.safety.pattern.SafePattern;
import java.util.Set;
import java.util.TreeSet;

/**
 * One rule of a {@link RuleFilter}.
 *
 * @param id named in findings and logs
 * @param category such as "violence"; free text
 */
public record Rule(String id, String category, SafePattern pattern, Action action) {
    private static final Set<String> KEYS = Set.of("id", "category", "kind", "pattern", "action", "ignoreCase");

    /** What a match means. */
    public enum Action {
        /** The text must not pass. */
        BLOCK,
        /** The text passes and the finding is reported. */
        FLAG
    }

    /**
     * Reads one entry of {@code troupe.safety.rules}.
     *
     * @throws TroupeException naming the rule and what is wrong with it
     */
    static Rule from(Config config) {
        String id = config.hasPath("id") ? config.getString("id") : "without an id";
        try {
            Set<String> unknown = new TreeSet<>(config.root().keySet());
            unknown.removeAll(KEYS);
            if (!unknown.isEmpty()) {
                throw new TroupeException("unknown key " + unknown + "; there are " + new TreeSet<>(KEYS));
            }
            boolean ignoreCase = !config.hasPath("ignoreCase") || config.getBoolean("ignoreCase");
            return new Rule(
                    config.getString("id"),
                    config.getString("category"),
                    pattern(config.getString("kind"), config.getString("pattern"), ignoreCase),
                    action(config.getString("action")));
        } catch (ConfigException | TroupeException e) {
            throw new TroupeException("the rule " + id + " of troupe.safety.rules is wrong: " + e.getMessage(), e);
        }
    }

    private static SafePattern pattern(String kind, String source, boolean ignoreCase) {
        return switch (kind) {
            case "literal" -> SafePattern.literal(source, ignoreCase);
            case "regex" -> SafePattern.regex(source, ignoreCase);
            default -> throw new TroupeException("its kind is " + kind + "; there are literal and regex");
        };
    }

    private static Action action(String name) {
        return switch (name) {
            case "block" -> Action.BLOCK;
            case "flag" -> Action.FLAG;
            default -> throw new TroupeException("its action is " + name + "; there are block and flag");
        };
    }
}
