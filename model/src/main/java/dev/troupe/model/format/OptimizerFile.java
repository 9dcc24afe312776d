package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.format.durable.AtomicDirectory;
import dev.troupe.model.format.safetensors.NamedTensor;
import dev.troupe.model.format.safetensors.SafetensorsFile;
import dev.troupe.model.format.safetensors.SafetensorsWriter;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * AdamW's moments in optimizer.safetensors: "moment1.NAME" and "moment2.NAME" for each parameter, in memory order, and
 * the number of steps in the metadata. By parameter and not by shard, so that any number of shards can read it.
 */
final class OptimizerFile {
    static final String FILE_NAME = "optimizer.safetensors";

    private static final String MOMENT1 = "moment1.";
    private static final String MOMENT2 = "moment2.";
    private static final String STEP = "step";

    private OptimizerFile() {}

    static void write(AtomicDirectory out, ParameterLayout layout, OptimizerState state) throws IOException {
        List<NamedTensor> tensors = new ArrayList<>();
        for (ParameterSpec spec : layout.specs()) {
            tensors.add(named(MOMENT1, spec, state.moment1()));
        }
        for (ParameterSpec spec : layout.specs()) {
            tensors.add(named(MOMENT2, spec, state.moment2()));
        }
        Map<String, String> metadata = Map.of(STEP, Long.toString(state.step()));
        out.write(FILE_NAME, channel -> SafetensorsWriter.write(channel, tensors, metadata));
    }

    private static NamedTensor named(String prefix, ParameterSpec spec, Tensor moment) {
        int[] shape = spec.shape().stream().mapToInt(Integer::intValue).toArray();
        return NamedTensor.of(prefix + spec.name(), moment.view(spec.offset(), shape));
    }

    /** How many steps were taken. */
    static long steps(Path path, SafetensorsFile file) {
        try {
            return Long.parseLong(file.metadata().getOrDefault(STEP, ""));
        } catch (NumberFormatException e) {
            throw new TroupeException(path + " does not say how many steps were taken", e);
        }
    }
}
