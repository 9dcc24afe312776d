package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/** Task graphs that share device memory. This one only says that there is no TornadoVM. */
public class TornadoExecutionPlan implements AutoCloseable {
    public TornadoExecutionPlan(ImmutableTaskGraph... graphs) {
        missing(graphs.length + " task graphs");
    }

    public static TornadoDevice getDevice(int driverIndex, int deviceIndex) {
        return missing("device " + driverIndex + ":" + deviceIndex);
    }

    public TornadoDevice getDevice(int graphIndex) {
        return missing("device of task graph " + graphIndex);
    }

    public TornadoExecutionPlan withGraph(int graphIndex) {
        return this;
    }

    public TornadoExecutionPlan withAllGraphs() {
        return this;
    }

    public TornadoExecutionPlan withGridScheduler(GridScheduler gridScheduler) {
        return this;
    }

    public TornadoExecutionPlan withCompilerFlags(TornadoVMBackendType backend, String compilerFlags) {
        return this;
    }

    public TornadoExecutionResult execute() {
        return new TornadoExecutionResult();
    }

    public long getId() {
        return 0;
    }

    public long getCurrentDeviceMemoryUsage() {
        return 0;
    }

    @Override
    public void close() throws TornadoExecutionPlanException {}

    private static TornadoDevice missing(String what) {
        throw new UnsupportedOperationException(what + ": TornadoVM is not installed");
    }
}
