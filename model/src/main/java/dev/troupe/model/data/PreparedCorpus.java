package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.nio.file.Path;

/**
 * A corpus that is ready to train on.
 *
 * @param reused whether the shards were there already
 */
public record PreparedCorpus(TokenShards train, TokenShards heldOut, CorpusReport report, boolean reused) {
    static final String TRAIN = "train";
    static final String HELD_OUT = "heldout";

    /**
     * Opens a corpus that {@link CorpusPreparation} has written.
     *
     * @throws TroupeException when it is not there, not whole or damaged
     */
    public static PreparedCorpus open(Path directory) {
        CorpusReport report = CorpusReport.read(directory)
                .orElseThrow(() -> new TroupeException("there is no prepared corpus in " + directory
                        + ": prepare it first (no " + CorpusReport.FILE + ")"));
        return open(directory, report, true);
    }

    static PreparedCorpus open(Path directory, CorpusReport report, boolean reused) {
        return new PreparedCorpus(
                TokenShards.open(directory.resolve(TRAIN)).requireTokenizer(report.tokenizerSha256()),
                TokenShards.open(directory.resolve(HELD_OUT)).requireTokenizer(report.tokenizerSha256()),
                report,
                reused);
    }
}
