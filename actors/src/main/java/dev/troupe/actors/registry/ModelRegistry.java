package dev.troupe.actors.registry;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.javadsl.Behaviors;
import akka.pattern.StatusReply;
import akka.persistence.typed.PersistenceId;
import akka.persistence.typed.javadsl.CommandHandler;
import akka.persistence.typed.javadsl.Effect;
import akka.persistence.typed.javadsl.EventHandler;
import akka.persistence.typed.javadsl.EventSourcedBehavior;
import akka.persistence.typed.javadsl.RetentionCriteria;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.wire.WireMessage;
import java.time.Clock;
import java.time.Duration;
import java.util.stream.Collectors;

/**
 * The durable list of models and promotions, rebuilt from its events after a restart. The actor system needs the
 * configuration of {@link RegistryStorage}.
 */
public final class ModelRegistry extends EventSourcedBehavior<ModelRegistry.Command, RegistryEvent, RegistryState> {

    /** What the registry may be asked, from any node. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(Register.class),
        @JsonSubTypes.Type(Promote.class),
        @JsonSubTypes.Type(Latest.class),
        @JsonSubTypes.Type(ListModels.class)
    })
    public sealed interface Command extends WireMessage {}

    /** Makes a checkpoint known. Registering the same version again changes nothing; other contents are refused. */
    public record Register(ModelVersion version, ActorRef<StatusReply<ModelVersion>> replyTo) implements Command {}

    /** Makes a registered version the one that serves. */
    public record Promote(String modelId, String version, String reason, ActorRef<StatusReply<ModelVersion>> replyTo)
            implements Command {}

    /** Asks for the latest promoted version of a model, or of any for an empty id. */
    public record Latest(String modelId, ActorRef<StatusReply<ModelVersion>> replyTo) implements Command {}

    /** Asks for everything. */
    public record ListModels(ActorRef<RegistryState> replyTo) implements Command {}

    /** Identity in the journal. */
    public static final PersistenceId PERSISTENCE_ID = PersistenceId.ofUniqueId("model-registry");

    private static final int EVENTS_PER_SNAPSHOT = 100;

    private final Clock clock;

    private ModelRegistry(Clock clock) {
        super(
                PERSISTENCE_ID,
                SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(10), 0.1));
        this.clock = clock;
    }

    /** The registry; one per cluster. */
    public static Behavior<Command> create() {
        return Behaviors.withMdc(
                Command.class, java.util.Map.of("actor", "model-registry"), new ModelRegistry(Clock.systemUTC()));
    }

    @Override
    public RegistryState emptyState() {
        return RegistryState.EMPTY;
    }

    @Override
    public CommandHandler<Command, RegistryEvent, RegistryState> commandHandler() {
        return (state, command) -> switch (command) {
            case Register register -> register(state, register);
            case Promote promote -> promote(state, promote);
            case Latest latest -> latest(state, latest);
            case ListModels list -> Effect().reply(list.replyTo(), state);
        };
    }

    private Effect<RegistryEvent, RegistryState> register(RegistryState state, Register command) {
        ModelVersion version = command.version();
        var known = state.find(version.modelId(), version.version());
        if (known.isEmpty()) {
            return Effect()
                    .persist(new RegistryEvent.CheckpointRegistered(version, clock.millis()))
                    .thenReply(command.replyTo(), after -> StatusReply.success(version));
        }
        if (known.get().equals(version)) {
            return Effect().reply(command.replyTo(), StatusReply.success(version));
        }
        return refuse(
                command.replyTo(),
                "model \"" + version.modelId() + "\" already has another version \"" + version.version() + "\" in "
                        + known.get().directory() + ": register the new weights under another version");
    }

    private Effect<RegistryEvent, RegistryState> promote(RegistryState state, Promote command) {
        var known = state.find(command.modelId(), command.version());
        if (known.isEmpty()) {
            return refuse(
                    command.replyTo(),
                    "model \"" + command.modelId() + "\" has no version \"" + command.version()
                            + "\": register it first; known are " + knownVersions(state));
        }
        var event =
                new RegistryEvent.ModelPromoted(command.modelId(), command.version(), command.reason(), clock.millis());
        return Effect().persist(event).thenReply(command.replyTo(), after -> StatusReply.success(known.get()));
    }

    private Effect<RegistryEvent, RegistryState> latest(RegistryState state, Latest command) {
        return state.latestPromoted(command.modelId())
                .<Effect<RegistryEvent, RegistryState>>map(
                        version -> Effect().reply(command.replyTo(), StatusReply.success(version)))
                .orElseGet(() -> refuse(
                        command.replyTo(),
                        (command.modelId().isEmpty() ? "no model" : "no version of model \"" + command.modelId() + "\"")
                                + " has been promoted yet: train one and promote it first"));
    }

    private Effect<RegistryEvent, RegistryState> refuse(ActorRef<StatusReply<ModelVersion>> replyTo, String message) {
        return Effect().reply(replyTo, StatusReply.error(message));
    }

    private static String knownVersions(RegistryState state) {
        return state.registrations().isEmpty()
                ? "none"
                : state.registrations().stream()
                        .map(it -> it.version().modelId() + "/" + it.version().version())
                        .collect(Collectors.joining(", "));
    }

    @Override
    public EventHandler<RegistryState, RegistryEvent> eventHandler() {
        return RegistryState::with;
    }

    @Override
    public RetentionCriteria retentionCriteria() {
        return RetentionCriteria.snapshotEvery(EVENTS_PER_SNAPSHOT, 2);
    }
}
