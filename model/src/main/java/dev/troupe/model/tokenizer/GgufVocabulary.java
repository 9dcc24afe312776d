package dev.troupe.model.tokenizer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.gguf.GgufMetadata;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tokenizer in the metadata of a GGUF file, as llama.cpp reads it: {@code llama} (SentencePiece's BPE: the merge that
 * makes the token of the highest score comes first) and {@code gpt2} (byte-level BPE with a list of merges).
 */
public final class GgufVocabulary {
    static final String MODEL = "tokenizer.ggml.model";
    static final String PRE = "tokenizer.ggml.pre";
    static final String TOKENS = "tokenizer.ggml.tokens";
    static final String SCORES = "tokenizer.ggml.scores";
    static final String TYPES = "tokenizer.ggml.token_type";
    static final String MERGES = "tokenizer.ggml.merges";
    static final String BEGIN = "tokenizer.ggml.bos_token_id";
    static final String END = "tokenizer.ggml.eos_token_id";
    static final String UNKNOWN = "tokenizer.ggml.unknown_token_id";
    static final String ADD_BEGIN = "tokenizer.ggml.add_bos_token";
    static final String ADD_SPACE = "tokenizer.ggml.add_space_prefix";
    /** Ids of the tokens that have each of the {@link MatchRules}, which llama.cpp knows by the model's name. */
    static final String SINGLE_WORD = "troupe.tokenizer.single_word_ids";

    static final String STRIP_LEFT = "troupe.tokenizer.lstrip_ids";
    static final String STRIP_RIGHT = "troupe.tokenizer.rstrip_ids";
    /**
     * Of {@link Metaspace}, where it is not what llama.cpp does: when a prefix is added, and whether words are pieces.
     */
    static final String PREPEND_SCHEME = "troupe.tokenizer.prepend_scheme";

    static final String SPLIT_WORDS = "troupe.tokenizer.split_words";
    /** Whether text is brought to NFC, where it is not what the pre-tokenizer's models do. */
    static final String NFC = "troupe.tokenizer.nfc";

    static final int TYPE_NORMAL = 1;
    static final int TYPE_UNKNOWN = 2;
    static final int TYPE_CONTROL = 3;
    static final int TYPE_USER_DEFINED = 4;
    static final int TYPE_UNUSED = 5;
    static final int TYPE_BYTE = 6;

    static final String END_OF_TURN = "tokenizer.ggml.eot_token_id";
    /** Of a message after which the same side goes on. */
    static final String END_OF_MESSAGE = "tokenizer.ggml.eom_token_id";

    /** Ids of all tokens that end an answer, where the keys of llama.cpp and the names of tokens do not say it. */
    static final String ALL_ENDS = "troupe.tokenizer.end_token_ids";

    /** Control tokens that end an answer in every vocabulary that has them. */
    private static final Set<String> ENDS = Set.of(
            "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>");

    /** Of a token that is made by merges; published ones have some hundred at most. The work grows with its square. */
    private static final int MOST_MERGED_CHARS = 1024;

    private static final Logger LOG = LoggerFactory.getLogger(GgufVocabulary.class);

    private final GgufMetadata metadata;
    private final List<String> tokens;
    private final List<Integer> types;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<String, Integer> control = new LinkedHashMap<>();
    private final Map<String, Integer> userDefined = new LinkedHashMap<>();

    private GgufVocabulary(GgufMetadata metadata) {
        this.metadata = metadata;
        this.tokens = metadata.texts(TOKENS).orElseThrow(() -> new TroupeException(TOKENS + " is missing"));
        if (tokens.isEmpty() || tokens.size() > TokenizerJsonReader.MAX_ID) {
            throw new TroupeException(TOKENS + " has " + tokens.size() + " tokens");
        }
        this.types = metadata.counts(TYPES).orElseGet(() -> Collections.nCopies(tokens.size(), TYPE_NORMAL));
        requireOnePerToken(TYPES, types.size());
        for (int id = 0; id < tokens.size(); id++) {
            String token = tokens.get(id);
            ids.putIfAbsent(token, id);
            switch (types.get(id)) {
                case TYPE_CONTROL, TYPE_UNKNOWN -> control.put(token, id);
                case TYPE_USER_DEFINED -> userDefined.put(token, id);
                default -> {} // parts of text
            }
        }
    }

    /**
     * The tokenizer of a file.
     *
     * @throws TroupeException naming the key that is missing or wrong
     */
    public static Tokenizer read(GgufMetadata metadata) {
        String model = metadata.text(MODEL).orElse("");
        return switch (model) {
            case "llama" -> new GgufVocabulary(metadata).sentencePiece();
            case "gpt2" -> new GgufVocabulary(metadata).byteLevel();
            default ->
                throw new TroupeException(MODEL + " is '" + GgufMetadata.shown(model)
                        + "'; supported are llama (SentencePiece's BPE) and" + " gpt2 (byte-level BPE)");
        };
    }

    private void requireOnePerToken(String key, int count) {
        if (count != tokens.size()) {
            throw new TroupeException(key + " has " + count + " entries for " + tokens.size() + " tokens");
        }
    }

    private Tokenizer byteLevel() {
        String pre = metadata.text(PRE).orElse("gpt-2");
        GgufPreTokenizer known = GgufPreTokenizer.named(pre)
                .orElseThrow(() -> new TroupeException(PRE + " is '" + GgufMetadata.shown(pre) + "'; supported are "
                        + String.join(", ", GgufPreTokenizer.allNames())));
        ByteLevelBpe.Builder builder = new ByteLevelBpe.Builder(known.scanner());
        for (int id = 0; id < tokens.size(); id++) {
            if (types.get(id) == TYPE_UNUSED) {
                builder.reserve(id);
            } else {
                builder.token(id, ByteLevelAlphabet.bytesOrUtf8(tokens.get(id)));
            }
        }
        for (int[] merge : merges()) {
            builder.merge(merge[0], merge[1], merge[2]);
        }
        return builder.special(special(known.begins()))
                .wholePieces(known.wholePieces())
                .nfc(metadata.flag(NFC).orElse(known.nfc()))
                .build();
    }

    /** Left, right and result of each merge, in their order. */
    private List<int[]> merges() {
        List<String> given = metadata.texts(MERGES).orElseThrow(() -> new TroupeException(MERGES + " is missing"));
        List<int[]> merges = new ArrayList<>(given.size());
        for (int i = 0; i < given.size(); i++) {
            String merge = given.get(i);
            int space = merge.indexOf(' ', 1); // a part may begin with one
            if (space < 0) {
                throw new TroupeException(MERGES + "[" + i + "] isn't a pair: '" + GgufMetadata.shown(merge) + "'");
            }
            Integer left = ids.get(merge.substring(0, space));
            Integer right = ids.get(merge.substring(space + 1));
            Integer result = ids.get(merge.substring(0, space) + merge.substring(space + 1));
            if (left != null && right != null && result != null) {
                merges.add(new int[] {left, right, result});
            }
        }
        int unknown = given.size() - merges.size();
        if (unknown > 0) {
            // Vocabularies that were cut keep merges that can never happen; llama.cpp passes them over too.
            LOG.warn("{} of {} merges name tokens that are not in the vocabulary", unknown, given.size());
        }
        return merges;
    }

    private Tokenizer sentencePiece() {
        List<String> spellings = new ArrayList<>(tokens);
        for (int id = 0; id < spellings.size(); id++) {
            if (types.get(id) == TYPE_UNUSED) {
                spellings.set(id, "");
            }
        }
        MergeTable.Builder merges = new MergeTable.Builder();
        if (metadata.has(MERGES)) {
            for (int[] merge : merges()) {
                merges.add(merge[0], merge[1], merge[2]);
            }
        } else {
            addMerges(merges);
        }
        int unknown = token(UNKNOWN, Tokenizer.NO_TOKEN);
        return new SentencePieceBpe(spellings, merges.build(), special(true), metaspace(), unknown);
    }

    private Metaspace metaspace() {
        Metaspace llama = Metaspace.llama(metadata.flag(ADD_SPACE).orElse(true));
        String scheme = metadata.text(PREPEND_SCHEME).orElse("");
        Metaspace.Prefix prefix = switch (scheme) {
            case "" -> llama.prefix();
            case "always" -> Metaspace.Prefix.ALWAYS;
            case "first" -> Metaspace.Prefix.FIRST;
            default ->
                throw new TroupeException(PREPEND_SCHEME + " is '" + scheme + "'; supported are always and first");
        };
        return new Metaspace(prefix, metadata.flag(SPLIT_WORDS).orElse(false));
    }

    /** Every way to make a token of two others in order of rank, which is the token's place by score. */
    private void addMerges(MergeTable.Builder merges) {
        List<Double> scores = metadata.numbers(SCORES).orElseThrow(() -> new TroupeException(SCORES + " is missing"));
        requireOnePerToken(SCORES, scores.size());
        int[] ranks = ranks(scores);
        List<int[]> found = new ArrayList<>(); // left, right, result
        for (int id = 0; id < tokens.size(); id++) {
            String token = tokens.get(id);
            boolean mergeable = types.get(id) == TYPE_NORMAL || types.get(id) == TYPE_USER_DEFINED;
            if (mergeable && token.length() > MOST_MERGED_CHARS) {
                throw new TroupeException(TOKENS + "[" + id + "] has " + token.length() + " characters, more than "
                        + MOST_MERGED_CHARS + ": no vocabulary has such tokens, the file is damaged, take it again");
            }
            for (int cut = 1; mergeable && cut < token.length(); cut++) {
                Integer left = part(token.substring(0, cut));
                Integer right = left == null ? null : part(token.substring(cut));
                if (left != null && right != null) {
                    found.add(new int[] {left, right, id});
                }
            }
        }
        // Files list merges, and readers that know no ranks take the list's order for them.
        found.sort(Comparator.comparingInt(merge -> ranks[merge[2]]));
        found.forEach(merge -> merges.add(merge[0], merge[1], merge[2], ranks[merge[2]]));
    }

    private @Nullable Integer part(String spelling) {
        Integer id = ids.get(spelling);
        return id == null || types.get(id) != TYPE_NORMAL ? null : id;
    }

    /** Rank of each token: those of one score share one. */
    private static int[] ranks(List<Double> scores) {
        double[] descending = new TreeSet<>(scores)
                .descendingSet().stream().mapToDouble(Double::doubleValue).toArray();
        Map<Double, Integer> ranks = new HashMap<>();
        for (int i = 0; i < descending.length; i++) {
            ranks.put(descending[i], i);
        }
        return scores.stream().mapToInt(ranks::get).toArray();
    }

    private SpecialTokens special(boolean beginsByDefault) {
        boolean sentencePiece = metadata.text(MODEL).orElse("").equals("llama");
        int end = token(END, sentencePiece ? idOfType(2) : Tokenizer.NO_TOKEN);
        int begin = token(BEGIN, sentencePiece ? idOfType(1) : Tokenizer.NO_TOKEN);
        boolean begins = metadata.flag(ADD_BEGIN).orElse(beginsByDefault);
        Set<Integer> ends = metadata.has(ALL_ENDS) ? ids(ALL_ENDS) : ends();
        // The end and the beginning are special whatever their type says.
        Map<String, Integer> special = new LinkedHashMap<>(control);
        for (int id : new int[] {end, begin}) {
            if (id != Tokenizer.NO_TOKEN) {
                special.put(tokens.get(id), id);
                userDefined.remove(tokens.get(id));
            }
        }
        return new SpecialTokens(special, userDefined, end, begins ? begin : Tokenizer.NO_TOKEN, ends, rules(special));
    }

    private Set<Integer> ends() {
        Set<Integer> ends = namedEnds(control);
        for (String key : List.of(END_OF_TURN, END_OF_MESSAGE)) {
            int id = token(key, Tokenizer.NO_TOKEN);
            if (id != Tokenizer.NO_TOKEN) {
                ends.add(id);
            }
        }
        return ends;
    }

    /** Those of some control tokens that end an answer by their name. */
    static Set<Integer> namedEnds(Map<String, Integer> control) {
        Set<Integer> ends = new TreeSet<>();
        control.forEach((spelling, id) -> {
            if (ENDS.contains(spelling)) {
                ends.add(id);
            }
        });
        return ends;
    }

    /** Those of a list that are ids of tokens; none when there is no such list. */
    private Set<Integer> ids(String key) {
        return metadata.counts(key).orElse(List.of()).stream()
                .filter(id -> id < tokens.size())
                .collect(Collectors.toSet());
    }

    private Map<String, MatchRules> rules(Map<String, Integer> special) {
        Set<Integer> words = ids(SINGLE_WORD);
        Set<Integer> left = ids(STRIP_LEFT);
        Set<Integer> right = ids(STRIP_RIGHT);
        Map<String, MatchRules> rules = new HashMap<>();
        special.forEach((spelling, id) -> {
            MatchRules given = new MatchRules(words.contains(id), left.contains(id), right.contains(id));
            if (!given.equals(MatchRules.NONE)) {
                rules.put(spelling, given);
            }
        });
        return rules;
    }

    /** SentencePiece's usual id, where it is a control token. */
    private int idOfType(int id) {
        return id < types.size() && types.get(id) == TYPE_CONTROL ? id : Tokenizer.NO_TOKEN;
    }

    private int token(String key, int absent) {
        int id = metadata.count(key).orElse(absent);
        if (id != Tokenizer.NO_TOKEN && id >= tokens.size()) {
            LOG.warn("{} is {}, but there are {} tokens: it is passed over", key, id, tokens.size());
            return Tokenizer.NO_TOKEN;
        }
        return id;
    }
}
