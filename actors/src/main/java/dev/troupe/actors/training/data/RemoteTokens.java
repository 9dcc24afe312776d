package dev.troupe.actors.training.data;

import dev.troupe.actors.training.data.DataNode.Described;
import dev.troupe.model.TroupeException;
import dev.troupe.model.data.CorpusTokens;
import dev.troupe.model.data.TokenRange;
import java.util.ArrayList;
import java.util.List;

/**
 * The tokens of a corpus whose files other nodes have. What was read is not kept. A copy waits for data nodes, as long
 * as {@link DataNodes} does, so it is for threads that may.
 */
final class RemoteTokens implements CorpusTokens {
    private final DataNodes nodes;
    private final String folder;
    private final Described corpus;

    private RemoteTokens(DataNodes nodes, String folder, Described corpus) {
        this.nodes = nodes;
        this.folder = folder;
        this.corpus = corpus;
    }

    /** Asks what the corpus is. */
    static RemoteTokens open(DataNodes nodes, String folder) {
        return new RemoteTokens(nodes, folder, nodes.describe());
    }

    @Override
    public String name() {
        return folder;
    }

    @Override
    public long tokens() {
        return corpus.tokens();
    }

    @Override
    public int vocabSize() {
        return corpus.vocabSize();
    }

    @Override
    public String tokenizerSha256() {
        return corpus.tokenizerSha256();
    }

    @Override
    public String sha256() {
        return corpus.sha256();
    }

    @Override
    public boolean isFar() {
        return true;
    }

    @Override
    public void copy(long position, int[] into, int offset, int length) {
        int[] tokens = offset == 0 ? into : new int[length];
        copy(List.of(new TokenRange(position, length)), tokens);
        if (offset > 0) {
            System.arraycopy(tokens, 0, into, offset, length);
        }
    }

    @Override
    public void copy(List<TokenRange> ranges, int[] into) {
        int offset = 0;
        for (List<TokenRange> request : requests(ranges)) {
            PackedTokens tokens = nodes.read(replyTo -> new DataNode.Read(folder, corpus.sha256(), request, replyTo));
            if (tokens.count() != TokenRange.tokens(request)) {
                throw new TroupeException("a data node gave " + tokens.count() + " tokens of " + folder + " where "
                        + TokenRange.tokens(request) + " were asked for");
            }
            tokens.unpack(into, offset);
            offset += tokens.count();
        }
    }

    /** The ranges in order, in requests as large as a node takes; a long range goes into several. */
    static List<List<TokenRange>> requests(List<TokenRange> ranges) {
        List<List<TokenRange>> requests = new ArrayList<>();
        List<TokenRange> request = new ArrayList<>();
        int room = DataNode.MOST_TOKENS;
        for (TokenRange range : ranges) {
            long position = range.position();
            while (position < range.end()) {
                if (room == 0 || request.size() == DataNode.MOST_RANGES) {
                    requests.add(request);
                    request = new ArrayList<>();
                    room = DataNode.MOST_TOKENS;
                }
                int length = (int) Math.min(room, range.end() - position);
                request.add(new TokenRange(position, length));
                position += length;
                room -= length;
            }
        }
        if (!request.isEmpty()) {
            requests.add(request);
        }
        return requests;
    }
}
