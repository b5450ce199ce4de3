package org.llava4j.train.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.weights.FrozenType;
import org.llava4j.train.stage.Saving.Resume;

/**
 * {@code exec:java@pretrain}, {@code @finetune} and {@code @finetune-scienceqa}: a shipped stage, with flags (LLaVA's
 * names, where it has them) for what differs from it.
 */
public final class StageMain extends Command {
    /** The system property by which a goal names its stage. */
    private static final String STAGE_PROPERTY = "llava4j.stage";

    private static final long BYTES_OF_GB = 1L << 30;
    private static final double DEFAULT_CACHE_GB = 20;
    private static final int DEFAULT_SAVE_STEPS = 500;
    private static final int DEFAULT_SAVED = 2;

    private final String stage;

    StageMain(String stage) {
        super(stage, "Trains a model folder as the stage " + stage + " says and writes the trained folder.");
        this.stage = stage;
    }

    public static void main(String[] args) {
        new StageMain(System.getProperty(STAGE_PROPERTY, Stages.PRETRAIN)).execute(args);
    }

    @Override
    protected Options options() {
        Options options = new Options()
                .addOption(required("model-path", "DIR", "the LLaVA or LLaMA folder to begin with"))
                .addOption(required("data-path", "PATH", "LLaVA's conversation JSON, or ScienceQA's folder"))
                .addOption(required("output-dir", "DIR", "the folder to write: new, empty, or a former output"))
                .addOption(flag("image-folder", "DIR", "where the data's pictures are"))
                .addOption(flag("vision-tower", "DIR", "the CLIP folder, if not the one config.json names"))
                .addOption(flag("pretrain-mm-mlp-adapter", "FILE", "a projector of its own file (stage 1's result)"))
                .addOption(toggle("fresh-projector", "begin a random projector where there is none (no stage 1)"))
                .addOption(flag("mm-projector-type", "TYPE", "linear or mlp2x_gelu, for a model without a projector"))
                .addOption(flag("mm-vision-select-layer", "N", "hidden state that is the feature; LLaVA's is -2"))
                .addOption(flag("feature-cache", "DIR", "where the tower's features are kept beyond this run"))
                .addOption(flag("feature-cache-gb", "REAL", "bound of that folder, 20 if not given"))
                .addOption(flag("stage-file", "FILE", "another stage than the shipped one, as JSON"))
                .addOption(flag("conv-mode", "NAME", "conversation template: a name or a .json file"))
                .addOption(flag("image-aspect-ratio", "NAME", "square or pad"))
                .addOption(flag("learning-rate", "REAL", "rate at the end of the warm-up"))
                .addOption(flag("warmup-ratio", "REAL", "share of the steps that warm up"))
                .addOption(flag("num-train-epochs", "N", "passes over the data"))
                .addOption(flag("max-steps", "N", "optimiser steps, whatever the epochs"))
                .addOption(flag("per-device-train-batch-size", "N", "rows of one forward pass"))
                .addOption(flag("gradient-accumulation-steps", "N", "forward passes of one step"))
                .addOption(flag("model-max-length", "N", "longest sequence"))
                .addOption(flag("save-steps", "N", "steps between two checkpoints (default 500; 0 for none)"))
                .addOption(flag("save-total-limit", "K", "so many of the last checkpoints are kept (default 2)"))
                .addOption(flag("checkpoint-dir", "DIR", "where they are; OUTPUT-DIR.checkpoints if not given"))
                .addOption(flag("resume", "HOW", "auto: go on from the newest checkpoint; never: begin anew"))
                .addOption(flag("seed", "N", "of the order and of a fresh projector"))
                .addOption(flag("frozen-dtype", "TYPE", "memory of frozen matrices: fp32 (default), bf16 or fp16"))
                .addOption(toggle("no-plan", "try a run even if its memory, as the goal plan tells it, does not fit"))
                .addOption(flag("save-type", "TYPE", "float32 (default), float16 or bfloat16"));
        if (stage.equals(Stages.FINETUNE_SCIENCEQA)) {
            options.addOption(flag("prompt-format", "FORMAT", "what an answer consists of: LEA, EA, A or ALE"))
                    .addOption(flag("split", "NAME", "train, minitrain or another of pid_splits.json"));
        }
        return options;
    }

    @Override
    protected void run(CommandLine line) {
        Stage run = Stages.with(base(line), changes(line));
        RunPaths paths = new RunPaths(
                existing(line, "model-path"),
                path(line, "vision-tower"),
                path(line, "pretrain-mm-mlp-adapter"),
                existing(line, "data-path"),
                path(line, "image-folder"),
                path(line, "output-dir"),
                path(line, "feature-cache"));
        RunOptions options = options(line);
        System.out.println("stage " + run.name() + " on " + paths.model());
        System.out.print(Stages.json(run));
        try (StopOnSignal signal = new StopOnSignal()) {
            print(StageRunner.run(run, paths, options, RunListener.all(ProgressLine.onStdout(), signal)));
        }
    }

    private Stage base(CommandLine line) {
        Path file = path(line, "stage-file");
        return file == null ? Stages.named(stage) : Stages.load(file);
    }

    private static Map<String, Object> changes(CommandLine line) {
        Map<String, Object> changes = new LinkedHashMap<>();
        textChange(line, "conv-mode", "convMode", changes);
        if (line.hasOption("image-aspect-ratio")) {
            changes.put("imageAspectRatio", AspectRatio.named(line.getOptionValue("image-aspect-ratio")));
        }
        if (line.hasOption("prompt-format")) {
            changes.put("answerFormat", ScienceQaPrompt.named(line.getOptionValue("prompt-format")));
        }
        textChange(line, "split", "split", changes);
        realChange(line, "learning-rate", "learningRate", changes);
        realChange(line, "warmup-ratio", "warmupRatio", changes);
        integerChange(line, "num-train-epochs", "epochs", changes);
        integerChange(line, "max-steps", "maxSteps", changes);
        integerChange(line, "per-device-train-batch-size", "batchSize", changes);
        integerChange(line, "gradient-accumulation-steps", "accumulation", changes);
        integerChange(line, "model-max-length", "maxLength", changes);
        integerChange(line, "seed", "seed", changes);
        if (line.hasOption("fresh-projector")) {
            changes.put("freshProjector", true);
        }
        return changes;
    }

    private static RunOptions options(CommandLine line) {
        return new RunOptions(
                TensorType.ofTorchName(line.getOptionValue("save-type", "float32")),
                FrozenType.named(line.getOptionValue("frozen-dtype", FrozenType.FP32.toString())),
                Optional.ofNullable(line.getOptionValue("mm-projector-type")).map(ProjectorType::named),
                line.hasOption("mm-vision-select-layer")
                        ? Optional.of(integer(line, "mm-vision-select-layer", 0))
                        : Optional.empty(),
                (long) (real(line, "feature-cache-gb", DEFAULT_CACHE_GB) * BYTES_OF_GB),
                RunOptions.DEFAULT.featureMemoryBytes(),
                saving(line),
                line.hasOption("no-plan") ? Optional.empty() : RunOptions.DEFAULT.machine());
    }

    private static Saving saving(CommandLine line) {
        Path output = path(line, "output-dir");
        Path folder = line.hasOption("checkpoint-dir")
                ? path(line, "checkpoint-dir")
                : output.resolveSibling(output.getFileName() + ".checkpoints");
        return new Saving(
                folder,
                atLeast(0, line, "save-steps", DEFAULT_SAVE_STEPS),
                atLeast(1, line, "save-total-limit", DEFAULT_SAVED),
                resume(line.getOptionValue("resume")));
    }

    private static Resume resume(String name) {
        return switch (name == null ? "" : name) {
            case "" -> Resume.ASK;
            case "auto" -> Resume.AUTO;
            case "never" -> Resume.NEVER;
            default -> throw new BadInputException("--resume " + name + " is not known; use auto or never");
        };
    }

    private static void print(RunReport report) {
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

    private static void textChange(CommandLine line, String flag, String key, Map<String, Object> changes) {
        if (line.hasOption(flag)) {
            changes.put(key, line.getOptionValue(flag));
        }
    }

    private static void realChange(CommandLine line, String flag, String key, Map<String, Object> changes) {
        if (line.hasOption(flag)) {
            changes.put(key, real(line, flag, 0));
        }
    }

    private static void integerChange(CommandLine line, String flag, String key, Map<String, Object> changes) {
        if (line.hasOption(flag)) {
            changes.put(key, integer(line, flag, 0));
        }
    }

    private static Path existing(CommandLine line, String flag) {
        Path path = path(line, flag);
        if (!Files.exists(path)) {
            throw new BadInputException("--" + flag + " " + path + ": there is nothing; check the path");
        }
        return path;
    }
}
