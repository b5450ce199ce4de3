package org.llava4j.train.stage;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.InputSnapshot;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.folder.ModelFiles;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.train.stage.Stage.DataFormat;

/**
 * What a run is: everything that its output depends on, by content. It is recorded in each checkpoint and in
 * {@code run.json}, compared at a resume and by train-all, and no part of it is cached.
 *
 * @param values all of it
 * @param files the files of the model that the run reads, as they are now
 */
record RunIdentity(Fingerprint values, InputSnapshot files) {
    /** Names of values that change no step that was taken: limits, and what only the output gets. */
    private static final Set<String> WITHOUT_EFFECT_ON_STEPS =
            Set.of("name", "maxBadSamples", "maxBadSteps", "explodingLoss", "save-type");

    private static final String OUTPUT_FILE = "file ";

    /** The prefix of everything that the choice of the best weights depends on. */
    private static final String EVALUATION = "eval ";

    /**
     * Reads all that a run depends on; the graph is not built.
     *
     * @param data what the run trains on, open
     * @param notices receives a line before something that takes long
     * @throws org.llava4j.data.BadInputException if a file is missing or broken
     */
    static RunIdentity of(Stage stage, RunPaths paths, RunOptions options, StageData data, Consumer<String> notices) {
        Path tower = StageRunner.visionTower(paths.model(), paths.visionTower());
        LlavaConfig config = GradientWorker.config(stage, paths, options);
        ModelFiles model = model(paths);
        InputSnapshot files = InputSnapshot.byContent(paths(stage, paths));
        Fingerprint.Builder identity = new Fingerprint.Builder();
        addStage(identity, stage);
        identity.add("frozen-dtype", options.frozenDtype());
        addConfig(identity, config, tower);
        identity.addFiles("weights of ", model.weights(), files);
        identity.addFiles("", model.tokenizer(), files);
        data.addToIdentity(identity, "", readSamples(stage, data), notices);
        addEvaluation(identity, stage, paths, options, config, notices);
        identity.add("save-type", options.saveType());
        identity.addFiles("", model.others(), files);
        return new RunIdentity(identity.build(), files);
    }

    /** The files of the model, and the template's if it has one. */
    static List<Path> paths(Stage stage, RunPaths paths) {
        List<Path> all = new ArrayList<>(model(paths).all());
        if (stage.convMode().endsWith(".json")) {
            all.add(Path.of(stage.convMode()));
        }
        return all;
    }

    private static ModelFiles model(RunPaths paths) {
        Path tower = StageRunner.visionTower(paths.model(), paths.visionTower());
        return ModelFiles.of(paths.model(), tower, paths.projector());
    }

    /** As {@link #of(Stage, RunPaths, RunOptions, StageData, Consumer)}, with data that is opened for it. */
    static RunIdentity of(Stage stage, RunPaths paths, RunOptions options, Consumer<String> notices) {
        try (StageData data = StageData.open(stage, paths, GradientWorker.config(stage, paths, options), bad -> {})) {
            return of(stage, paths, options, data, notices);
        }
    }

    private static long readSamples(Stage stage, StageData data) {
        int steps = stage.schedule(data.batches().batchesPerEpoch()).totalSteps();
        return (long) steps * stage.accumulation() * stage.batchSize();
    }

    /** The template counts by what it says, wherever its file is. */
    private static void addStage(Fingerprint.Builder identity, Stage stage) {
        ObjectNode values = (ObjectNode) Stages.tree(stage);
        values.remove("convMode");
        identity.addAll("", values);
        identity.addAll("conversation template ", stage.chatFormat().template());
    }

    private static void addConfig(Fingerprint.Builder identity, LlavaConfig config, Path tower) {
        ObjectNode model = JsonNodeFactory.instance.objectNode();
        config.decoder().writeTo(model);
        config.writeTo(model, "");
        // The folder's name counts for nothing; the other two are the stage's.
        model.remove(List.of("mm_vision_tower", "image_aspect_ratio", "tokenizer_model_max_length"));
        identity.addAll("config.json ", model);
        ObjectNode vision = JsonNodeFactory.instance.objectNode();
        config.vision().writeTo(vision);
        identity.addAll("vision tower config.json ", vision);
        identity.addAll("preprocessor_config.json ", TowerFeatures.preprocessing(tower, config));
    }

    /** What is only shown of held-out data may change; what decides which weights are the best may not. */
    private static void addEvaluation(
            Fingerprint.Builder identity,
            Stage stage,
            RunPaths paths,
            RunOptions options,
            LlavaConfig config,
            Consumer<String> notices) {
        Optional<ValidationOptions> chosen = options.validation().filter(ValidationOptions::loadBestModelAtEnd);
        identity.add(EVALUATION + "load-best-model-at-end", chosen.isPresent());
        if (chosen.isPresent()) {
            ValidationOptions heldOut = chosen.get();
            identity.add(EVALUATION + "eval-steps", heldOut.evalSteps());
            identity.add(EVALUATION + "eval-samples", heldOut.maxSamples());
            if (stage.dataFormat() == DataFormat.SCIENCEQA) {
                identity.add(EVALUATION + "eval-split", heldOut.split());
            }
            try (StageData data = Validation.data(heldOut, stage, paths, config, bad -> {})) {
                data.addToIdentity(identity, EVALUATION, heldOut.maxSamples(), notices);
            }
        }
    }

    /** What the last bits of a result depend on besides. */
    static Fingerprint environment(GradientExecutor place) {
        return new Fingerprint.Builder()
                .add("LLaVA4J version", ModelManifest.version())
                .add("kernels", KernelChoice.description())
                .add("place of the gradients", place.description())
                .build();
    }

    /** What differs in the steps of a run that was this one. */
    static List<String> stepDifferences(Fingerprint before, Fingerprint now) {
        return before.differences(
                now, name -> !WITHOUT_EFFECT_ON_STEPS.contains(name) && !name.startsWith(OUTPUT_FILE));
    }

    /** What differs, but not in the steps. */
    static List<String> otherDifferences(Fingerprint before, Fingerprint now) {
        return before.differences(now, name -> WITHOUT_EFFECT_ON_STEPS.contains(name) || name.startsWith(OUTPUT_FILE));
    }

    /** Whether a value is known before the projector is, which an earlier stage trains. */
    static boolean isIndependentOfProjector(String name) {
        return !name.startsWith("weights of projector");
    }

    /** Whether losses on held-out data can be compared. */
    static boolean sameEvaluation(Fingerprint before, Fingerprint now) {
        return before.differences(now, name -> name.startsWith(EVALUATION)).isEmpty();
    }
}
