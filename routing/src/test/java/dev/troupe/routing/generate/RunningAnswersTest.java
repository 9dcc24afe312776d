package dev.troupe.routing.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import dev.troupe.routing.stream.TextEvent;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RunningAnswersTest {
    private final RequestFailure broken = new RequestFailure(Kind.INTERNAL, "it broke");

    /** Text with the number of its choice before each piece; "." is an end, "(" a beginning. */
    private static String taken(RunningAnswers running) {
        var text = new StringBuilder();
        for (var event : running.take()) {
            text.append(event.choice());
            switch (event.event()) {
                case TextEvent.Begun begun -> text.append('(');
                case TextEvent.Piece piece -> text.append(piece.text());
                case TextEvent.Call call -> throw new AssertionError(call);
                case TextEvent.End end -> text.append('.');
            }
        }
        return text.toString();
    }

    private static boolean isDone(RunningAnswers running) {
        return running.over().toCompletableFuture().isDone();
    }

    @Test
    void allThatWaitsIsTakenAtOnceInOrder() {
        var told = new ToldAnswers(2, 10);
        told.tell(0, new DispatchEvent.Begun(0));
        told.say(0, "ab");
        told.say(1, "x");
        told.say(0, "c");
        assertThat(taken(told.running())).isEqualTo("0a0b1x0c");
        assertThat(taken(told.running())).isEmpty();
        told.tell(1, new DispatchEvent.Stopped());
        assertThat(taken(told.running())).isEqualTo("1.");
        assertThat(told.running().isComplete()).isFalse();
        told.tell(0, new DispatchEvent.LengthReached());
        assertThat(taken(told.running())).isEqualTo("0.");
        assertThat(told.running().isComplete()).isTrue();
        assertThat(told.isGone(0) || told.isGone(1)).isFalse();
    }

    @Test
    void aLongWaitIsTakenInParts() {
        var told = new ToldAnswers(1, 200);
        told.say(0, "a".repeat(100));
        assertThat(told.running().take()).hasSize(64);
        assertThat(told.running().take()).hasSize(36);
    }

    @Test
    void whoFoundNothingIsWokenOnce() {
        var told = new ToldAnswers(1, 10);
        var woken = new AtomicInteger();
        told.running().onMore(woken::incrementAndGet);
        told.say(0, "a");
        assertThat(woken).hasValue(0);
        taken(told.running());
        told.say(0, "b");
        assertThat(woken).as("something was there").hasValue(0);
        taken(told.running());
        assertThat(taken(told.running())).isEmpty();
        told.say(0, "cde");
        assertThat(woken).hasValue(1);
    }

    @Test
    void theOnlyAnswersBeginningIsToldAndDecides() {
        var told = new ToldAnswers(1, 10);
        assertThat(told.running().begun()).isNotDone();
        told.tell(0, new DispatchEvent.Begun(0));
        assertThat(told.running().begun()).isCompleted();
        assertThat(taken(told.running())).isEqualTo("0(");
    }

    @Test
    void ofSeveralAnswersATokenDecides() {
        var told = new ToldAnswers(2, 10);
        told.tell(0, new DispatchEvent.Begun(0));
        told.tell(1, new DispatchEvent.Begun(0));
        assertThat(told.running().begun()).isNotDone();
        told.say(1, "x");
        assertThat(told.running().begun()).isCompleted();
        assertThat(taken(told.running())).isEqualTo("1x");
    }

    @Test
    void aFailureBeforeAnythingEndsAllAtOnce() {
        var told = new ToldAnswers(2, 10);
        told.tell(0, new DispatchEvent.Begun(0));
        told.tell(1, new DispatchEvent.Failed(broken));
        assertThat(told.running().begun()).isCompletedExceptionally();
        assertThat(told.running().over()).isCompletedExceptionally();
        assertThat(told.isGone(0)).isTrue();
        assertThat(told.isGone(1)).as("it has ended by itself").isFalse();
        assertThatThrownBy(() -> told.running().take()).isSameAs(broken);
    }

    @Test
    void aFailureComesAfterWhatWasToldBefore() {
        var told = new ToldAnswers(1, 10);
        told.say(0, "ab");
        told.tell(0, new DispatchEvent.Failed(broken));
        assertThat(taken(told.running())).isEqualTo("0a0b");
        assertThat(told.running().hasFailed()).isTrue();
        assertThatThrownBy(() -> told.running().take()).isSameAs(broken);
        assertThat(told.running().over()).isCompletedExceptionally();
    }

    @Test
    void whoTakesTooSlowlyIsCutOffAndNothingPilesUp() {
        var told = new ToldAnswers(2, 10);
        told.say(0, "a".repeat(13)); // with the places for other events
        assertThat(told.isGone(0)).isFalse();
        told.say(0, "a");
        assertThat(List.of(told.isGone(0), told.isGone(1))).containsOnly(true);
        told.say(1, "b");
        assertThatThrownBy(() -> told.running().take())
                .isInstanceOfSatisfying(
                        RequestFailure.class,
                        failure -> assertThat(failure.kind()).isEqualTo(Kind.SLOW_READER));
    }

    @Test
    void whatIsGeneratedAfterAStopStringIsNotWanted() {
        var told = new ToldAnswers(1, 10, "bc");
        told.say(0, "abcdefg");
        assertThat(taken(told.running())).isEqualTo("0a0.");
        assertThat(told.running().isComplete()).isTrue();
        assertThat(told.isGone(0)).isTrue();
        told.say(0, "h");
        assertThat(taken(told.running())).isEmpty();
    }

    @Test
    void whatNobodyTakesAnyMoreIsCancelled() {
        var told = new ToldAnswers(1, 10);
        told.say(0, "a");
        told.running().close();
        assertThat(told.isGone(0)).isTrue();
        assertThat(told.running().over()).isCompleted();
        told.say(0, "b");
        assertThat(taken(told.running())).isEmpty();
    }

    @Test
    void anAbortWakesAndEndsEverything() {
        var told = new ToldAnswers(1, 10);
        var woken = new AtomicInteger();
        told.running().onMore(woken::incrementAndGet);
        told.say(0, "a");
        told.running().abort(broken);
        assertThat(woken).hasValue(1);
        assertThat(told.isGone(0)).isTrue();
        assertThat(told.running().begun()).isCompleted();
        assertThat(told.running().over()).isCompletedExceptionally();
        assertThatThrownBy(() -> told.running().take()).isSameAs(broken);
        told.running().abort(new RequestFailure(Kind.CANCELLED, "later"));
        assertThatThrownBy(() -> told.running().take()).isSameAs(broken);
    }

    @Test
    void nothingIsOverBeforeItsLastEventHasBeenTaken() {
        var told = new ToldAnswers(1, 10);
        told.say(0, "a");
        told.tell(0, new DispatchEvent.Stopped());
        assertThat(isDone(told.running())).isFalse();
        assertThat(taken(told.running())).isEqualTo("0a0.");
        assertThat(isDone(told.running())).as("its taker says so").isFalse();
        told.running().close();
        assertThat(told.running().over()).isCompleted();
        assertThat(told.isGone(0)).isFalse();
    }
}
