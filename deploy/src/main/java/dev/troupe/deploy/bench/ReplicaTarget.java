package dev.troupe.deploy.bench;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.ReplicaProtocol;
import java.util.List;

/** A replica's actor, asked by another actor of the same process. */
final class ReplicaTarget implements LoadTarget {
    private final ActorSystem<?> system;
    private final ActorRef<ReplicaProtocol.Command> replica;
    private final LoadRequest request;
    private int numLoads;

    ReplicaTarget(ActorSystem<?> system, ActorRef<ReplicaProtocol.Command> replica, LoadRequest request) {
        this.system = system;
        this.replica = replica;
        this.request = request;
    }

    /** Requests are called by their number: what comes of one is told to whoever asked. */
    @Override
    public Outcome answer(List<List<Integer>> prompts, Arrivals arrivals, int numTokens) {
        Asking asking = new Asking(prompts, arrivals, numTokens);
        ActorRef<GenerationEvent> client = system.systemActorOf(
                Behaviors.receiveMessage((GenerationEvent event) -> {
                    asking.on(event);
                    return asking.isOver() ? Behaviors.stopped() : Behaviors.same();
                }),
                "bench-client-" + numLoads++,
                Props.empty());
        return asking.run(client);
    }

    private final class Asking {
        private final LoadDriver driver;
        private final List<List<Integer>> prompts;
        private final int numTokens;
        private volatile ActorRef<GenerationEvent> client = system.ignoreRef();
        private int numAnswered;

        Asking(List<List<Integer>> prompts, Arrivals arrivals, int numTokens) {
            this.prompts = prompts;
            this.numTokens = numTokens;
            driver = new LoadDriver(prompts.size(), arrivals, numTokens, this::ask);
        }

        Outcome run(ActorRef<GenerationEvent> client) {
            this.client = client;
            return driver.run();
        }

        private void ask(int number) {
            replica.tell(new ReplicaProtocol.Submit(
                    request.of(Integer.toString(number), prompts.get(number), numTokens), client));
        }

        boolean isOver() {
            return numAnswered == prompts.size();
        }

        void on(GenerationEvent event) {
            int number = Integer.parseInt(event.requestId());
            switch (event) {
                case GenerationEvent.TokenGenerated token -> driver.tokens(number, 1);
                case GenerationEvent.Finished finished -> {
                    numAnswered++;
                    driver.answered(number).ifPresent(this::ask);
                }
                case GenerationEvent.Rejected rejected -> driver.failed(new IllegalStateException(rejected.message()));
                case GenerationEvent.Failed failed -> driver.failed(new IllegalStateException(failed.message()));
                case GenerationEvent.Begun begun -> {}
                case GenerationEvent.PromptScored scored -> {}
                case GenerationEvent.Embedded embedded -> {}
            }
        }
    }
}
