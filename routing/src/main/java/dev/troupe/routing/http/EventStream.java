package dev.troupe.routing.http;

import akka.Done;
import akka.stream.Attributes;
import akka.stream.Outlet;
import akka.stream.SourceShape;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.GraphStage;
import akka.stream.stage.OutHandler;
import akka.stream.stage.TimerGraphStageLogic;
import akka.util.ByteString;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.generate.OpenAnswers;
import dev.troupe.routing.generate.RunningAnswers;
import java.time.Duration;
import java.util.List;

/**
 * The body of a streamed response: answers as server-sent events, all that wait as one element, in one stage, which
 * runs in the actor of its connection. Each token passes here while kernels wait for the processor: a stage of Akka's
 * for each of its tasks cost more than all of these.
 */
final class EventStream extends GraphStage<SourceShape<ByteString>> {
    private static final ByteString KEEP_ALIVE = ByteString.fromString(": still working\n\n");

    private final Outlet<ByteString> out = Outlet.create("EventStream.out");
    private final SourceShape<ByteString> shape = SourceShape.of(out);
    private final RunningAnswers answers;
    private final AnswerWriter writer;
    private final AnswerLog log;
    private final Duration keepAlive;
    private final OpenAnswers open;

    /**
     * To be run once.
     *
     * @param keepAlive how long nothing is said at the most
     * @param open where the stream counts from its start to its end
     */
    EventStream(RunningAnswers answers, AnswerWriter writer, AnswerLog log, Duration keepAlive, OpenAnswers open) {
        this.answers = answers;
        this.writer = writer;
        this.log = log;
        this.keepAlive = keepAlive;
        this.open = open;
    }

    @Override
    public SourceShape<ByteString> shape() {
        return shape;
    }

    @Override
    public TimerGraphStageLogic createLogic(Attributes inherited) {
        return new Logic();
    }

    private final class Logic extends TimerGraphStageLogic implements OutHandler {
        private long lastNanos = System.nanoTime();

        Logic() {
            super(shape);
            setHandler(out, this);
        }

        @Override
        public void preStart() {
            open.opened();
            AsyncCallback<Done> more = createAsyncCallback(done -> onMore());
            answers.onMore(() -> more.invoke(Done.getInstance()));
            scheduleOnce(KEEP_ALIVE, keepAlive);
        }

        private void onMore() {
            if (isAvailable(out)) {
                give();
            }
        }

        @Override
        public void onPull() {
            give();
        }

        private void give() {
            try {
                var frames = frames();
                if (answers.isComplete()) {
                    say(frames.concat(writer.lastFrames()));
                    complete(out);
                } else if (frames.nonEmpty()) {
                    say(frames);
                }
            } catch (RuntimeException e) {
                answers.abort(e);
                say(writer.failure(ApiProblem.of(e)));
                complete(out);
            }
        }

        /** Of what waits; nothing when nothing does. */
        private ByteString frames() {
            var frames = ByteString.emptyByteString();
            List<ChoiceEvent> events;
            do {
                events = answers.take();
                for (var event : events) {
                    frames = frames.concat(writer.frames(log.passed(event)));
                }
            } while (frames.isEmpty() && !events.isEmpty()); // not every event has a frame
            return frames;
        }

        private void say(ByteString bytes) {
            lastNanos = System.nanoTime();
            push(out, bytes);
        }

        /** Set again where it stands, not with each token: to cancel a timer costs more than a token. */
        @Override
        public void onTimer(Object key) {
            var silent = Duration.ofNanos(System.nanoTime() - lastNanos);
            if (silent.compareTo(keepAlive) < 0) {
                scheduleOnce(KEEP_ALIVE, keepAlive.minus(silent));
                return;
            }
            if (isAvailable(out)) {
                say(KEEP_ALIVE);
            }
            scheduleOnce(KEEP_ALIVE, keepAlive);
        }

        @Override
        public void postStop() {
            answers.close();
            open.closed();
        }
    }
}
