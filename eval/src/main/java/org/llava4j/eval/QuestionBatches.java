package org.llava4j.eval;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.model.chat.LlavaModel;

/** Batches of questions to one model, which is loaded for the first batch. A batch uses all cores. */
public final class QuestionBatches implements RecordProcessor<Map<String, String>> {
    private final ModelSpec spec;
    private final int size;
    private final EvaluationCommand.BatchPredictor predictor;
    private @Nullable LlavaModel model;

    /**
     * @param questions number of questions
     * @param batchSize number of questions per batch
     */
    public QuestionBatches(ModelSpec spec, int questions, int batchSize, EvaluationCommand.BatchPredictor predictor) {
        this.spec = spec;
        this.size = (questions + batchSize - 1) / batchSize;
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
