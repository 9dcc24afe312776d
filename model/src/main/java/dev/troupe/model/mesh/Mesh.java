package dev.troupe.model.mesh;

import dev.troupe.model.TroupeException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The shape of a set of ranks. Ranks are numbered with the tensor axis fastest, for its members talk the most and
 * should be neighbours, then the data axis, then the pipeline.
 *
 * @param data replicas that see different micro-batches
 * @param tensor shards of every matrix
 * @param pipeline stages of layers
 */
public record Mesh(int data, int tensor, int pipeline) {
    /** One rank that does everything. */
    public static final Mesh SINGLE = new Mesh(1, 1, 1);

    private static final int MAX_RANKS = 1 << 20;
    private static final Pattern PRODUCT = Pattern.compile("(\\d{1,7})x(\\d{1,7})x(\\d{1,7})");

    /** Where a rank is. */
    public record Position(int data, int tensor, int pipeline) {}

    public Mesh {
        requirePositive("data", data);
        requirePositive("tensor", tensor);
        requirePositive("pipeline", pipeline);
        if ((long) data * tensor > MAX_RANKS || (long) data * tensor * pipeline > MAX_RANKS) {
            throw new TroupeException("a mesh of " + data + "x" + tensor + "x" + pipeline + " has too many ranks");
        }
    }

    private static void requirePositive(String axis, int size) {
        if (size < 1) {
            throw new TroupeException("mesh." + axis + " (" + size + ") must be at least 1");
        }
    }

    /**
     * Reads data x tensor x pipeline, such as "2x1x4".
     *
     * @throws TroupeException when it is something else
     */
    public static Mesh parse(String product) {
        Matcher matcher = PRODUCT.matcher(product);
        if (!matcher.matches()) {
            throw new TroupeException("'" + product + "' is not a mesh: write data x tensor x pipeline, such as 2x1x1");
        }
        return new Mesh(
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)));
    }

    /** Number of ranks. */
    public int ranks() {
        return data * tensor * pipeline;
    }

    public Position position(int rank) {
        return new Position(rank / tensor % data, rank % tensor, rank / (tensor * data));
    }

    public int rank(Position position) {
        return (position.pipeline() * data + position.data()) * tensor + position.tensor();
    }

    /** The ranks that hold the other shards of the same layers and see the same micro-batches, in order. */
    public List<Integer> tensorGroup(Position of) {
        List<Integer> ranks = new ArrayList<>();
        for (int i = 0; i < tensor; i++) {
            ranks.add(rank(new Position(of.data(), i, of.pipeline())));
        }
        return List.copyOf(ranks);
    }

    /** The ranks that hold the same parameters and see other micro-batches, in order. */
    public List<Integer> dataGroup(Position of) {
        List<Integer> ranks = new ArrayList<>();
        for (int i = 0; i < data; i++) {
            ranks.add(rank(new Position(i, of.tensor(), of.pipeline())));
        }
        return List.copyOf(ranks);
    }

    /** The rank of another stage that works on the same micro-batches and shard. */
    public int atStage(Position of, int stage) {
        return rank(new Position(of.data(), of.tensor(), stage));
    }

    /** The same with fewer or more replicas. */
    public Mesh withData(int replicas) {
        return new Mesh(replicas, tensor, pipeline);
    }

    @Override
    public String toString() {
        return data + "x" + tensor + "x" + pipeline;
    }
}
