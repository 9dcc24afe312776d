package dev.troupe.model.kernel.linear;

/**
 * A weight matrix W [out, in] as the products of the provider that made it read it. A copy in another form is made when
 * a product first needs it and again after each change that {@link WeightVersion} was told of.
 */
public interface LinearWeight {
    int in();

    int out();
}
