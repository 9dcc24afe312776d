package dev.troupe.safety.filter;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.troupe.model.TroupeException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Judges by a list of rules. The first match to end decides; of several, the one that began first. */
public final class RuleFilter implements TextFilter {
    private final List<Rule> rules;

    public RuleFilter(List<Rule> rules) {
        this.rules = List.copyOf(rules);
    }

    /**
     * Reads {@code troupe.safety.rules}.
     *
     * @param config the whole configuration
     * @throws TroupeException naming the rule that is wrong, or an id that two rules have
     */
    public static RuleFilter from(Config config) {
        List<Rule> rules;
        try {
            rules = config.getConfigList("troupe.safety.rules").stream()
                    .map(entry -> Rule.from(entry))
                    .toList();
        } catch (ConfigException e) {
            throw new TroupeException("troupe.safety.rules is wrong: " + e.getMessage(), e);
        }
        Set<String> ids = new HashSet<>();
        for (Rule rule : rules) {
            if (!ids.add(rule.id())) {
                throw new TroupeException("troupe.safety.rules has two rules with the id " + rule.id());
            }
        }
        return new RuleFilter(rules);
    }

    public List<Rule> rules() {
        return rules;
    }

    @Override
    public Verdict judge(String text) {
        StreamingFilter stream = stream();
        stream.append(text);
        stream.finish();
        return stream.verdict();
    }

    @Override
    public boolean passesAll() {
        return rules.isEmpty();
    }

    @Override
    public StreamingFilter stream() {
        return new StreamingFilter(rules);
    }
}
