package org.llava4j.train.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.VisionTowerFlags;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.train.RejectedStepException;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.logging.UiListenerLog;
import org.llava4j.train.run.CheckpointPolicy;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.run.GradientExecutor;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * {@code exec:java@pretrain}, {@code @finetune} and {@code @finetune-scienceqa}: trains a stage. Flags change its
 * values; they have LLaVA's names, where LLaVA has them.
 */
public final class StageMain extends TrainCommand {
    /** System property with the name of the stage. */
    private static final String STAGE_PROPERTY = "llava4j.stage";

    private final String stage;
    private final GradientExecutor gradientExecutor;

    /** @param stage name of a shipped stage */
    public StageMain(String stage) {
        this(stage, GradientExecutor.LOCAL);
    }

    /**
     * @param stage name of a shipped stage
     * @param gradientExecutor where gradients are computed
     */
    public StageMain(String stage, GradientExecutor gradientExecutor) {
        super(stage, "Trains a model folder with the stage " + stage + " and writes the trained model folder.");
        this.stage = stage;
        this.gradientExecutor = gradientExecutor;
    }

    public static void main(String[] args) {
        new StageMain(System.getProperty(STAGE_PROPERTY, Stages.PRETRAIN)).execute(args);
    }

    @Override
    protected Options options() {
        Options options = new Options()
                .addOption(required("model-path", "DIR", "LLaVA or LLaMA folder with the initial weights"))
                .addOption(required(
                        "data-path", "PATH,...", "LLaVA's conversation JSON or ScienceQA's folder; one or more"))
                .addOption(required("output-dir", "DIR", "output folder: new, empty, or a former output"))
                .addOption(flag("image-folder", "DIR,...", "image folders: one for all sources, or one for each"))
                .addOption(flag(
                        "data-weights",
                        "REAL,...",
                        "sampling weight of each source (default: each sample once per epoch)"))
                .addOption(flag("pretrain-mm-mlp-adapter", "FILE", "projector file (stage 1's result)"))
                .addOption(toggle("fresh-projector", "initialize a missing projector randomly (no stage 1)"))
                .addOption(alias(
                        flag(
                                "stage",
                                "NAME|FILE",
                                "another stage: pretrain-v1.5, finetune-v1.5, finetune-lora or a .json file"),
                        "recipe"))
                .addOption(flag("conv-mode", "NAME", "conversation template: a name or a .json file"))
                .addOption(V0LabelsFlag.option())
                .addOption(flag("image-aspect-ratio", "NAME", "square or pad"))
                .addOption(flag("learning-rate", "REAL", "peak learning rate, at the end of the warmup"))
                .addOption(flag("warmup-ratio", "REAL", "share of steps with learning-rate warmup"))
                .addOption(flag("num-train-epochs", "N", "number of epochs"))
                .addOption(flag("max-steps", "N", "number of optimizer steps, overrides the epochs"))
                .addOption(flag("per-device-train-batch-size", "N", "batch size of one forward pass"))
                .addOption(flag("gradient-accumulation-steps", "N", "batches per optimizer step"))
                .addOption(flag("model-max-length", "N", "maximum sequence length including image tokens"))
                .addOption(bool(
                        "group-by-modality-length",
                        "fill each step with samples with images only or text only, of similar length"))
                .addOption(bool("packing", PACKING_HELP))
                .addOption(flag("eval-data-path", "PATH", "validation set in the format of the training data"))
                .addOption(flag("eval-image-folder", "DIR", "image folder of the validation set"))
                .addOption(flag("eval-split", "NAME", "ScienceQA split for validation (default minival)"))
                .addOption(flag("eval-steps", "N", "steps between evaluations (default 500)"))
                .addOption(flag("eval-samples", "N", "maximum number of validation samples (default 256)"))
                .addOption(toggle(
                        "load-best-model-at-end",
                        "output the weights with the lowest validation loss; needs checkpoints"))
                .addOption(flag("checkpoint-dir", "DIR", "checkpoint folder (default OUTPUT-DIR.checkpoints)"))
                .addOption(
                        flag(
                                "resume",
                                "HOW|DIR",
                                "auto: resume from the newest checkpoint; never: start over; a checkpoint folder: start a new run from it"))
                .addOption(flag("ui-log", "FILE", "log file of DL4J's UIListener, for DL4J's training UI"))
                .addOption(flag("seed", "N", "seed of the data order and of random initial weights"));
        VisionTowerFlags.addTo(options, "CLIP folder (default: the one in config.json)");
        LoraFlags.add(options);
        addRunFlags(options);
        DataFormatFlags.add(options);
        return options;
    }

    @Override
    protected void run(CommandLine line) {
        Stage base = base(line);
        Map<String, Object> changes = changes(line);
        LoraFlags.addChanges(line, base, changes);
        RunPaths paths = new RunPaths(
                existing("model-path", path(line, "model-path")),
                VisionTowerFlags.path(line),
                optionalPath(line, "pretrain-mm-mlp-adapter"),
                LoraFlags.adapter(line),
                DataSourceFlags.singleStage().sources(line),
                path(line, "output-dir"),
                optionalPath(line, "feature-cache"));
        RunOptions options = runOptions(line, paths.model(), checkpointPolicy(line, paths.output()));
        Stage start = LoraFlags.withAdapter(line, Stages.with(base, changes), paths, options);
        Stage run = V0LabelsFlag.apply(line, Stages.with(start, settings(line)));
        System.out.println("stage " + run.name() + " on " + paths.model());
        System.out.print(Stages.json(run));
        InputPaths given = InputPaths.of().andIfJsonFile(line.getOptionValue("stage"));
        given.requireNoOverlap(paths.output());
        InputPaths.requireOutside("--ui-log", optionalPath(line, "ui-log"), paths.output());
        try (StopOnSignal signal = new StopOnSignal()) {
            print(StageRunner.run(run, paths, options, listener(line, signal), gradientExecutor));
        } catch (RejectedStepException e) {
            throw new BadInputException(e.getMessage() + rejected(options.checkpointPolicy()), e);
        }
    }

    /** Advice for a run that ended with a rejected step. */
    private static String rejected(CheckpointPolicy policy) {
        return "; continue and skip up to N such steps with --resume auto --set maxBadSteps=N, or start a new run with"
                + " another --learning-rate or other data from the last checkpoint in " + policy.folder()
                + " with --resume CHECKPOINT";
    }

    private static TrainingListener listener(CommandLine line, TrainingListener signal) {
        return line.hasOption("ui-log")
                ? listeners(signal, new UiListenerLog(path(line, "ui-log")))
                : listeners(signal);
    }

    private Stage base(CommandLine line) {
        return Stages.of(line.getOptionValue("stage", stage));
    }

    private static Map<String, Object> changes(CommandLine line) {
        Map<String, Object> changes = new LinkedHashMap<>();
        if (line.hasOption("conv-mode")) {
            changes.put("convMode", line.getOptionValue("conv-mode"));
        }
        DataFormatFlags.addChanges(line, changes);
        if (line.hasOption("image-aspect-ratio")) {
            changes.put("imageAspectRatio", AspectRatio.fromName(line.getOptionValue("image-aspect-ratio")));
        }
        for (String flag : List.of("learning-rate", "warmup-ratio")) {
            if (line.hasOption(flag)) {
                changes.put(Stages.key(flag), decimal(line, flag, 0));
            }
        }
        for (String flag : List.of(
                "num-train-epochs",
                "max-steps",
                "per-device-train-batch-size",
                "gradient-accumulation-steps",
                "model-max-length",
                "seed")) {
            if (line.hasOption(flag)) {
                changes.put(Stages.key(flag), integer(line, flag, 0));
            }
        }
        for (String flag : List.of("group-by-modality-length", "packing")) {
            if (line.hasOption(flag)) {
                changes.put(Stages.key(flag), isTrue(line, flag));
            }
        }
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
                            "--resume " + how + " is neither auto, never nor a checkpoint folder; use one of them");
                }
                yield checkpointPolicy(line, output, ResumeMode.FROM).from(Path.of(how));
            }
        };
    }
}
