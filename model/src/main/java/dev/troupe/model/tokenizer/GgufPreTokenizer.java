package dev.troupe.model.tokenizer;

import java.util.List;
import java.util.Optional;

/**
 * What names in {@code tokenizer.ggml.pre} stand for (llama.cpp, llama-vocab.cpp).
 *
 * @param wholePieces whether a piece that is a token is not merged
 * @param begins whether a text begins with the token for it where the file does not say
 * @param nfc whether the models' tokenizer.json normalizes text
 * @param names the first is the one that is written
 */
record GgufPreTokenizer(PreTokenizer scanner, boolean wholePieces, boolean begins, boolean nfc, List<String> names) {
    private static final List<GgufPreTokenizer> ALL = List.of(
            plain(PreTokenizers.GPT2, "gpt-2", "phi-2", "mpt", "olmo", "jina-es", "jina-de"),
            new GgufPreTokenizer(
                    PreTokenizers.CL100K, true, true, false, List.of("llama-bpe", "llama-v3", "llama3", "falcon3")),
            plain(PreTokenizers.CL100K, "dbrx", "smaug-bpe"),
            new GgufPreTokenizer(
                    PreTokenizers.QWEN2, false, false, true, List.of("qwen2", "deepseek-r1-qwen", "megrez")),
            plain(PreTokenizers.SMOLLM, "smollm", "starcoder", "refact", "command-r", "codeshell"),
            plain(PreTokenizers.O200K, "gpt-4o"));

    private static GgufPreTokenizer plain(PreTokenizer scanner, String... names) {
        return new GgufPreTokenizer(scanner, false, false, false, List.of(names));
    }

    /** The name that is written. */
    String configName() {
        return names.getFirst();
    }

    static Optional<GgufPreTokenizer> named(String name) {
        return ALL.stream().filter(known -> known.names.contains(name)).findFirst();
    }

    /** What a tokenizer is written as. */
    static Optional<GgufPreTokenizer> of(ByteLevelBpe bpe) {
        return ALL.stream()
                .filter(known -> known.scanner.equals(bpe.preTokenizer())
                        && known.wholePieces == bpe.mergesIgnoredForWholePieces())
                .findFirst();
    }

    static List<String> allNames() {
        return ALL.stream().flatMap(known -> known.names.stream()).toList();
    }
}
