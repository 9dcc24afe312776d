package dev.troupe.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.gguf.GgufWriter;
import dev.troupe.model.gguf.MetadataValue;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** What is done to the files of a model to see whether they are still read, or refused. */
final class FuzzedModels {
    private static final long[] EXTREMES = {
        0,
        1,
        -1,
        2,
        1 << 10,
        1 << 20,
        (1L << 31) - 1,
        1L << 31,
        0xFFFFFFFFL,
        1L << 32,
        1L << 40,
        1L << 62,
        Long.MAX_VALUE
    };
    private static final int DEEP = 900; // the parser's limit is 1000
    private static final List<JsonNode> STRANGE = strange();

    private FuzzedModels() {}

    /** The same model with a vocabulary of SentencePiece's kind, whose merges follow from scores. */
    static void withScores(Path gguf, Path to) throws IOException {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            tokens.add(String.format("<0x%02X>", b));
        }
        tokens.addAll(List.of("\u2581", "t", "h", "e", "th", "the", "\u2581the", "a", "at", "r", "\u2581a"));
        List<Float> scores = new ArrayList<>();
        List<Integer> types = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            scores.add((float) -id);
            types.add(id == 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1);
        }
        try (GgufFile file = GgufFile.open(gguf);
                FileChannel out = FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            Map<String, MetadataValue> metadata =
                    new LinkedHashMap<>(file.metadata().entries());
            metadata.keySet().removeIf(key -> key.startsWith("tokenizer."));
            metadata.put("tokenizer.ggml.model", MetadataValue.text("llama"));
            metadata.put("tokenizer.ggml.tokens", MetadataValue.texts(tokens));
            metadata.put("tokenizer.ggml.scores", MetadataValue.float32s(scores));
            metadata.put("tokenizer.ggml.token_type", MetadataValue.int32s(types));
            metadata.put("tokenizer.ggml.bos_token_id", MetadataValue.uint32(1));
            metadata.put("tokenizer.ggml.eos_token_id", MetadataValue.uint32(2));
            List<GgufWriter.Entry> tensors = file.tensors().values().stream()
                    .map(tensor -> new GgufWriter.Entry(
                            tensor.name(), tensor.type(), tensor.shape(), sink -> sink.write(file.data(tensor))))
                    .toList();
            GgufWriter.write(out, metadata, tensors);
        }
    }

    /**
     * One to three changes of bytes: a bit, a byte, an extreme number, a cut, a piece twice.
     *
     * @param headerBytes where most changes are
     */
    static byte[] bytes(byte[] file, int headerBytes, SplittableRandom random) {
        byte[] bytes = file.clone();
        for (int times = random.nextInt(1, 4); times > 0; times--) {
            int end = random.nextInt(8) == 0 ? bytes.length : Math.min(headerBytes, bytes.length);
            int at = random.nextInt(end);
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> extreme(bytes, at, random);
                case 3 -> bytes[at] = (byte) ('0' + random.nextInt(10));
                case 4 -> {
                    int from = random.nextInt(end);
                    int length = Math.min(random.nextInt(64), bytes.length - Math.max(from, at));
                    System.arraycopy(bytes, from, bytes, at, length);
                }
                default -> bytes = random.nextInt(4) == 0 ? Arrays.copyOf(bytes, at + 1) : bytes;
            }
        }
        return bytes;
    }

    private static void extreme(byte[] bytes, int at, SplittableRandom random) {
        long value = EXTREMES[random.nextInt(EXTREMES.length)];
        ByteBuffer to = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (random.nextBoolean() && at + Long.BYTES <= bytes.length) {
            to.putLong(at, value);
        } else if (at + Integer.BYTES <= bytes.length) {
            to.putInt(at, (int) value);
        }
    }

    /** One to three changes of values: another kind, an extreme number, another place's value, or none. */
    static byte[] json(byte[] file, SplittableRandom random) throws IOException {
        if (random.nextInt(100) == 0) {
            return "{\"a\":[".repeat(100_000).getBytes(StandardCharsets.UTF_8);
        }
        JsonNode root = new JsonMapper().readTree(file);
        for (int times = random.nextInt(1, 4); times > 0; times--) {
            change(root, root, random);
        }
        return root.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Goes down to a random place and changes what is there. */
    private static void change(JsonNode root, JsonNode node, SplittableRandom random) {
        if (node.isEmpty()) {
            return;
        }
        int place = random.nextInt(node.size());
        switch (node) {
            case ObjectNode object -> {
                List<String> names = new ArrayList<>();
                object.fieldNames().forEachRemaining(names::add);
                String name = names.get(place);
                if (goesOn(object.path(name), random)) {
                    change(root, object.path(name), random);
                } else if (random.nextInt(6) == 0) {
                    object.remove(name);
                } else {
                    object.set(name, other(root, object.path(name), random));
                }
            }
            case ArrayNode array -> {
                if (goesOn(array.path(place), random)) {
                    change(root, array.path(place), random);
                } else if (random.nextInt(6) == 0) {
                    array.remove(place);
                } else {
                    array.set(place, other(root, array.path(place), random));
                }
            }
            default -> {} // the whole file is one value
        }
    }

    private static boolean goesOn(JsonNode node, SplittableRandom random) {
        return !node.isEmpty() && random.nextInt(4) > 0;
    }

    private static JsonNode other(JsonNode root, JsonNode now, SplittableRandom random) {
        if (now.isIntegralNumber() && random.nextBoolean()) {
            return JsonNodeFactory.instance.numberNode(EXTREMES[random.nextInt(EXTREMES.length)]);
        }
        if (random.nextInt(4) == 0) {
            List<JsonNode> values = new ArrayList<>();
            root.forEach(values::add);
            return values.get(random.nextInt(values.size())).deepCopy();
        }
        return STRANGE.get(random.nextInt(STRANGE.size())).deepCopy();
    }

    private static List<JsonNode> strange() {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        ArrayNode deep = nodes.arrayNode();
        for (int i = 0; i < DEEP; i++) {
            deep = nodes.arrayNode().add(deep);
        }
        return List.of(
                nodes.nullNode(),
                nodes.booleanNode(true),
                nodes.booleanNode(false),
                nodes.textNode(""),
                nodes.textNode("x"),
                nodes.textNode("<s> \uD83D\uDC4D"),
                nodes.textNode("a".repeat(5000)),
                nodes.textNode("7"),
                nodes.arrayNode(),
                nodes.objectNode(),
                nodes.arrayNode().add("a").add("b").add("c"),
                nodes.objectNode().put("type", "Split"),
                nodes.numberNode(-1.5),
                nodes.numberNode(1e300),
                nodes.numberNode(16_777_215),
                nodes.numberNode(BigInteger.TWO.pow(200)),
                deep);
    }
}
