package org.llava4j.train.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.train.RejectedStepException;
import org.llava4j.train.run.CheckpointPolicy;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.StageRun;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * {@code exec:java@train-all}: trains stage 1, then from its projector and the plain decoder the chat model, the
 * ScienceQA model or both, as in the paper. Finished stages are skipped, interrupted ones resumed.
 */
public final class TrainAllMain extends TrainCommand {
    private static final DataSourceFlags PRETRAIN_DATA =
            new DataSourceFlags("pretrain-data", "pretrain-images", "pretrain-data-weights");
    private static final DataSourceFlags FINETUNE_DATA =
            new DataSourceFlags("finetune-data", "finetune-images", "finetune-data-weights");

    private TrainAllMain() {
        super(
                "train-all",
                "Trains stage 1, then stage 2 from its projector and the plain decoder, on conversations, ScienceQA or"
                        + " both. Finished stages are skipped, interrupted ones resumed.");
    }

    public static void main(String[] args) {
        new TrainAllMain().execute(args);
    }

    @Override
    protected Options options() {
        Options options = new Options()
                .addOption(required("model-path", "DIR", "LLaMA or Vicuna folder"))
                .addOption(required("vision-tower", "DIR", "CLIP folder"))
                .addOption(required("output-dir", "DIR", "output folder, with one model folder per stage"))
                .addOption(required("pretrain-data", "FILE,...", "stage 1's captions; one or more files"))
                .addOption(flag("pretrain-images", "DIR,...", "image folders: one for all sources, or one for each"))
                .addOption(flag(
                        "pretrain-data-weights",
                        "REAL,...",
                        "sampling weight of each source (default: each sample once per epoch)"))
                .addOption(alias(flag("pretrain-stage", "NAME|FILE", "stage 1 (default pretrain)"), "pretrain-recipe"))
                .addOption(flag("finetune-data", "FILE,...", "conversations for the chat model; one or more files"))
                .addOption(flag("finetune-images", "DIR,...", "image folders: one for all sources, or one for each"))
                .addOption(flag(
                        "finetune-data-weights",
                        "REAL,...",
                        "sampling weight of each source (default: each sample once per epoch)"))
                .addOption(alias(flag("finetune-stage", "NAME|FILE", "stage 2 (default finetune)"), "finetune-recipe"))
                .addOption(flag("scienceqa", "DIR", "ScienceQA's folder"))
                .addOption(alias(
                        flag("scienceqa-stage", "NAME|FILE", "stage 2 on ScienceQA (default finetune-scienceqa)"),
                        "scienceqa-recipe"));
        addRunFlags(options);
        return options;
    }

    @Override
    protected void run(CommandLine line) {
        Path model = existing("model-path", path(line, "model-path"));
        Path tower = existing("vision-tower", path(line, "vision-tower"));
        Path output = path(line, "output-dir");
        if (!line.hasOption("finetune-data") && !line.hasOption("scienceqa")) {
            throw new BadInputException(
                    "no data for stage 2; set --finetune-data, --scienceqa or both, or use the command"
                            + " pretrain for stage 1 only");
        }
        Stage first = stage(line, "pretrain-stage", Stages.PRETRAIN);
        Stage chat = stage(line, "finetune-stage", Stages.FINETUNE);
        Stage scienceQa = stage(line, "scienceqa-stage", Stages.FINETUNE_SCIENCEQA);
        RunPaths paths = new RunPaths(
                model,
                tower,
                null,
                PRETRAIN_DATA.sources(line),
                output.resolve("pretrain"),
                optionalPath(line, "feature-cache"));
        RunPaths later = paths.withProjector(output.resolve("pretrain/mm_projector.safetensors"));
        List<StageRun> runs = new ArrayList<>();
        runs.add(stageRun(first, paths, line));
        if (line.hasOption("finetune-data")) {
            runs.add(stageRun(chat, later.of(FINETUNE_DATA.sources(line), output.resolve("finetune")), line));
        }
        if (line.hasOption("scienceqa")) {
            RunPaths problems = later.of(
                    existing("scienceqa", path(line, "scienceqa")), null, output.resolve("finetune-scienceqa"));
            runs.add(stageRun(scienceQa, problems, line));
        }
        StageRun.requireAll(runs, System.out::println);
        try (StopOnSignal signal = new StopOnSignal()) {
            runs.forEach(run -> train(run, signal));
        }
    }

    private static StageRun stageRun(Stage stage, RunPaths paths, CommandLine line) {
        CheckpointPolicy policy = checkpointPolicy(line, paths.output(), ResumeMode.AUTO);
        return new StageRun(stage, paths, runOptions(line, paths.model(), policy));
    }

    private static Stage stage(CommandLine line, String flag, String shipped) {
        Stage stage = Stages.of(line.getOptionValue(flag, shipped));
        List<String> its = settings(line).stream()
                .filter(setting -> setting.startsWith(shipped + "."))
                .map(setting -> setting.substring(shipped.length() + 1))
                .toList();
        settings(line).forEach(TrainAllMain::requireStage);
        return Stages.with(stage, its);
    }

    private static void requireStage(String setting) {
        List<String> known = List.of(Stages.PRETRAIN, Stages.FINETUNE, Stages.FINETUNE_SCIENCEQA);
        if (known.stream().noneMatch(name -> setting.startsWith(name + "."))) {
            throw new BadInputException("--set " + setting + " names no stage; start with " + String.join("., ", known)
                    + ". as in pretrain.perDeviceTrainBatchSize=8");
        }
    }

    private static void train(StageRun run, StopOnSignal signal) {
        System.out.println(
                "stage " + run.stage().name() + " into " + run.paths().output());
        if (run.isFinished(System.out::println)) {
            System.out.println("  is already finished with the same inputs and values; skipped");
            return;
        }
        System.out.print(Stages.json(run.stage()));
        try {
            print(run.run(listeners(signal)));
        } catch (RejectedStepException e) {
            throw new BadInputException(
                    e.getMessage() + "; run again with --set " + run.stage().name()
                            + ".maxBadSteps=N to continue and skip up to N such steps, or remove "
                            + run.options().checkpointPolicy().folder()
                            + " to start this stage over with other values",
                    e);
        }
    }
}
