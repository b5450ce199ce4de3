package org.llava4j.eval.spark;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.data.BadInputException;
import org.llava4j.data.pretraining.ExpandCaptionsMain;
import org.llava4j.data.pretraining.FilterConceptsMain;
import org.llava4j.data.spark.RecordJob;
import org.llava4j.data.spark.SparkJob;
import org.llava4j.eval.llavabench.LlavaBenchMain;
import org.llava4j.eval.scienceqa.ScienceQaMain;
import org.llava4j.train.lint.LintDataMain;
import org.llava4j.train.shards.TokenizeDataMain;
import org.llava4j.train.spark.TrainJob;

/**
 * Main class for {@code spark-submit}: takes the name of a command, then the flags that the command has on one machine.
 */
public final class SparkMain {
    private static final Map<String, BiConsumer<JavaSparkContext, String[]>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("filter-concepts", (spark, flags) -> RecordJob.run(spark, FilterConceptsMain::new, flags));
        COMMANDS.put("expand-captions", (spark, flags) -> RecordJob.run(spark, ExpandCaptionsMain::new, flags));
        COMMANDS.put("lint-data", (spark, flags) -> RecordJob.run(spark, LintDataMain::new, flags));
        COMMANDS.put("tokenize-data", (spark, flags) -> RecordJob.run(spark, TokenizeDataMain::new, flags));
        TrainJob.STAGES.forEach(stage -> COMMANDS.put(stage, (spark, flags) -> TrainJob.run(spark, stage, flags)));
        COMMANDS.put("scienceqa", (spark, flags) -> RecordJob.run(spark, ScienceQaMain::new, flags));
        COMMANDS.put("llava-bench", (spark, flags) -> RecordJob.run(spark, LlavaBenchMain::new, flags));
    }

    private SparkMain() {}

    public static void main(String[] args) {
        String name = args.length == 0 ? "" : args[0];
        SparkJob.run(name.isEmpty() ? "LLaVA4J" : name, spark -> {
            BiConsumer<JavaSparkContext, String[]> command = COMMANDS.get(name);
            if (command == null) {
                throw new BadInputException(
                        "the first argument must be a command: " + String.join(", ", COMMANDS.keySet()));
            }
            command.accept(spark, Arrays.copyOfRange(args, 1, args.length));
        });
    }
}
