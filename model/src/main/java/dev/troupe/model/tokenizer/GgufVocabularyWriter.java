package dev.troupe.model.tokenizer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.gguf.MetadataValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Tokenizers as the metadata of a GGUF file. */
public final class GgufVocabularyWriter {
    /** Of an id that stands for nothing. */
    private static final String NONE = "";

    private GgufVocabularyWriter() {}

    /**
     * The metadata of a tokenizer.
     *
     * @param vocabSize rows of the model's embedding; what the tokenizer lacks is filled with unused tokens
     * @throws TroupeException when GGUF has no form for it
     */
    public static Map<String, MetadataValue> write(Tokenizer tokenizer, int vocabSize) {
        return switch (tokenizer) {
            case ByteLevelBpe bpe -> byteLevel(bpe, vocabSize);
            case SentencePieceBpe bpe -> sentencePiece(bpe, vocabSize);
            default ->
                throw new TroupeException("a " + tokenizer.getClass().getSimpleName()
                        + " has no form in GGUF: keep this model as a directory");
        };
    }

    private static Map<String, MetadataValue> byteLevel(ByteLevelBpe bpe, int vocabSize) {
        GgufPreTokenizer pre = GgufPreTokenizer.of(bpe)
                .orElseThrow(() -> new TroupeException("the pre-tokenizer "
                        + bpe.preTokenizer().name() + " has no name in GGUF: keep this model as a directory"));
        String[] spellings = new String[vocabSize];
        Arrays.fill(spellings, NONE);
        for (int id = 0; id < bpe.vocabSize(); id++) {
            byte[] bytes = bpe.tokenBytes(id);
            spellings[id] = ByteLevelAlphabet.spell(bytes);
        }
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        metadata.put(GgufVocabulary.MODEL, MetadataValue.text("gpt2"));
        metadata.put(GgufVocabulary.PRE, MetadataValue.text(pre.configName()));
        putTokens(metadata, spellings, bpe.special(), Tokenizer.NO_TOKEN);
        metadata.put(GgufVocabulary.MERGES, merges(bpe.merges(), spellings));
        putSpecial(metadata, bpe.special());
        if (bpe.normalizes() != pre.nfc()) {
            metadata.put(GgufVocabulary.NFC, MetadataValue.bool(bpe.normalizes()));
        }
        return metadata;
    }

    private static Map<String, MetadataValue> sentencePiece(SentencePieceBpe bpe, int vocabSize) {
        String[] spellings = new String[vocabSize];
        Arrays.fill(spellings, NONE);
        for (int id = 0; id < bpe.vocabSize(); id++) {
            spellings[id] = bpe.spelling(id);
        }
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        metadata.put(GgufVocabulary.MODEL, MetadataValue.text("llama"));
        putTokens(metadata, spellings, bpe.special(), bpe.unknown());
        metadata.put(GgufVocabulary.SCORES, MetadataValue.float32s(scores(bpe.merges(), vocabSize)));
        if (bpe.merges().isInOrder()) {
            // llama.cpp goes by the scores; this is exact where a token can be made in ways that were not learned.
            metadata.put(GgufVocabulary.MERGES, merges(bpe.merges(), spellings));
        }
        putSpecial(metadata, bpe.special());
        if (bpe.unknown() != Tokenizer.NO_TOKEN) {
            metadata.put(GgufVocabulary.UNKNOWN, MetadataValue.uint32(bpe.unknown()));
        }
        putMetaspace(metadata, bpe.metaspace());
        return metadata;
    }

    private static void putMetaspace(Map<String, MetadataValue> metadata, Metaspace metaspace) {
        metadata.put(GgufVocabulary.ADD_SPACE, MetadataValue.bool(metaspace.prepends()));
        switch (metaspace.prefix()) {
            case ALWAYS -> metadata.put(GgufVocabulary.PREPEND_SCHEME, MetadataValue.text("always"));
            case FIRST -> metadata.put(GgufVocabulary.PREPEND_SCHEME, MetadataValue.text("first"));
            case NEVER, PREPEND -> {} // as llama.cpp does
        }
        if (metaspace.splitsWords()) {
            metadata.put(GgufVocabulary.SPLIT_WORDS, MetadataValue.bool(true));
        }
    }

    /** The earlier a token is made, the higher its score. */
    private static List<Float> scores(MergeTable merges, int vocabSize) {
        Float[] scores = new Float[vocabSize];
        Arrays.fill(scores, 0f);
        boolean[] made = new boolean[vocabSize];
        for (int i = 0; i < merges.size(); i++) {
            int token = merges.result(i);
            float score = -merges.rank(i);
            if (!made[token] || score > scores[token]) {
                scores[token] = score == 0 ? 0f : score; // no -0
                made[token] = true;
            }
        }
        return List.of(scores);
    }

    private static void putTokens(
            Map<String, MetadataValue> metadata, String[] spellings, SpecialTokens special, int unknown) {
        Integer[] types = new Integer[spellings.length];
        Arrays.fill(types, GgufVocabulary.TYPE_NORMAL);
        special.added().forEach((spelling, id) -> {
            spellings[id] = spelling;
            types[id] = GgufVocabulary.TYPE_USER_DEFINED;
        });
        special.ids().forEach((spelling, id) -> {
            spellings[id] = spelling;
            types[id] = id == unknown ? GgufVocabulary.TYPE_UNKNOWN : GgufVocabulary.TYPE_CONTROL;
        });
        for (int id = 0; id < spellings.length; id++) {
            if (spellings[id].equals(NONE)) {
                spellings[id] = "[PAD" + id + "]";
                types[id] = GgufVocabulary.TYPE_UNUSED;
            } else if (types[id] == GgufVocabulary.TYPE_NORMAL && spellings[id].matches("<0x[0-9A-Fa-f]{2}>")) {
                types[id] = GgufVocabulary.TYPE_BYTE;
            }
        }
        metadata.put(GgufVocabulary.TOKENS, MetadataValue.texts(List.of(spellings)));
        metadata.put(GgufVocabulary.TYPES, MetadataValue.int32s(List.of(types)));
    }

    private static MetadataValue merges(MergeTable table, String[] spellings) {
        List<String> merges = new ArrayList<>(table.size());
        for (int i = 0; i < table.size(); i++) {
            merges.add(spellings[table.left(i)] + " " + spellings[table.right(i)]);
        }
        return MetadataValue.texts(merges);
    }

    private static void putSpecial(Map<String, MetadataValue> metadata, SpecialTokens special) {
        if (special.beginOfText() != Tokenizer.NO_TOKEN) {
            metadata.put(GgufVocabulary.BEGIN, MetadataValue.uint32(special.beginOfText()));
        }
        if (special.endOfText() != Tokenizer.NO_TOKEN) {
            metadata.put(GgufVocabulary.END, MetadataValue.uint32(special.endOfText()));
        }
        putEnds(metadata, special);
        putRule(metadata, GgufVocabulary.SINGLE_WORD, special, MatchRules::singleWord);
        putRule(metadata, GgufVocabulary.STRIP_LEFT, special, MatchRules::stripsLeft);
        putRule(metadata, GgufVocabulary.STRIP_RIGHT, special, MatchRules::stripsRight);
        metadata.put(GgufVocabulary.ADD_BEGIN, MetadataValue.bool(special.beginOfText() != Tokenizer.NO_TOKEN));
    }

    /** What else ends an answer: llama.cpp has keys for two, and knows others by their names. */
    private static void putEnds(Map<String, MetadataValue> metadata, SpecialTokens special) {
        Set<Integer> more = new TreeSet<>(special.ends());
        more.remove(special.endOfText());
        int message = special.ids().getOrDefault("<|eom_id|>", Tokenizer.NO_TOKEN);
        boolean hasMessage = more.remove(message);
        Iterator<Integer> others = more.iterator();
        int turn = others.hasNext() ? others.next() : Tokenizer.NO_TOKEN;
        int second = hasMessage ? message : others.hasNext() ? others.next() : Tokenizer.NO_TOKEN;
        Set<Integer> read = GgufVocabulary.namedEnds(special.ids());
        if (turn != Tokenizer.NO_TOKEN) {
            metadata.put(GgufVocabulary.END_OF_TURN, MetadataValue.uint32(turn));
            read.add(turn);
        }
        if (second != Tokenizer.NO_TOKEN) {
            metadata.put(GgufVocabulary.END_OF_MESSAGE, MetadataValue.uint32(second));
            read.add(second);
        }
        if (special.endOfText() != Tokenizer.NO_TOKEN) {
            read.add(special.endOfText());
        }
        if (!read.equals(special.ends())) {
            metadata.put(GgufVocabulary.ALL_ENDS, MetadataValue.int32s(List.copyOf(special.ends())));
        }
    }

    private static void putRule(
            Map<String, MetadataValue> metadata, String key, SpecialTokens special, Predicate<MatchRules> rule) {
        List<Integer> ids = special.rules().entrySet().stream()
                .filter(entry -> rule.test(entry.getValue()))
                .map(entry -> special.ids().get(entry.getKey()))
                .sorted()
                .toList();
        if (!ids.isEmpty()) {
            metadata.put(key, MetadataValue.int32s(ids));
        }
    }
}
