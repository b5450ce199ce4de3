package org.llava4j.train.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.llava4j.train.AdamW;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.Trainer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compiles and runs the example of resources/docs/samediff.md: a head that distinguishes bright from dark images. */
class CustomLossHeadTest {
    private static final int CLASSES = 2;

    @Test
    void customHeadTrainsWhileOtherWeightsStayFrozen() {
        Path folder = Golden.path("c_llava_linear");
        int images = 8;
        // <example>
        Path tower = LlavaConfig.visionTowerPath(folder);
        LlavaConfig config = LlavaConfig.read(folder, tower);
        Llava llava;
        try (Checkpoint weights = Checkpoint.llava(folder, tower)) {
            llava = Llava.build(config, weights, Llava.ImageInput.PIXELS);
        }
        SameDiff graph = llava.graph(); // read any named node, or grow it
        int width = config.vision().hiddenSize();
        SDVariable pooled = graph.getVariable(Llava.FEATURES) // float32[N * P, Dv]
                .reshape(-1, config.numImageTokens(), width)
                .mean(1);
        SDVariable head = graph.var("my_head", Nd4j.zeros(DataType.FLOAT, width, CLASSES));
        SDVariable targets = graph.placeHolder("my_classes", DataType.FLOAT, -1, CLASSES); // one-hot
        SDVariable logits = pooled.mmul("my_logits", head);
        targets.mul(graph.nn.logSoftmax(logits)).sum().neg("my_loss");
        graph.setLossVariables("my_loss");
        llava.setTrainable(name -> name.equals("my_head")); // all other weights are frozen
        Trainer trainer =
                new Trainer(llava, new AdamW(AdamW.Settings.PAPER), new CosineScheduleWithWarmup(0.05, 0, 60));
        // </example>
        INDArray pixels = brightAndDark(images, config.vision().imageSizePx());
        INDArray classes = Nd4j.zeros(DataType.FLOAT, images, CLASSES);
        for (int i = 0; i < images; i++) {
            classes.putScalar(i, i % 2, 1);
        }
        INDArray towerWeight = llava.weight(Llava.TOWER_PREFIX + "vision_model.embeddings.patch_embedding.weight")
                .dup();
        double first = 0;
        double last = 0;
        for (int step = 0; step < 60; step++) {
            last = trainer.step(Map.of(Llava.PIXEL_VALUES, pixels, "my_classes", classes))
                    .loss();
            first = step == 0 ? last : first;
        }
        assertThat(first).isGreaterThan(5);
        assertThat(last).isLessThan(0.3 * first);
        INDArray predictions = llava.output(Map.of(Llava.PIXEL_VALUES, pixels), List.of("my_logits"))
                .get("my_logits");
        assertThat(predictions.argMax(1).toIntVector()).containsExactly(0, 1, 0, 1, 0, 1, 0, 1);
        assertThat(llava.weight(Llava.TOWER_PREFIX + "vision_model.embeddings.patch_embedding.weight"))
                .isEqualTo(towerWeight);
    }

    private static INDArray brightAndDark(int images, int side) {
        float[] pixels = new float[images * 3 * side * side];
        Random random = new Random(1);
        int perImage = pixels.length / images;
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) (0.3 * random.nextGaussian() + (i / perImage % 2 == 0 ? 1 : -1));
        }
        return Nd4j.createFromArray(pixels).reshape(images, 3, side, side);
    }

    @Test
    void docsShowThisCode() throws IOException {
        Path root = Path.of(System.getProperty("llava4j.root"));
        String source =
                Files.readString(root.resolve("train/src/test/java/org/llava4j/train/example/CustomLossHeadTest.java"));
        String example = source.substring(
                        source.indexOf("// <example>\n") + 13, source.indexOf("        // </example>"))
                .indent(-8);
        assertThat(Files.readString(root.resolve("resources/docs/samediff.md")))
                .contains("```java\n" + example + "```");
    }
}
