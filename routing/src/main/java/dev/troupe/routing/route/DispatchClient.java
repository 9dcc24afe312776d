package dev.troupe.routing.route;

import akka.Done;
import java.util.concurrent.CompletionStage;

/**
 * Who a sequence is generated for. Not an actor: a token has one mailbox less on its way, and what comes before anybody
 * reads is simply kept.
 */
public interface DispatchClient {
    /** Takes the next event, the last one of which is an end. Never called by two threads at once; must not block. */
    void tell(DispatchEvent event);

    /** Completes when no more events are wanted; need not any more once an end was told. */
    CompletionStage<Done> gone();
}
