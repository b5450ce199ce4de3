package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.train.RejectedStepException;
import org.llava4j.train.stage.CheckpointPolicy.ResumeMode;

/**
 * {@code exec:java@train-all}: stage 1, then from its projector and the plain decoder the chat model, the ScienceQA model
 * or both, as in the paper. What is finished is not done again, what was interrupted goes on.
 */
public final class TrainAllMain extends TrainCommand {
    private static final DataSourceFlags PRETRAIN_DATA =
            new DataSourceFlags("pretrain-data", "pretrain-images", "pretrain-data-weights");
    private static final DataSourceFlags FINETUNE_DATA =
            new DataSourceFlags("finetune-data", "finetune-images", "finetune-data-weights");

    private TrainAllMain() {
        super(
                "train-all",
                "Trains stage 1, then from its projector and the plain decoder what data is given for: conversations,"
                        + " ScienceQA or both. Finished stages are skipped, interrupted ones go on.");
    }

    public static void main(String[] args) {
        new TrainAllMain().execute(args);
    }

    @Override
    protected Options options() {
        Options options = new Options()
                .addOption(required("model-path", "DIR", "the LLaMA or Vicuna folder"))
                .addOption(required("vision-tower", "DIR", "the CLIP folder"))
                .addOption(required("output-dir", "DIR", "the folder that gets one model folder a stage"))
                .addOption(required("pretrain-data", "FILE,...", "stage 1's captions; one file or several"))
                .addOption(flag("pretrain-images", "DIR,...", "their pictures: one folder for all, or one for each"))
                .addOption(flag("pretrain-data-weights", "REAL,...", "how often each is drawn; else each sample once"))
                .addOption(flag("pretrain-recipe", "NAME|FILE", "stage 1, pretrain if not given"))
                .addOption(flag("finetune-data", "FILE,...", "conversations for the chat model; one file or several"))
                .addOption(flag("finetune-images", "DIR,...", "their pictures: one folder for all, or one for each"))
                .addOption(flag("finetune-data-weights", "REAL,...", "how often each is drawn; else each sample once"))
                .addOption(flag("finetune-recipe", "NAME|FILE", "stage 2, finetune if not given"))
                .addOption(flag("scienceqa", "DIR", "ScienceQA's folder"))
                .addOption(flag("scienceqa-recipe", "NAME|FILE", "its stage, finetune-scienceqa if not given"));
        addRunFlags(options);
        return options;
    }

    @Override
    protected void run(CommandLine line) {
        Path model = existing(line, "model-path");
        Path tower = existing(line, "vision-tower");
        Path output = path(line, "output-dir");
        if (!line.hasOption("finetune-data") && !line.hasOption("scienceqa")) {
            throw new BadInputException("there is nothing to train after stage 1; give --finetune-data, --scienceqa or"
                    + " both, or use the goal pretrain");
        }
        Stage first = stage(line, "pretrain-recipe", Stages.PRETRAIN);
        Stage chat = stage(line, "finetune-recipe", Stages.FINETUNE);
        Stage scienceQa = stage(line, "scienceqa-recipe", Stages.FINETUNE_SCIENCEQA);
        RunPaths paths = new RunPaths(
                model,
                tower,
                null,
                PRETRAIN_DATA.sources(line),
                output.resolve("pretrain"),
                path(line, "feature-cache"));
        RunPaths later = paths.withProjector(output.resolve("pretrain/mm_projector.safetensors"));
        Optional<RunPaths> talks = line.hasOption("finetune-data")
                ? Optional.of(later.of(FINETUNE_DATA.sources(line), output.resolve("finetune")))
                : Optional.empty();
        Optional<RunPaths> problems = line.hasOption("scienceqa")
                ? Optional.of(later.of(existing(line, "scienceqa"), null, output.resolve("finetune-scienceqa")))
                : Optional.empty();
        List<Step> steps = new ArrayList<>();
        steps.add(new Step(first, paths, runOptions(line, checkpointPolicy(line, paths.output(), ResumeMode.AUTO))));
        talks.ifPresent(own -> steps.add(
                new Step(chat, own, runOptions(line, checkpointPolicy(line, own.output(), ResumeMode.AUTO)))));
        problems.ifPresent(own -> steps.add(
                new Step(scienceQa, own, runOptions(line, checkpointPolicy(line, own.output(), ResumeMode.AUTO)))));
        RunInputs.require(steps.stream().collect(Collectors.toMap(Step::paths, Step::stage)));
        requireAll(steps);
        try (StopOnSignal signal = new StopOnSignal()) {
            steps.forEach(step -> train(step, signal));
        }
    }

    /** One of the stages in their order. */
    private record Step(Stage stage, RunPaths paths, RunOptions options) {
        RunIdentity identity(RunPaths from) {
            return RunIdentity.of(stage, from, options, System.out::println);
        }
    }

    /** Everything that can be wrong with a later stage, or with an output that is there, shows before the first begins. */
    private static void requireAll(List<Step> steps) {
        for (Step step : steps) {
            StageRunner.check(step.stage(), step.paths().withProjector(null), step.options());
        }
        for (Step step : steps) {
            if (FinishedRun.isIn(step.paths().output())) {
                FinishedRun.read(step.paths().output())
                        .requireSameRun(
                                step.identity(step.paths().withProjector(null)).values(),
                                RunIdentity::isIndependentOfProjector);
            }
        }
    }

    private static Stage stage(CommandLine line, String recipe, String shipped) {
        Stage stage = Stages.of(line.getOptionValue(recipe, shipped));
        List<String> own = settings(line).stream()
                .filter(setting -> setting.startsWith(shipped + "."))
                .map(setting -> setting.substring(shipped.length() + 1))
                .toList();
        settings(line).forEach(TrainAllMain::requireStage);
        return Stages.with(stage, own);
    }

    private static void requireStage(String setting) {
        List<String> known = List.of(Stages.PRETRAIN, Stages.FINETUNE, Stages.FINETUNE_SCIENCEQA);
        if (known.stream().noneMatch(name -> setting.startsWith(name + "."))) {
            throw new BadInputException("--set " + setting + " is of no stage; begin with " + String.join("., ", known)
                    + ". as in pretrain.batchSize=8");
        }
    }

    private static void train(Step step, StopOnSignal signal) {
        Stage stage = step.stage();
        Path output = step.paths().output();
        System.out.println("stage " + stage.name() + " into " + output);
        if (FinishedRun.isIn(output)) {
            FinishedRun finished = FinishedRun.read(output);
            finished.requireSameRun(step.identity(step.paths()).values(), name -> true);
            finished.requireIntact();
            System.out.println("  is finished, of the same inputs, values and files: not done again");
            return;
        }
        System.out.print(Stages.json(stage));
        try {
            print(StageRunner.run(stage, step.paths(), step.options(), listeners(signal)));
        } catch (RejectedStepException e) {
            throw new BadInputException(
                    e.getMessage() + "; run again with --set " + stage.name()
                            + ".maxBadSteps=N to go on and skip up to N such steps, or remove "
                            + step.options().checkpointPolicy().folder()
                            + " to begin this stage anew with other values",
                    e);
        }
    }
}
