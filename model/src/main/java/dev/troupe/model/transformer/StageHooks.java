package dev.troupe.model.transformer;

/**
 * Is told when a stage is about to use the parameters of a part and when it is done with them, so that weights can be
 * brought in for the while, and gradients taken away as soon as they are complete. Called on the thread that computes,
 * with the index of the part in {@link ParameterLayout#parts}.
 */
public interface StageHooks {
    /** Does nothing: all parameters are here all the time. */
    StageHooks NONE = new StageHooks() {};

    /** The forward pass reads the weights of this part next. */
    default void beforeForward(int part) {}

    /**
     * After the part that was announced last, the weights of this one are read next: they may be brought in while that
     * one is used.
     */
    default void expect(int part) {}

    /** The backward pass reads its weights and writes its gradients next. */
    default void beforeBackward(int part) {}

    /** Its gradients of this micro batch are complete. */
    default void afterBackward(int part) {}
}
