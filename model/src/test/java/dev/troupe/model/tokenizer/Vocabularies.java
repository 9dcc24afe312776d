package dev.troupe.model.tokenizer;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingRegistry;
import com.knuddels.jtokkit.api.EncodingType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;

/** OpenAI's published vocabularies as the jtokkit jar carries them, and jtokkit's own encoders to compare with. */
final class Vocabularies {
    private static final EncodingRegistry JTOKKIT = Encodings.newLazyEncodingRegistry();

    private Vocabularies() {}

    static ByteLevelBpe gpt2() {
        return read("r50k_base", PreTokenizers.GPT2, Map.of(BpeTrainer.END_OF_TEXT, 50256));
    }

    static ByteLevelBpe cl100k() {
        return cl100k(PreTokenizers.CL100K);
    }

    /** The same tokens under other rules. */
    static ByteLevelBpe cl100k(PreTokenizer preTokenizer) {
        return read("cl100k_base", preTokenizer, Map.of(BpeTrainer.END_OF_TEXT, 100257));
    }

    static ByteLevelBpe o200k() {
        return read("o200k_base", PreTokenizers.O200K, Map.of(BpeTrainer.END_OF_TEXT, 199999));
    }

    static Encoding jtokkit(EncodingType type) {
        return JTOKKIT.getEncoding(type);
    }

    private static ByteLevelBpe read(String name, PreTokenizer preTokenizer, Map<String, Integer> special) {
        String resource = "/com/knuddels/jtokkit/" + name + ".tiktoken";
        try (InputStream in = Encodings.class.getResourceAsStream(resource)) {
            return TiktokenFile.read(Objects.requireNonNull(in, resource), preTokenizer, special);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
