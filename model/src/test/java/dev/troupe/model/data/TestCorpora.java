package dev.troupe.model.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Token streams and documents for tests, all from a seed. */
final class TestCorpora {
    static final String TOKENIZER_SHA = "ab".repeat(32);

    private TestCorpora() {}

    static final class TokenDocument {
        private final String id;
        private final int[] tokens;
        private final long textBytes;

        TokenDocument(String id, int[] tokens, long textBytes) {
            this.id = id;
            this.tokens = tokens;
            this.textBytes = textBytes;
        }

        String id() {
            return id;
        }

        int[] tokens() {
            return tokens;
        }

        long textBytes() {
            return textBytes;
        }
    }

    /** Shards whose tokens are 0, 1, 2, ... in one document. */
    static TokenShards counting(Path directory, int tokens, long tokensPerShard) {
        int[] ids = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            ids[i] = i;
        }
        return write(directory, 1 << 20, tokensPerShard, List.of(new TokenDocument("counting", ids, tokens)));
    }

    static TokenShards write(Path directory, int vocabSize, long tokensPerShard, List<TokenDocument> documents) {
        try (var writer = new TokenShardWriter(directory, vocabSize, TOKENIZER_SHA, tokensPerShard)) {
            for (TokenDocument document : documents) {
                writer.append(document.id(), document.tokens(), document.textBytes());
            }
            writer.finish();
        }
        return TokenShards.open(directory);
    }

    static List<TokenDocument> randomTokens(Random random, int documents, int maxLength, int vocabSize) {
        var list = new ArrayList<TokenDocument>();
        for (int i = 0; i < documents; i++) {
            int[] tokens =
                    random.ints(random.nextInt(maxLength + 1), 0, vocabSize).toArray();
            list.add(new TokenDocument("d\u00e9-" + i + "x".repeat(random.nextInt(5)), tokens, random.nextInt(1000)));
        }
        return list;
    }

    static List<Document> randomTexts(Random random, int documents, int maxLength) {
        var list = new ArrayList<Document>();
        for (int i = 0; i < documents; i++) {
            var text = new StringBuilder();
            int length = 1 + random.nextInt(maxLength);
            while (text.length() < length) {
                text.appendCodePoint(random.nextInt(20) == 0 ? 0x1F600 + random.nextInt(50) : 32 + random.nextInt(90));
            }
            list.add(new Document("text-" + i, text.toString()));
        }
        return list;
    }
}
