package dev.troupe.actors.serving.split;

import dev.troupe.actors.serving.engine.BatchRows;
import dev.troupe.actors.serving.kv.BlockCopy;
import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How the leader tells the other members what a step computes. A plan is int32 numbers, native order, in memory that a
 * group moves as it is:
 *
 * <pre>
 * kind, numbers in all, rows, tables, copies
 * for each row    token, position, flags (1 logits, 2 of a prompt, 4 hidden state), number of its block table
 * for each table  its length, its blocks
 * for each copy   from which block, to which
 * </pre>
 *
 * <p>The first {@link #FIRST} numbers are always sent, and most plans are no longer; the rest comes behind. For the
 * thread of one member.
 */
final class StepPlans implements AutoCloseable {
    static final int FIRST = 1024;

    private static final int LEADER = 0;
    private static final int STEP = 0x5354_4550; // "STEP"
    private static final int END = 0x454e_4421; // "END!"
    private static final int HEADER = 5;
    private static final int ROW = 4;
    private static final int COPY = 2;
    private static final int LOGITS = 1;
    private static final int OF_PROMPT = 2;
    private static final int HIDDEN = 4;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final String OWNER = "serving.plans";

    private final Communicator members;
    private final TensorArena arena = TensorArena.open(OWNER);
    private final Tensor first = arena.allocate(FIRST);
    private @Nullable TensorArena restArena;
    private @Nullable Tensor rest;

    StepPlans(Communicator members) {
        this.members = members;
    }

    /** Tells the others what to compute. */
    void send(BatchRows rows) {
        broadcast(encode(rows));
    }

    /** Tells the others that there is nothing more to do. */
    void sendEnd() {
        broadcast(new int[] {END, HEADER, 0, 0, 0});
    }

    private void broadcast(int[] plan) {
        int head = Math.min(FIRST, plan.length);
        MemorySegment.copy(plan, 0, first.segment(), INT, 0, head);
        members.broadcast(first, LEADER);
        if (plan.length > FIRST) {
            Tensor more = rest(plan.length - FIRST);
            MemorySegment.copy(plan, FIRST, more.segment(), INT, 0, plan.length - FIRST);
            members.broadcast(more, LEADER);
        }
    }

    /** Waits for the next step; empty when there is none. */
    Optional<BatchRows> receive() {
        members.broadcast(first, LEADER);
        int kind = first.segment().get(INT, 0);
        int length = first.segment().getAtIndex(INT, 1);
        if ((kind != STEP && kind != END) || length < HEADER) {
            throw new CommunicationException("what the leader of a replica sent is no plan of a step");
        }
        if (kind == END) {
            return Optional.empty();
        }
        int[] plan = new int[length];
        MemorySegment.copy(first.segment(), INT, 0, plan, 0, Math.min(FIRST, length));
        if (length > FIRST) {
            Tensor more = rest(length - FIRST);
            members.broadcast(more, LEADER);
            MemorySegment.copy(more.segment(), INT, 0, plan, FIRST, length - FIRST);
        }
        return Optional.of(decode(plan));
    }

    private Tensor rest(int numbers) {
        Tensor room = rest;
        if (room == null || room.size() < numbers) {
            if (restArena != null) {
                restArena.close();
            }
            restArena = TensorArena.open(OWNER);
            room = restArena.allocate(numbers);
            rest = room;
        }
        return room.view(0, numbers);
    }

    // Identity is meant: rows of one sequence have one table, and tables of different ones are never equal.
    @SuppressWarnings("ReferenceEquality")
    static int[] encode(BatchRows rows) {
        int count = rows.count();
        List<int[]> tables = new ArrayList<>();
        int[] tableOf = new int[count];
        int length = HEADER + ROW * count + COPY * rows.copies().size();
        for (int row = 0; row < count; row++) {
            int[] table = rows.blockTables()[row];
            if (row == 0 || table != rows.blockTables()[row - 1]) {
                tables.add(table);
                length += 1 + table.length;
            }
            tableOf[row] = tables.size() - 1;
        }
        int[] plan = new int[length];
        plan[0] = STEP;
        plan[1] = length;
        plan[2] = count;
        plan[3] = tables.size();
        plan[4] = rows.copies().size();
        int at = HEADER;
        for (int row = 0; row < count; row++) {
            plan[at++] = rows.tokens()[row];
            plan[at++] = rows.positions()[row];
            plan[at++] = (rows.wantLogits()[row] ? LOGITS : 0)
                    | (rows.ofPrompt()[row] ? OF_PROMPT : 0)
                    | (rows.wantHidden()[row] ? HIDDEN : 0);
            plan[at++] = tableOf[row];
        }
        for (int[] table : tables) {
            plan[at++] = table.length;
            System.arraycopy(table, 0, plan, at, table.length);
            at += table.length;
        }
        for (BlockCopy copy : rows.copies()) {
            plan[at++] = copy.from();
            plan[at++] = copy.to();
        }
        return plan;
    }

    static BatchRows decode(int[] plan) {
        int count = plan[2];
        int[][] tables = new int[plan[3]][];
        int at = HEADER + ROW * count;
        for (int i = 0; i < tables.length; i++) {
            tables[i] = new int[plan[at++]];
            System.arraycopy(plan, at, tables[i], 0, tables[i].length);
            at += tables[i].length;
        }
        List<BlockCopy> copies = new ArrayList<>();
        for (int i = 0; i < plan[4]; i++, at += COPY) {
            copies.add(new BlockCopy(plan[at], plan[at + 1]));
        }
        BatchRows rows = new BatchRows(count, copies);
        for (int row = 0; row < count; row++) {
            int from = HEADER + ROW * row;
            rows.tokens()[row] = plan[from];
            rows.positions()[row] = plan[from + 1];
            int flags = plan[from + 2];
            rows.wantLogits()[row] = (flags & LOGITS) != 0;
            rows.ofPrompt()[row] = (flags & OF_PROMPT) != 0;
            rows.wantHidden()[row] = (flags & HIDDEN) != 0;
            rows.blockTables()[row] = tables[plan[from + 3]];
        }
        return rows;
    }

    @Override
    public void close() {
        if (restArena != null) {
            restArena.close();
        }
        arena.close();
    }
}
