package org.llava4j.eval.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.cli.CommandFailedException;
import org.llava4j.data.world.WorldPlan;
import org.llava4j.data.world.WorldWriter;
import org.llava4j.eval.predictions.PredictionFile;

/** The goal from a model folder and drawn problems to predictions and a report; the model knows nothing. */
class ScienceQaMainTest {
    private static final Path GOLDEN = Path.of(System.getProperty("llava4j.root"), "resources/golden");

    @TempDir
    private Path temp;

    private Path model() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("model"));
        String config = Files.readString(GOLDEN.resolve("f_e2e/stage2_out/config.json"));
        assertThat(config).contains("../a_clip56");
        Files.writeString(
                folder.resolve("config.json"),
                config.replace(
                        "../a_clip56",
                        GOLDEN.resolve("a_clip56").toAbsolutePath().toString()));
        Files.copy(GOLDEN.resolve("f_e2e/stage1_init.safetensors"), folder.resolve("model.safetensors"));
        Files.copy(GOLDEN.resolve("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        return folder;
    }

    @Test
    void everyProblemIsAnsweredGradedAndReported() throws IOException {
        Path world = temp.resolve("world");
        WorldWriter.write(new WorldPlan(3, 0, 0, 1, 0, false), world);
        Path output = temp.resolve("out");
        ScienceQaMain.main(new String[] {
            "--model-path",
            model().toString(),
            "--data-path",
            world.toString(),
            "--output-dir",
            output.toString(),
            "--conv-mode",
            "v1",
            "--prompt-format",
            "A",
            "--max-new-tokens",
            "3"
        });
        JsonNode report =
                new ObjectMapper().readTree(output.resolve("report.json").toFile());
        assertThat(report.get("accuracy").doubleValue()).isBetween(0.0, 1.0);
        int problems = new ObjectMapper()
                .readTree(world.resolve("problems.json").toFile())
                .size();
        assertThat(PredictionFile.read(output.resolve("predictions.jsonl"))).hasSize(problems);
        assertThat(output.resolve("report.html")).isNotEmptyFile();
        assertThat(output.resolve("result.json")).isNotEmptyFile();
    }

    @Test
    void aModelThatDoesNotNameItsTemplateNeedsOne() throws IOException {
        String[] args = {
            "--model-path", model().toString(),
            "--data-path", temp.toString(),
            "--output-dir", temp.resolve("out").toString()
        };
        assertThatThrownBy(() -> ScienceQaMain.main(args))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--conv-mode");
    }

    @Test
    void anUnknownFlagIsNamed() {
        assertThatThrownBy(() -> ScienceQaMain.main(new String[] {"--model-pth", "x"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("model-pth");
    }
}
