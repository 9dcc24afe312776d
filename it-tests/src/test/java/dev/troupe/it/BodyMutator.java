package dev.troupe.it;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes bad request bodies out of good ones, of each endpoint: a function of the seed. */
final class BodyMutator {
    /** A body for a path. */
    static final class Body {
        private final String path;
        private final byte[] json;

        private Body(String path, byte[] json) {
            this.path = path;
            this.json = json;
        }

        String path() {
            return path;
        }

        byte[] json() {
            return json;
        }
    }

    private static final String COMPLETIONS = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";
    private static final String RESPONSES = "/v1/responses";
    private static final String TOKENIZE = "/v1/tokenize";

    private record Good(String path, String json) {}

    private static final List<Good> BODIES = List.of(
            new Good(
                    COMPLETIONS,
                    "{\"model\":\"#\",\"prompt\":\"Once upon\",\"max_tokens\":1,\"temperature\":0.5,\"top_p\":0.9,\"top_k\":5,"
                            + "\"stop\":[\"x\",\"yz\"],\"logit_bias\":{\"7\":1.5},\"logprobs\":2,\"n\":1,\"seed\":3,\"stop_token_ids\":[9]}"),
            new Good(
                    CHAT,
                    "{\"model\":\"#\",\"messages\":[{\"role\":\"system\",\"content\":\"be kind\"},{\"role\":\"user\","
                            + "\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}],\"max_completion_tokens\":1,\"stream\":true,"
                            + "\"stream_options\":{\"include_usage\":true},\"logprobs\":true,\"top_logprobs\":2,"
                            + "\"presence_penalty\":0.1,\"frequency_penalty\":-0.1,\"min_p\":0.05,\"user\":\"u\"}"),
            new Good(
                    COMPLETIONS,
                    "{\"model\":\"#\",\"prompt\":[[1,2,3],[4,5]],\"max_tokens\":1,\"echo\":true,\"repetition_penalty\":1.1}"),
            new Good(
                    CHAT,
                    "{\"model\":\"#\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":1,"
                            + "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"strict\":true,"
                            + "\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":1},"
                            + "\"b\":{\"enum\":[\"x\",2]}},\"required\":[\"a\"]}}},\"parallel_tool_calls\":true}"),
            new Good(
                    RESPONSES,
                    "{\"model\":\"#\",\"instructions\":\"be kind\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
                            + "\"input_text\",\"text\":\"hi\"}]},{\"type\":\"reasoning\",\"id\":\"r\",\"summary\":[]},"
                            + "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"ho\"}]},"
                            + "{\"role\":\"user\",\"content\":\"go on\"}],"
                            + "\"max_output_tokens\":1,\"stream\":true,\"include\":[\"message.output_text.logprobs\"],"
                            + "\"top_logprobs\":2,\"text\":{\"format\":{\"type\":\"text\"}},\"reasoning\":{\"effort\":\"none\"}}"),
            new Good(
                    "/v1/embeddings",
                    "{\"model\":\"#\",\"input\":[\"Once\",\"upon a\"],\"dimensions\":3,"
                            + "\"encoding_format\":\"base64\",\"user\":\"u\"}"),
            new Good(
                    TOKENIZE,
                    "{\"model\":\"#\",\"prompt\":\"Once\",\"add_special_tokens\":true,\"return_pieces\":true}"),
            new Good(TOKENIZE, "{\"model\":\"#\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"),
            new Good("/v1/detokenize", "{\"model\":\"#\",\"tokens\":[1,2,300]}"));

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
        "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}}]",
        "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"pattern\":\"(((\",\"type\":\"string\"}}}",
        "{\"type\":\"number\",\"minimum\":1e300,\"multipleOf\":1e-300}",
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
    List<Body> originals() {
        return BODIES.stream()
                .map(good -> new Body(good.path(), json(good).getBytes(StandardCharsets.UTF_8)))
                .toList();
    }

    private String json(Good good) {
        return good.json().replace("#", model);
    }

    /** A body that is wrong in one or two ways, or by luck still right; one in nine is for another endpoint. */
    Body next() {
        Good good = BODIES.get(random.nextInt(BODIES.size()));
        String path = random.nextInt(9) == 0
                ? BODIES.get(random.nextInt(BODIES.size())).path()
                : good.path();
        String body = json(good);
        int changes = random.nextInt(1, 3);
        for (int i = 0; i < changes; i++) {
            body = changed(body);
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return new Body(
                path,
                switch (random.nextInt(6)) {
                    case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
                    case 1 -> noise(bytes);
                    default -> bytes;
                });
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
        "\"tool_choice\"",
        "\"input\"",
        "\"dimensions\"",
        "\"tokens\"",
        "\"stop_token_ids\"",
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
