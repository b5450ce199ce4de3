package org.llava4j.train.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.cli.Command;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.plan.ClusterPlan;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;

/** {@code exec:java@plan}: what a stage would take, from the model's config alone; ends with an error if it cannot fit. */
public final class PlanMain extends Command {
    private static final long BYTES_OF_GB = 1L << 30;
    private static final double DEFAULT_GBIT = 10;

    private PlanMain() {
        super("plan", "Tells parameters, memory and steps of a stage before it is run; no weight is read.");
    }

    public static void main(String[] args) {
        new PlanMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("model-path", "PATH", "the LLaVA or LLaMA folder, or only its config.json"))
                .addOption(required("stage", "NAME", "pretrain, finetune, finetune-scienceqa or a stage's file"))
                .addOption(flag("batch", "N", "rows of one forward pass, if not the stage's"))
                .addOption(flag("max-length", "N", "longest sequence with its image, if not the stage's"))
                .addOption(flag("accumulation", "N", "forward passes of one step, if not the stage's"))
                .addOption(flag("vision-tower", "DIR", "the CLIP folder, its config.json or a published name"))
                .addOption(flag("frozen-dtype", "TYPE", "memory of frozen matrices: fp32 (default), bf16 or fp16"))
                .addOption(toggle("recompute", TrainCommand.GRADIENT_CHECKPOINTING_HELP))
                .addOption(flag("samples", "N", "how many samples an epoch has"))
                .addOption(flag("data-path", "PATH,...", "the data itself, to count them"))
                .addOption(flag("epochs", "N", "passes over the data, if not the stage's"))
                .addOption(flag("machine-gb", "REAL", "plan for a machine of this memory, not for this one"))
                .addOption(flag("executors", "N", "plan for so many executors of a Spark cluster, each such a machine"))
                .addOption(flag("network-gbit", "REAL", "of that cluster's driver, each way (default 10)"));
    }

    @Override
    protected void run(CommandLine line) {
        Stage stage = stage(line);
        Path model = path(line, "model-path");
        FileReadError.requireAccessible(model);
        if (!Files.exists(model)) {
            throw new BadInputException("--model-path " + model + ": there is nothing; check the path");
        }
        LlavaConfig config = LlavaConfig.readShapes(model, StageRunner.visionTower(model, path(line, "vision-tower")));
        RunOptions options = RunOptions.DEFAULT
                .withFrozenDtype(
                        WeightDtype.forFrozenWeights(line.getOptionValue("frozen-dtype", WeightDtype.FP32.toString())))
                .withGradientCheckpointing(line.hasOption("recompute"));
        OptionalLong samples = samples(line, stage);
        MachineMemory machine = machine(line);
        MemoryPlan plan = MemoryPlan.of(StagePlan.of(stage, config, options, samples));
        stage.requireMatches(plan.weightNames(), model);
        System.out.println(stage.name() + " on " + model + ": batch " + stage.batchSize() + ", length "
                + stage.maxLength() + ", of which an image takes " + config.numImageTokens());
        plan.breakdown().forEach(PlanMain::print);
        print("machine", machine + "; a run may take " + MemoryPlan.formatBytes(machine.allowedBytes()));
        samples.ifPresent(count -> print("steps", steps(stage, count)));
        cluster(line, plan, stage).ifPresent(cluster -> cluster.breakdown().forEach(PlanMain::print));
        plan.requireFits(machine);
    }

    private static Optional<ClusterPlan> cluster(CommandLine line, MemoryPlan plan, Stage stage) {
        double gbit = decimal(line, "network-gbit", DEFAULT_GBIT);
        if (!(gbit > 0)) {
            throw new BadInputException("--network-gbit is " + gbit + "; give more than 0");
        }
        if (!line.hasOption("executors")) {
            return Optional.empty();
        }
        ClusterStageCheck.requireSupported(stage, plan);
        return Optional.of(new ClusterPlan(plan, atLeast(1, line, "executors", 1), stage.accumulation(), gbit));
    }

    private static Stage stage(CommandLine line) {
        String name = line.getOptionValue("stage");
        Stage base = Stages.of(name);
        Map<String, Object> changes = new LinkedHashMap<>();
        change(line, "batch", "batchSize", changes);
        change(line, "max-length", "maxLength", changes);
        change(line, "accumulation", "accumulation", changes);
        change(line, "epochs", "epochs", changes);
        return Stages.with(base, changes);
    }

    private static void change(CommandLine line, String flag, String key, Map<String, Object> changes) {
        if (line.hasOption(flag)) {
            changes.put(key, atLeast(1, line, flag, 1));
        }
    }

    private static OptionalLong samples(CommandLine line, Stage stage) {
        if (line.hasOption("samples") && line.hasOption("data-path")) {
            throw new BadInputException("--samples and --data-path both tell how many samples there are; give one");
        }
        if (line.hasOption("samples")) {
            return OptionalLong.of(atLeast(1, line, "samples", 1));
        }
        if (!line.hasOption("data-path")) {
            return OptionalLong.empty();
        }
        long samples = 0;
        for (DataSource source : DataSourceFlags.singleStage().sources(line)) {
            samples += OpenDataSource.count(stage, source);
        }
        return OptionalLong.of(samples);
    }

    private static MachineMemory machine(CommandLine line) {
        if (!line.hasOption("machine-gb")) {
            return MachineMemory.detect();
        }
        double gb = decimal(line, "machine-gb", 0);
        if (!(gb > 0)) {
            throw new BadInputException("--machine-gb is " + gb + "; give more than 0");
        }
        return MachineMemory.of((long) (gb * BYTES_OF_GB));
    }

    private static String steps(Stage stage, long samples) {
        int batches = Math.toIntExact((samples + stage.batchSize() - 1) / stage.batchSize());
        CosineScheduleWithWarmup schedule = stage.schedule(batches);
        return String.format(
                Locale.ROOT,
                "%d, the first %d of them warm-up: %d samples, %d a step, %s",
                schedule.totalSteps(),
                schedule.warmupSteps(),
                samples,
                stage.batchSize() * stage.accumulation(),
                stage.maxSteps() > 0 ? "so many whatever the epochs" : stage.epochs() + " epoch(s)");
    }

    private static void print(String what, String value) {
        System.out.printf(Locale.ROOT, "  %-14s %s%n", what, value);
    }
}
