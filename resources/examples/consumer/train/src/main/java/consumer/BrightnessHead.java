package consumer;

import java.nio.file.Path;
import java.util.Map;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.train.AdamW;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.Trainer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adds a classification head to the SameDiff graph and trains it; all other weights are frozen. */
public final class BrightnessHead {
    private static final int CLASSES = 2;
    private static final int STEPS = 60;

    private BrightnessHead() {}

    /** @param args a checkout of LLaVA4J, for a model */
    public static void main(String[] args) {
        Path folder = Path.of(args[0], "resources/tiny/llava");
        Path tower = LlavaConfig.visionTowerPath(folder);
        LlavaConfig config = LlavaConfig.read(folder, tower);
        Llava llava;
        try (Checkpoint weights = Checkpoint.llava(folder, tower)) {
            llava = Llava.build(config, weights, Llava.ImageInput.PIXELS);
        }
        SameDiff graph = llava.graph();
        int width = config.vision().hiddenSize();
        SDVariable pooled = graph.getVariable(Llava.FEATURES)
                .reshape(-1, config.numImageTokens(), width)
                .mean(1);
        SDVariable head = graph.var("head", Nd4j.zeros(DataType.FLOAT, width, CLASSES));
        SDVariable targets = graph.placeHolder("classes", DataType.FLOAT, -1, CLASSES);
        SDVariable logits = pooled.mmul("logits_of_classes", head);
        targets.mul(graph.nn.logSoftmax(logits)).sum().neg("loss_of_classes");
        graph.setLossVariables("loss_of_classes");
        llava.setTrainable(name -> name.equals("head"));
        Trainer trainer =
                new Trainer(llava, new AdamW(AdamW.Settings.PAPER), new CosineScheduleWithWarmup(0.001, 0, STEPS));

        int size = config.vision().imageSizePx();
        INDArray bright = Nd4j.ones(DataType.FLOAT, 1, 3, size, size);
        Map<String, INDArray> batch = Map.of(
                Llava.PIXEL_VALUES, Nd4j.concat(0, bright, bright.neg()), "classes", Nd4j.eye(CLASSES));
        double first = trainer.step(batch).loss();
        double last = first;
        for (int step = 1; step < STEPS; step++) {
            last = trainer.step(batch).loss();
        }
        if (!(last < 0.3 * first)) {
            throw new IllegalStateException("the loss is " + last + " after " + first);
        }
        System.out.println("consumer: the head's loss falls from " + first + " to " + last);
    }
}
