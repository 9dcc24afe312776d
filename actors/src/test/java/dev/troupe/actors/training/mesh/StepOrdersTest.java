package dev.troupe.actors.training.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.mesh.StepOrder;
import org.junit.jupiter.api.Test;

class StepOrdersTest {
    private static StepOrder order(double learningRate) {
        return new StepOrder(learningRate, 0, 1);
    }

    @Test
    void keepsTheOrdersOfStepsThatMayBeTakenAgain() {
        StepOrders orders = new StepOrders();
        for (long step = 100; step < 400; step++) {
            orders.put(step, order(step * 1e-3));
        }
        orders.forgetBefore(250);
        orders.put(399, order(7)); // once more
        orders.put(400, order(8));

        assertThat(orders.at(250)).isEqualTo(order(250 * 1e-3));
        assertThat(orders.at(399)).isEqualTo(order(7));
        assertThat(orders.at(400)).isEqualTo(order(8));
        assertThatThrownBy(() -> orders.at(249)).hasMessageContaining("step 249 cannot be taken again");
        assertThatThrownBy(() -> orders.at(401)).hasMessageContaining("step 401");
        assertThatThrownBy(() -> orders.put(402, order(1))).hasMessageContaining("step 402");
    }

    @Test
    void beginsAnewAfterAllAreForgotten() {
        StepOrders orders = new StepOrders();
        orders.put(0, order(1));
        orders.forgetBefore(1);
        orders.put(1, order(2));

        assertThat(orders.at(1)).isEqualTo(order(2));
    }
}
