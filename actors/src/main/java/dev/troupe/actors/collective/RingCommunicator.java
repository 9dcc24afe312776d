package dev.troupe.actors.collective;

import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.Parts;
import dev.troupe.model.tensor.Tensor;
import java.util.stream.LongStream;

/**
 * The operations of a group of two ranks or more, over its links. Sums go in the order that {@link Ring} says, within
 * the parts that are given (reduceScatter) or {@link Parts#even} (allReduce); of a sum that is not a number all ranks
 * get the same bits, too.
 */
public final class RingCommunicator implements Communicator {
    private final LinkGroup group;
    private final Ring ring;
    private final NumberRing numbers;

    /** Takes over the links: they are closed with this. */
    public RingCommunicator(LinkGroup group) {
        this.group = group;
        ring = new Ring(group);
        numbers = new NumberRing(group, ring);
    }

    @Override
    public int rank() {
        return group.rank();
    }

    @Override
    public int size() {
        return group.size();
    }

    @Override
    public void allReduce(Tensor values) {
        long[] bounds = bytes(Parts.even(values.size(), size()));
        group.run(Operation.ALL_REDUCE, () -> ring.allReduce(values.segment(), bounds));
    }

    @Override
    public void reduceScatter(Tensor values, long[] bounds) {
        Parts.check(bounds, size(), values.size());
        group.run(Operation.REDUCE_SCATTER, () -> ring.reduceScatter(values.segment(), bytes(bounds)));
    }

    @Override
    public void allGather(Tensor values, long[] bounds) {
        Parts.check(bounds, size(), values.size());
        group.run(Operation.ALL_GATHER, () -> ring.allGather(Operation.ALL_GATHER, values.segment(), bytes(bounds)));
    }

    @Override
    public void broadcast(Tensor values, int root) {
        checkRank(root, "broadcast from");
        group.run(Operation.BROADCAST, () -> {
            ring.broadcast(rank() == root ? values.readOnlySegment() : values.segment(), root);
        });
    }

    @Override
    public void send(Tensor values, int to) {
        checkOther(to, "send to");
        group.run(
                Operation.SEND,
                () -> group.link(to)
                        .send(Operation.SEND, values.readOnlySegment())
                        .await());
    }

    @Override
    public void receive(Tensor values, int from) {
        checkOther(from, "receive from");
        group.run(
                Operation.SEND,
                () -> group.link(from).receive(Operation.SEND, values.segment()).await());
    }

    @Override
    public void sendReceive(Tensor outgoing, int to, Tensor incoming, int from) {
        checkOther(to, "send to");
        checkOther(from, "receive from");
        group.run(Operation.SEND, () -> {
            Transfer sent = group.link(to).send(Operation.SEND, outgoing.readOnlySegment());
            group.link(from).receive(Operation.SEND, incoming.segment()).await();
            sent.await();
        });
    }

    @Override
    public double[] gather(double... own) {
        NumberRing.check(own);
        double[][] all = new double[1][];
        group.run(Operation.NUMBERS, () -> all[0] = numbers.gather(own));
        return all[0];
    }

    @Override
    public void close() {
        group.close();
    }

    @Override
    public String toString() {
        return group.toString();
    }

    private void checkRank(int other, String what) {
        if (other < 0 || other >= size()) {
            throw new IllegalArgumentException(
                    "there is no rank " + other + " to " + what + " in a group of " + size() + " ranks");
        }
    }

    private void checkOther(int other, String what) {
        checkRank(other, what);
        if (other == rank()) {
            throw new IllegalArgumentException("rank " + other + " cannot " + what + " itself");
        }
    }

    private static long[] bytes(long[] elements) {
        return LongStream.of(elements).map(at -> at * Float.BYTES).toArray();
    }
}
