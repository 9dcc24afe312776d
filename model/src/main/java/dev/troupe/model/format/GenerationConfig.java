package dev.troupe.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.gguf.GgufMetadata;
import dev.troupe.model.gguf.MetadataValue;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a model's files recommend for sampling from it: fields of a directory's generation_config.json, and of a GGUF
 * file the keys {@code general.sampling.*}, with llama.cpp's names. {@code do_sample} is not looked at, as vLLM does
 * not: who wants the most likely token asks for a temperature of 0.
 */
final class GenerationConfig {
    static final String FILE_NAME = "generation_config.json";

    private static final String TEMPERATURE = "temperature";
    private static final String TOP_K = "top_k";
    private static final String TOP_P = "top_p";
    private static final String MIN_P = "min_p";
    private static final String REPETITION_PENALTY = "repetition_penalty";
    /** Where GGUF files have these. */
    private static final Map<String, String> GGUF_KEYS = Map.of(
            TEMPERATURE, "general.sampling.temp",
            TOP_K, "general.sampling.top_k",
            TOP_P, "general.sampling.top_p",
            MIN_P, "general.sampling.min_p",
            REPETITION_PENALTY, "general.sampling.penalty_repeat");

    private static final JsonMapper JSON = new JsonMapper();

    private GenerationConfig() {}

    /**
     * Of a directory; {@link SamplingDefaults#NONE} when it has no such file.
     *
     * @throws TroupeException naming the file and the field that is malformed or out of range
     */
    static SamplingDefaults read(Path directory) {
        Path file = directory.resolve(FILE_NAME);
        if (!Files.exists(file)) {
            return SamplingDefaults.NONE;
        }
        JsonNode root;
        try {
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new TroupeException(file + " cannot be read: " + e.getMessage() + "; correct or remove it", e);
        }
        return checked(file.toString(), Function.identity(), name -> {
            JsonNode value = root.path(name);
            if (value.isMissingNode() || value.isNull()) {
                return null;
            }
            return value.isNumber() ? value.doubleValue() : Double.NaN;
        });
    }

    /**
     * Of a GGUF file.
     *
     * @throws TroupeException naming the file and the key that is malformed or out of range
     */
    static SamplingDefaults read(Path file, GgufMetadata metadata) {
        return checked(file.toString(), name -> String.valueOf(GGUF_KEYS.get(name)), name -> {
            MetadataValue value = metadata.entries().get(String.valueOf(GGUF_KEYS.get(name)));
            if (value == null) {
                return null;
            }
            Object only = value.array() ? value : value.values().getFirst();
            return switch (only) {
                case Long whole -> (double) whole;
                // Files have float32: 0.7 and not 0.699999988.
                case Double number -> Double.parseDouble(Float.toString(number.floatValue()));
                default -> Double.NaN;
            };
        });
    }

    /** @param given a field's value; null where it is absent, NaN where it is no number */
    private static SamplingDefaults checked(
            String file, Function<String, String> keys, Function<String, @Nullable Double> given) {
        Fields fields = new Fields(file, keys, given);
        SamplingDefaults none = SamplingDefaults.NONE;
        return new SamplingDefaults(
                fields.number(TEMPERATURE, 0, 2, none.temperature()),
                // -1 means all in some files.
                (int) Math.max(0, fields.number(TOP_K, -1, Integer.MAX_VALUE, none.topK())),
                fields.number(TOP_P, 0, 1, none.topP()),
                fields.number(MIN_P, 0, 1, none.minP()),
                fields.number(REPETITION_PENALTY, 0.01, 100, none.repetitionPenalty()));
    }

    private record Fields(String file, Function<String, String> keys, Function<String, @Nullable Double> given) {
        double number(String name, double min, double max, double absent) {
            Double value = given.apply(name);
            if (value == null) {
                return absent;
            }
            if (!(value >= min && value <= max)) {
                throw new TroupeException(file + ": " + keys.apply(name) + " must be a number from " + min + " to "
                        + max + "; correct or remove it");
            }
            return value;
        }
    }

    /** The generation_config.json: what begins a text, what ends an answer, and what is recommended. */
    static String toJson(Tokenizer tokenizer, SamplingDefaults sampling) {
        ObjectNode root = JSON.createObjectNode();
        tokenizer.beginOfText().ifPresent(id -> root.put("bos_token_id", id));
        ArrayNode ends = JSON.createArrayNode();
        tokenizer.endTokens().forEach(ends::add);
        if (ends.size() == 1) {
            root.set("eos_token_id", ends.get(0));
        } else if (!ends.isEmpty()) {
            root.set("eos_token_id", ends);
        }
        Map<String, Number> recommended = recommended(sampling);
        if (!recommended.isEmpty()) {
            root.put("do_sample", sampling.temperature() > 0);
        }
        recommended.forEach((name, value) -> root.putPOJO(name, value));
        return root.toPrettyString() + "\n";
    }

    /** The entries of a GGUF file. */
    static Map<String, MetadataValue> toMetadata(SamplingDefaults sampling) {
        Map<String, MetadataValue> entries = new LinkedHashMap<>();
        recommended(sampling)
                .forEach((name, value) -> entries.put(
                        String.valueOf(GGUF_KEYS.get(name)),
                        value instanceof Integer whole
                                ? MetadataValue.int32(whole)
                                : MetadataValue.float32(value.floatValue())));
        return entries;
    }

    /** By field of generation_config.json, without what leaves the distribution as it is. */
    private static Map<String, Number> recommended(SamplingDefaults sampling) {
        SamplingDefaults none = SamplingDefaults.NONE;
        Map<String, Number> values = new LinkedHashMap<>();
        put(values, TEMPERATURE, sampling.temperature(), none.temperature());
        if (sampling.topK() != none.topK()) {
            values.put(TOP_K, sampling.topK());
        }
        put(values, TOP_P, sampling.topP(), none.topP());
        put(values, MIN_P, sampling.minP(), none.minP());
        put(values, REPETITION_PENALTY, sampling.repetitionPenalty(), none.repetitionPenalty());
        return values;
    }

    private static void put(Map<String, Number> values, String name, double value, double none) {
        if (value != none) {
            values.put(name, value);
        }
    }
}
