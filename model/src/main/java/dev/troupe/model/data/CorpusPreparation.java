package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * From documents to token shards: {@code train/}, {@code heldout/} and {@value CorpusReport#FILE} in one folder. The
 * shards are a function of the documents, the tokenizer and the held-out fraction, not of the threads. All is written
 * aside and moved into place at the end; one process at a time may prepare a folder.
 */
public final class CorpusPreparation {
    private static final String UNFINISHED = ".preparing";

    private CorpusPreparation() {}

    /** Hears how far the preparation is; called on the preparing thread, every hundred kilobytes or so. */
    @FunctionalInterface
    public interface Progress {
        /** Says how much was written so far. */
        void report(long documents, long textBytes, long tokens);

        /** Nobody listens. */
        static Progress none() {
            return (documents, textBytes, tokens) -> {};
        }
    }

    /**
     * Prepares a corpus, or opens it when the same inputs were prepared before.
     *
     * @param heldOutFraction share that is kept from training, in [0, 1); {@link CorpusSplit} has the rule
     * @throws TroupeException when the source cannot be read, the folder cannot be written or nothing is left to train
     *     on
     */
    public static PreparedCorpus prepare(
            DocumentSource source, Tokenizer tokenizer, Path directory, double heldOutFraction, Progress progress) {
        return prepare(
                source, tokenizer, directory, heldOutFraction, TokenShardWriter.DEFAULT_TOKENS_PER_SHARD, progress);
    }

    static PreparedCorpus prepare(
            DocumentSource source,
            Tokenizer tokenizer,
            Path directory,
            double heldOutFraction,
            long tokensPerShard,
            Progress progress) {
        String tokenizerSha256 = TokenizerFingerprint.of(tokenizer);
        String inputs = new Sha256()
                .addLong(ShardHeader.VERSION)
                .addString(source.fingerprint())
                .addString(tokenizerSha256)
                .addLong(Double.doubleToLongBits(heldOutFraction))
                .addLong(tokensPerShard)
                .hex();
        Optional<PreparedCorpus> existing = reuse(directory, inputs);
        if (existing.isPresent()) {
            return existing.get();
        }
        CorpusSplit split = CorpusSplit.decide(source, heldOutFraction);
        Path unfinished = directory.resolve(UNFINISHED);
        try {
            Files.createDirectories(directory);
            deleteTree(unfinished);
            try (var train = writer(unfinished, PreparedCorpus.TRAIN, tokenizer, tokenizerSha256, tokensPerShard);
                    var heldOut =
                            writer(unfinished, PreparedCorpus.HELD_OUT, tokenizer, tokenizerSha256, tokensPerShard)) {
                write(source, tokenizer, split, train, heldOut, progress);
                var report = new CorpusReport(
                        source.name(),
                        inputs,
                        split.kind(),
                        heldOutFraction,
                        tokenizer.vocabSize(),
                        tokenizerSha256,
                        (double) (train.textBytes() + heldOut.textBytes()) / (train.tokens() + heldOut.tokens()),
                        CorpusReport.Part.of(train),
                        CorpusReport.Part.of(heldOut),
                        source.notes());
                publish(unfinished, directory, report);
                return PreparedCorpus.open(directory, report, false);
            } finally {
                deleteTree(unfinished);
            }
        } catch (IOException e) {
            throw cannotWrite(directory, e);
        }
    }

    private static Optional<PreparedCorpus> reuse(Path directory, String inputs) {
        try {
            return CorpusReport.read(directory)
                    .filter(report -> report.inputs().equals(inputs))
                    .map(report -> PreparedCorpus.open(directory, report, true));
        } catch (TroupeException damaged) {
            // The remedy for damage is to prepare again, which is what the caller asked for.
            return Optional.empty();
        }
    }

    private static TokenShardWriter writer(
            Path unfinished, String part, Tokenizer tokenizer, String tokenizerSha256, long tokensPerShard) {
        return new TokenShardWriter(unfinished.resolve(part), tokenizer.vocabSize(), tokenizerSha256, tokensPerShard);
    }

    private static void write(
            DocumentSource source,
            Tokenizer tokenizer,
            CorpusSplit split,
            TokenShardWriter train,
            TokenShardWriter heldOut,
            Progress progress) {
        int threads = Runtime.getRuntime().availableProcessors();
        var sink = new ParallelEncoder.Sink() {
            @Override
            public void accept(Document document, boolean isHeldOut, int[] tokens, long textBytes) {
                (isHeldOut ? heldOut : train).append(document.id(), tokens, textBytes);
            }

            @Override
            public void chunkDone() {
                progress.report(
                        train.documents() + heldOut.documents(),
                        train.textBytes() + heldOut.textBytes(),
                        train.tokens() + heldOut.tokens());
            }
        };
        try (var encoder = new ParallelEncoder(tokenizer, threads, sink)) {
            source.forEach(document -> {
                split.training(document).ifPresent(part -> encoder.add(part, false));
                split.heldOut(document).ifPresent(part -> encoder.add(part, true));
            });
            encoder.finish();
        }
        if (train.tokens() == 0) {
            throw new TroupeException(
                    "no text of " + source.name() + " is left to train on: use more text or hold out less of it");
        }
        train.finish();
        heldOut.finish();
    }

    /** The report goes first and comes last: at every moment in between the folder holds no corpus. */
    private static void publish(Path unfinished, Path directory, CorpusReport report) throws IOException {
        Files.deleteIfExists(directory.resolve(CorpusReport.FILE));
        for (String part : List.of(PreparedCorpus.TRAIN, PreparedCorpus.HELD_OUT)) {
            deleteTree(directory.resolve(part));
            Files.move(unfinished.resolve(part), directory.resolve(part), StandardCopyOption.ATOMIC_MOVE);
        }
        report.write(directory);
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(root)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.delete(path);
        }
    }

    private static TroupeException cannotWrite(Path directory, IOException e) {
        return new TroupeException(
                "cannot write the corpus to " + directory + ": " + e + "; free some space or choose another folder", e);
    }
}
