package org.llava4j.train.command;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.Command;
import org.llava4j.cli.VisionTowerFlags;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.data.OpenDataSource;
import org.llava4j.train.plan.ClusterPlan;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.run.ClusterStageCheck;
import org.llava4j.train.run.QuantizedBase;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.StagePlan;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * {@code exec:java@plan}: estimates parameters, memory and steps of a stage from the model's config alone; ends with an
 * error if the stage does not fit.
 */
public final class PlanMain extends Command {
    private static final long BYTES_OF_GB = 1L << 30;
    private static final double DEFAULT_GBIT = 10;

    private PlanMain() {
        super("plan", "Estimates parameters, memory and steps of a stage before it is run; reads no weights.");
    }

    public static void main(String[] args) {
        new PlanMain().execute(args);
    }

    @Override
    protected Options options() {
        Options options = VisionTowerFlags.addTo(new Options(), "CLIP folder, its config.json or a published name");
        FrozenDtypeFlags.add(options);
        DataFormatFlags.add(options);
        return options.addOption(
                        required("model-path", "PATH", "LLaVA or LLaMA folder, only its config.json, or GGUF file"))
                .addOption(required(
                        "stage", "NAME|FILE", "pretrain, finetune, finetune-scienceqa, another stage or a .json file"))
                .addOption(alias(
                        flag(
                                "per-device-train-batch-size",
                                "N",
                                "batch size of one forward pass (default: the stage's)"),
                        "batch"))
                .addOption(alias(
                        flag(
                                "model-max-length",
                                "N",
                                "maximum sequence length including image tokens (default: the stage's)"),
                        "max-length"))
                .addOption(alias(
                        flag("gradient-accumulation-steps", "N", "batches per optimizer step (default: the stage's)"),
                        "accumulation"))
                .addOption(
                        alias(toggle("gradient-checkpointing", TrainCommand.GRADIENT_CHECKPOINTING_HELP), "recompute"))
                .addOption(bool("packing", TrainCommand.PACKING_HELP))
                .addOption(flag("samples", "N", "number of samples per epoch"))
                .addOption(flag("data-path", "PATH,...", "training data, to count its samples"))
                .addOption(alias(flag("num-train-epochs", "N", "number of epochs (default: the stage's)"), "epochs"))
                .addOption(flag("machine-gb", "REAL", "memory of the target machine in GB (default: this machine's)"))
                .addOption(flag("executors", "N", "number of executors of a Spark cluster of such machines"))
                .addOption(flag(
                        "network-gbit",
                        "REAL",
                        "network bandwidth of the cluster's driver in each direction (default 10)"));
    }

    @Override
    protected void run(CommandLine line) {
        Stage stage = stage(line);
        Path model = existing("model-path", path(line, "model-path"));
        Path tower = RunPaths.towerFolder(model, VisionTowerFlags.path(line));
        LlavaConfig config = LlavaConfig.readShapes(model, tower);
        WeightDtype frozen = FrozenDtypeFlags.of(line, model);
        QuantizedBase.requireTrainable(model, stage, frozen);
        RunOptions options = RunOptions.DEFAULT
                .withFrozenDtype(frozen)
                .withGradientCheckpointing(line.hasOption("gradient-checkpointing"));
        Long samples = samples(line, stage);
        MachineMemory machine = machine(line);
        MemoryPlan plan =
                MemoryPlan.of(StagePlan.of(stage, config, options, samples, () -> Checkpoint.llava(model, tower)));
        stage.model().requireMatches(plan.weightNames(), model);
        System.out.println(
                stage.name() + " on " + model + ": batch " + stage.schedule().perDeviceTrainBatchSize() + ", length "
                        + stage.data().modelMaxLength() + ", image tokens " + config.numImageTokens());
        plan.breakdown().forEach(PlanMain::print);
        print("machine", machine + "; available to a run: " + MemoryPlan.formatBytes(machine.allowedBytes()));
        if (samples != null) {
            print("steps", steps(stage, samples));
        }
        printCluster(line, plan, stage);
        plan.requireFits(machine);
    }

    private static void printCluster(CommandLine line, MemoryPlan plan, Stage stage) {
        double gbit = decimal(line, "network-gbit", DEFAULT_GBIT);
        if (!(gbit > 0)) {
            throw new BadInputException("--network-gbit is " + gbit + "; it must be greater than 0");
        }
        if (!line.hasOption("executors")) {
            return;
        }
        ClusterStageCheck.requireSupported(stage, plan);
        new ClusterPlan(plan, atLeast(1, line, "executors", 1), stage.schedule().gradientAccumulationSteps(), gbit)
                .breakdown()
                .forEach(PlanMain::print);
    }

    private static Stage stage(CommandLine line) {
        String name = line.getOptionValue("stage");
        Stage base = Stages.of(name);
        Map<String, Object> changes = new LinkedHashMap<>();
        for (String flag : List.of(
                "per-device-train-batch-size", "model-max-length", "gradient-accumulation-steps", "num-train-epochs")) {
            if (line.hasOption(flag)) {
                changes.put(Stages.key(flag), atLeast(1, line, flag, 1));
            }
        }
        if (line.hasOption("packing")) {
            changes.put("packing", isTrue(line, "packing"));
        }
        DataFormatFlags.addChanges(line, changes);
        return Stages.with(base, changes);
    }

    /** Samples per epoch, or null if no flag gives them. */
    private static @Nullable Long samples(CommandLine line, Stage stage) {
        if (line.hasOption("samples") && line.hasOption("data-path")) {
            throw new BadInputException("--samples and --data-path both set the number of samples; use one of them");
        }
        if (line.hasOption("samples")) {
            return (long) atLeast(1, line, "samples", 1);
        }
        if (!line.hasOption("data-path")) {
            return null;
        }
        long samples = 0;
        for (DataSource source : DataSourceFlags.singleStage().sources(line)) {
            samples += OpenDataSource.count(stage, source);
        }
        return samples;
    }

    private static MachineMemory machine(CommandLine line) {
        if (!line.hasOption("machine-gb")) {
            return MachineMemory.detect();
        }
        double gb = decimal(line, "machine-gb", 0);
        if (!(gb > 0)) {
            throw new BadInputException("--machine-gb is " + gb + "; it must be greater than 0");
        }
        return MachineMemory.of((long) (gb * BYTES_OF_GB));
    }

    private static String steps(Stage stage, long samples) {
        int batches = Math.toIntExact((samples + stage.schedule().perDeviceTrainBatchSize() - 1)
                / stage.schedule().perDeviceTrainBatchSize());
        CosineScheduleWithWarmup schedule = stage.learningRates(batches);
        return String.format(
                Locale.ROOT,
                "%d, of which %d warmup: %d samples, %d per step, %s",
                schedule.totalSteps(),
                schedule.warmupSteps(),
                samples,
                stage.schedule().perDeviceTrainBatchSize() * stage.schedule().gradientAccumulationSteps(),
                stage.schedule().maxSteps() > 0
                        ? "limited by \"maxSteps\""
                        : stage.schedule().numTrainEpochs() + " epoch(s)");
    }

    private static void print(String what, String value) {
        System.out.printf(Locale.ROOT, "  %-14s %s%n", what, value);
    }
}
