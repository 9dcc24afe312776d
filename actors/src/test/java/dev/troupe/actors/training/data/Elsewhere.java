package dev.troupe.actors.training.data;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.training.data.DataNode.Command;

/** A data node with a file system of its own: a folder is somewhere else there. */
public final class Elsewhere {
    private Elsewhere() {}

    /**
     * One that begins to read where {@code node} does, with {@code actual} for {@code seen} at the start of folders.
     */
    public static Behavior<Command> of(ActorRef<Command> node, String seen, String actual) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(DataNode.KEY, context.getSelf()));
            return Behaviors.receiveMessage(command -> {
                node.tell(
                        switch (command) {
                            case DataNode.Describe(String folder, var replyTo) ->
                                new DataNode.Describe(folder.replace(seen, actual), replyTo);
                            case DataNode.Read(String folder, String sha256, var ranges, var replyTo) ->
                                new DataNode.Read(folder.replace(seen, actual), sha256, ranges, replyTo);
                            default -> command;
                        });
                return Behaviors.same();
            });
        });
    }

    /** The same, with a node of its own that no run finds otherwise. */
    public static Behavior<Command> of(String seen, String actual) {
        return Behaviors.setup(context ->
                of(context.spawn(DataNode.unregistered(new DataNodeLimits(4, 4, 16)), "files"), seen, actual));
    }
}
