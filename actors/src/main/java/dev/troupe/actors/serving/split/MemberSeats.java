package dev.troupe.actors.serving.split;

import java.util.concurrent.CompletableFuture;

/** The members of an epoch that are in other processes, and the way to them. Closing it dismisses them. */
interface MemberSeats extends AutoCloseable {
    /** Groups with them; used once. */
    GroupOpener groups();

    /**
     * Has them join and build; the result is there when they have, and fails when one cannot.
     *
     * @param steps are told when one of them is lost
     */
    CompletableFuture<Void> order(SplitSteps steps);

    @Override
    void close();

    /** None: all members are here. */
    static MemberSeats none() {
        GroupOpener groups = GroupOpener.local();
        return new MemberSeats() {
            @Override
            public GroupOpener groups() {
                return groups;
            }

            @Override
            public CompletableFuture<Void> order(SplitSteps steps) {
                return CompletableFuture.completedFuture(null);
            }

            @Override
            public void close() {}
        };
    }
}
