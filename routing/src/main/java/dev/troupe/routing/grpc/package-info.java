/** The gRPC front: the router service, standard health checks and server reflection. */
@NullMarked
package dev.troupe.routing.grpc;

import org.jspecify.annotations.NullMarked;
