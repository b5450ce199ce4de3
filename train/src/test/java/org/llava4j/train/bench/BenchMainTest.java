package org.llava4j.train.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.model.kernels.GemmBaseline.Product;
import org.llava4j.train.plan.PlannedRun;

class BenchMainTest {
    @TempDir
    private Path temp;

    @Test
    void benchRunsEveryCaseAndWritesReport() throws IOException {
        Path file = temp.resolve("bench.json");
        BenchMain.main(
                new String[] {"--size", "small", "--batch", "2", "--repetitions", "7", "--json", file.toString()});
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json.get("sgemm_gflops").doubleValue()).isPositive();
        assertThat(json.get("cases"))
                .extracting(node -> node.get("case").textValue())
                .containsExactly("forward", "stage1_features", "stage2", "stage1", "stage2_pixels");
        for (JsonNode one : json.get("cases")) {
            assertThat(one.get("batch").intValue()).isEqualTo(2);
            for (String key : List.of(
                    "median_ms",
                    "tokens_per_s",
                    "gflop",
                    "baseline_ms",
                    "efficiency",
                    "peak_rss_mb",
                    "planned_peak_mb")) {
                assertThat(one.get(key).doubleValue()).as(key).isPositive();
            }
            assertThat(one.get("efficiency").doubleValue())
                    .isCloseTo(
                            one.get("baseline_ms").doubleValue()
                                    / one.get("median_ms").doubleValue(),
                            within(1e-9));
        }
    }

    @Test
    void benchMeasuresInferenceInEachDtype() throws IOException {
        Path file = temp.resolve("inference.json");
        BenchMain.main(new String[] {
            "--size", "small", "--inference", "--dtype", "bf16,q4", "--repetitions", "7", "--json", file.toString()
        });
        JsonNode dtypes = new ObjectMapper().readTree(file.toFile()).get("dtypes");
        assertThat(dtypes).extracting(node -> node.get("dtype").textValue()).containsExactly("bf16", "q4");
        for (JsonNode dtype : dtypes) {
            assertThat(dtype.get("load_ms").doubleValue()).isPositive();
            assertThat(dtype.get("peak_rss_mb").doubleValue())
                    .isGreaterThan(dtype.get("weight_mb").doubleValue());
            assertThat(dtype.get("cases"))
                    .extracting(node -> node.get("case").textValue())
                    .containsExactly("prefill", "second_question", "decode", "decode");
            for (JsonNode one : dtype.get("cases")) {
                assertThat(one.get("median_ms").doubleValue()).isPositive();
                assertThat(one.get("baseline_ms").doubleValue()).isPositive();
            }
        }
        // 2 layers of q, k, v, o [128, 128] and gate, up [344, 128] in q4, down [128, 344] in fp16, because 344 is not
        // whole groups of 32; the head [1000, 128] in q8. A row has 512 columns with padding: 256 or 512 bytes of
        // integers, 64 of scales, 12 unused.
        double q4 = 2 * (4 * 128 + 2 * 344) * (256 + 64 + 12);
        double fp16 = 2 * 128 * 344 * 2;
        double q8 = 1000 * (512 + 64 + 12);
        double norms = 2 * 2 * 128 * Float.BYTES;
        assertThat(dtypes.get(1).get("weight_mb").doubleValue())
                .isCloseTo((q4 + fp16 + q8 + norms) / 1e6, within(1e-6));
    }

    /**
     * Per token, layers of q, k, v, o and three matrices of the MLP; but only for one token the last layer's o and MLP, and
     * the head.
     */
    @ParameterizedTest
    @CsvSource({"1b, 22, 2048, 256, 5632", "7b, 32, 4096, 4096, 11008"})
    void prefillGemmsMatchDecoder(String size, int layers, double hidden, double keys, double intermediate) {
        double qkv = hidden * (hidden + 2 * keys);
        double mlp = hidden * (hidden + 3 * intermediate);
        double linear = StepGemms.ofPrefill(BenchSize.named(size).config().decoder(), 620).stream()
                .filter(product -> !product.batched())
                .mapToDouble(Product::flops)
                .sum();
        assertThat(linear).isEqualTo(2 * (620 * (layers * qkv + (layers - 1) * mlp) + mlp + 32000 * hidden));
    }

    @Test
    void benchMeasuresTrainingWithGradientCheckpointing() throws IOException {
        Path file = temp.resolve("bench.json");
        BenchMain.main(new String[] {
            "--size",
            "small",
            "--cases",
            "forward,stage2",
            "--repetitions",
            "7",
            "--gradient-checkpointing",
            "--json",
            file.toString()
        });
        assertThat(new ObjectMapper().readTree(file.toFile()).get("cases"))
                .extracting(node -> node.get("case").textValue() + " " + node.get("gradient_checkpointing"))
                .containsExactly("forward false", "stage2 false", "stage2 true");
    }

    @Test
    void memoryStaysConstantAfterStep20() throws IOException {
        Path file = temp.resolve("bench.json");
        BenchMain.main(
                new String[] {"--size", "small", "--cases", "stage2", "--memory-steps", "200", "--json", file.toString()
                });
        JsonNode stage2 =
                new ObjectMapper().readTree(file.toFile()).get("cases").get(0);
        assertThat(stage2.get("arrays_mb_end").doubleValue())
                .as("no array is allocated any more")
                .isPositive()
                .isEqualTo(stage2.get("arrays_mb_step_20").doubleValue());
        // On mid 5 % suffices. Here the JIT compiler takes up to 46 MB of so small a model's 420 MB on a busy machine,
        // as much after 200 steps as after 600.
        assertThat(stage2.get("rss_mb_end").doubleValue())
                .isLessThan(1.15 * stage2.get("rss_mb_step_20").doubleValue());
    }

    /**
     * Computed by hand for mid, batch 4: tower 4 * 256 * 588 * 256 * 4 (patches) and 5 layers of 1028 rows; projector
     * 1024 rows; decoder 1536 rows, 8 layers of 4 * 512 * 512 + 3 * 512 * 1376, but 256 rows after the last attention;
     * head 256 rows. Attention is excluded.
     */
    @Test
    void forwardGemmsMatchModel() {
        double tower = 1024.0 * 588 * 256 + 5 * 1028.0 * (4 * 256 * 256 + 2 * 256 * 1024);
        double mlp = 512 * 512 + 3 * 512 * 1376;
        double decoder = 8 * 1536.0 * 3 * 512 * 512 + (7 * 1536.0 + 256) * mlp;
        double others = 1024.0 * 256 * 512 + 256.0 * 512 * 8000;
        assertThat(linear(BenchCase.FORWARD)).isEqualTo(2 * (tower + decoder + others));
    }

    @Test
    void trainingGemmsAddInputAndTrainableWeightGradients() {
        double forward = linear(BenchCase.FORWARD) - linearOfTower();
        double projector = 2 * 1024.0 * 256 * 512;
        assertThat(linear(BenchCase.STAGE1_FEATURES)).isEqualTo(2 * (forward - projector) + 2 * projector);
        assertThat(linear(BenchCase.STAGE2)).isEqualTo(3 * (forward - projector) + 2 * projector);
        assertThat(linear(BenchCase.STAGE1)).isEqualTo(linear(BenchCase.STAGE1_FEATURES) + linearOfTower());
        assertThat(linear(BenchCase.STAGE2_PIXELS)).isEqualTo(linear(BenchCase.STAGE2) + linearOfTower());
    }

    private static double linear(BenchCase of) {
        PlannedRun run = new StepBenchmark(BenchSize.named("mid"), of, false, 4, 7, 0).plannedRun();
        return StepGemms.of(run).stream()
                .filter(product -> !product.batched())
                .mapToDouble(Product::flops)
                .sum();
    }

    private static double linearOfTower() {
        return 2 * (1024.0 * 588 * 256 + 5 * 1028.0 * (4 * 256 * 256 + 2 * 256 * 1024));
    }

    @ParameterizedTest
    @CsvSource({
        "--size,huge,unknown --size huge",
        "--cases,backward,--cases \"backward\" is unknown",
        "--repetitions,3,--repetitions is 3; it must be at least 7",
        "--batch,0,--batch is 0; it must be at least 1",
        "--text,2000,--text 2000 is too long",
        "--memory-steps,20,--memory-steps is 20; it must be at least 21"
    })
    void benchRejectsInvalidFlags(String flag, String value, String message) {
        assertThatThrownBy(() -> BenchMain.main(new String[] {flag, value}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message);
    }
}
