package dev.troupe.model.tokenizer;

import dev.troupe.model.gguf.GgufMetadata;
import dev.troupe.model.gguf.MetadataValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Random vocabularies of SentencePiece's kind as GGUF files have them: a score for each token, byte tokens, no merges.
 */
final class ScoredVocabulary {
    private static final String LETTERS = "abcdef";

    private ScoredVocabulary() {}

    /**
     * The metadata of a vocabulary.
     *
     * @param numMerged tokens of two or more letters, each made of two others
     * @param numScores that these have: fewer than tokens, so that some are equal
     */
    static Map<String, MetadataValue> metadata(long seed, int numMerged, int numScores) {
        RandomGenerator random = RandomText.random(seed);
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        List<Integer> types = new ArrayList<>(
                List.of(GgufVocabulary.TYPE_UNKNOWN, GgufVocabulary.TYPE_CONTROL, GgufVocabulary.TYPE_CONTROL));
        for (int b = 0; b < 256; b++) {
            tokens.add("<0x%02X>".formatted(b));
            types.add(GgufVocabulary.TYPE_BYTE);
        }
        int firstPart = tokens.size();
        tokens.add(String.valueOf(SentencePieceBpe.SPACE));
        LETTERS.chars().forEach(letter -> tokens.add(Character.toString(letter)));
        int firstMerged = tokens.size();
        while (tokens.size() < firstMerged + numMerged) {
            String merged = tokens.get(random.nextInt(firstPart, tokens.size()))
                    + tokens.get(random.nextInt(firstPart, tokens.size()));
            if (merged.length() <= 6 && !tokens.contains(merged)) {
                tokens.add(merged);
            }
        }
        List<Float> scores = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            int place = Math.max(0, id - firstMerged) * numScores / numMerged;
            scores.add((float) -place);
        }
        while (types.size() < tokens.size()) {
            types.add(GgufVocabulary.TYPE_NORMAL);
        }
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        metadata.put(GgufVocabulary.MODEL, MetadataValue.text("llama"));
        metadata.put(GgufVocabulary.TOKENS, MetadataValue.texts(tokens));
        metadata.put(GgufVocabulary.TYPES, MetadataValue.int32s(types));
        metadata.put(GgufVocabulary.SCORES, MetadataValue.float32s(scores));
        metadata.put(GgufVocabulary.BEGIN, MetadataValue.uint32(1));
        metadata.put(GgufVocabulary.END, MetadataValue.uint32(2));
        metadata.put(GgufVocabulary.UNKNOWN, MetadataValue.uint32(0));
        return metadata;
    }

    static Tokenizer tokenizer(long seed, int numMerged, int numScores) {
        return GgufVocabulary.read(new GgufMetadata("test.gguf", metadata(seed, numMerged, numScores)));
    }

    /** Text of the letters that the vocabulary merges, with some that it has not. */
    static String text(RandomGenerator random, int parts) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts; i++) {
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> text.append(' ');
                case 3 -> text.append(new String[] {"\u00e9", "\n", "\uD83D\uDC4D", "  "}[random.nextInt(4)]);
                default -> text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
            }
        }
        return text.toString();
    }
}
