package org.llava4j.train.run;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.InitialAdapter;
import org.llava4j.model.folder.ModelFiles;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.train.data.StageData;
import org.llava4j.train.stage.DataArguments.DataFormat;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.StageDefaults;
import org.llava4j.train.stage.Stages;

/**
 * Identity of a run: everything that its output depends on, by content. It is recorded in each checkpoint and in {@code
 * run.json}, and compared on resume and by {@code train-all}; no part of it is cached.
 *
 * @param values names and values
 * @param files files of the model as they are now
 */
record RunIdentity(Fingerprint values, InputSnapshot files) {
    /** Names of values that do not affect completed steps: limits, and options of the output. */
    private static final Set<String> WITHOUT_EFFECT_ON_STEPS =
            Set.of("name", "maxBadSamples", "maxBadSteps", "explodingLoss", "save-type");

    private static final String OUTPUT_FILE = "file ";
    private static final String EXECUTOR = "gradient executor";
    private static final String FORMER_EXECUTOR = "place of the gradients";

    /** Prefix of everything that the choice of the best weights depends on. */
    private static final String EVALUATION = "eval ";

    /**
     * Computes the identity of a run; the graph is not built.
     *
     * @param data training data, open
     * @param notices receives a line before slow work
     * @throws org.llava4j.data.BadInputException if a file is missing or broken
     */
    static RunIdentity of(Stage stage, RunPaths paths, RunOptions options, StageData data, Consumer<String> notices) {
        Path tower = paths.towerFolder();
        LlavaConfig config = GradientWorker.config(stage, paths, options);
        ModelFiles model = model(paths);
        InputSnapshot files = InputSnapshot.byContent(paths(stage, paths));
        Fingerprint.Builder identity = new Fingerprint.Builder();
        addStage(identity, stage);
        identity.add("frozen-dtype", options.model().frozenDtype());
        // Absent by default, as in runs that older versions began.
        if (options.features().exifOrientation() == ExifOrientation.APPLY) {
            identity.add(
                    "exif-orientation", options.features().exifOrientation().optionName());
        }
        if (options.preProcessor() != null) {
            identity.add("preprocessor", "of the caller");
        }
        addConfig(identity, config, tower);
        identity.addFiles("weights of ", model.weights(), files);
        Path adapter = paths.adapter();
        if (adapter != null) {
            identity.addFiles("weights of ", InitialAdapter.weightFiles(adapter), files);
        }
        identity.addFiles("", model.tokenizer(), files);
        data.addToIdentity(identity, "", readSamples(stage, data), notices);
        addEvaluation(identity, stage, paths, options, config, notices);
        identity.add("save-type", options.saveType());
        identity.addFiles("", model.others(), files);
        if (adapter != null) {
            identity.addFiles("", InitialAdapter.configFiles(adapter), files);
        }
        return new RunIdentity(identity.build(), files);
    }

    /** Files of the model, and the conversation template if it is a file. */
    static List<Path> paths(Stage stage, RunPaths paths) {
        List<Path> all = new ArrayList<>(model(paths).all());
        if (paths.adapter() != null) {
            all.addAll(InitialAdapter.weightFiles(paths.adapter()).values());
            all.addAll(InitialAdapter.configFiles(paths.adapter()).values());
        }
        if (stage.data().convMode().endsWith(".json")) {
            all.add(Path.of(stage.data().convMode()));
        }
        return all;
    }

    private static ModelFiles model(RunPaths paths) {
        Path tower = paths.towerFolder();
        return ModelFiles.of(paths.model(), tower, paths.projector());
    }

    /** As {@link #of(Stage, RunPaths, RunOptions, StageData, Consumer)}, but opens the data. */
    static RunIdentity of(Stage stage, RunPaths paths, RunOptions options, Consumer<String> notices) {
        try (StageData data = StageData.open(
                stage, paths.model(), paths.sources(), GradientWorker.config(stage, paths, options), bad -> {})) {
            return of(stage, paths, options, data, notices);
        }
    }

    private static long readSamples(Stage stage, StageData data) {
        int steps = stage.learningRates(data.batches().batchesPerEpoch()).totalSteps();
        return (long) steps
                * stage.schedule().gradientAccumulationSteps()
                * stage.schedule().perDeviceTrainBatchSize();
    }

    /** The template counts by content, not by file name. */
    private static void addStage(Fingerprint.Builder identity, Stage stage) {
        ObjectNode values = (ObjectNode) Stages.tree(stage);
        values.remove("convMode");
        StageDefaults.removeFrom(values);
        identity.addAll("", values);
        identity.addAll("conversation template ", stage.data().chatFormat().template());
    }

    private static void addConfig(Fingerprint.Builder identity, LlavaConfig config, Path tower) {
        ObjectNode model = JsonNodeFactory.instance.objectNode();
        config.decoder().writeTo(model);
        config.writeTo(model, "");
        // The folder name is irrelevant; the other two are values of the stage.
        model.remove(List.of("mm_vision_tower", "image_aspect_ratio", "tokenizer_model_max_length"));
        identity.addAll("config.json ", model);
        ObjectNode vision = JsonNodeFactory.instance.objectNode();
        config.vision().writeTo(vision);
        identity.addAll("vision tower config.json ", vision);
        identity.addAll("preprocessor_config.json ", config.preprocessing(tower));
    }

    /** The validation set matters only if it decides which weights are the best. */
    private static void addEvaluation(
            Fingerprint.Builder identity,
            Stage stage,
            RunPaths paths,
            RunOptions options,
            LlavaConfig config,
            Consumer<String> notices) {
        ValidationOptions validation = options.validation();
        boolean chosen = validation != null && validation.loadBestModelAtEnd();
        identity.add(EVALUATION + "load-best-model-at-end", chosen);
        if (validation != null && chosen) {
            identity.add(EVALUATION + "eval-steps", validation.evalSteps());
            identity.add(EVALUATION + "eval-samples", validation.maxSamples());
            if (Validation.format(validation, stage) == DataFormat.SCIENCEQA) {
                identity.add(EVALUATION + "eval-split", validation.split());
            }
            try (StageData data = Validation.data(validation, stage, paths, config, bad -> {})) {
                data.addToIdentity(identity, EVALUATION, validation.maxSamples(), notices);
            }
        }
    }

    /** Everything that only rounding depends on. */
    static Fingerprint environment(GradientExecutor executor) {
        return new Fingerprint.Builder()
                .add("LLaVA4J version", ModelManifest.version())
                .add("kernels", KernelChoice.description())
                .add(EXECUTOR, executor.description())
                .build();
    }

    /**
     * Differences that affect completed steps.
     *
     * @param before identity in a checkpoint, possibly with former names
     */
    static List<String> stepDifferences(Fingerprint before, Fingerprint now) {
        return current(before)
                .differences(now, name -> !WITHOUT_EFFECT_ON_STEPS.contains(name) && !name.startsWith(OUTPUT_FILE));
    }

    /** Differences that do not affect completed steps. */
    static List<String> otherDifferences(Fingerprint before, Fingerprint now) {
        return current(before)
                .differences(now, name -> WITHOUT_EFFECT_ON_STEPS.contains(name) || name.startsWith(OUTPUT_FILE));
    }

    /** Whether a value is known before an earlier stage has trained the projector. */
    static boolean isIndependentOfProjector(String name) {
        return !name.startsWith("weights of projector");
    }

    /** Replaces former names of values, which older versions recorded, by the current ones. */
    static Fingerprint current(Fingerprint recorded) {
        Map<String, String> values = new LinkedHashMap<>();
        recorded.values()
                .forEach((name, value) ->
                        values.put(name.equals(FORMER_EXECUTOR) ? EXECUTOR : Stages.currentKey(name), value));
        return new Fingerprint(values);
    }

    /** Whether validation losses are comparable. */
    static boolean sameEvaluation(Fingerprint before, Fingerprint now) {
        return current(before)
                .differences(now, name -> name.startsWith(EVALUATION))
                .isEmpty();
    }
}
