package org.llava4j.train.run;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchCursor;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.AnswerParser;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaScores;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.ScienceQaPredictor;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureLoader;
import org.llava4j.model.features.FeatureSource;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.data.StageData;
import org.llava4j.train.logging.ValidationResult;
import org.llava4j.train.stage.DataArguments.DataFormat;
import org.llava4j.train.stage.DataArguments.ScienceQaFormat;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Evaluation on the validation set during training: loss and, for ScienceQA, accuracy. */
final class Validation implements AutoCloseable {
    private static final int MAX_NEW_TOKENS = 512;

    private final ValidationOptions options;
    private final Stage stage;
    private final StageData data;
    private final Llava model;
    private final @Nullable LlavaModel generator;
    private final SkippedValidationSamples skipped;

    private Validation(
            ValidationOptions options,
            Stage stage,
            StageData data,
            Llava model,
            @Nullable LlavaModel generator,
            SkippedValidationSamples skipped) {
        this.options = options;
        this.stage = stage;
        this.data = data;
        this.model = model;
        this.generator = generator;
        this.skipped = skipped;
    }

    /**
     * Opens the validation set.
     *
     * @param notice receives one line about invalid samples
     */
    static Validation open(
            ValidationOptions options,
            Stage stage,
            RunPaths paths,
            LlavaConfig config,
            FeatureSource features,
            Llava model,
            Consumer<String> notice) {
        SkippedValidationSamples skipped = new SkippedValidationSamples(notice);
        Stage evalStage = stage(options, stage);
        StageData data = data(options, stage, paths, config, skipped);
        data.batches().setImageLoader(new FeatureLoader(features, config));
        LlavaModel generator = evalStage.data().dataFormat() == DataFormat.SCIENCEQA
                ? LlavaModel.of(
                        config,
                        LlamaTokenizer.load(paths.model()),
                        evalStage.data().chatFormat(),
                        features,
                        model,
                        GenerationConfig.eosIds(paths.model()))
                : null;
        return new Validation(options, evalStage, data, model, generator, skipped);
    }

    /**
     * Opens the validation set as a run reads its data.
     *
     * @param bad receives every invalid sample
     */
    static StageData data(
            ValidationOptions options, Stage stage, RunPaths paths, LlavaConfig config, Consumer<BadSample> bad) {
        List<DataSource> source = List.of(new DataSource(options.data(), options.images()));
        return StageData.open(stage(options, stage), paths.model(), source, config, bad);
    }

    private static Stage stage(ValidationOptions options, Stage stage) {
        Map<String, Object> changes = new HashMap<>(Map.of("maxBadSamples", Integer.MAX_VALUE));
        // Grouped by modality, the samples that are read would not be a random part of the validation set.
        changes.put("groupByModalityLength", false);
        // The loss does not depend on packing but for rounding, by which the losses of runs should not differ.
        changes.put("packing", false);
        DataFormat format = format(options, stage);
        if (format == DataFormat.SCIENCEQA) {
            changes.put("split", options.split());
        } else {
            changes.put("promptFormat", null);
            changes.put("split", null);
        }
        changes.put("dataFormat", format);
        return Stages.with(stage, changes);
    }

    /** Format of the validation set: that of the training data, or its own in a run of mixed data. */
    static DataFormat format(ValidationOptions options, Stage stage) {
        return new DataSource(options.data(), options.images()).format(stage);
    }

    boolean loadsBestModelAtEnd() {
        return options.loadBestModelAtEnd();
    }

    /** Whether an evaluation is due after a step. */
    boolean isDue(int step, int totalSteps) {
        return step % options.evalSteps() == 0 || step == totalSteps;
    }

    ValidationResult evaluate() {
        ScienceQaFormat format = stage.data().scienceQa();
        return new ValidationResult(loss(), generator == null || format == null ? null : accuracy(generator, format));
    }

    private double loss() {
        LlavaBatchIterator batches = data.batches();
        batches.seek(BatchCursor.START);
        double sum = 0;
        long targetTokens = 0;
        int samples = 0;
        while (samples < options.maxSamples() && batches.hasNext()) {
            try (BatchInputs inputs = BatchInputs.of(batches.next());
                    ArrayScope scope = new ArrayScope()) {
                BatchLayout layout = batches.lastPlan().layout();
                int batchTokens = layout.targets().length;
                sum += batchTokens
                        * scope.own(model.output(inputs.placeholders(), Llava.LOSS))
                                .getDouble(0);
                targetTokens += batchTokens;
                samples += layout.batchSize();
            }
        }
        skipped.report();
        if (targetTokens == 0) {
            throw new BadInputException(
                    options.data() + ": no validation sample has target tokens; check the data and" + " \"convMode\"");
        }
        return sum / targetTokens;
    }

    private double accuracy(LlavaModel generator, ScienceQaFormat format) {
        List<ScienceQaProblem> all = ScienceQaRecordReader.problems(options.data(), format.split());
        List<ScienceQaProblem> problems = all.subList(0, Math.min(all.size(), options.maxSamples()));
        Path images =
                options.images() != null ? options.images() : options.data().resolve("images");
        Map<String, String> answers = new ScienceQaPredictor(
                        format.promptFormat(), stage.schedule().perDeviceTrainBatchSize(), MAX_NEW_TOKENS)
                .predict(generator, problems, problem -> ScienceQaRecordReader.image(images, problem));
        ScienceQaScores scores = new ScienceQaScores(ScienceQaProblem::subject);
        problems.forEach(problem -> scores.add(
                problem,
                AnswerParser.parse(
                        Objects.requireNonNull(answers.get(problem.id()), problem.id()),
                        problem.choices().size())));
        return scores.overall().accuracy();
    }

    @Override
    public void close() {
        data.close();
    }
}
