package dev.troupe.model.tokenizer;

import java.util.Arrays;

/** A binary min-heap of longs. */
final class LongHeap {
    private long[] elements;
    private int size;

    LongHeap(int capacity) {
        elements = new long[Math.max(4, capacity)];
    }

    boolean isEmpty() {
        return size == 0;
    }

    void push(long element) {
        if (size == elements.length) {
            elements = Arrays.copyOf(elements, 2 * size);
        }
        int i = size++;
        while (i > 0) {
            int parent = (i - 1) >>> 1;
            if (elements[parent] <= element) {
                break;
            }
            elements[i] = elements[parent];
            i = parent;
        }
        elements[i] = element;
    }

    long pop() {
        long top = elements[0];
        long moved = elements[--size];
        int i = 0;
        while (2 * i + 1 < size) {
            int child = 2 * i + 1;
            if (child + 1 < size && elements[child + 1] < elements[child]) {
                child++;
            }
            if (moved <= elements[child]) {
                break;
            }
            elements[i] = elements[child];
            i = child;
        }
        elements[i] = moved;
        return top;
    }
}
