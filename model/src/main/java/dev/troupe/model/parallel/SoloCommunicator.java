package dev.troupe.model.parallel;

import dev.troupe.model.tensor.Tensor;

/**
 * The group of one rank, where every operation leaves its tensor as it is: what is written for many ranks runs on one
 * at no cost. Only what could never end is refused: sending to a rank that does not exist.
 */
public final class SoloCommunicator implements Communicator {
    private volatile boolean closed;

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public void allReduce(Tensor values) {
        checkOpen();
    }

    @Override
    public void reduceScatter(Tensor values, long[] bounds) {
        checkOpen();
        Parts.check(bounds, 1, values.size());
    }

    @Override
    public void allGather(Tensor values, long[] bounds) {
        checkOpen();
        Parts.check(bounds, 1, values.size());
    }

    @Override
    public void broadcast(Tensor values, int root) {
        checkOpen();
        if (root != 0) {
            throw new IllegalArgumentException("there is no rank " + root + " to broadcast from in a group of one");
        }
    }

    @Override
    public void send(Tensor values, int to) {
        throw new IllegalArgumentException("there is no rank " + to + " to send to in a group of one");
    }

    @Override
    public void receive(Tensor values, int from) {
        throw new IllegalArgumentException("there is no rank " + from + " to receive from in a group of one");
    }

    @Override
    public void sendReceive(Tensor outgoing, int to, Tensor incoming, int from) {
        throw new IllegalArgumentException("there is no rank " + to + " to send to in a group of one");
    }

    @Override
    public double[] gather(double... own) {
        checkOpen();
        return own.clone();
    }

    @Override
    public void close() {
        closed = true;
    }

    private void checkOpen() {
        if (closed) {
            throw new CommunicationException("the group of one rank is closed");
        }
    }
}
