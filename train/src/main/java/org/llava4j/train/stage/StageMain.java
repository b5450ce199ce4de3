package org.llava4j.train.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.train.RejectedStepException;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.logging.UiListenerLog;
import org.llava4j.train.stage.CheckpointPolicy.ResumeMode;

/**
 * {@code exec:java@pretrain}, {@code @finetune} and {@code @finetune-scienceqa}: a shipped stage, with flags (LLaVA's
 * names, where it has them) for what differs from it.
 */
public final class StageMain extends TrainCommand {
    /** The system property by which a goal names its stage. */
    private static final String STAGE_PROPERTY = "llava4j.stage";

    private final String stage;
    private final GradientExecutor gradientExecutor;

    StageMain(String stage) {
        this(stage, GradientExecutor.LOCAL);
    }

    /** @param place where gradients are computed */
    public StageMain(String stage, GradientExecutor place) {
        super(stage, "Trains a model folder as the stage " + stage + " says and writes the trained folder.");
        this.stage = stage;
        this.gradientExecutor = place;
    }

    public static void main(String[] args) {
        new StageMain(System.getProperty(STAGE_PROPERTY, Stages.PRETRAIN)).execute(args);
    }

    @Override
    protected Options options() {
        Options options = new Options()
                .addOption(required("model-path", "DIR", "the LLaVA or LLaMA folder to begin with"))
                .addOption(required(
                        "data-path", "PATH,...", "LLaVA's conversation JSON, or ScienceQA's folder; one or several"))
                .addOption(required("output-dir", "DIR", "the folder to write: new, empty, or a former output"))
                .addOption(flag("image-folder", "DIR,...", "where their pictures are: one for all, or one for each"))
                .addOption(flag(
                        "data-weights", "REAL,...", "how often each is drawn; if not given, each sample once an epoch"))
                .addOption(flag("vision-tower", "DIR", "the CLIP folder, if not the one config.json names"))
                .addOption(flag("pretrain-mm-mlp-adapter", "FILE", "a projector of its own file (stage 1's result)"))
                .addOption(toggle("fresh-projector", "begin a random projector where there is none (no stage 1)"))
                .addOption(flag(
                        "recipe", "NAME|FILE", "another stage: pretrain-v1.5, finetune-v1.5, finetune-lora or a file"))
                .addOption(flag("conv-mode", "NAME", "conversation template: a name or a .json file"))
                .addOption(flag("image-aspect-ratio", "NAME", "square or pad"))
                .addOption(flag("learning-rate", "REAL", "rate at the end of the warm-up"))
                .addOption(flag("warmup-ratio", "REAL", "share of the steps that warm up"))
                .addOption(flag("num-train-epochs", "N", "passes over the data"))
                .addOption(flag("max-steps", "N", "optimiser steps, whatever the epochs"))
                .addOption(flag("per-device-train-batch-size", "N", "rows of one forward pass"))
                .addOption(flag("gradient-accumulation-steps", "N", "forward passes of one step"))
                .addOption(flag("model-max-length", "N", "longest sequence"))
                .addOption(flag("eval-data-path", "PATH", "held-out data of the same kind, to measure on"))
                .addOption(flag("eval-image-folder", "DIR", "where its pictures are"))
                .addOption(flag("eval-split", "NAME", "ScienceQA's split of it (default minival)"))
                .addOption(flag("eval-steps", "N", "steps between two looks at it (default 500)"))
                .addOption(flag("eval-samples", "N", "so many of it at most (default 256)"))
                .addOption(toggle(
                        "load-best-model-at-end", "write the weights with the lowest loss there; needs checkpoints"))
                .addOption(flag("checkpoint-dir", "DIR", "where they are; OUTPUT-DIR.checkpoints if not given"))
                .addOption(
                        flag(
                                "resume",
                                "HOW|DIR",
                                "auto: go on from the newest checkpoint; never: begin anew; a checkpoint's folder: start a new run from it"))
                .addOption(flag("ui-log", "FILE", "DL4J's UIListener log of the run, for its user interface"))
                .addOption(flag("seed", "N", "of the order and of a fresh projector"));
        LoraFlags.add(options);
        addRunFlags(options);
        if (stage.equals(Stages.FINETUNE_SCIENCEQA)) {
            options.addOption(flag("prompt-format", "FORMAT", "what an answer consists of: LEA, EA, A or ALE"))
                    .addOption(flag("split", "NAME", "train, minitrain or another of pid_splits.json"));
        }
        return options;
    }

    @Override
    protected void run(CommandLine line) {
        Stage base = base(line);
        Map<String, Object> changes = changes(line);
        LoraFlags.addChanges(line, base, changes);
        Stage run = Stages.with(Stages.with(base, changes), settings(line));
        RunPaths paths = new RunPaths(
                existing(line, "model-path"),
                path(line, "vision-tower"),
                path(line, "pretrain-mm-mlp-adapter"),
                DataSourceFlags.singleStage().sources(line),
                path(line, "output-dir"),
                path(line, "feature-cache"));
        RunOptions options = runOptions(line, checkpointPolicy(line, paths.output()));
        System.out.println("stage " + run.name() + " on " + paths.model());
        System.out.print(Stages.json(run));
        InputPaths given = InputPaths.of().andIfJsonFile(line.getOptionValue("recipe"));
        given.requireNoOverlap(paths.output());
        InputPaths.requireOutside("--ui-log", path(line, "ui-log"), paths.output());
        try (StopOnSignal signal = new StopOnSignal()) {
            print(StageRunner.run(run, paths, options, listener(line, signal), gradientExecutor));
        } catch (RejectedStepException e) {
            throw new BadInputException(e.getMessage() + rejected(options.checkpointPolicy()), e);
        }
    }

    /** What can be done about a run that ended at a step whose loss is NaN, infinite or far too high. */
    private static String rejected(CheckpointPolicy saving) {
        return "; go on and skip up to N such steps with --resume auto --set maxBadSteps=N, or start a new run with"
                + " another --learning-rate or other data from the last checkpoint in " + saving.folder()
                + " with --resume CHECKPOINT";
    }

    private static TrainingListener listener(CommandLine line, TrainingListener signal) {
        return line.hasOption("ui-log")
                ? listeners(signal, new UiListenerLog(path(line, "ui-log")))
                : listeners(signal);
    }

    private Stage base(CommandLine line) {
        return Stages.of(line.getOptionValue("recipe", stage));
    }

    private static Map<String, Object> changes(CommandLine line) {
        Map<String, Object> changes = new LinkedHashMap<>();
        addText(line, "conv-mode", "convMode", changes);
        if (line.hasOption("image-aspect-ratio")) {
            changes.put("imageAspectRatio", AspectRatio.fromName(line.getOptionValue("image-aspect-ratio")));
        }
        if (line.hasOption("prompt-format")) {
            changes.put("answerFormat", ScienceQaPrompt.named(line.getOptionValue("prompt-format")));
        }
        addText(line, "split", "split", changes);
        addDecimal(line, "learning-rate", "learningRate", changes);
        addDecimal(line, "warmup-ratio", "warmupRatio", changes);
        addInteger(line, "num-train-epochs", "epochs", changes);
        addInteger(line, "max-steps", "maxSteps", changes);
        addInteger(line, "per-device-train-batch-size", "batchSize", changes);
        addInteger(line, "gradient-accumulation-steps", "accumulation", changes);
        addInteger(line, "model-max-length", "maxLength", changes);
        addInteger(line, "seed", "seed", changes);
        if (line.hasOption("fresh-projector")) {
            changes.put("freshProjector", true);
        }
        return changes;
    }

    private static CheckpointPolicy checkpointPolicy(CommandLine line, Path output) {
        String how = line.getOptionValue("resume", "");
        return switch (how) {
            case "" -> checkpointPolicy(line, output, ResumeMode.ASK);
            case "auto" -> checkpointPolicy(line, output, ResumeMode.AUTO);
            case "never" -> checkpointPolicy(line, output, ResumeMode.NEVER);
            default -> {
                if (!Files.isDirectory(Path.of(how))) {
                    throw new BadInputException(
                            "--resume " + how + " is not known; use auto, never or the folder of a checkpoint");
                }
                yield checkpointPolicy(line, output, ResumeMode.FROM).from(Path.of(how));
            }
        };
    }

    private static void addText(CommandLine line, String flag, String key, Map<String, Object> changes) {
        if (line.hasOption(flag)) {
            changes.put(key, line.getOptionValue(flag));
        }
    }

    private static void addDecimal(CommandLine line, String flag, String key, Map<String, Object> changes) {
        if (line.hasOption(flag)) {
            changes.put(key, decimal(line, flag, 0));
        }
    }

    private static void addInteger(CommandLine line, String flag, String key, Map<String, Object> changes) {
        if (line.hasOption(flag)) {
            changes.put(key, integer(line, flag, 0));
        }
    }
}
