package dev.troupe.routing.generate;

import akka.Done;
import akka.stream.Attributes;
import akka.stream.Outlet;
import akka.stream.SourceShape;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.GraphStage;
import akka.stream.stage.GraphStageLogic;
import akka.stream.stage.OutHandler;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/** Answers as a stream of single events, for those who do not write them as they come. */
final class AnswerSource extends GraphStage<SourceShape<ChoiceEvent>> {
    private final Outlet<ChoiceEvent> out = Outlet.create("AnswerSource.out");
    private final SourceShape<ChoiceEvent> shape = SourceShape.of(out);
    private final Supplier<RunningAnswers> begin;

    /** @param begin is asked when the stream is run */
    AnswerSource(Supplier<RunningAnswers> begin) {
        this.begin = begin;
    }

    @Override
    public SourceShape<ChoiceEvent> shape() {
        return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes inherited) {
        return new Logic();
    }

    private final class Logic extends GraphStageLogic implements OutHandler {
        private final Deque<ChoiceEvent> taken = new ArrayDeque<>();
        private final RunningAnswers answers;

        Logic() {
            super(shape);
            answers = begin.get();
            setHandler(out, this);
        }

        @Override
        public void preStart() {
            AsyncCallback<Done> more = createAsyncCallback(done -> onMore());
            answers.onMore(() -> more.invoke(Done.getInstance()));
        }

        private void onMore() {
            // A failure does not wait until somebody wants to hear of it.
            if (isAvailable(out) || (taken.isEmpty() && answers.hasFailed())) {
                give();
            }
        }

        @Override
        public void onPull() {
            give();
        }

        private void give() {
            try {
                if (taken.isEmpty()) {
                    taken.addAll(answers.take());
                }
            } catch (RuntimeException e) {
                failStage(e);
                return;
            }
            var event = taken.poll();
            if (event != null) {
                push(out, event);
                if (taken.isEmpty() && answers.isComplete()) {
                    complete(out);
                }
            }
        }

        @Override
        public void postStop() {
            answers.close();
        }
    }
}
