package org.llava4j.train.run;

import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.AtomicFile;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.AdapterFiles;
import org.llava4j.model.folder.AdapterWriter;
import org.llava4j.model.folder.CheckpointWriter;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * Output of a stage: a model folder, or the adapter of a stage with LoRA.
 *
 * @param stage the stage
 * @param paths inputs and output of the run
 * @param visionTower folder of the vision tower
 * @param config model configuration of the run
 * @param saveType dtype of the weights
 */
record StageOutput(Stage stage, RunPaths paths, Path visionTower, LlavaConfig config, TensorType saveType) {
    static final String STAGE_FILE = "stage.json";

    /** Kind of such an output, by which {@link org.llava4j.data.AtomicFolder} recognizes a former one. */
    static String kind(Stage stage) {
        return stage.model().lora() == null ? CheckpointWriter.KIND : AdapterWriter.KIND;
    }

    /** Writes all files but the manifest to an existing folder. */
    void write(Path folder, Llava model, RunReport.Summary summary) {
        Origin origin =
                new Origin(paths.model(), visionTower, config, stage.data().chatFormat());
        if (stage.model().lora() == null) {
            writeModel(folder, model, origin);
        } else {
            AdapterWriter.writeInto(folder, model, origin, stage.model().lora(), saveType);
        }
        AtomicFile.writeString(folder.resolve(STAGE_FILE), Stages.json(stage));
        AtomicFile.writeString(folder.resolve(RunReport.FILE), summary.json());
    }

    private void writeModel(Path folder, Llava model, Origin origin) {
        try (Checkpoint stored = GradientWorker.weights(stage, paths)) {
            CheckpointWriter.writeInto(
                    folder,
                    CheckpointWriter.withTrainedWeights(
                            model,
                            stored.toLazyTensors(Llava.weightShapes(config), config.imageStartEndTokens()),
                            config,
                            saveType),
                    origin,
                    CheckpointWriter.WriteOptions.DEFAULT);
        }
    }

    /**
     * Writes the manifest, the last file, because it has the hashes of all others.
     *
     * @param sources where each initial weight was read from
     */
    void writeManifest(Path folder, SortedMap<String, String> sources) {
        SortedMap<String, String> now = new TreeMap<>(sources);
        now.replaceAll((name, source) ->
                stage.model().isTrainable(name) ? source + ", then trained by " + stage.name() : source);
        ModelManifest.write(
                folder,
                new ModelManifest.Provenance(
                        kind(stage),
                        CheckpointLayout.LLAVA.toString(),
                        stage.data().chatFormat().template().name(),
                        stage.name(),
                        stage.model().lora() == null ? null : AdapterFiles.baseHash(paths.model()),
                        now));
    }
}
