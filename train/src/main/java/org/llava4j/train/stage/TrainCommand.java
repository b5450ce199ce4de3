package org.llava4j.train.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.cli.Command;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.logging.ProgressLine;
import org.llava4j.train.logging.RunPage;
import org.llava4j.train.logging.TensorBoardLog;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.CheckpointPolicy.ResumeMode;

/** What the goals that train have in common: the flags of how a run goes, whatever it learns, and what they print. */
abstract class TrainCommand extends Command {
    static final String GRADIENT_CHECKPOINTING_HELP =
            "make the activations of the decoder's layers again instead of keeping them: less memory, more time";
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
        options.addOption(repeatable("set", "KEY=VALUE", "another value of the stage; may be given several times"))
                .addOption(flag("mm-projector-type", "TYPE", "linear or mlp2x_gelu, for a model without a projector"))
                .addOption(flag("mm-vision-select-layer", "N", "hidden state that is the feature; LLaVA's is -2"))
                .addOption(flag("feature-cache", "DIR", "where the tower's features are kept beyond this run"))
                .addOption(flag("feature-cache-gb", "REAL", "bound of that folder, 20 if not given"))
                .addOption(flag("save-steps", "N", "steps between two checkpoints (default 500; 0 for none)"))
                .addOption(flag("save-total-limit", "K", "so many of the last checkpoints are kept (default 2)"))
                .addOption(flag("frozen-dtype", "TYPE", "memory of frozen matrices: fp32 (default), bf16 or fp16"))
                .addOption(toggle("recompute", GRADIENT_CHECKPOINTING_HELP))
                .addOption(toggle("no-plan", "try a run even if its memory, as the goal plan tells it, does not fit"))
                .addOption(flag("save-type", "TYPE", "float32 (default), float16 or bfloat16"));
    }

    protected static RunOptions runOptions(CommandLine line, CheckpointPolicy saving) {
        return new RunOptions(
                TensorType.ofTorchName(line.getOptionValue("save-type", "float32")),
                WeightDtype.forFrozenWeights(line.getOptionValue("frozen-dtype", WeightDtype.FP32.toString())),
                line.hasOption("recompute"),
                Optional.ofNullable(line.getOptionValue("mm-projector-type")).map(ProjectorType::fromName),
                line.hasOption("mm-vision-select-layer")
                        ? Optional.of(integer(line, "mm-vision-select-layer", 0))
                        : Optional.empty(),
                (long) (decimal(line, "feature-cache-gb", DEFAULT_CACHE_GB) * BYTES_OF_GB),
                RunOptions.DEFAULT.featureMemoryBytes(),
                saving,
                validationOptions(line),
                line.hasOption("no-plan") ? Optional.empty() : RunOptions.DEFAULT.machine());
    }

    private static Optional<ValidationOptions> validationOptions(CommandLine line) {
        if (!line.hasOption("eval-data-path")) {
            return Optional.empty();
        }
        return Optional.of(new ValidationOptions(
                existing(line, "eval-data-path"),
                path(line, "eval-image-folder"),
                line.getOptionValue("eval-split", DEFAULT_EVAL_SPLIT),
                atLeast(1, line, "eval-steps", DEFAULT_SAVE_STEPS),
                atLeast(1, line, "eval-samples", DEFAULT_EVAL_SAMPLES),
                line.hasOption("load-best-model-at-end")));
    }

    /** @param output where the run writes; its checkpoints are beside it, unless a flag names another place */
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

    /** Who follows a run of a goal: the screen, TensorBoard's event files and {@code run.html}. */
    protected static TrainingListener listeners(TrainingListener... others) {
        return TrainingListener.all(
                ProgressLine.onStdout(), new TensorBoardLog(), new RunPage(), TrainingListener.all(others));
    }

    protected static List<String> settings(CommandLine line) {
        return line.hasOption("set") ? List.of(line.getOptionValues("set")) : List.of();
    }

    protected static void print(RunReport report) {
        RunReport.Summary summary = report.summary();
        System.out.printf(
                Locale.ROOT,
                "%d steps, %d samples in %.1f s; loss %.4f at the end, %.4f on average; padding %.1f %%%n",
                summary.steps(),
                summary.samples(),
                summary.seconds(),
                summary.lastLoss(),
                summary.meanLoss(),
                100 * summary.paddingShare());
        if (summary.sources().size() > 1) {
            for (RunReport.Source source : summary.sources()) {
                System.out.printf(
                        Locale.ROOT,
                        "  %,9d of %s, which has %,d (%.1f %%)%n",
                        source.drawn(),
                        source.data(),
                        source.samples(),
                        100 * source.share());
            }
        }
        for (WeightGroup group : summary.groups()) {
            System.out.printf(
                    Locale.ROOT,
                    "  %-14s %,15d weights, %s%n",
                    group.name(),
                    group.parameters(),
                    group.learns() ? "learned" : "frozen, proved unchanged");
        }
        System.out.println("wrote " + report.output());
    }

    protected static Path existing(CommandLine line, String flag) {
        Path path = path(line, flag);
        FileReadError.requireAccessible(path);
        if (!Files.exists(path)) {
            throw new BadInputException("--" + flag + " " + path + ": there is nothing; check the path");
        }
        return path;
    }
}
