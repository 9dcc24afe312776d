package dev.troupe.model.parallel;

import dev.troupe.model.tensor.Tensor;

/**
 * Operations among the ranks of one group, such as an axis of the mesh. Every rank of the group calls the same
 * operations with the same sizes in the same order; each call returns when this rank's part is done and its tensors may
 * be used again. Calls block, so they belong on a thread that computes, not on an actor's. One thread at a time.
 *
 * <p>Sums are deterministic: their order depends on the sizes and on the number of ranks alone, and all ranks get the
 * same bits.
 *
 * <p>Every operation throws {@link CommunicationException} when a peer is lost, when it does not answer in time, when
 * what it sent is damaged or does not fit, and after {@link #close}, which may be called from any thread and ends calls
 * under way. The content of the tensors of a call that threw is undefined, and so is every later call on the group.
 */
public interface Communicator extends AutoCloseable {
    /** This rank's number in the group, from 0. */
    int rank();

    /** Number of ranks. */
    int size();

    /** Replaces values by their sums over all ranks, element by element. */
    void allReduce(Tensor values);

    /**
     * Sums over all ranks, of which each gets its part: afterwards elements [bounds[rank], bounds[rank + 1]) of values
     * are the sums; the others are undefined.
     *
     * @param bounds [size + 1], ascending from 0 to the number of elements; parts may be empty
     */
    void reduceScatter(Tensor values, long[] bounds);

    /** The other way: every rank gives its part, afterwards all have all of them. */
    void allGather(Tensor values, long[] bounds);

    /** Replaces values by those of rank {@code root}. */
    void broadcast(Tensor values, int root);

    /**
     * Sends to a rank of the group, which calls {@link #receive}. Tensors between two ranks arrive in order. It may end
     * only when the other has received: two ranks that send large tensors to each other use {@link #sendReceive}.
     */
    void send(Tensor values, int to);

    /** Overwrites values by the next tensor from a rank. */
    void receive(Tensor values, int from);

    /**
     * Sends to one rank while it receives from another, or from the same one: two ranks that both do this at once wait
     * for neither's send to end first, however large the tensors. For its peers it is one {@link #send} and one
     * {@link #receive}.
     *
     * @param outgoing other memory than {@code incoming}
     */
    void sendReceive(Tensor outgoing, int to, Tensor incoming, int from);

    /**
     * Numbers of all ranks, one after the other in order of rank: small ones, for norms and losses. Ranks may give
     * different counts, of up to 65,536 numbers.
     */
    double[] gather(double... own);

    /** Ends the group for this rank; its peers notice. */
    @Override
    void close();
}
