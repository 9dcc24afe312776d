package dev.troupe.routing.generate;

import akka.Done;
import akka.NotUsed;
import akka.stream.javadsl.Source;
import dev.troupe.routing.route.DispatchClient;
import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import dev.troupe.routing.stream.TextEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The answers to one request while they are generated: keeps what is told of them, and gives it as text to the one who
 * takes it, as much at once as there is. So a token goes from its dispatch to the stage that writes it, without stages
 * between them. Answers are told on any thread; they are taken on one at a time.
 */
public final class RunningAnswers {
    /** Events of an answer beside its tokens. */
    private static final int OTHER_EVENTS = 3;
    /** Bounds what a taker makes of them in one go. */
    private static final int MOST_AT_ONCE = 64;

    private final List<Choice> choices = new ArrayList<>();
    private final int mostBehind;
    private final CompletableFuture<Done> begun = new CompletableFuture<>();
    private final CompletableFuture<Done> over = new CompletableFuture<>();
    private int numOpen; // answers whose end was not taken

    // Guarded by this:
    private final Deque<Told> told = new ArrayDeque<>();
    private Runnable more = () -> {};
    private boolean awaited;
    private boolean hasBegun;
    private boolean isOver;
    private @Nullable RuntimeException failure;

    private record Told(Choice choice, DispatchEvent event) {}

    /** @param mostBehind tokens that a client may be behind each answer */
    RunningAnswers(int mostBehind) {
        this.mostBehind = mostBehind;
    }

    /**
     * One more answer, whose events go to the client that is returned; all are there before the first is told of.
     *
     * @param mostTokens of the answer, and of what is told of its prompt
     */
    DispatchClient add(ChoiceText text, int mostTokens) {
        var choice = new Choice(choices.size(), text, mostTokens + OTHER_EVENTS);
        choices.add(choice);
        numOpen++;
        return choice;
    }

    private final class Choice implements DispatchClient {
        final int index;
        final ChoiceText text;
        final int mostWaiting;
        final CompletableFuture<Done> gone = new CompletableFuture<>();

        // Guarded by the answers:
        int numWaiting;
        boolean told; // to its end
        boolean taken; // to its end

        Choice(int index, ChoiceText text, int mostWaiting) {
            this.index = index;
            this.text = text;
            this.mostWaiting = mostWaiting;
        }

        @Override
        public void tell(DispatchEvent event) {
            RunningAnswers.this.tell(this, event);
        }

        @Override
        public CompletionStage<Done> gone() {
            return gone;
        }
    }

    /**
     * Completes with what decides how the request is answered: that its only answer has begun, what is told of the
     * first of several, or a failure before that. Of several answers one may have begun when another is turned away:
     * that is to be known before anything is said.
     */
    public CompletionStage<Done> begun() {
        return begun;
    }

    /** Completes when nothing more can be taken: with why, unless the answers were complete or are not wanted. */
    public CompletionStage<Done> over() {
        return over;
    }

    /** Whether all ends were taken. */
    public boolean isComplete() {
        return numOpen == 0;
    }

    /**
     * What is there of the answers' text; nothing when nothing is there yet, and then {@link #onMore} tells when.
     *
     * @throws RequestFailure when there will be no more, and what was there before has been taken
     */
    public List<ChoiceEvent> take() {
        var events = new ArrayList<ChoiceEvent>();
        while (numOpen > 0 && events.size() < MOST_AT_ONCE) {
            var next = poll(events.isEmpty());
            if (next == null) {
                break;
            }
            try {
                take(next, events);
            } catch (RuntimeException e) {
                end(e);
                if (events.isEmpty()) {
                    throw e;
                }
            }
        }
        return events;
    }

    private synchronized @Nullable Told poll(boolean isFirst) {
        if (failure != null && isFirst) {
            throw failure;
        }
        var next = told.poll();
        if (next != null) {
            next.choice().numWaiting--;
        }
        awaited = next == null && isFirst;
        return next;
    }

    private void take(Told next, List<ChoiceEvent> events) {
        var choice = next.choice();
        for (var event : choice.text.on(next.event())) {
            if (event instanceof TextEvent.Begun && choices.size() > 1) {
                continue;
            }
            events.add(new ChoiceEvent(choice.index, event));
            if (event instanceof TextEvent.End) {
                numOpen--;
                if (endTaken(choice)) {
                    choice.gone.complete(Done.getInstance());
                }
            }
        }
    }

    /** Whether more of the answer is generated than is wanted, for its text ended before its tokens did. */
    private synchronized boolean endTaken(Choice choice) {
        choice.taken = true;
        if (choice.numWaiting > 0) {
            told.removeIf(waiting -> waiting.choice() == choice);
        }
        return !choice.told;
    }

    /** Whether {@link #take} throws. */
    public synchronized boolean hasFailed() {
        return failure != null;
    }

    /** Calls {@code more}, on any thread, when there is something to take where there was nothing, and on a failure. */
    public synchronized void onMore(Runnable more) {
        this.more = more;
    }

    /** The answers as a stream of single events; cancelling it ends the work. */
    public Source<ChoiceEvent, NotUsed> events() {
        return Source.fromGraph(new AnswerSource(() -> this));
    }

    private void tell(Choice choice, DispatchEvent event) {
        RequestFailure failed;
        boolean begins = false;
        Runnable wakes = null;
        synchronized (this) {
            choice.told |= isEnd(event);
            if (isOver || choice.taken) {
                return;
            }
            failed = failureNow(choice, event);
            if (failed == null) {
                told.add(new Told(choice, event));
                choice.numWaiting++;
                begins = !hasBegun && decides(event);
                hasBegun |= begins;
                wakes = awaited ? more : null;
                awaited = false;
            }
        }
        if (failed != null) {
            end(failed);
        }
        if (begins) {
            begun.complete(Done.getInstance());
        }
        if (wakes != null) {
            wakes.run();
        }
    }

    /** A failure that does not wait until what was told before it has been taken. */
    private @Nullable RequestFailure failureNow(Choice choice, DispatchEvent event) {
        if (choice.numWaiting == choice.mostWaiting) {
            return tooSlow();
        }
        return event instanceof DispatchEvent.Failed(RequestFailure failure) && !hasBegun ? failure : null;
    }

    private static boolean isEnd(DispatchEvent event) {
        return event instanceof DispatchEvent.Stopped
                || event instanceof DispatchEvent.LengthReached
                || event instanceof DispatchEvent.Failed;
    }

    private boolean decides(DispatchEvent event) {
        return event instanceof DispatchEvent.Begun
                ? choices.size() == 1
                : !(event instanceof DispatchEvent.PromptScored);
    }

    private RequestFailure tooSlow() {
        return new RequestFailure(
                Kind.SLOW_READER,
                "The client is more than " + mostBehind + " tokens behind its answer, so the answer was cut off.");
    }

    /** Ends all work; who takes gets this failure. */
    public void abort(RuntimeException cause) {
        end(cause);
    }

    /** Nobody takes any more: ends what work there is. */
    public void close() {
        end(null);
    }

    private void end(@Nullable RuntimeException cause) {
        List<Choice> unfinished;
        Runnable wakes;
        synchronized (this) {
            if (isOver) {
                return;
            }
            isOver = true;
            failure = cause;
            told.clear();
            wakes = more;
            unfinished = choices.stream()
                    .filter(choice -> !choice.told && !choice.taken)
                    .toList();
        }
        unfinished.forEach(choice -> choice.gone.complete(Done.getInstance()));
        if (cause == null) {
            begun.complete(Done.getInstance());
            over.complete(Done.getInstance());
        } else {
            begun.completeExceptionally(cause);
            over.completeExceptionally(cause);
            wakes.run();
        }
    }
}
