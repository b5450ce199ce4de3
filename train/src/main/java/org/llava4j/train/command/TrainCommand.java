package org.llava4j.train.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.Command;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.train.logging.ProgressLine;
import org.llava4j.train.logging.RunPage;
import org.llava4j.train.logging.TensorBoardLog;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunOptions.FeatureOptions;
import org.llava4j.train.run.RunOptions.ModelOptions;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.ValidationOptions;
import org.llava4j.train.run.WeightGroup;

/** Base class of training commands: common flags and output. */
abstract class TrainCommand extends Command {
    static final String GRADIENT_CHECKPOINTING_HELP =
            "recompute the activations of decoder layers in the backward pass: less memory, more time";
    static final String PACKING_HELP =
            "pack the samples of a batch into one row without padding; they do not attend to each other";
    private static final long BYTES_OF_GB = 1L << 30;
    private static final double DEFAULT_CACHE_GB = 20;
    private static final int DEFAULT_SAVE_STEPS = 500;
    private static final int DEFAULT_SAVE_TOTAL_LIMIT = 2;
    private static final int DEFAULT_EVAL_SAMPLES = 256;
    private static final String DEFAULT_EVAL_SPLIT = "minival";

    TrainCommand(String name, String summary) {
        super(name, summary);
    }

    protected static void addRunFlags(Options options) {
        FrozenDtypeFlags.add(options);
        options.addOption(repeatable("set", "KEY=VALUE", "change a value of the stage; repeatable"))
                .addOption(
                        flag("mm-projector-type", "TYPE", "projector of a model that has none: linear or mlp2x_gelu"))
                .addOption(flag(
                        "mm-vision-select-layer", "N", "vision tower layer whose output is the feature (LLaVA: -2)"))
                .addOption(flag(
                        "exif-orientation", "MODE", "EXIF orientation of images: ignore (default, as LLaVA) or apply"))
                .addOption(flag("feature-cache", "DIR", "persistent cache of vision tower features"))
                .addOption(flag("feature-cache-gb", "REAL", "maximum size of that cache in GB (default 20)"))
                .addOption(flag("save-steps", "N", "steps between checkpoints (default 500; 0 for none)"))
                .addOption(flag("save-total-limit", "K", "number of the last checkpoints to keep (default 2)"))
                .addOption(alias(toggle("gradient-checkpointing", GRADIENT_CHECKPOINTING_HELP), "recompute"))
                .addOption(toggle("no-plan", "run even if the estimated memory (command plan) does not fit"))
                .addOption(flag(
                        "save-type", "TYPE", "dtype of the output's weights: float32 (default), float16 or bfloat16"));
    }

    protected static RunOptions runOptions(CommandLine line, Path modelFolder, CheckpointPolicy policy) {
        ModelOptions model = new ModelOptions(
                FrozenDtypeFlags.of(line, modelFolder),
                line.hasOption("gradient-checkpointing"),
                line.hasOption("mm-projector-type")
                        ? ProjectorType.fromName(line.getOptionValue("mm-projector-type"))
                        : null,
                line.hasOption("mm-vision-select-layer") ? integer(line, "mm-vision-select-layer", 0) : null);
        FeatureOptions defaults = RunOptions.DEFAULT.features();
        FeatureOptions features = new FeatureOptions(
                ExifOrientation.fromName(line.getOptionValue(
                        "exif-orientation", defaults.exifOrientation().optionName())),
                (long) (decimal(line, "feature-cache-gb", DEFAULT_CACHE_GB) * BYTES_OF_GB),
                defaults.memoryBytes());
        return new RunOptions(
                model,
                features,
                TensorType.ofTorchName(line.getOptionValue("save-type", "float32")),
                policy,
                validationOptions(line),
                null,
                line.hasOption("no-plan") ? null : RunOptions.DEFAULT.machine());
    }

    private static @Nullable ValidationOptions validationOptions(CommandLine line) {
        if (!line.hasOption("eval-data-path")) {
            return null;
        }
        return new ValidationOptions(
                existing("eval-data-path", path(line, "eval-data-path")),
                optionalPath(line, "eval-image-folder"),
                line.getOptionValue("eval-split", DEFAULT_EVAL_SPLIT),
                atLeast(1, line, "eval-steps", DEFAULT_SAVE_STEPS),
                atLeast(1, line, "eval-samples", DEFAULT_EVAL_SAMPLES),
                line.hasOption("load-best-model-at-end"));
    }

    /** @param output output folder of the run; its checkpoints are next to it, unless a flag sets another folder */
    protected static CheckpointPolicy checkpointPolicy(CommandLine line, Path output, ResumeMode resume) {
        Path folder = line.hasOption("checkpoint-dir")
                ? path(line, "checkpoint-dir")
                : output.resolveSibling(output.getFileName() + ".checkpoints");
        return new CheckpointPolicy(
                folder,
                atLeast(0, line, "save-steps", DEFAULT_SAVE_STEPS),
                atLeast(1, line, "save-total-limit", DEFAULT_SAVE_TOTAL_LIMIT),
                resume);
    }

    /** Listeners of a command's run: console, TensorBoard event files and {@code run.html}. */
    protected static TrainingListener listeners(TrainingListener... others) {
        return TrainingListener.all(
                ProgressLine.onStdout(), new TensorBoardLog(), new RunPage(), TrainingListener.all(others));
    }

    protected static List<String> settings(CommandLine line) {
        return line.hasOption("set") ? List.of(line.getOptionValues("set")) : List.of();
    }

    protected static void print(RunReport report) {
        RunReport.Summary summary = report.requireFinished();
        System.out.printf(
                Locale.ROOT,
                "%d steps, %d samples in %.1f s; final loss %.4f, mean loss %.4f; padding %.1f %%%s%n",
                summary.steps(),
                summary.samples(),
                summary.seconds(),
                summary.lastLoss(),
                summary.meanLoss(),
                100 * summary.paddingShare(),
                ProgressLine.unpacked(summary.unpackedPaddingShare()));
        if (summary.sources().size() > 1) {
            for (RunReport.Source source : summary.sources()) {
                System.out.printf(
                        Locale.ROOT,
                        "  %,9d samples of %s with %,d (%.1f %%)%n",
                        source.samplesSeen(),
                        source.data(),
                        source.samples(),
                        100 * source.share());
            }
        }
        for (RunReport.Source source : summary.sources()) {
            if (source.layouts() != null) {
                System.out.println(source.data() + ": " + source.layouts().phrase());
            }
        }
        for (WeightGroup group : summary.groups()) {
            System.out.printf(
                    Locale.ROOT,
                    "  %-14s %,15d parameters, %s%n",
                    group.name(),
                    group.parameters(),
                    group.trainable() ? "trained" : "frozen, verified unchanged");
        }
        System.out.println("wrote " + report.output());
    }
}
