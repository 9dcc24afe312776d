package dev.troupe.model.tokenizer;

import java.util.Arrays;

/** A growing list of ints without boxing. */
final class IntList {
    private int[] elements;
    private int size;

    IntList(int capacity) {
        elements = new int[Math.max(4, capacity)];
    }

    void add(int element) {
        if (size == elements.length) {
            elements = Arrays.copyOf(elements, grown(size + 1));
        }
        elements[size++] = element;
    }

    void addAll(int[] source, int from, int count) {
        if (size + count > elements.length) {
            elements = Arrays.copyOf(elements, grown(size + count));
        }
        System.arraycopy(source, from, elements, size, count);
        size += count;
    }

    int get(int index) {
        return elements[index];
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    int last() {
        return elements[size - 1];
    }

    void clear() {
        size = 0;
    }

    int[] toArray() {
        return Arrays.copyOf(elements, size);
    }

    private int grown(int wanted) {
        return Math.max(wanted, elements.length + (elements.length >> 1));
    }
}
