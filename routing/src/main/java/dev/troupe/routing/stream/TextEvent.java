package dev.troupe.routing.stream;

import java.util.List;

/** What the text of one answer comes as: that it is being written, any number of pieces, then its end. */
public sealed interface TextEvent {
    /** A replica reads the prompt; at most once, before anything else. */
    record Begun() implements TextEvent {}

    /**
     * More text.
     *
     * @param text whole characters
     * @param tokens those that begin in this piece
     */
    record Piece(String text, List<ScoredToken> tokens) implements TextEvent {}

    /**
     * A call of a tool, or more of one.
     *
     * @param index of the call in the answer
     * @param id in the first event of a call, as is the name; else ""
     * @param arguments more of the text of a JSON object
     * @param tokens those that begin in this piece
     */
    record Call(int index, String id, String name, String arguments, List<ScoredToken> tokens) implements TextEvent {}

    /**
     * The answer is complete.
     *
     * @param numTokens generated in all, those of a stop string included
     * @param numCached tokens of the prompt that were in a cache
     */
    record End(FinishReason reason, int numTokens, int numCached) implements TextEvent {}

    /** Why an answer ended. */
    enum FinishReason {
        /** The model ended it, or a stop string came up. */
        STOP,
        /** The model ended it, and wants tools to be called. */
        TOOL_CALLS,
        /** As many tokens as were asked for, or the context is full. */
        LENGTH,
        /** A safety filter cut it. */
        CONTENT_FILTER
    }
}
