package org.llava4j.eval.demo;

import java.nio.file.Path;
import java.util.function.ToDoubleFunction;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.cli.ShippedFiles;
import org.llava4j.data.Html;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.train.logging.StatusLine;

/**
 * {@code mvn -Pdemo} and {@code exec:java@demo}: writes a synthetic dataset, trains LLaVA's two stages and stage 2 alone
 * on it, evaluates, and writes a report.
 */
public final class DemoMain extends Command {
    private DemoMain() {
        super(
                "demo",
                "Trains LLaVA's two stages on a synthetic ScienceQA-like dataset and reports what stage 1 contributes.");
    }

    public static void main(String[] args) {
        new DemoMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(flag("output-dir", "DIR", "the folder to write (default target/demo)"))
                .addOption(flag("base", "DIR", "the base model (default resources/tiny/base)"))
                .addOption(flag("seed", "N", "of the dataset and of training (default 7)"))
                .addOption(toggle("long", "more train problems and more steps of stage 2"))
                .addOption(alias(
                        size("train-per-type", "train problems of each category", DemoRecipe::trainPerType),
                        "train-per-kind"))
                .addOption(alias(
                        size("test-per-type", "held-out problems of each category", DemoRecipe::testPerType),
                        "test-per-kind"))
                .addOption(size("captions", "captioned images for stage 1", DemoRecipe::captions))
                .addOption(flag("pretrain-steps", "N", "steps of stage 1 (default as in tiny-pretrain)"))
                .addOption(size("finetune-steps", "steps of stage 2", DemoRecipe::finetuneSteps))
                .addOption(size(
                        "finetune-learning-rate", "peak learning rate of stage 2", DemoRecipe::finetuneLearningRate));
    }

    private static Option size(String name, String description, ToDoubleFunction<DemoRecipe> value) {
        return flag(
                name,
                "N",
                Html.format(
                        "%s (default %s, with --long %s)",
                        description,
                        number(value.applyAsDouble(DemoRecipe.SHORT)),
                        number(value.applyAsDouble(DemoRecipe.LONG))));
    }

    private static String number(double value) {
        return value == Math.rint(value) ? Html.format("%.0f", value) : String.valueOf(value);
    }

    @Override
    protected void run(CommandLine line) {
        DemoRecipe recipe = line.hasOption("long") ? DemoRecipe.LONG : DemoRecipe.SHORT;
        int seed = integer(line, "seed", 7);
        SyntheticDatasetConfig plan = new SyntheticDatasetConfig(
                seed,
                integer(line, "train-per-type", recipe.trainPerType()),
                0,
                integer(line, "test-per-type", recipe.testPerType()),
                integer(line, "captions", recipe.captions()),
                false);
        Path output = line.hasOption("output-dir") ? path(line, "output-dir") : Path.of("target/demo");
        Path base = line.hasOption("base") ? path(line, "base") : ShippedFiles.path("resources/tiny/base");
        Demo demo = new Demo(
                base,
                plan,
                DemoRecipe.pretrain(seed, integer(line, "pretrain-steps", 0)),
                DemoRecipe.finetune(
                        seed,
                        integer(line, "finetune-steps", recipe.finetuneSteps()),
                        decimal(line, "finetune-learning-rate", recipe.finetuneLearningRate())));
        DemoResult result = demo.run(output, StatusLine.onStdout());
        System.out.println(result.summary());
        System.out.println("report: " + output.resolve("report.html"));
    }
}
