package dev.troupe.model.tokenizer;

import dev.troupe.model.TroupeException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Byte-level byte-pair encoding as GPT-2 has it: a pre-tokenizer cuts the text into pieces, each piece starts as its
 * bytes, and the earliest learned pair merges first. Every byte has an id, so any bytes (also those that are no UTF-8)
 * survive {@code decodeBytes(encode(bytes))} unchanged, unless the vocabulary asks for NFC. A lone surrogate in a
 * {@code String} is no text and becomes "?", as {@link String#getBytes(java.nio.charset.Charset)} has it.
 *
 * <p>Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units"; Radford et al. 2019,
 * "Language Models are Unsupervised Multitask Learners".
 */
public final class ByteLevelBpe implements Tokenizer {
    private final PreTokenizer preTokenizer;
    private final TokenTable tokens;
    private final MergeTable merges;
    private final SpecialTokens special;
    private final int[] byteIds;
    /** Ids by bytes (as Latin-1), when a piece that is a token needs no merges (Llama 3's ignore_merges). */
    private final @Nullable Map<String, Integer> wholePieces;

    private final boolean nfc;
    private final AddedTokens added;
    private final AddedTokens markup;
    private final WordCache cache = new WordCache();

    private ByteLevelBpe(Builder builder) {
        preTokenizer = builder.preTokenizer;
        tokens = TokenTable.of(builder.tokens);
        merges = builder.merges.build();
        special = builder.special;
        nfc = builder.nfc;
        added = AddedTokens.of(special.added(), special.rules());
        markup = AddedTokens.of(special.markup(), special.rules());
        byteIds = new int[256];
        Arrays.fill(byteIds, NO_TOKEN);
        for (int id = 0; id < tokens.size(); id++) {
            if (tokens.length(id) == 1) {
                int b = tokens.get(id)[0] & 0xFF;
                byteIds[b] = byteIds[b] == NO_TOKEN ? id : byteIds[b];
            }
        }
        for (int b = 0; b < 256; b++) {
            if (byteIds[b] == NO_TOKEN) {
                throw new TroupeException(String.format(
                        "the vocabulary has no token for byte 0x%02X: it isn't a byte-level vocabulary", b));
            }
        }
        wholePieces = builder.wholePieces ? index(tokens) : null;
    }

    @Override
    public int vocabSize() {
        return tokens.size();
    }

    @Override
    public int[] encode(String text) {
        return encode(text.getBytes(StandardCharsets.UTF_8), added);
    }

    @Override
    public int[] encode(byte[] bytes) {
        return encode(bytes, added);
    }

    @Override
    public int[] encodeMarkup(String text) {
        return encode(text.getBytes(StandardCharsets.UTF_8), markup);
    }

    private int[] encode(byte[] bytes, AddedTokens found) {
        IntList out = new IntList(bytes.length / 3 + 8);
        Merger merger = new Merger(merges);
        found.split(bytes, (from, to) -> encodeText(bytes, from, to, merger, out), out::add);
        return out.toArray();
    }

    private void encodeText(byte[] bytes, int start, int end, Merger merger, IntList out) {
        byte[] text = bytes;
        int from = start;
        int to = end;
        if (nfc) {
            text = Utf8.nfc(bytes, start, end);
            from = 0;
            to = text.length;
        }
        while (from < to) {
            int next = preTokenizer.next(text, from, to);
            encodePiece(text, from, next, merger, out);
            from = next;
        }
    }

    private void encodePiece(byte[] text, int from, int to, Merger merger, IntList out) {
        int length = to - from;
        if (length == 1) {
            out.add(byteIds[text[from] & 0xFF]);
            return;
        }
        if (length > WordCache.MAX_LENGTH) {
            merge(text, from, to, merger);
            out.addAll(merger.ids(), 0, merger.size());
            return;
        }
        WordCache.Word word = cache.get(text, from, to);
        if (word != null) {
            word.appendTo(out);
            return;
        }
        merge(text, from, to, merger);
        int[] ids = Arrays.copyOf(merger.ids(), merger.size());
        cache.put(text, from, to, ids);
        out.addAll(ids, 0, ids.length);
    }

    private void merge(byte[] text, int from, int to, Merger merger) {
        if (wholePieces != null) {
            Integer whole = wholePieces.get(new String(text, from, to - from, StandardCharsets.ISO_8859_1));
            if (whole != null) {
                merger.start(1);
                merger.set(0, whole);
                return;
            }
        }
        merger.start(to - from);
        for (int i = from; i < to; i++) {
            merger.set(i - from, byteIds[text[i] & 0xFF]);
        }
        merger.merge();
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
        return tokens.join(ids);
    }

    @Override
    public byte[] tokenBytes(int id) {
        return tokens.get(id);
    }

    @Override
    public Optional<Integer> specialToken(String token) {
        return special.find(token);
    }

    @Override
    public Map<String, Integer> specialTokens() {
        return special.ids();
    }

    @Override
    public Optional<String> specialSpelling(int id) {
        return special.spelling(id);
    }

    @Override
    public int endOfText() {
        return special.endOfText();
    }

    @Override
    public Set<Integer> endTokens() {
        return special.ends();
    }

    @Override
    public Optional<Integer> beginOfText() {
        return special.begin();
    }

    /** How this tokenizer cuts text before it merges. */
    public PreTokenizer preTokenizer() {
        return preTokenizer;
    }

    /** Number of learned merges. */
    public int numMerges() {
        return merges.size();
    }

    MergeTable merges() {
        return merges;
    }

    SpecialTokens special() {
        return special;
    }

    boolean normalizes() {
        return nfc;
    }

    boolean mergesIgnoredForWholePieces() {
        return wholePieces != null;
    }

    private static Map<String, Integer> index(TokenTable tokens) {
        Map<String, Integer> index = new HashMap<>(2 * tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            if (tokens.length(id) > 0) {
                index.putIfAbsent(new String(tokens.get(id), StandardCharsets.ISO_8859_1), id);
            }
        }
        return index;
    }

    /** Collects a vocabulary and its merges. */
    static final class Builder {
        private final PreTokenizer preTokenizer;
        private final List<byte @Nullable []> tokens = new ArrayList<>();
        private final MergeTable.Builder merges = new MergeTable.Builder();
        private SpecialTokens special = SpecialTokens.NONE;
        private boolean wholePieces;
        private boolean nfc;

        Builder(PreTokenizer preTokenizer) {
            this.preTokenizer = preTokenizer;
        }

        /** The bytes of an id; ids may come in any order. */
        Builder token(int id, byte[] bytes) {
            reserve(id);
            tokens.set(id, bytes);
            return this;
        }

        /** An id without bytes. */
        Builder reserve(int id) {
            while (tokens.size() <= id) {
                tokens.add(null);
            }
            return this;
        }

        /** The next merge. */
        Builder merge(int left, int right, int result) {
            merges.add(left, right, result);
            return this;
        }

        /** A merge with a rank of its own. */
        Builder merge(int left, int right, int result, int rank) {
            merges.add(left, right, result, rank);
            return this;
        }

        /** The special tokens; their ids get no bytes. */
        Builder special(SpecialTokens tokens) {
            special = tokens;
            tokens.added().forEach((content, id) -> token(id, content.getBytes(StandardCharsets.UTF_8)));
            for (int id : tokens.ids().values()) {
                reserve(id);
                this.tokens.set(id, null);
            }
            return this;
        }

        /** Pieces that are tokens are encoded as such, without merging. */
        Builder wholePieces(boolean whole) {
            wholePieces = whole;
            return this;
        }

        /** Text is brought to Unicode's form NFC before it is encoded (Qwen 2), so it may not come back as it was. */
        Builder nfc(boolean on) {
            nfc = on;
            return this;
        }

        ByteLevelBpe build() {
            return new ByteLevelBpe(this);
        }
    }
}
