package dev.troupe.model.tokenizer;

import dev.troupe.model.TroupeException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads tiktoken's vocabulary files: a line is a token's bytes in base64, a space, and its rank, which is also its id.
 * There are no merges in them: any two neighbours whose joined bytes are a token merge, and the lowest rank is first.
 */
public final class TiktokenFile {
    private TiktokenFile() {}

    /**
     * Reads a vocabulary; the stream stays open.
     *
     * @param special ids of special tokens by spelling
     * @throws TroupeException that names the line that is wrong
     */
    public static ByteLevelBpe read(InputStream in, PreTokenizer preTokenizer, Map<String, Integer> special) {
        List<byte @Nullable []> tokens = tokens(in);
        Map<String, Integer> ranks = new HashMap<>(2 * tokens.size());
        ByteLevelBpe.Builder builder = new ByteLevelBpe.Builder(preTokenizer);
        for (int id = 0; id < tokens.size(); id++) {
            byte[] token = tokens.get(id);
            if (token != null) {
                builder.token(id, token);
                ranks.put(latin1(token, 0, token.length), id);
            }
        }
        for (int id = 0; id < tokens.size(); id++) {
            byte[] token = tokens.get(id);
            for (int cut = 1; token != null && cut < token.length; cut++) {
                Integer left = ranks.get(latin1(token, 0, cut));
                Integer right = ranks.get(latin1(token, cut, token.length));
                if (left != null && right != null) {
                    builder.merge(left, right, id, id);
                }
            }
        }
        return builder.special(SpecialTokens.guessingEnd(special, Tokenizer.NO_TOKEN))
                .build();
    }

    private static List<byte @Nullable []> tokens(InputStream in) {
        List<byte @Nullable []> tokens = new ArrayList<>();
        BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        int line = 0;
        try {
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                line++;
                if (!text.isBlank()) {
                    add(text, tokens);
                }
            }
        } catch (IllegalArgumentException e) {
            throw new TroupeException(
                    "line " + line + " of the vocabulary isn't a token in base64, a space and a rank", e);
        } catch (IOException e) {
            throw new TroupeException("the vocabulary cannot be read: " + e.getMessage(), e);
        }
        return tokens;
    }

    private static void add(String line, List<byte @Nullable []> tokens) {
        int space = line.indexOf(' ');
        if (space < 0) {
            throw new IllegalArgumentException("no space");
        }
        int id = Integer.parseInt(line, space + 1, line.length(), 10);
        if (id < 0 || id > TokenizerJsonReader.MAX_ID) {
            throw new IllegalArgumentException("rank " + id);
        }
        while (tokens.size() <= id) {
            tokens.add(null);
        }
        tokens.set(id, Base64.getDecoder().decode(line.substring(0, space)));
    }

    private static String latin1(byte[] token, int from, int to) {
        return new String(token, from, to - from, StandardCharsets.ISO_8859_1);
    }
}
