package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchCursor;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.AnswerParser;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaScores;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.LlavaModel;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureSource;
import org.llava4j.model.generate.ScienceQaPredictor;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.train.logging.ValidationResult;
import org.llava4j.train.stage.Stage.DataFormat;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Looks at held-out data while a stage learns: the loss, and on ScienceQA the share of right answers too. */
public final class Validation implements AutoCloseable {
    private static final int MAX_NEW_TOKENS = 512;

    private final ValidationOptions options;
    private final Stage stage;
    private final StageData data;
    private final BatchAssembler assembler;
    private final Llava model;
    private final LlavaModel generator;
    private final SkippedValidationSamples skipped;

    private Validation(
            ValidationOptions heldOut,
            Stage stage,
            StageData data,
            BatchAssembler feeding,
            Llava model,
            LlavaModel answering,
            SkippedValidationSamples skipped) {
        this.options = heldOut;
        this.stage = stage;
        this.data = data;
        this.assembler = feeding;
        this.model = model;
        this.generator = answering;
        this.skipped = skipped;
    }

    /**
     * Opens the data; the graph is the one that learns.
     *
     * @param notice receives one line about held-out samples that are invalid
     */
    static Validation open(
            ValidationOptions heldOut,
            Stage stage,
            RunPaths paths,
            LlavaConfig config,
            FeatureSource features,
            Llava model,
            Consumer<String> notice) {
        SkippedValidationSamples skipped = new SkippedValidationSamples(notice);
        Stage look = stage(heldOut, stage);
        StageData data = data(heldOut, stage, paths, config, skipped);
        LlavaModel answering = look.dataFormat() == DataFormat.SCIENCEQA
                ? new LlavaModel(
                        config,
                        LlamaTokenizer.load(paths.model()),
                        look.chatFormat(),
                        features,
                        model,
                        GenerationConfig.eosIds(paths.model()))
                : null;
        return new Validation(heldOut, look, data, new BatchAssembler(config, features), model, answering, skipped);
    }

    /**
     * The held-out data, as a run reads it.
     *
     * @param bad receives every invalid sample
     */
    static StageData data(
            ValidationOptions heldOut, Stage stage, RunPaths paths, LlavaConfig config, Consumer<BadSample> bad) {
        return StageData.open(
                stage(heldOut, stage), paths.of(heldOut.data(), heldOut.images(), paths.output()), config, bad);
    }

    private static Stage stage(ValidationOptions heldOut, Stage stage) {
        return stage.dataFormat() == DataFormat.SCIENCEQA
                ? Stages.with(stage, Map.of("split", heldOut.split(), "maxBadSamples", Integer.MAX_VALUE))
                : Stages.with(stage, Map.of("maxBadSamples", Integer.MAX_VALUE));
    }

    boolean loadsBestModelAtEnd() {
        return options.loadBestModelAtEnd();
    }

    /** Whether a look is due after a step. */
    boolean isDue(int step, int totalSteps) {
        return step % options.evalSteps() == 0 || step == totalSteps;
    }

    ValidationResult evaluate() {
        return new ValidationResult(loss(), generator == null ? OptionalDouble.empty() : OptionalDouble.of(accuracy()));
    }

    private double loss() {
        LlavaBatchIterator batches = data.batches();
        batches.seek(BatchCursor.START);
        PooledMemory pool = PooledMemory.forCurrentThread();
        double sum = 0;
        long rows = 0;
        int samples = 0;
        while (samples < options.maxSamples() && batches.hasNext()) {
            BatchPlan plan = batches.nextPlan();
            Map<String, INDArray> fed = assembler.placeholders(plan);
            INDArray loss = model.output(fed, List.of(Llava.LOSS)).get(Llava.LOSS);
            int own = plan.layout().targets().length;
            sum += own * loss.getDouble(0);
            rows += own;
            samples += plan.layout().batchSize();
            pool.release(loss);
            fed.values().forEach(INDArray::close);
        }
        skipped.report();
        if (rows == 0) {
            throw new BadInputException(options.data()
                    + ": not one held-out sample has anything to learn; look at it and" + " at \"convMode\"");
        }
        return sum / rows;
    }

    private double accuracy() {
        List<ScienceQaProblem> all = ScienceQaRecordReader.problems(options.data(), stage.split());
        List<ScienceQaProblem> problems = all.subList(0, Math.min(all.size(), options.maxSamples()));
        Path images =
                options.images() != null ? options.images() : options.data().resolve("images");
        Map<String, String> said = new ScienceQaPredictor(stage.answerFormat(), stage.batchSize(), MAX_NEW_TOKENS)
                .predict(generator, problems, problem -> ScienceQaRecordReader.image(images, problem));
        ScienceQaScores scores = new ScienceQaScores(ScienceQaProblem::subject);
        problems.forEach(problem -> scores.add(
                problem,
                AnswerParser.parse(said.get(problem.id()), problem.choices().size())));
        return scores.overall().accuracy();
    }

    @Override
    public void close() {
        data.close();
    }
}
