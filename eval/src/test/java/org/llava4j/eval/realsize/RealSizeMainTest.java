package org.llava4j.eval.realsize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.eval.inspect.Inspection;
import org.llava4j.model.tensors.SafetensorsFolder;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Runs on Linux only, which reports the memory of a process. */
@EnabledOnOs(OS.LINUX)
class RealSizeMainTest {
    @TempDir
    private Path temp;

    @Test
    void realSizeGeneratesMeasuresAndDeletesModel() throws IOException {
        Path file = temp.resolve("figures.json");
        run("--size", "small", "--folder", temp.resolve("model").toString(), "--json", file.toString());
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json.get("size").textValue()).isEqualTo("small");
        assertThat(json.get("bytes_16_bit").longValue())
                .isEqualTo(2 * json.get("parameters").longValue());
        assertThat(json.get("positions").intValue()).isEqualTo(16 + 16);
        for (String key : List.of(
                "machine_mb",
                "make_s",
                "inspect_s",
                "load_s",
                "load_cpu_s",
                "anonymous_load_mb",
                "forward_s",
                "forward_cpu_s",
                "decode_ms")) {
            assertThat(json.get(key).doubleValue()).as(key).isPositive();
        }
        assertThat(json.get("bound_mb").doubleValue())
                .isEqualTo((1.1 * json.get("bytes_16_bit").longValue() + 1e9) / 1e6);
        assertThat(json.get("peak_load_mb").doubleValue())
                .isLessThan(json.get("bound_mb").doubleValue())
                .isLessThanOrEqualTo(json.get("peak_forward_mb").doubleValue());
        assertThat(json.get("mapped_mb").doubleValue()).isZero();
        assertThat(namesIn(temp)).containsExactly("figures.json");
    }

    @Test
    void realSizeMapsWeights() throws IOException {
        Path file = temp.resolve("figures.json");
        run("--size", "small", "--mmap", "--folder", temp.resolve("m").toString(), "--json", file.toString());
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        double weights = json.get("bytes_16_bit").longValue() / 1e6;
        assertThat(json.get("mapped_mb").doubleValue()).isBetween(0.9 * weights, weights);
        assertThat(json.get("decode_ms").doubleValue()).isPositive();
    }

    @Test
    void realSizeLoadsQuantizedWeights() throws IOException {
        Path file = temp.resolve("figures.json");
        run("--size", "small", "--dtype", "q4", "--folder", temp.resolve("m").toString(), "--json", file.toString());
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json.get("dtype").textValue()).isEqualTo("q4");
        assertThat(json.get("bound_mb").doubleValue())
                .isEqualTo((json.get("bytes").longValue() + 1.5e9) / 1e6);
        assertThat(json.get("decode_ms").doubleValue()).isPositive();
    }

    @Test
    void bytesCountFormatOfEachMatrix() {
        PublishedModelSize size = PublishedModelSize.named("7b");
        assertThat(size.bytes(WeightDtype.BF16)).isEqualTo(size.bytes16Bit());
        assertThat((double) size.bytes(WeightDtype.Q8) / size.parameters()).isBetween(8.5 / 8, 8.7 / 8);
        assertThat((double) size.bytes(WeightDtype.Q4) / size.parameters()).isBetween(4.5 / 8, 4.9 / 8);
    }

    @Test
    void keepLeavesShardsWithNormalWeights() throws IOException {
        Path folder = temp.resolve("model");
        run("--size", "small", "--folder", folder.toString(), "--keep");
        assertThat(namesIn(temp)).containsExactly("model");
        assertThat(namesIn(folder))
                .contains("config.json", "vision_tower", "model.safetensors.index.json")
                .contains("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
        Inspection measurements = Inspection.of(folder, null);
        assertThat(measurements.problems()).isEmpty();
        assertThat(measurements.tensorsByDtype()).containsOnlyKeys("BF16");
        assertThat(measurements.parameters())
                .isEqualTo(PublishedModelSize.named("small").parameters());
        try (SafetensorsFolder stored = SafetensorsFolder.open(folder)) {
            assertThat(stored.read("model.norm.weight").toFloatVector()).containsOnly(1);
            INDArray table = stored.read("model.embed_tokens.weight");
            assertThat(table.meanNumber().doubleValue()).isBetween(-2e-4, 2e-4);
            assertThat(table.stdNumber().doubleValue()).isBetween(0.0195, 0.0205);
            assertThat(stored.read("lm_head.weight")).isNotEqualTo(table);
        }
    }

    @Test
    void sizesMatchPublishedModels() {
        // LLaMA: 6 738 415 616 and 13 015 864 320; CLIP's tower 303 179 776; a linear projector.
        assertThat(PublishedModelSize.named("7b").parameters()).isEqualTo(6_738_415_616L + 303_179_776 + 1025 * 4096);
        assertThat(PublishedModelSize.named("13b").parameters()).isEqualTo(13_015_864_320L + 303_179_776 + 1025 * 5120);
        // TinyLlama has 1 100 048 384.
        assertThat(PublishedModelSize.named("1b").parameters()).isEqualTo(1_100_048_384L + 303_179_776 + 1025 * 2048);
        assertThat(PublishedModelSize.named("7b").sequenceLength()).isEqualTo(256 + 64);
    }

    @Test
    void requireBoundRejectsPeakAboveLimit() {
        ObjectNode measurements = JsonNodeFactory.instance.objectNode();
        measurements.put("bound_mb", 16501.4).put("peak_load_mb", 16502.6);
        assertThatThrownBy(() -> RealSizeMain.requireBound(measurements))
                .isInstanceOf(BadInputException.class)
                .hasMessage("loading took 16503 MB at its peak, more than the limit of 16501 MB");
        RealSizeMain.requireBound(measurements.put("peak_load_mb", 16501.4));
        measurements.remove("peak_load_mb");
        RealSizeMain.requireBound(measurements);
    }

    @Test
    void realSizeRejectsUnknownSize() {
        assertThatThrownBy(() -> run("--size", "70b", "--folder", temp.toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--size 70b is unknown; use 7b, 13b, 1b, or small");
    }

    @Test
    void realSizeKeepsForeignFolder() throws IOException {
        Path note = Files.writeString(temp.resolve("note.txt"), "mine");
        assertThatThrownBy(() -> run("--size", "small", "--folder", temp.toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("contains files that no previous run wrote");
        assertThat(note).hasContent("mine");
    }

    private static void run(String... args) {
        RealSizeMain.main(args);
    }

    private static List<String> namesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
