package dev.troupe.model.grammar;

import org.jspecify.annotations.Nullable;

/** What an automaton does when the rule that it is in has ended: a stack that is never changed, only built upon. */
final class Frame {
    private final int returnTo;
    private final @Nullable Frame below;
    private final int depth;
    private final int hash;

    Frame(int returnTo, @Nullable Frame below) {
        this.returnTo = returnTo;
        this.below = below;
        this.depth = depth(below) + 1;
        this.hash = 31 * (below == null ? 1 : below.hash) + returnTo;
    }

    static int depth(@Nullable Frame stack) {
        return stack == null ? 0 : stack.depth;
    }

    int returnTo() {
        return returnTo;
    }

    @Nullable Frame below() {
        return below;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        Frame a = this;
        Object b = other;
        while (a != b) {
            if (a == null || !(b instanceof Frame frame) || frame.hash != a.hash || frame.returnTo != a.returnTo) {
                return false;
            }
            a = a.below;
            b = frame.below;
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
