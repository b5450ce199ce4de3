package org.llava4j.train.spark;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.JsonInput;
import org.llava4j.data.spark.LoopbackCluster;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.GradientExecutor;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Overhead of a step on a cluster compared with one machine, by the size of the gradients; a measurement: {@code mvn -Pspark,slow -pl train/spark -am test -Dtest=StepOverheadTest}.
 */
@Tag("slow")
class StepOverheadTest {
    private static final int STEPS = 25;
    private static final int WIDTH = 4096; // of Vicuna 7B

    @TempDir
    private Path temp;

    /** One layer, as wide as in a 7B decoder. */
    private Path model() throws Exception {
        Path folder = ModelFolders.llama(temp.resolve("model"));
        ObjectNode config = (ObjectNode) JsonInput.readObject(folder.resolve("config.json"));
        config.put("hidden_size", WIDTH)
                .put("intermediate_size", 1024)
                .put("num_hidden_layers", 1)
                .put("num_attention_heads", 32)
                .put("num_key_value_heads", 32);
        Files.writeString(folder.resolve("config.json"), new ObjectMapper().writeValueAsString(config));
        Map<String, INDArray> weights = new LinkedHashMap<>();
        int vocabulary = config.get("vocab_size").intValue();
        weights.put("model.embed_tokens.weight", random(vocabulary, WIDTH));
        weights.put("lm_head.weight", random(vocabulary, WIDTH));
        weights.put("model.norm.weight", Nd4j.ones(DataType.FLOAT, WIDTH));
        String layer = "model.layers.0.";
        weights.put(layer + "input_layernorm.weight", Nd4j.ones(DataType.FLOAT, WIDTH));
        weights.put(layer + "post_attention_layernorm.weight", Nd4j.ones(DataType.FLOAT, WIDTH));
        for (String matrix : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
            weights.put(layer + "self_attn." + matrix + ".weight", random(WIDTH, WIDTH));
        }
        weights.put(layer + "mlp.gate_proj.weight", random(1024, WIDTH));
        weights.put(layer + "mlp.up_proj.weight", random(1024, WIDTH));
        weights.put(layer + "mlp.down_proj.weight", random(WIDTH, 1024));
        SafetensorsWriter.write(folder.resolve("model.safetensors"), weights);
        return folder;
    }

    private static INDArray random(int rows, int columns) {
        return Nd4j.randn(DataType.FLOAT, rows, columns).muli(0.02f);
    }

    private double median(Path model, ProjectorType projector, String out, GradientExecutor executor) {
        Stage stage = Stages.with(
                Stages.named(Stages.PRETRAIN),
                Map.of(
                        "freshProjector",
                        true,
                        "perDeviceTrainBatchSize",
                        1,
                        "gradientAccumulationSteps",
                        2,
                        "maxSteps",
                        STEPS,
                        "modelMaxLength",
                        64));
        RunPaths paths = RunPaths.of(model, Golden.path("f_e2e/pretrain.json"), ModelFolders.IMAGES, temp.resolve(out))
                .withVisionTower(ModelFolders.TOWER);
        RunOptions options =
                RunOptions.DEFAULT.withModel(new RunOptions.ModelOptions(WeightDtype.FP32, false, projector, null));
        List<Double> times = new ArrayList<>();
        long[] last = {0};
        TrainingListener clock = new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {
                long now = System.nanoTime();
                if (progress.step().step() > 5) {
                    times.add((now - last[0]) / 1e6);
                }
                last[0] = now;
            }
        };
        RunReport report = StageRunner.run(stage, paths, options, clock, executor);
        assertThat(report.summary().steps()).isEqualTo(STEPS);
        assertThat(report.summary().samples()).isEqualTo(2 * STEPS);
        return times.stream().sorted().toList().get(times.size() / 2);
    }

    @ParameterizedTest
    @CsvSource({"LINEAR, 1", "MLP2X_GELU, 1", "LINEAR, 2", "MLP2X_GELU, 2"})
    void measureStepOverhead(ProjectorType projector, int executors) throws Exception {
        Path model = model();
        double here = median(model, projector, "here", GradientExecutor.LOCAL);
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), executors);
                JavaSparkContext spark =
                        new JavaSparkContext(cluster.conf("overhead").set("spark.executor.memory", "1g"))) {
            double there = median(model, projector, "there", new SparkGradientExecutor(spark));
            System.out.printf(
                    Locale.ROOT,
                    "%s, %d executor(s): a step of two batches takes %.0f ms locally, %.0f ms on the cluster%n",
                    projector,
                    executors,
                    here,
                    there);
        }
    }
}
