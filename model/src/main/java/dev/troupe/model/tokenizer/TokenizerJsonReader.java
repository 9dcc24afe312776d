package dev.troupe.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.TroupeException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One tokenizer.json on its way to a tokenizer. */
final class TokenizerJsonReader {
    /** Ids above this are taken for damage. */
    static final int MAX_ID = 1 << 24;

    /** Ids may have gaps, but not so many that what is made for each id is large where the file is small. */
    private static final int MOST_GAPS = 1 << 16;

    private static final String SPACE = String.valueOf(SentencePieceBpe.SPACE);

    private static final Logger LOG = LoggerFactory.getLogger(TokenizerJsonReader.class);

    private final JsonNode root;
    private final JsonNode model;
    private final @Nullable JsonNode config;
    private final int numIds; // at most
    private final Map<String, Integer> vocab = new LinkedHashMap<>();
    private final Map<String, Integer> added = new LinkedHashMap<>();
    private final Map<String, Integer> specialIds = new LinkedHashMap<>();
    private final Map<String, Integer> literal = new LinkedHashMap<>(); // added, not special
    private final Map<String, MatchRules> rules = new HashMap<>();
    /** Files that may say what an answer ends with; the first that does counts. */
    private final List<JsonNode> endings;

    /**
     * @param config the tokenizer_config.json, when there is one
     * @param generation the generation_config.json, when there is one
     * @param modelConfig the config.json, when there is one
     */
    TokenizerJsonReader(
            JsonNode root, @Nullable JsonNode config, @Nullable JsonNode generation, @Nullable JsonNode modelConfig) {
        this.root = root;
        this.model = root.path("model");
        this.config = config;
        this.endings =
                Stream.of(generation, modelConfig).flatMap(Stream::ofNullable).toList();
        this.numIds = Math.min(
                MAX_ID, model.path("vocab").size() + root.path("added_tokens").size() + MOST_GAPS);
    }

    Tokenizer read() {
        if (!root.isObject() || !model.isObject()) {
            throw new TroupeException("it has no \"model\" object: it isn't a tokenizer.json");
        }
        String type = model.path("type").asText("BPE");
        if (!type.equals("BPE")) {
            throw new TroupeException("model type '" + type + "' isn't supported, only BPE is");
        }
        readVocab();
        readAddedTokens();
        if (uses(root.path("pre_tokenizer"), "ByteLevel")) {
            return byteLevel();
        }
        JsonNode merges = model.path("merges");
        boolean byteFallback = model.path("byte_fallback").asBoolean(false);
        if (byteFallback || uses(root.path("pre_tokenizer"), "Metaspace") || uses(root.path("normalizer"), "Prepend")) {
            return sentencePiece();
        }
        if (merges.isEmpty()) {
            return characters();
        }
        throw new TroupeException(
                "its BPE is neither byte-level nor SentencePiece-like (pre_tokenizer " + typeOf("pre_tokenizer") + ")");
    }

    private void readVocab() {
        JsonNode node = model.path("vocab");
        if (!node.isObject() || node.isEmpty()) {
            throw new TroupeException("\"model.vocab\" is missing or empty");
        }
        node.properties().forEach(entry -> vocab.put(entry.getKey(), id(entry.getValue(), entry.getKey())));
    }

    private void readAddedTokens() {
        for (JsonNode token : root.path("added_tokens")) {
            String content = token.path("content").asText("");
            int id = id(token.path("id"), content);
            added.put(content, id);
            MatchRules given = new MatchRules(
                    token.path("single_word").asBoolean(false),
                    token.path("lstrip").asBoolean(false),
                    token.path("rstrip").asBoolean(false));
            if (token.path("special").asBoolean(false)) {
                specialIds.put(content, id);
                if (!given.equals(MatchRules.NONE)) {
                    rules.put(content, given);
                }
            } else {
                // Such a token is found in users' texts too, which must come back as they were.
                refuse(
                        !given.equals(MatchRules.NONE),
                        "the added token '" + content + "' is not special and takes away spaces around it or wants to"
                                + " be a word, which isn't supported");
                literal.put(content, id);
            }
        }
    }

    private int id(JsonNode node, String token) {
        if (!node.canConvertToLong() || !node.isIntegralNumber() || node.asLong() < 0 || node.asLong() >= numIds) {
            throw new TroupeException("the token '" + token + "' has no valid id: " + node);
        }
        return node.asInt();
    }

    private Tokenizer byteLevel() {
        boolean nfc = typeOf("normalizer").equals("NFC");
        refuse(
                !nfc
                        && !root.path("normalizer").isNull()
                        && !root.path("normalizer").isMissingNode(),
                "the normalizer " + typeOf("normalizer") + " would change text, which byte-level BPE must not"
                        + " (only NFC is supported)");
        refuse(
                byteLevelStep(root.path("pre_tokenizer"))
                        .path("add_prefix_space")
                        .asBoolean(true),
                "add_prefix_space is on, which isn't supported");
        ByteLevelBpe.Builder builder = new ByteLevelBpe.Builder(preTokenizer(root.path("pre_tokenizer")));
        vocab.forEach((spelling, id) -> builder.token(id, ByteLevelAlphabet.bytesOrUtf8(spelling)));
        added.forEach((content, id) -> builder.token(id, content.getBytes(StandardCharsets.UTF_8)));
        readMerges(builder::merge);
        return builder.special(special())
                .nfc(nfc)
                .wholePieces(model.path("ignore_merges").asBoolean(false))
                .build();
    }

    /** The scanner for ByteLevel's own pattern, or for that of the Split step before it. */
    private static PreTokenizer preTokenizer(JsonNode node) {
        for (JsonNode step : node.path("pretokenizers")) {
            if (step.path("type").asText("").equals("Split")) {
                String pattern = step.path("pattern").path("Regex").asText("");
                return PreTokenizers.forPattern(pattern)
                        .orElseThrow(() -> new TroupeException("its pre-tokenizer pattern is unknown: " + pattern
                                + " (known: " + String.join(", ", PreTokenizers.names()) + ")"));
            }
        }
        for (JsonNode step : node.path("pretokenizers")) {
            if (step.path("type").asText("").equals("Digits")) {
                refuse(
                        !step.path("individual_digits").asBoolean(false),
                        "its pre-tokenizer keeps digits together, which isn't supported");
                return PreTokenizers.SMOLLM;
            }
        }
        refuse(
                !byteLevelStep(node).path("use_regex").asBoolean(true),
                "its pre_tokenizer has no pattern (ByteLevel with use_regex off and no Split)");
        return PreTokenizers.GPT2;
    }

    private static JsonNode byteLevelStep(JsonNode node) {
        for (JsonNode step : node.path("pretokenizers")) {
            if (step.path("type").asText("").equals("ByteLevel")) {
                return step;
            }
        }
        return node;
    }

    private Tokenizer sentencePiece() {
        String[] spellings = spellings();
        MergeTable.Builder merges = new MergeTable.Builder();
        readMerges(merges::add);
        JsonNode unknown = model.path("unk_token");
        int unknownId =
                unknown.isTextual() ? vocab.getOrDefault(unknown.asText(), Tokenizer.NO_TOKEN) : Tokenizer.NO_TOKEN;
        return new SentencePieceBpe(Arrays.asList(spellings), merges.build(), special(), metaspace(), unknownId);
    }

    /** What the normalizer and the pre-tokenizer do to spaces; what else they would do is refused. */
    private Metaspace metaspace() {
        boolean prepends = false;
        for (JsonNode step : steps(root.path("normalizer"), "normalizers")) {
            String type = step.path("type").asText("");
            boolean prepend =
                    type.equals("Prepend") && step.path("prepend").asText("").equals(SPACE);
            boolean replace = type.equals("Replace")
                    && step.path("pattern").path("String").asText("").equals(" ")
                    && step.path("content").asText("").equals(SPACE);
            refuse(
                    !type.isEmpty() && !prepend && !replace,
                    "the normalizer " + step + " isn't supported beside "
                            + "SentencePiece-like BPE (only Prepend and Replace of a space are)");
            prepends |= prepend;
        }
        Metaspace found = Metaspace.llama(prepends);
        for (JsonNode step : steps(root.path("pre_tokenizer"), "pretokenizers")) {
            String type = step.path("type").asText("");
            // Spaces are replaced before, so there is nothing at which this would split.
            boolean idle = type.equals("Split")
                    && step.path("pattern").path("String").asText("").equals(" ");
            if (type.equals("Metaspace")) {
                found = metaspace(step, prepends);
            } else {
                refuse(
                        !type.isEmpty() && !idle,
                        "the pre-tokenizer " + step + " isn't supported beside "
                                + "SentencePiece-like BPE (only Metaspace is)");
            }
        }
        return found;
    }

    private static Metaspace metaspace(JsonNode step, boolean prepended) {
        String mark = step.path("replacement").asText(SPACE);
        refuse(!mark.equals(SPACE), "Metaspace's replacement is '" + mark + "', only '" + SPACE + "' is supported");
        String scheme = step.path("prepend_scheme").asText("always");
        Metaspace.Prefix prefix = switch (scheme) {
            case "always" -> Metaspace.Prefix.ALWAYS;
            case "first" -> Metaspace.Prefix.FIRST;
            case "never" -> Metaspace.Prefix.NEVER;
            default -> throw new TroupeException("Metaspace's prepend_scheme '" + scheme + "' isn't supported");
        };
        if (!step.path("add_prefix_space").asBoolean(true)) { // in files from before there were schemes
            prefix = Metaspace.Prefix.NEVER;
        }
        return new Metaspace(
                prepended ? Metaspace.Prefix.PREPEND : prefix,
                step.path("split").asBoolean(true));
    }

    private Tokenizer characters() {
        String[] spellings = spellings();
        IntList codePoints = new IntList(spellings.length);
        for (int id = 0; id < spellings.length; id++) {
            String spelling = spellings[id];
            refuse(
                    spelling.isEmpty() || spelling.codePointCount(0, spelling.length()) != 1,
                    "it has no merges, so each token must be one character, but id " + id + " is '" + spelling + "'");
            codePoints.add(spelling.codePointAt(0));
            refuse(
                    id > 0 && codePoints.get(id) <= codePoints.get(id - 1),
                    "the characters of its vocabulary aren't in code point order");
        }
        return CharTokenizer.of(codePoints.toArray());
    }

    /** Spelling of each id; "" for a gap. */
    private String[] spellings() {
        Map<String, Integer> all = new HashMap<>(vocab);
        all.putAll(added);
        String[] spellings = new String[size()];
        Arrays.fill(spellings, "");
        all.forEach((spelling, id) -> spellings[id] = spelling);
        return spellings;
    }

    private int size() {
        return Stream.of(vocab, added)
                .flatMap(ids -> ids.values().stream())
                .mapToInt(id -> id + 1)
                .max()
                .orElse(0);
    }

    private void readMerges(MergeSink sink) {
        int index = 0;
        JsonNode ranks = model.path(TokenizerJsonWriter.RANKS);
        refuse(
                !ranks.isMissingNode() && ranks.size() != model.path("merges").size(),
                TokenizerJsonWriter.RANKS + " hasn't one rank for each merge");
        for (JsonNode merge : model.path("merges")) {
            List<String> parts = parts(merge);
            refuse(parts.size() != 2, "merge " + index + " isn't a pair: " + merge);
            int left = known(parts.get(0), index);
            int right = known(parts.get(1), index);
            int result = known(parts.get(0) + parts.get(1), index);
            sink.add(left, right, result, ranks.path(index).asInt(index));
            index++;
        }
    }

    /** A merge is "a b" in older files and ["a", "b"] in newer ones. */
    private static List<String> parts(JsonNode merge) {
        if (merge.isTextual()) {
            return List.of(merge.asText().split(" ", -1));
        }
        List<String> parts = new ArrayList<>();
        merge.forEach(part -> parts.add(part.asText()));
        return parts;
    }

    private int known(String token, int merge) {
        Integer id = vocab.get(token);
        if (id == null) {
            throw new TroupeException("merge " + merge + " names '" + token + "', which isn't in the vocabulary");
        }
        return id;
    }

    private SpecialTokens special() {
        JsonNode own = root.path(TokenizerJsonWriter.OWN);
        if (own.isObject()) {
            List<Integer> ends = new ArrayList<>();
            own.path("ends").forEach(id -> ends.add(id.asInt()));
            int end = own.path("end_of_text").asInt(Tokenizer.NO_TOKEN);
            int begin = own.path("begin_of_text").asInt(Tokenizer.NO_TOKEN);
            return new SpecialTokens(specialIds, literal, end, begin, Set.copyOf(ends), rules);
        }
        int begin = begin();
        Optional<Integer> end = configured("eos_token");
        SpecialTokens known = end.isPresent()
                ? new SpecialTokens(specialIds, end.get(), begin)
                : SpecialTokens.guessingEnd(specialIds, begin);
        return known.withAdded(literal).withRules(rules).withEnds(configuredEnds());
    }

    /**
     * What generation_config.json says that an answer ends with, an id or several; else config.json, which transformers
     * goes by then. They need not be special tokens.
     */
    private List<Integer> configuredEnds() {
        int numIds = size();
        for (JsonNode file : endings) {
            JsonNode given = file.path("eos_token_id");
            if (given.isMissingNode() || given.isNull()) {
                continue;
            }
            List<Integer> ends = new ArrayList<>();
            for (JsonNode id : given.isArray() ? given : List.of(given)) {
                if (id.isInt() && id.asInt() >= 0 && id.asInt() < numIds) {
                    ends.add(id.asInt());
                } else {
                    LOG.warn("eos_token_id {} is none of the tokenizer's {} ids: it is passed over", id, numIds);
                }
            }
            return ends;
        }
        return List.of();
    }

    /** The token that the post-processor puts before a text, or that tokenizer_config.json says to. */
    private int begin() {
        for (JsonNode processor : steps(root.path("post_processor"), "processors")) {
            JsonNode first =
                    processor.path("single").path(0).path("SpecialToken").path("id");
            Integer id = first.isTextual() ? specialIds.get(first.asText()) : null;
            if (id != null) {
                return id;
            }
        }
        boolean add = config != null && config.path("add_bos_token").asBoolean(false);
        return add ? configured("bos_token").orElse(Tokenizer.NO_TOKEN) : Tokenizer.NO_TOKEN;
    }

    private Optional<Integer> configured(String key) {
        if (config == null) {
            return Optional.empty();
        }
        JsonNode token = config.path(key);
        String content = token.isObject() ? token.path("content").asText("") : token.asText("");
        return Optional.ofNullable(specialIds.get(content));
    }

    /** Whether a step, or one of a sequence of steps, has this type. */
    private static boolean uses(JsonNode node, String type) {
        for (String list : List.of("pretokenizers", "normalizers")) {
            for (JsonNode step : steps(node, list)) {
                if (step.path("type").asText("").equals(type)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Iterable<JsonNode> steps(JsonNode node, String list) {
        return node.path(list).isArray() ? node.path(list) : List.of(node);
    }

    private String typeOf(String key) {
        return root.path(key).path("type").asText("null");
    }

    private static void refuse(boolean wrong, String problem) {
        if (wrong) {
            throw new TroupeException(problem);
        }
    }

    /** Where merges go, earliest first. */
    private interface MergeSink {
        Object add(int left, int right, int result, int rank);
    }
}
