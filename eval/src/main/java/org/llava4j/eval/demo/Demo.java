package org.llava4j.eval.demo;

import java.nio.file.Path;
import java.util.Map;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.train.logging.StatusLine;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * LLaVA's training recipe and its ablation of stage 1 at small scale: a synthetic dataset, both stages, stage 2 without
 * stage 1, and an evaluation of each model.
 *
 * @param base base model: vision tower, decoder and tokenizer, no projector
 * @param plan size of the dataset
 * @param pretrain stage 1
 * @param finetune stage 2
 */
record Demo(Path base, SyntheticDatasetConfig plan, Stage pretrain, Stage finetune) {
    Demo {
        if (plan.trainPerType() < 1 || plan.testPerType() < 2 || plan.captions() < 1) {
            throw new BadInputException(
                    "the demo needs captions, train problems and two held-out problems of each category; increase their"
                            + " numbers");
        }
    }

    /** Stage 2 from the base model with a projector of random weights. */
    Stage finetuneAlone() {
        return Stages.with(finetune, Map.of("freshProjector", true));
    }

    /** Runs all parts. Creates {@code output} atomically after the report is written. */
    DemoResult run(Path output, StatusLine line) {
        try (AtomicFolder folder =
                        AtomicFolder.begin(output, "demo", InputPaths.of(base, LlavaConfig.visionTowerPath(base)));
                DemoProgress progress = new DemoProgress(line, System::nanoTime)) {
            DemoResult result = new DemoRun(this, folder.path(), progress).run();
            folder.commit();
            return result;
        }
    }
}
