package dev.troupe.actors.training.mesh;

import dev.troupe.model.mesh.StepOrder;
import java.util.ArrayList;
import java.util.List;

/** The orders of steps that may have to be taken again. */
final class StepOrders {
    private final List<StepOrder> orders = new ArrayList<>();
    private long first; // step of the first of them

    /** Keeps the order of a step: of the one after the last, or of one that is there already. */
    void put(long step, StepOrder order) {
        if (orders.isEmpty()) {
            first = step;
        }
        long index = step - first;
        if (index < 0 || index > orders.size()) {
            throw new IllegalStateException("the order of step " + step + " comes after those of [" + first + ", "
                    + (first + orders.size()) + ")");
        }
        if (index == orders.size()) {
            orders.add(order);
        } else {
            orders.set((int) index, order);
        }
    }

    /** Keeps those of the steps from this one on. */
    void putAll(long from, List<StepOrder> ofSteps) {
        for (int i = 0; i < ofSteps.size(); i++) {
            put(from + i, ofSteps.get(i));
        }
    }

    /** The order of a step. */
    StepOrder at(long step) {
        if (step < first || step >= first + orders.size()) {
            throw new IllegalStateException("step " + step + " cannot be taken again: its order is forgotten");
        }
        return orders.get((int) (step - first));
    }

    /** Steps before this one are not taken again. */
    void forgetBefore(long step) {
        int gone = Math.clamp(step - first, 0, orders.size());
        orders.subList(0, gone).clear();
        first += gone;
    }
}
