package org.llava4j.eval.demo;

import java.util.LinkedHashMap;
import java.util.Map;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * Default sizes of a demo run. All other settings of the stages are those of {@code tiny-pretrain} and {@code
 * tiny-finetune}.
 *
 * @param trainPerType train problems of each category
 * @param testPerType held-out problems of each category
 * @param captions captioned images for stage 1
 * @param finetuneSteps optimizer steps of stage 2
 * @param finetuneLearningRate peak learning rate of stage 2
 */
record DemoRecipe(int trainPerType, int testPerType, int captions, int finetuneSteps, double finetuneLearningRate) {
    /** Little instruction data, so that stage 1 matters most. */
    static final DemoRecipe SHORT = new DemoRecipe(450, 120, 6000, 450, 7e-4);

    /** Enough instruction data and steps to compensate for a missing stage 1. */
    static final DemoRecipe LONG = new DemoRecipe(1200, 45, 6000, 2000, 1e-3);

    /** Stage 1; {@code steps} 0 selects the default of {@code tiny-pretrain}. */
    static Stage pretrain(int seed, int steps) {
        Map<String, Object> changes = new LinkedHashMap<>(Map.of("seed", seed));
        if (steps > 0) {
            changes.put("maxSteps", steps);
        }
        return Stages.with(Stages.named(Stages.TINY_PRETRAIN), changes);
    }

    static Stage finetune(int seed, int steps, double learningRate) {
        return Stages.with(
                Stages.named(Stages.TINY_FINETUNE),
                Map.of("seed", seed, "maxSteps", steps, "learningRate", learningRate));
    }
}
