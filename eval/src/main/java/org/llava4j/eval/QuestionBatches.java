package org.llava4j.eval;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.Fingerprint;
import org.llava4j.eval.report.Report;
import org.llava4j.model.chat.LlavaModel;

/** Batches of questions to one model, which is loaded for the first batch. A batch uses all cores. */
public final class QuestionBatches implements RecordProcessor<Map<String, String>> {
    private final ModelSpec spec;
    private final int size;
    private final EvaluationCommand.BatchPredictor predictor;
    private final Fingerprint questions;
    private final IntFunction<Map<String, Path>> images;
    private @Nullable LlavaModel model;

    /**
     * @param questions hash of the questions
     * @param numQuestions number of questions
     * @param batchSize number of questions per batch
     * @param images the images of a batch, by question id
     */
    public QuestionBatches(
            ModelSpec spec,
            Fingerprint questions,
            int numQuestions,
            int batchSize,
            IntFunction<Map<String, Path>> images,
            EvaluationCommand.BatchPredictor predictor) {
        this.spec = spec;
        this.questions = questions;
        this.images = images;
        this.size = (numQuestions + batchSize - 1) / batchSize;
        this.predictor = predictor;
    }

    @Override
    public String unit() {
        return "batches of questions";
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean isParallel() {
        return false;
    }

    /** The model as in a report, and the questions. */
    @Override
    public Fingerprint identity() {
        Report report = Report.titled("model");
        spec.describe(report);
        Map<String, String> values = new TreeMap<>(questions.values());
        values.putAll(report.configuration().settings());
        return new Fingerprint(values);
    }

    @Override
    public String contentHash(int index) {
        return EvaluationInputs.sha256(images.apply(index));
    }

    @Override
    public void load() {
        loaded();
    }

    private LlavaModel loaded() {
        LlavaModel loaded = model == null ? spec.load() : model;
        model = loaded;
        return loaded;
    }

    @Override
    public Map<String, String> process(int index) {
        return new LinkedHashMap<>(predictor.predict(loaded(), index));
    }

    @Override
    public void close() {
        if (model != null) {
            model.close();
            model = null;
        }
    }
}
