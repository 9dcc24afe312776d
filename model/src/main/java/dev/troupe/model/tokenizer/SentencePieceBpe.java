package dev.troupe.model.tokenizer;

import dev.troupe.model.TroupeException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * SentencePiece's BPE as Llama and Llama-like small models use it: spaces are "▁" (U+2581), the text is one piece, or a
 * piece for each word ({@link Metaspace}), that starts as its code points, and a character without a token is spelled
 * by its bytes ({@code <0x0A>}). Ill-formed UTF-8 goes through the byte tokens too. Kudo and Richardson 2018,
 * "SentencePiece" (https://arxiv.org/abs/1808.06226).
 *
 * <p>A "▁" of the text itself comes back as a space, and a space that stood where the prefix would have may be taken
 * for it; everything else survives {@code decodeBytes(encode(bytes))} as long as the vocabulary has all byte tokens.
 */
public final class SentencePieceBpe implements Tokenizer {
    static final char SPACE = '▁';

    private static final int BASIC_PLANE = 0x10000;

    /** Spelling of each id, as in the file. */
    private final List<String> spellings;

    private final TokenTable tokens;
    private final MergeTable merges;
    private final SpecialTokens special;
    private final Metaspace metaspace;
    private final int unknown;
    private final AddedTokens added;
    private final AddedTokens markup;
    private final int[] byteIds = new int[256];
    /** Ids of single characters by code point. */
    private final int[] basicIds = new int[BASIC_PLANE];

    private final Map<Integer, Integer> supplementaryIds = new HashMap<>();

    /**
     * @param spellings spelling of each id
     * @param metaspace where text gets a space before it, which decoding takes away
     * @param unknown id for a character that has neither a token nor byte tokens, or {@link #NO_TOKEN}
     */
    SentencePieceBpe(
            List<String> spellings, MergeTable merges, SpecialTokens special, Metaspace metaspace, int unknown) {
        this.spellings = List.copyOf(spellings);
        this.merges = merges;
        this.special = special;
        this.metaspace = metaspace;
        this.unknown = unknown;
        this.added = AddedTokens.of(special.added(), special.rules());
        this.markup = AddedTokens.of(special.markup(), special.rules());
        Arrays.fill(byteIds, NO_TOKEN);
        Arrays.fill(basicIds, NO_TOKEN);
        byte[][] bytes = new byte[spellings.size()][];
        for (int id = 0; id < bytes.length; id++) {
            String spelling = spellings.get(id);
            int fallback = byteOf(spelling);
            if (special.ids().containsKey(spelling)) {
                bytes[id] = new byte[0];
            } else if (special.added().containsKey(spelling)) {
                bytes[id] = spelling.getBytes(StandardCharsets.UTF_8);
            } else if (fallback >= 0) {
                byteIds[fallback] = id;
                bytes[id] = new byte[] {(byte) fallback};
            } else {
                bytes[id] = spelling.replace(SPACE, ' ').getBytes(StandardCharsets.UTF_8);
                indexCharacter(spelling, id);
            }
        }
        tokens = TokenTable.of(Arrays.asList(bytes));
    }

    private void indexCharacter(String spelling, int id) {
        if (spelling.isEmpty() || spelling.codePointCount(0, spelling.length()) != 1) {
            return;
        }
        int codePoint = spelling.codePointAt(0);
        if (codePoint < BASIC_PLANE) {
            basicIds[codePoint] = id;
        } else {
            supplementaryIds.put(codePoint, id);
        }
    }

    /** The byte that "&lt;0xAB&gt;" spells, else -1. */
    private static int byteOf(String spelling) {
        if (spelling.length() != 6 || !spelling.startsWith("<0x") || spelling.charAt(5) != '>') {
            return -1;
        }
        int high = Character.digit(spelling.charAt(3), 16);
        int low = Character.digit(spelling.charAt(4), 16);
        return high < 0 || low < 0 ? -1 : (high << 4) | low;
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
        IntList out = new IntList(bytes.length + 1);
        found.split(bytes, (from, to) -> encodeText(bytes, from, to, out), out::add);
        return out.toArray();
    }

    private void encodeText(byte[] bytes, int from, int to, IntList out) {
        Merger merger = new Merger(merges);
        IntList symbols = new IntList(to - from + 1);
        if (metaspace.prepends(bytes, from, to)) {
            addSymbol(symbols, SPACE, bytes, from, from);
        }
        for (int i = from; i < to; ) {
            int decoded = Utf8.decode(bytes, i, to);
            int length = decoded & 7;
            int codePoint = decoded >> 3;
            boolean illFormed = codePoint == Utf8.REPLACEMENT && length == 1;
            int symbol = illFormed ? -1 : codePoint == ' ' ? SPACE : codePoint;
            if (symbol == SPACE && metaspace.splitsWords()) {
                merge(symbols, merger, out);
                symbols.clear();
            }
            addSymbol(symbols, symbol, bytes, i, i + length);
            i += length;
        }
        merge(symbols, merger, out);
    }

    private static void merge(IntList symbols, Merger merger, IntList out) {
        merger.start(symbols.size());
        for (int i = 0; i < symbols.size(); i++) {
            merger.set(i, symbols.get(i));
        }
        merger.merge();
        out.addAll(merger.ids(), 0, merger.size());
    }

    /** Adds a character's id, or those of its bytes, or the unknown token once for a run of unknown characters. */
    private void addSymbol(IntList symbols, int codePoint, byte[] bytes, int from, int to) {
        int id = codePoint < 0
                ? NO_TOKEN
                : codePoint < BASIC_PLANE ? basicIds[codePoint] : supplementaryIds.getOrDefault(codePoint, NO_TOKEN);
        if (id != NO_TOKEN) {
            symbols.add(id);
            return;
        }
        byte[] spelled = codePoint == SPACE ? new byte[] {' '} : Arrays.copyOfRange(bytes, from, to);
        for (byte b : spelled) {
            if (byteIds[b & 0xFF] == NO_TOKEN) {
                addUnknown(symbols, new String(spelled, StandardCharsets.UTF_8));
                return;
            }
        }
        for (byte b : spelled) {
            symbols.add(byteIds[b & 0xFF]);
        }
    }

    private void addUnknown(IntList symbols, String character) {
        if (unknown == NO_TOKEN) {
            throw new TroupeException("the character '" + character + "' isn't in this model's vocabulary,"
                    + " which has neither byte tokens nor an unknown token: leave it out");
        }
        if (symbols.isEmpty() || symbols.last() != unknown) {
            symbols.add(unknown);
        }
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
        byte[] bytes = tokens.join(ids);
        boolean strip = metaspace.prepends() && bytes.length > 0 && bytes[0] == ' ';
        return strip ? Arrays.copyOfRange(bytes, 1, bytes.length) : bytes;
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

    /** The spelling of an id, as in the file. */
    String spelling(int id) {
        return spellings.get(id);
    }

    MergeTable merges() {
        return merges;
    }

    SpecialTokens special() {
        return special;
    }

    Metaspace metaspace() {
        return metaspace;
    }

    int unknown() {
        return unknown;
    }
}
