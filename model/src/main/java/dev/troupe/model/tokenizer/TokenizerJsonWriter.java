package dev.troupe.model.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;

/** Tokenizers as tokenizer.json text. */
final class TokenizerJsonWriter {
    /** A key that files do not have: see {@link TokenizerJson#toWire}. */
    static final String OWN = "troupe";
    /** A key of the model that others pass over: the rank of each merge. */
    static final String RANKS = "troupe_merge_ranks";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private TokenizerJsonWriter() {}

    static ObjectNode byteLevel(ByteLevelBpe bpe) {
        ObjectNode root = root(bpe.special());
        PreTokenizer preTokenizer = bpe.preTokenizer();
        boolean digits = preTokenizer.equals(PreTokenizers.SMOLLM);
        boolean ownPattern = !digits && !preTokenizer.pattern().equals(PreTokenizers.GPT2.pattern());
        ObjectNode byteLevel = byteLevelStep(!ownPattern);
        if (bpe.normalizes()) {
            root.putObject("normalizer").put("type", "NFC");
        }
        if (digits) {
            ObjectNode sequence = MAPPER.createObjectNode().put("type", "Sequence");
            ArrayNode steps = sequence.putArray("pretokenizers");
            steps.addObject().put("type", "Digits").put("individual_digits", true);
            steps.add(byteLevel);
            root.set("pre_tokenizer", sequence);
        } else if (ownPattern) {
            ObjectNode sequence = MAPPER.createObjectNode().put("type", "Sequence");
            ArrayNode steps = sequence.putArray("pretokenizers");
            ObjectNode split = steps.addObject().put("type", "Split");
            split.putObject("pattern").put("Regex", preTokenizer.pattern());
            split.put("behavior", "Isolated").put("invert", false);
            steps.add(byteLevel);
            root.set("pre_tokenizer", sequence);
        } else {
            root.set("pre_tokenizer", byteLevel);
        }
        root.set("post_processor", postProcessor(bpe.special()));
        root.set("decoder", byteLevelStep(true));
        ObjectNode model = model(false);
        model.put("ignore_merges", bpe.mergesIgnoredForWholePieces());
        ObjectNode vocab = model.putObject("vocab");
        String[] spellings = new String[bpe.vocabSize()];
        bpe.special().markup().forEach((content, id) -> spellings[id] = content);
        for (int id = 0; id < spellings.length; id++) {
            if (spellings[id] == null) {
                spellings[id] = ByteLevelAlphabet.spell(bpe.tokenBytes(id));
            }
            if (!spellings[id].isEmpty()) {
                vocab.put(spellings[id], id);
            }
        }
        putMerges(model, bpe.merges(), spellings);
        root.set("model", model);
        return root;
    }

    static ObjectNode sentencePiece(SentencePieceBpe bpe) {
        ObjectNode root = root(bpe.special());
        String space = String.valueOf(SentencePieceBpe.SPACE);
        putMetaspace(root, bpe.metaspace(), space);
        root.set("post_processor", postProcessor(bpe.special()));
        ObjectNode decoder = root.putObject("decoder").put("type", "Sequence");
        ArrayNode decoders = decoder.putArray("decoders");
        decoders.add(replace(space, " "));
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        if (bpe.metaspace().prepends()) {
            decoders.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
        ObjectNode model = model(true);
        if (bpe.unknown() != Tokenizer.NO_TOKEN) {
            model.put("unk_token", bpe.spelling(bpe.unknown())).put("fuse_unk", true);
        }
        ObjectNode vocab = model.putObject("vocab");
        String[] spellings = new String[bpe.vocabSize()];
        for (int id = 0; id < spellings.length; id++) {
            spellings[id] = bpe.spelling(id);
            if (!spellings[id].isEmpty()) {
                vocab.put(spellings[id], id);
            }
        }
        putMerges(model, bpe.merges(), spellings);
        root.set("model", model);
        return root;
    }

    /** Normalizers as Llama's files have them, where they say it all, else the pre-tokenizer Metaspace. */
    private static void putMetaspace(ObjectNode root, Metaspace metaspace, String space) {
        boolean scheme = metaspace.prefix() == Metaspace.Prefix.ALWAYS || metaspace.prefix() == Metaspace.Prefix.FIRST;
        if (!scheme) {
            ObjectNode normalizer = MAPPER.createObjectNode().put("type", "Sequence");
            ArrayNode normalizers = normalizer.putArray("normalizers");
            if (metaspace.prepends()) {
                normalizers.addObject().put("type", "Prepend").put("prepend", space);
            }
            normalizers.add(replace(" ", space));
            root.set("normalizer", normalizer);
        }
        if (!scheme && !metaspace.splitsWords()) {
            root.putNull("pre_tokenizer");
            return;
        }
        root.putObject("pre_tokenizer")
                .put("type", "Metaspace")
                .put("replacement", space)
                .put("prepend_scheme", scheme ? metaspace.prefix().name().toLowerCase(Locale.ROOT) : "never")
                .put("split", metaspace.splitsWords());
    }

    static ObjectNode characters(CharTokenizer characters) {
        ObjectNode root = root(SpecialTokens.NONE);
        root.putNull("pre_tokenizer");
        root.putNull("post_processor");
        root.putObject("decoder").put("type", "Fuse");
        ObjectNode model = model(false);
        ObjectNode vocab = model.putObject("vocab");
        for (int id = 0; id < characters.vocabSize(); id++) {
            vocab.put(characters.spelling(id), id);
        }
        model.putArray("merges");
        root.set("model", model);
        return root;
    }

    /** What begins a text and what ends an answer. */
    static void putOwn(ObjectNode root, SpecialTokens special) {
        ObjectNode own =
                root.putObject(OWN).put("end_of_text", special.endOfText()).put("begin_of_text", special.beginOfText());
        ArrayNode ends = own.putArray("ends");
        special.ends().forEach(ends::add);
    }

    private static ObjectNode root(SpecialTokens special) {
        ObjectNode root = MAPPER.createObjectNode().put("version", "1.0");
        root.putNull("truncation");
        root.putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        special.markup().entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .forEach(entry -> {
                    MatchRules rules = special.rules().getOrDefault(entry.getKey(), MatchRules.NONE);
                    added.addObject()
                            .put("id", entry.getValue())
                            .put("content", entry.getKey())
                            .put("single_word", rules.singleWord())
                            .put("lstrip", rules.stripsLeft())
                            .put("rstrip", rules.stripsRight())
                            .put("normalized", false)
                            .put("special", special.ids().containsKey(entry.getKey()));
                });
        root.putNull("normalizer");
        return root;
    }

    private static ObjectNode byteLevelStep(boolean useRegex) {
        return MAPPER.createObjectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", useRegex);
    }

    /** Puts the beginning of a text before it, when the vocabulary says so. */
    private static ObjectNode postProcessor(SpecialTokens special) {
        if (special.beginOfText() == Tokenizer.NO_TOKEN) {
            return byteLevelStep(true).put("trim_offsets", false);
        }
        String begin = special.ids().entrySet().stream()
                .filter(entry -> entry.getValue() == special.beginOfText())
                .findFirst()
                .orElseThrow()
                .getKey();
        ObjectNode template = MAPPER.createObjectNode().put("type", "TemplateProcessing");
        ArrayNode single = template.putArray("single");
        ArrayNode pair = template.putArray("pair");
        specialStep(single, begin);
        sequenceStep(single, "A", 0);
        specialStep(pair, begin);
        sequenceStep(pair, "A", 0);
        sequenceStep(pair, "B", 1);
        ObjectNode token = template.putObject("special_tokens").putObject(begin);
        token.put("id", begin);
        token.putArray("ids").add(special.beginOfText());
        token.putArray("tokens").add(begin);
        return template;
    }

    private static void specialStep(ArrayNode steps, String token) {
        steps.addObject().putObject("SpecialToken").put("id", token).put("type_id", 0);
    }

    private static void sequenceStep(ArrayNode steps, String sequence, int typeId) {
        steps.addObject().putObject("Sequence").put("id", sequence).put("type_id", typeId);
    }

    private static ObjectNode replace(String from, String to) {
        ObjectNode step = MAPPER.createObjectNode().put("type", "Replace");
        step.putObject("pattern").put("String", from);
        return step.put("content", to);
    }

    private static ObjectNode model(boolean byteFallback) {
        ObjectNode model = MAPPER.createObjectNode().put("type", "BPE");
        model.putNull("dropout");
        model.putNull("unk_token");
        model.putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix");
        return model.put("fuse_unk", false).put("byte_fallback", byteFallback);
    }

    /** Merges, and their ranks where the order of merges does not say them: those of one rank have none among them. */
    private static void putMerges(ObjectNode model, MergeTable table, String[] spellings) {
        ArrayNode merges = model.putArray("merges");
        for (int i = 0; i < table.size(); i++) {
            String left = spellings[table.left(i)];
            String right = spellings[table.right(i)];
            if (left.indexOf(' ') >= 0 || right.indexOf(' ') >= 0) {
                merges.addArray().add(left).add(right);
            } else {
                merges.add(left + " " + right);
            }
        }
        if (!table.isInOrder()) {
            ArrayNode ranks = model.putArray(RANKS);
            for (int i = 0; i < table.size(); i++) {
                ranks.add(table.rank(i));
            }
        }
    }

    static String text(ObjectNode root) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of nodes is always JSON", e);
        }
    }
}
