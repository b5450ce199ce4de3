package org.llava4j.train.shards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Training on a tokenized dataset equals training on the original data. */
class TokenizeDataMainTest {
    @TempDir
    private Path temp;

    private Path model;
    private Path data;
    private Path shards;

    @BeforeEach
    void createDataWithOneInvalidSample() throws IOException {
        model = ModelFolders.llama(temp.resolve("model"));
        shards = temp.resolve("shards");
        String good = Files.readString(Golden.path("f_e2e/pretrain.json")).strip();
        data = Files.writeString(
                temp.resolve("data.json"),
                "[{\"id\": \"broken\", \"conversations\": [{\"from\": \"human\", \"value\": \"alone\"}]},"
                        + good.substring(1));
    }

    private void tokenize(String... more) {
        List<String> flags = new ArrayList<>(List.of(
                "--model-path",
                model.toString(),
                "--vision-tower",
                ModelFolders.TOWER.toString(),
                "--data-path",
                data.toString(),
                "--output-dir",
                shards.toString(),
                "--stage",
                "pretrain",
                "--model-max-length",
                "256",
                "--samples-per-shard",
                "3"));
        flags.addAll(List.of(more));
        TokenizeDataMain.main(flags.toArray(String[]::new));
    }

    private RunReport run(Path from, String out, Map<String, Object> more) {
        Stage stage = Stages.with(
                Stages.with(
                        Stages.named(Stages.PRETRAIN),
                        Map.of(
                                "freshProjector",
                                true,
                                "perDeviceTrainBatchSize",
                                2,
                                "maxSteps",
                                6,
                                "modelMaxLength",
                                256)),
                more);
        RunPaths paths =
                RunPaths.of(model, from, ModelFolders.IMAGES, temp.resolve(out)).withVisionTower(ModelFolders.TOWER);
        return StageRunner.run(stage, paths, RunOptions.DEFAULT, TrainingListener.NONE);
    }

    @Test
    void runOnShardsWritesSameWeightsAsRunOnRawData() throws IOException {
        tokenize();
        JsonNode index = JsonInput.readObject(shards.resolve("shards.json"));
        assertThat(index.get("samples").intValue()).isEqualTo(9);
        assertThat(index.get("layouts")).hasToString("{\"conversations\":9,\"messages\":0}");
        assertThat(shards.resolve("bad-00000.jsonl")).content().contains("\"where\":\"" + data, "\"problem\"");
        for (JsonNode shard : index.get("shards")) {
            assertThat(shard.get("numbers").size()).isBetween(1, 3);
        }
        RunReport raw = run(data, "raw", Map.of());
        RunReport sharded = run(shards, "sharded", Map.of());
        assertThat(sharded.summary().badSamples())
                .isEqualTo(raw.summary().badSamples())
                .isEqualTo(1);
        assertThat(sharded.summary().sources().get(0).layouts()).isEqualTo(new LayoutCounts(9, 0));
        assertThat(Files.readString(temp.resolve("sharded/bad-samples.jsonl")))
                .isEqualTo(Files.readString(temp.resolve("raw/bad-samples.jsonl")));
        assertThat(Files.mismatch(
                        temp.resolve("sharded/mm_projector.safetensors"), temp.resolve("raw/mm_projector.safetensors")))
                .isEqualTo(-1);
    }

    @Test
    void runRejectsShardsWithOtherEncoding() throws IOException {
        Path template = Files.writeString(temp.resolve("own.json"), """
                {"name": "own", "system": "Be brief.", "prompt": {"afterSystem": " ", "beforeQuestion": "Q: ",
                "afterQuestion": " ", "answerCue": "A:", "beforeAnswer": " ", "answerEnd": "</s>", "afterAnswer": ""}}
                """);
        tokenize("--conv-mode", template.toString());
        Map<String, Object> own = Map.of("convMode", template.toString());
        assertRejected(Map.of("convMode", "v1"), "\"conversation template name\" was \"own\" and is \"v1\"");
        Files.writeString(template, Files.readString(template).replace("Be brief.", "Be kind."));
        assertRejected(own, "\"conversation template system\" was \"Be brief.\" and is \"Be kind.\"");
        Files.writeString(template, Files.readString(template).replace("Be kind.", "Be brief."));
        Path tokens = model.resolve("added_tokens.json");
        Files.writeString(tokens, "{\"<extra>\": 1000}");
        assertRejected(own, "\"added_tokens.json\" was absent and is sha256 ");
        Files.delete(tokens);
        run(shards, "out", own);
    }

    /** The rule of the labels is part of the identity of a dataset and of a run. */
    @Test
    void publishedV0LabelsAreAnotherEncoding() throws IOException {
        tokenize("--conv-mode", "v0", "--v0-labels", "published");
        List<String> published = learned();
        tokenize("--conv-mode", "v0");
        List<String> paper = learned();
        assertThat(published).hasSameSizeAs(paper).doesNotContainAnyElementsOf(paper);
        assertRejected(
                Map.of("convMode", ConversationTemplates.V0_PUBLISHED_LABELS),
                "\"conversation template targets\" was absent and is \"V0_PUBLISHED\"");
        assertThatThrownBy(() -> tokenize("--v0-labels", "published"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("add --conv-mode v0");
        assertThatThrownBy(() -> tokenize("--conv-mode", "v0", "--v0-labels", "python"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("use paper or published");
    }

    /** The spans of target tokens of all samples. */
    private List<String> learned() throws IOException {
        List<String> spans = new ArrayList<>();
        for (JsonNode shard :
                JsonInput.readObject(shards.resolve("shards.json")).get("shards")) {
            for (String line :
                    Files.readAllLines(shards.resolve(shard.get("file").asText()))) {
                JsonNode sample = JsonInput.parse("line", line.getBytes(StandardCharsets.UTF_8));
                if (sample.has("target_ranges")) {
                    spans.add(sample.get("id") + " " + sample.get("target_ranges"));
                }
            }
        }
        return spans;
    }

    private void assertRejected(Map<String, Object> values, String difference) {
        assertThatThrownBy(() -> run(shards, "out", values))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(shards + " was tokenized with other settings: ")
                .hasMessageContaining(difference);
    }

    @Test
    void runRejectsModifiedShards() throws IOException {
        tokenize();
        Path first = shards.resolve(JsonInput.readObject(shards.resolve("shards.json"))
                .at("/shards/1/file")
                .asText());
        Files.writeString(first, Files.readString(first).replaceFirst("\\d", "7"));
        assertThatThrownBy(() -> run(shards, "out", Map.of()))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(first + " is missing or was changed");
        Files.writeString(
                shards.resolve("shards.json"),
                Files.readString(shards.resolve("shards.json")).replaceFirst("\"samples\" : 9", "\"samples\" : 8"));
        assertThatThrownBy(() -> run(shards, "out", Map.of()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("lists 9 samples but counts 8");
    }
}
