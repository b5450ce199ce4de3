package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.train.stage.Saving.Resume;

/**
 * {@code exec:java@train-all}: stage 1, then from its projector and the plain decoder the chat model, the ScienceQA model
 * or both, as in the paper. What is finished is not done again, what was interrupted goes on.
 */
public final class TrainAllMain extends RunCommand {
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
                .addOption(required("pretrain-data", "FILE", "stage 1's captions"))
                .addOption(flag("pretrain-images", "DIR", "their pictures"))
                .addOption(flag("pretrain-recipe", "NAME|FILE", "stage 1, pretrain if not given"))
                .addOption(flag("finetune-data", "FILE", "conversations for the chat model"))
                .addOption(flag("finetune-images", "DIR", "their pictures"))
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
        // All that can be wrong in the later stages shows before the first begins.
        Stage first = stage(line, "pretrain-recipe", Stages.PRETRAIN);
        Stage chat = stage(line, "finetune-recipe", Stages.FINETUNE);
        Stage scienceQa = stage(line, "scienceqa-recipe", Stages.FINETUNE_SCIENCEQA);
        RunPaths paths = RunPaths.of(
                        model,
                        existing(line, "pretrain-data"),
                        path(line, "pretrain-images"),
                        output.resolve("pretrain"))
                .withVisionTower(tower)
                .withFeatureCache(path(line, "feature-cache"));
        RunPaths later = paths.withProjector(output.resolve("pretrain/mm_projector.safetensors"));
        if (line.hasOption("finetune-data")) {
            existing(line, "finetune-data");
        }
        if (line.hasOption("scienceqa")) {
            existing(line, "scienceqa");
        }
        try (StopOnSignal signal = new StopOnSignal()) {
            train(line, first, paths, signal);
            if (line.hasOption("finetune-data")) {
                train(
                        line,
                        chat,
                        later.of(
                                path(line, "finetune-data"), path(line, "finetune-images"), output.resolve("finetune")),
                        signal);
            }
            if (line.hasOption("scienceqa")) {
                train(
                        line,
                        scienceQa,
                        later.of(path(line, "scienceqa"), null, output.resolve("finetune-scienceqa")),
                        signal);
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

    private static void train(CommandLine line, Stage stage, RunPaths paths, StopOnSignal signal) {
        System.out.println("stage " + stage.name() + " into " + paths.output());
        if (FinishedRun.isOf(stage, paths)) {
            System.out.println("  is finished, from the same data and values: not done again");
            return;
        }
        System.out.print(Stages.json(stage));
        RunOptions options = runOptions(line, saving(line, paths.output(), Resume.AUTO));
        print(StageRunner.run(stage, paths, options, watched(signal)));
    }
}
