package org.llava4j.train.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;

/**
 * {@code exec:java@pretrain}, {@code @finetune} and {@code @finetune-scienceqa}: a shipped stage, with flags for what
 * differs from it. The first argument names the stage; the goals give it.
 */
public final class StageMain extends Command {
    private final String stage;

    private StageMain(String stage) {
        super(stage, "Trains a model folder as the stage " + stage + " says and writes the trained folder.");
        this.stage = stage;
    }

    /** The system property by which a goal names its stage. */
    private static final String STAGE_PROPERTY = "llava4j.stage";

    public static void main(String[] args) {
        new StageMain(System.getProperty(STAGE_PROPERTY, Stages.PRETRAIN)).execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("model-path", "DIR", "the LLaVA or LLaMA folder to begin with"))
                .addOption(required("data-path", "PATH", "LLaVA's conversation JSON, or ScienceQA's folder"))
                .addOption(required("output-dir", "DIR", "the folder to write"))
                .addOption(flag("image-folder", "DIR", "where the data's pictures are"))
                .addOption(flag("vision-tower", "DIR", "the CLIP folder, if not the one config.json names"))
                .addOption(flag("pretrain-mm-mlp-adapter", "FILE", "a projector of its own file (stage 1's result)"))
                .addOption(flag("feature-cache", "DIR", "where the tower's features are kept beyond this run"))
                .addOption(flag("stage-file", "FILE", "another stage than the shipped one, as JSON"))
                .addOption(flag("conv-mode", "NAME", "conversation template: a name or a .json file"))
                .addOption(flag("learning-rate", "REAL", "rate at the end of the warm-up"))
                .addOption(flag("num-train-epochs", "N", "passes over the data"))
                .addOption(flag("max-steps", "N", "optimiser steps, whatever the epochs"))
                .addOption(flag("per-device-train-batch-size", "N", "rows of one forward pass"))
                .addOption(flag("gradient-accumulation-steps", "N", "forward passes of one step"))
                .addOption(flag("model-max-length", "N", "longest sequence"))
                .addOption(flag("seed", "N", "of the order and of a fresh projector"));
    }

    @Override
    protected void run(CommandLine line) {
        Path file = path(line, "stage-file");
        Stage shipped = file == null ? Stages.named(stage) : Stages.load(file);
        Map<String, Object> changes = new LinkedHashMap<>();
        if (line.hasOption("conv-mode")) {
            changes.put("convMode", line.getOptionValue("conv-mode"));
        }
        if (line.hasOption("learning-rate")) {
            changes.put("learningRate", real(line, "learning-rate", 0));
        }
        integerChange(line, "num-train-epochs", "epochs", changes);
        integerChange(line, "max-steps", "maxSteps", changes);
        integerChange(line, "per-device-train-batch-size", "batchSize", changes);
        integerChange(line, "gradient-accumulation-steps", "accumulation", changes);
        integerChange(line, "model-max-length", "maxLength", changes);
        integerChange(line, "seed", "seed", changes);
        Stage run = Stages.with(shipped, changes);
        RunPaths paths = new RunPaths(
                existing(line, "model-path"),
                path(line, "vision-tower"),
                path(line, "pretrain-mm-mlp-adapter"),
                existing(line, "data-path"),
                path(line, "image-folder"),
                path(line, "output-dir"),
                path(line, "feature-cache"));
        System.out.println("stage " + run.name() + " on " + paths.model());
        RunReport report = StageRunner.run(run, paths, RunOptions.DEFAULT, ProgressLine.onStdout());
        System.out.println("wrote " + report.output());
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
