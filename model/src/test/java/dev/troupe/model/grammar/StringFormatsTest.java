package dev.troupe.model.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import java.net.IDN;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import javax.xml.datatype.DatatypeFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a format lets a model write, the JDK's own readers of that format read. */
class StringFormatsTest {
    private static final int TEXTS = 400;
    private static final int LONG_ENOUGH = 60;
    private static final Tokenizer TOKENIZER =
            BpeTrainer.train(List.of("a b"), 257, List.of(BpeTrainer.END_OF_TEXT), 1);
    private static final TokenTrie TRIE = TokenTrie.of(Spelling.of(TOKENIZER, List.of()));

    private static JsonGrammar grammar(String format) {
        return JsonGrammar.compile(
                List.of(AnswerForm.json("{\"type\":\"string\",\"format\":\"" + format + "\"}")), TRIE);
    }

    /** A walk of allowed bytes; long texts end as soon as they may. */
    private static String text(JsonGrammar grammar, Random random) {
        GrammarState state = grammar.start().append(new byte[] {'"'}).orElseThrow();
        StringBuilder text = new StringBuilder();
        while (!state.isComplete()) {
            boolean end = text.length() > LONG_ENOUGH || random.nextInt(4) == 0;
            Optional<GrammarState> quote = end ? state.append(new byte[] {'"'}) : Optional.empty();
            if (quote.isPresent() && !text.isEmpty()) {
                return text.toString();
            }
            List<Character> bytes = new ArrayList<>();
            for (char c = ' '; c < 0x7F; c++) {
                bytes.add(c);
            }
            Collections.shuffle(bytes, random);
            boolean found = false;
            for (char c : bytes) {
                Optional<GrammarState> next = state.append(new byte[] {(byte) c});
                if (next.isPresent()) {
                    state = next.get();
                    text.append(c);
                    found = true;
                    break;
                }
            }
            assertThat(found).as("a way on from '%s'", text).isTrue();
        }
        return text.substring(0, text.length() - 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"date", "time", "date-time", "duration", "uuid", "ipv4", "ipv6", "hostname", "email", "uri"})
    void everyTextHasTheFormat(String format) throws Exception {
        JsonGrammar grammar = grammar(format);
        Random random = new Random(7);
        Set<String> texts = new HashSet<>();
        for (int i = 0; i < TEXTS; i++) {
            String text = text(grammar, random);
            texts.add(text);
            try {
                read(format, text);
            } catch (Exception e) {
                throw new AssertionError("'" + text + "' is no " + format, e);
            }
        }
        assertThat(texts).hasSizeGreaterThan(TEXTS / 4);
    }

    private static void read(String format, String text) throws Exception {
        switch (format) {
            case "date" -> LocalDate.parse(text);
            case "time" -> OffsetTime.parse(text);
            case "date-time" -> OffsetDateTime.parse(text);
            case "duration" -> {
                if (text.endsWith("W")) {
                    Period.parse(text);
                } else {
                    DatatypeFactory.newInstance().newDuration(text);
                }
            }
            case "uuid" -> assertThat(UUID.fromString(text)).hasToString(text);
            case "ipv4" -> Inet4Address.ofLiteral(text);
            case "ipv6" -> Inet6Address.ofLiteral(text);
            case "hostname" -> {
                assertThat(text).hasSizeLessThanOrEqualTo(253);
                assertThat(IDN.toASCII(text, IDN.USE_STD3_ASCII_RULES)).isEqualTo(text);
            }
            case "uri" -> assertThat(new URI(text).isAbsolute()).isTrue();
            case "email" -> {
                assertThat(text.chars().filter(c -> c == '@').count()).isEqualTo(1);
                assertThat(text.substring(text.indexOf('@') + 1)).contains(".");
                assertThat(text).doesNotContain("..").doesNotStartWith(".").doesNotContain(".@");
            }
            default -> throw new IllegalArgumentException(format);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "duration | P1Y2M3DT4H5M6S | true",
                "duration | P3W | true",
                "duration | PT36H | true",
                "duration | P1Y3D | false",
                "duration | P | false",
                "duration | P1DT | false",
                "ipv6 | 2001:db8::8a2e:370:7334 | true",
                "ipv6 | ::1 | true",
                "ipv6 | :: | true",
                "ipv6 | fe80:: | true",
                "ipv6 | 1:2:3:4:5:6:7:8 | true",
                "ipv6 | 1:2:3:4:5:6:7 | false",
                "ipv6 | 1::2::3 | false",
                "hostname | www.example.com | true",
                "hostname | my-host | true",
                "hostname | -a | false",
                "hostname | a..b | false",
                "uri | https://example.com:8080/a/b.html?x=1&y=%20#top | true",
                "uri | mailto:someone@example.com | true",
                "uri | urn:isbn:0451450523 | true",
                "uri | example.com | false",
                "uri | https:// | false",
            })
    void takesWhatPeopleWrite(String format, String text, boolean whole) {
        Optional<GrammarState> state =
                grammar(format).start().append(("\"" + text + "\"").getBytes(StandardCharsets.UTF_8));
        assertThat(state.isPresent() && state.get().isComplete()).isEqualTo(whole);
    }
}
