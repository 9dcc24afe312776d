package dev.troupe.deploy.run;

import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.deploy.progress.ProgressDisplay;
import dev.troupe.model.TroupeException;
import dev.troupe.model.data.CorpusPreparation;
import dev.troupe.model.data.CorpusReader;
import dev.troupe.model.data.CorpusReport;
import dev.troupe.model.data.DocumentSource;
import dev.troupe.model.data.PreparedCorpus;
import dev.troupe.model.data.TextSource;
import dev.troupe.model.data.WordNetSource;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Text that has become tokens: the first steps of a run, each done once and found again by the next run on the same
 * folder.
 *
 * @param source "wordnet", or the path of the text
 */
public record Corpus(String source, Tokenizer tokenizer, PreparedCorpus tokens) {
    /** Name of the built-in corpus in {@code data.text}. */
    public static final String WORDNET = "wordnet";

    /** Characters that a tokenizer is trained on at most; a larger corpus is sampled evenly. */
    private static final long TOKENIZER_SAMPLE_CHARS = 200_000_000;

    private static final String END_OF_TEXT = "<|endoftext|>";

    /** The template that suits a model of this text: it has seen dictionary entries, or just text. */
    public String chatTemplate() {
        return source.equals(WORDNET) ? "dictionary" : "plain";
    }

    /**
     * Trains the tokenizer and writes the token shards, or finds both as an earlier run left them.
     *
     * @throws dev.troupe.model.TroupeException when the text is missing, unreadable, no text or too short
     */
    public static Corpus prepare(TrainingConfig.DataSection data, RunDirectory run, ProgressDisplay display) {
        DocumentSource source =
                data.text().equals(WORDNET) ? new WordNetSource() : TextSource.open(Path.of(data.text()));
        display.stage("Corpus: " + source.name());
        Tokenizer tokenizer = tokenizer(source, data, run, display);
        long start = System.nanoTime();
        PreparedCorpus prepared = CorpusPreparation.prepare(
                source, tokenizer, run.tokens(), data.heldOutFraction(), CorpusPreparation.Progress.none());
        CorpusReport report = prepared.report();
        display.note(String.format(
                Locale.ROOT,
                "%,d documents, %,d tokens to train on; %,d documents, %,d tokens held out (%.2f bytes a token)%s",
                report.train().documents(),
                report.train().tokens(),
                report.heldOut().documents(),
                report.heldOut().tokens(),
                report.bytesPerToken(),
                prepared.reused() ? ", found in " + run.tokens() : seconds(start)));
        report.notes().forEach(display::note);
        return new Corpus(data.text(), tokenizer, prepared);
    }

    private static Tokenizer tokenizer(
            DocumentSource source, TrainingConfig.DataSection data, RunDirectory run, ProgressDisplay display) {
        // The tokenizer is a function of these; a folder that was made from the same ones has it already.
        String inputs = String.join(
                "\n",
                source.fingerprint(),
                data.tokenizer(),
                Integer.toString(data.vocabSize()),
                Double.toString(data.heldOutFraction()));
        Path inputsFile = run.root().resolve("tokenizer.inputs");
        try {
            if (Files.exists(inputsFile)
                    && Files.exists(run.tokenizer())
                    && Files.readString(inputsFile).equals(inputs)) {
                return TokenizerJson.read(run.tokenizer());
            }
            long start = System.nanoTime();
            Tokenizer tokenizer =
                    train(new CorpusReader(source, data.heldOutFraction()), data.tokenizer(), data.vocabSize());
            Files.deleteIfExists(inputsFile);
            TokenizerJson.write(tokenizer, run.tokenizer());
            Files.writeString(inputsFile, inputs);
            display.note(String.format(
                    Locale.ROOT,
                    "%s tokenizer, vocabulary %,d%s",
                    data.tokenizer(),
                    tokenizer.vocabSize(),
                    seconds(start)));
            return tokenizer;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the tokenizer to " + run.root(), e);
        }
    }

    /**
     * A tokenizer trained on all of a text.
     *
     * @param kind "bpe" or "char"
     * @throws TroupeException when the text cannot be used or the kind is neither
     */
    public static Tokenizer trainTokenizer(String text, String kind, int vocabSize) {
        if (!kind.equals("bpe") && !kind.equals("char")) {
            throw new TroupeException("there is no tokenizer of kind '" + kind + "': it is bpe or char");
        }
        return train(new CorpusReader(source(text), 0), kind, vocabSize);
    }

    /** Texts of a source, all of them or an even sample of about {@code maxChars} characters. */
    public static List<String> documents(String text, long maxChars) {
        return new CorpusReader(source(text), 0).sample(maxChars);
    }

    private static DocumentSource source(String text) {
        return text.equals(WORDNET) ? new WordNetSource() : TextSource.open(Path.of(text));
    }

    private static Tokenizer train(CorpusReader reader, String kind, int vocabSize) {
        if (kind.equals("char")) {
            try (Stream<String> texts = reader.allTexts()) {
                return CharTokenizer.train(texts.collect(Collectors.joining()));
            }
        }
        return BpeTrainer.train(
                reader.sample(TOKENIZER_SAMPLE_CHARS),
                vocabSize,
                List.of(END_OF_TEXT),
                Runtime.getRuntime().availableProcessors());
    }

    private static String seconds(long startNanos) {
        return String.format(Locale.ROOT, ", %.1f s", (System.nanoTime() - startNanos) / 1e9);
    }
}
