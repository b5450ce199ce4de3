package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.InputPaths;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;

/** Writes graphs whose weights a test changed. */
public final class TrainedModels {
    private TrainedModels() {}

    /** Writes a model folder with the weights of projector and decoder in the graph, and the stored vision tower. */
    public static void write(Path output, Llava model, Origin origin, TensorType type) {
        InputPaths inputs = InputPaths.of(origin.folder(), origin.visionTower());
        try (AtomicFolder folder = AtomicFolder.begin(output, CheckpointWriter.KIND, inputs);
                Checkpoint tower = Checkpoint.tower(origin.folder(), origin.visionTower())) {
            List<LazyTensor> tensors = new ArrayList<>(tower.toLazyTensors(
                    TensorSource.shapes(source -> Llava.buildTower(origin.config(), source)), null));
            model.stateDict().forEach((name, array) -> {
                if (!CheckpointWriter.isVisionTower(name)) {
                    tensors.add(LazyTensor.of(name, type, array));
                }
            });
            CheckpointWriter.writeInto(folder.path(), tensors, origin, WriteOptions.DEFAULT);
            folder.commit();
        }
    }

    /** Writes the projector of a graph, as stage 1's result. */
    public static void writeProjector(Path file, Llava model) {
        SafetensorsWriter.write(file, CheckpointWriter.stage1Weights(model), name -> TensorType.F32);
    }
}
