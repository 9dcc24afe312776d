package dev.troupe.safety.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.TroupeException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleFilterTest {
    private static Config rules(String rules) {
        return ConfigFactory.parseString("troupe.safety.rules = [" + rules + "]");
    }

    @Test
    void theDefaultAllowsEverything() {
        RuleFilter filter = RuleFilter.from(ConfigFactory.load());
        assertThat(filter.rules()).isEmpty();
        assertThat(filter.judge("anything at all")).isEqualTo(new Verdict.Allowed(List.of()));
    }

    @Test
    void theExampleOfTheReferenceBlocksACardNumber() {
        RuleFilter filter = RuleFilter.from(rules("""
                { id = card, category = personal-data, kind = regex, action = block,
                  pattern = "\\\\b\\\\d{4}([ -]?\\\\d{4}){3}\\\\b" }"""));
        assertThat(filter.judge("pay with 4111 1111-1111 1111 today"))
                .isEqualTo(new Verdict.Blocked(new Finding("card", "personal-data", 9, 28, 1.0), List.of()));
        assertThat(filter.judge("order 41111111111111112 was sent")).isInstanceOf(Verdict.Allowed.class);
    }

    @Test
    void theFirstMatchToEndDecides() {
        RuleFilter filter = RuleFilter.from(rules("""
                { id = long, category = a, kind = literal, action = block, pattern = "one two three" },
                { id = short, category = b, kind = literal, action = block, pattern = "two" },
                { id = note, category = c, kind = literal, action = flag, pattern = "one" }"""));
        assertThat(filter.judge("one two three"))
                .isEqualTo(new Verdict.Blocked(
                        new Finding("short", "b", 4, 7, 1.0), List.of(new Finding("note", "c", 0, 3, 1.0))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{ category = a, kind = literal, action = block, pattern = x } | without an id",
                "{ id = r, category = a, kind = magic, action = block, pattern = x } | its kind is magic",
                "{ id = r, category = a, kind = literal, action = nuke, pattern = x } | its action is nuke",
                "{ id = r, category = a, kind = regex, action = block, pattern = \"x*\" } | the rule r",
                "{ id = r, category = a, kind = literal, action = block, pattern = \"\" } | empty text",
                "{ id = r, category = a, kind = literal, action = block, patern = x } | patern",
                "{ id = r, category = a, kind = literal, action = block } | the rule r"
            })
    void saysWhichRuleIsWrong(String rule, String message) {
        assertThatThrownBy(() -> RuleFilter.from(rules(rule)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(message);
    }

    @Test
    void twoRulesCannotShareAnId() {
        String rule = "{ id = r, category = a, kind = literal, action = block, pattern = x }";
        assertThatThrownBy(() -> RuleFilter.from(rules(rule + "," + rule)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("two rules with the id r");
    }
}
