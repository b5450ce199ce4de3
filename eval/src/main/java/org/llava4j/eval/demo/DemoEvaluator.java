package org.llava4j.eval.demo;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.synthetic.ProblemType;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.model.Llava;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.ScienceQaPredictor;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureCache;
import org.llava4j.model.features.FeatureStore;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.run.RunOptions;

/** Greedy evaluation of the demo's models on held-out problems, with one feature cache for all of them. */
final class DemoEvaluator {
    private static final int BATCH_SIZE = 32;
    static final int MAX_NEW_TOKENS = 8;

    private final Demo demo;
    private final DemoProgress progress;
    private final Path tower;
    private final FeatureCache features;

    DemoEvaluator(Demo demo, Path featureFolder, DemoProgress progress) {
        this.demo = demo;
        this.progress = progress;
        tower = LlavaConfig.visionTowerPath(demo.base());
        LlavaConfig config = LlavaConfig.read(demo.base(), tower);
        TowerFeatures source = TowerFeatures.load(demo.base(), tower, config, WeightDtype.FP32);
        features = new FeatureCache(
                source,
                source.fingerprint(config),
                FeatureStore.openIfPossible(
                        featureFolder, RunOptions.DEFAULT.features().cacheBytes(), progress::notice),
                RunOptions.DEFAULT.features().memoryBytes(),
                progress::notice);
    }

    /** The base model with a projector of random weights. */
    LlavaModel untrained() {
        return load(
                demo.base(), weights -> weights.withNewProjector(demo.pretrain().seed()));
    }

    /** A trained model. */
    LlavaModel load(Path model) {
        return load(model, UnaryOperator.identity());
    }

    /** A model that runs on the calling thread, so that all of a batch's prompts are there when it is prefilled. */
    private LlavaModel load(Path folder, UnaryOperator<Checkpoint> change) {
        LlavaConfig config = LlavaConfig.read(folder, tower);
        try (Checkpoint weights = change.apply(Checkpoint.llava(folder, tower).withoutTower())) {
            return LlavaModel.of(
                    config,
                    LlamaTokenizer.load(folder),
                    demo.finetune().data().chatFormat(),
                    features,
                    Llava.build(config, weights, Llava.ImageInput.FEATURES),
                    GenerationConfig.eosIds(folder));
        }
    }

    /** Answers the problems and grades the answers. */
    ScienceQaGrading evaluate(
            LlavaModel model, List<ScienceQaProblem> problems, Function<ScienceQaProblem, Path> imageOf) {
        ScienceQaPredictor answers = new ScienceQaPredictor(
                Objects.requireNonNull(
                        demo.finetune().data().promptFormat(), "stage 2 of the demo is trained on ScienceQA"),
                BATCH_SIZE,
                MAX_NEW_TOKENS);
        Map<String, String> texts = new LinkedHashMap<>();
        for (int from = 0; from < problems.size(); from += BATCH_SIZE) {
            int to = Math.min(problems.size(), from + BATCH_SIZE);
            texts.putAll(answers.predictBatch(model, problems.subList(from, to), imageOf));
            progress.answered(to, problems.size());
        }
        return ScienceQaGrading.of(
                problems, texts, problem -> ProblemType.of(problem).label());
    }
}
