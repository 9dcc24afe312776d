package dev.troupe.it;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes bad request bodies out of good ones: a function of the seed. */
final class BodyMutator {
    private static final List<String> BODIES = List.of(
            "{\"model\":\"#\",\"prompt\":\"Once upon\",\"max_tokens\":1,\"temperature\":0.5,\"top_p\":0.9,\"top_k\":5,"
                    + "\"stop\":[\"x\",\"yz\"],\"logit_bias\":{\"7\":1.5},\"logprobs\":2,\"n\":1,\"seed\":3}",
            "{\"model\":\"#\",\"messages\":[{\"role\":\"system\",\"content\":\"be kind\"},{\"role\":\"user\","
                    + "\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}],\"max_completion_tokens\":1,\"stream\":true,"
                    + "\"stream_options\":{\"include_usage\":true},\"logprobs\":true,\"top_logprobs\":2,"
                    + "\"presence_penalty\":0.1,\"frequency_penalty\":-0.1,\"min_p\":0.05,\"user\":\"u\"}",
            "{\"model\":\"#\",\"prompt\":[[1,2,3],[4,5]],\"max_tokens\":1,\"echo\":true,\"repetition_penalty\":1.1}");

    /** What a value is replaced with. */
    private static final String[] VALUES = {
        "null",
        "true",
        "-1",
        "0",
        "1e999",
        "-1e999",
        "1e-999",
        "9223372036854775808",
        "-9223372036854775809",
        "2147483648",
        "0.1e1",
        "1".repeat(900),
        "1".repeat(3000),
        "0." + "3".repeat(5000),
        "\"\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800 x\"",
        "\"" + "a b ".repeat(600) + "\"",
        "[]",
        "{}",
        "[[[[]]]]",
        "[null,1,\"a\",{}]",
        "{\"\":{\"\":[]}}",
        "[".repeat(900) + "]".repeat(900),
        "[".repeat(50_000),
        "{\"a\":".repeat(2000),
        "[1,2,-3]",
        "[512,511,99999999]",
        "[\"x\",\"\",\"\\ud83d\"]",
        "{\"511\":-100,\"512\":100}",
        "{\"-1\":1,\"1e3\":2,\"99999999999\":3}",
        "NaN",
        "Infinity",
        "'single'",
        "/* c */ 1",
        "01",
        "+1",
        "\"\\x\"",
        "\"tab\there\""
    };

    private static final Pattern VALUE =
            Pattern.compile("(?<=[:\\[,])(\"[^\"]*\"|-?[0-9.]+|true|\\[[^\\[\\]]*]|\\{[^{}]*})");
    private static final Pattern KEY = Pattern.compile("\"[a-z_]+\"(?=:)");

    private final SplittableRandom random;
    private final String model;

    BodyMutator(long seed, String model) {
        random = new SplittableRandom(seed);
        this.model = model;
    }

    /** The bodies that are changed; nothing is wrong with them. */
    List<String> originals() {
        return BODIES.stream().map(body -> body.replace("#", model)).toList();
    }

    /** A body that is wrong in one or two ways, or by luck still right. */
    byte[] next() {
        String body = BODIES.get(random.nextInt(BODIES.size())).replace("#", model);
        int changes = random.nextInt(1, 3);
        for (int i = 0; i < changes; i++) {
            body = changed(body);
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return switch (random.nextInt(6)) {
            case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
            case 1 -> noise(bytes);
            default -> bytes;
        };
    }

    private String changed(String body) {
        return switch (random.nextInt(6)) {
            case 0 -> replaced(body, KEY, KEYS[random.nextInt(KEYS.length)]);
            case 1 ->
                inserted(body, "\"" + KEYS[random.nextInt(KEYS.length)].replace("\"", "") + "\":" + value() + ",");
            default -> replaced(body, VALUE, value());
        };
    }

    private static final String[] KEYS = {
        "\"model\"",
        "\"prompt\"",
        "\"messages\"",
        "\"n\"",
        "\"best_of\"",
        "\"suffix\"",
        "\"tools\"",
        "\"x\"",
        "\"\"",
        "\"stop\"",
        "\"response_format\"",
        "\"logit_bias\"",
        "\"top_k\"",
        "\"seed\"",
        "\"stream\"",
        "\"echo\"",
        "\"store\""
    };

    private String value() {
        return VALUES[random.nextInt(VALUES.length)];
    }

    private String inserted(String body, String text) {
        int brace = body.indexOf('{');
        return brace < 0 ? text : body.substring(0, brace + 1) + text + body.substring(brace + 1);
    }

    private String replaced(String body, Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(body);
        List<int[]> places = new ArrayList<>();
        while (matcher.find()) {
            places.add(new int[] {matcher.start(), matcher.end()});
        }
        if (places.isEmpty()) {
            return body;
        }
        int[] place = places.get(random.nextInt(places.size()));
        return body.substring(0, place[0]) + text + body.substring(place[1]);
    }

    private byte[] noise(byte[] bytes) {
        byte[] noisy = bytes.clone();
        for (int i = random.nextInt(1, 5); i > 0 && noisy.length > 0; i--) {
            int at = random.nextInt(noisy.length);
            noisy[at] =
                    random.nextBoolean() ? (byte) random.nextInt(256) : (byte) (noisy[at] ^ (1 << random.nextInt(8)));
        }
        return noisy;
    }
}
