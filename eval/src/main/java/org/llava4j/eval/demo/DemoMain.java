package org.llava4j.eval.demo;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.cli.Command;
import org.llava4j.data.world.WorldPlan;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** {@code mvn -Pdemo} and {@code exec:java@demo}: draws a world, trains both stages, evaluates, writes a report. */
public final class DemoMain extends Command {
    private static final int TRAIN_PER_KIND = 1200;
    private static final int TEST_PER_KIND = 45;
    private static final int CAPTIONS = 6000;

    private DemoMain() {
        super("demo", "Draws a ScienceQA-like world, trains LLaVA's two stages on it and reports what they are worth.");
    }

    public static void main(String[] args) {
        new DemoMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(flag("output-dir", "DIR", "the folder to write (default target/demo)"))
                .addOption(flag("base", "DIR", "the model to begin with (default resources/tiny/base)"))
                .addOption(flag("seed", "N", "of everything drawn and learned (default 7)"))
                .addOption(flag("train-per-kind", "N", "problems of each kind to learn from (default 1200)"))
                .addOption(flag("test-per-kind", "N", "problems of each kind held out (default 45)"))
                .addOption(flag("captions", "N", "captioned pictures for stage 1 (default 6000)"))
                .addOption(flag("pretrain-steps", "N", "steps of stage 1, as tiny-pretrain says if not given"))
                .addOption(flag("finetune-steps", "N", "steps of stage 2, as tiny-finetune says if not given"));
    }

    @Override
    protected void run(CommandLine line) {
        int seed = integer(line, "seed", 7);
        WorldPlan plan = new WorldPlan(
                seed,
                integer(line, "train-per-kind", TRAIN_PER_KIND),
                0,
                integer(line, "test-per-kind", TEST_PER_KIND),
                integer(line, "captions", CAPTIONS),
                false);
        Path output = line.hasOption("output-dir") ? path(line, "output-dir") : Path.of("target/demo");
        Path base = line.hasOption("base") ? path(line, "base") : Path.of("resources/tiny/base");
        Demo demo = new Demo(
                base,
                plan,
                stage(Stages.TINY_PRETRAIN, integer(line, "pretrain-steps", 0), seed),
                stage(Stages.TINY_FINETUNE, integer(line, "finetune-steps", 0), seed));
        DemoResult result = demo.run(output);
        System.out.printf(
                Locale.ROOT,
                "accuracy %.3f (chance %.3f; before %.3f, after stage 1 %.3f, other images %.3f, without stage 1"
                        + " %.3f) in %.0f s; see %s%n",
                result.accuracy(DemoResult.AFTER_BOTH),
                result.chance(),
                result.accuracy(DemoResult.BEFORE),
                result.accuracy(DemoResult.AFTER_STAGE_1),
                result.accuracy(DemoResult.SHUFFLED),
                result.accuracy(DemoResult.WITHOUT_STAGE_1),
                result.seconds(),
                output.resolve("report.html"));
    }

    private static Stage stage(String name, int steps, int seed) {
        Stage stage = Stages.with(Stages.named(name), Map.of("seed", seed));
        return steps == 0 ? stage : Stages.with(stage, Map.of("maxSteps", steps));
    }
}
