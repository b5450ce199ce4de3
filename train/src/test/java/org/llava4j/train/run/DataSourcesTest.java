package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Runs with several data sources. */
class DataSourcesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int STEPS = 12;

    @TempDir
    private Path temp;

    private Path model;
    private ArrayNode samples;
    private Path first;
    private Path second;

    @BeforeEach
    void createModelAndTwoSources() throws IOException {
        model = ModelFolders.llama(temp.resolve("model"));
        samples = (ArrayNode) JSON.readTree(Golden.path("f_e2e/finetune.json").toFile());
        first = part("first.json", 0, 3);
        second = part("second.json", 3, 8);
    }

    @Test
    void filesWithoutWeightsAreConcatenated() throws IOException {
        Path all = part("all.json", 0, 8);
        run(
                List.of(new DataSource(all, ModelFolders.IMAGES)),
                temp.resolve("one"),
                withoutCheckpoints(),
                TrainingListener.NONE);
        RunReport report = run(
                List.of(new DataSource(first, ModelFolders.IMAGES), new DataSource(second, ModelFolders.IMAGES)),
                temp.resolve("two"),
                withoutCheckpoints(),
                TrainingListener.NONE);
        assertSameWeights(temp.resolve("one"), temp.resolve("two"));
        // Six epochs have four steps with two samples each; STEPS is half of that.
        assertThat(report.summary().sources())
                .containsExactly(
                        new RunReport.Source(
                                first.toString(), "conversations", 3, null, 9, 9 / 24.0, new LayoutCounts(3, 0)),
                        new RunReport.Source(
                                second.toString(), "conversations", 5, null, 15, 15 / 24.0, new LayoutCounts(5, 0)));
    }

    @Test
    void fileOfBothLayoutsIsReportedWithBothCounts() throws IOException {
        ArrayNode mixed = JSON.createArrayNode();
        for (int i = 0; i < 3; i++) {
            ObjectNode sample = (ObjectNode) samples.get(i).deepCopy();
            if (i == 1) {
                ArrayNode messages = sample.putArray("messages");
                sample.remove("conversations")
                        .forEach(turn -> messages.addObject()
                                .put("role", turn.get("from").textValue())
                                .put("content", turn.get("value").textValue()));
            }
            mixed.add(sample);
        }
        Path file = temp.resolve("mixed.json");
        JSON.writeValue(file.toFile(), mixed);
        List<String> notices = new ArrayList<>();
        RunReport report = run(
                List.of(new DataSource(file, ModelFolders.IMAGES)),
                temp.resolve("mixed"),
                withoutCheckpoints(),
                new TrainingListener() {
                    @Override
                    public void stepDone(Progress progress) {}

                    @Override
                    public void notice(String line) {
                        notices.add(line);
                    }
                });
        assertThat(notices).containsExactly(file + ": 2 samples have conversations, 1 have messages");
        assertThat(report.summary().sources().get(0).layouts()).isEqualTo(new LayoutCounts(2, 1));
        assertThat(JsonInput.readObject(temp.resolve("mixed/run.json")).at("/sources/0/layouts"))
                .hasToString("{\"conversations\":2,\"messages\":1}");
    }

    @Test
    void sourceIsReadByReaderOfItsOwn() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            JsonNode sample = samples.get(i);
            ArrayNode images = JSON.createArrayNode();
            if (sample.has("image")) {
                images.add(sample.get("image"));
            }
            // DataVec's reader decodes with the platform's charset and takes a backslash as an escape.
            String turns = JSON.writer()
                    .with(JsonWriteFeature.ESCAPE_NON_ASCII)
                    .writeValueAsString(sample.get("conversations"))
                    .replace("\\", "\\\\");
            lines.add(String.join("\t", sample.get("id").asText(), images.toString(), turns));
        }
        Path table = Files.write(temp.resolve("first.tsv"), lines);
        DataSource own =
                new DataSource(table, ModelFolders.IMAGES).withReader(() -> new CSVRecordReader(0, '\t', '\u0001'));
        DataSource json = new DataSource(first, ModelFolders.IMAGES);
        RunReport report = run(List.of(own), temp.resolve("one"), withoutCheckpoints(), TrainingListener.NONE);
        run(List.of(json), temp.resolve("two"), withoutCheckpoints(), TrainingListener.NONE);
        assertThat(report.summary().sources().get(0).samples()).isEqualTo(3);
        assertSameWeights(temp.resolve("one"), temp.resolve("two"));
    }

    @Test
    void imagesAreReadFromTheFolderOfTheirSource() throws IOException {
        Path all = part("all.json", 0, 8);
        Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
        for (JsonNode sample : samples) {
            String name = sample.path("image").asText();
            if (!name.isEmpty() && !Files.exists(elsewhere.resolve(name))) {
                Files.copy(ModelFolders.IMAGES.resolve(name), elsewhere.resolve(name));
            }
        }
        run(
                List.of(new DataSource(all, ModelFolders.IMAGES)),
                temp.resolve("one"),
                withoutCheckpoints(),
                TrainingListener.NONE);
        execute(
                temp.resolve("two"),
                "--data-path",
                first + "," + second,
                "--image-folder",
                elsewhere + "," + ModelFolders.IMAGES);
        assertSameWeights(temp.resolve("one"), temp.resolve("two"));
        assertThatThrownBy(() -> execute(
                        temp.resolve("three"),
                        "--set",
                        "maxBadSamples=1",
                        "--data-path",
                        first + "," + second,
                        "--image-folder",
                        model + "," + ModelFolders.IMAGES))
                .hasMessageContaining(first + ", line ")
                .hasMessageContaining("there is no image " + model);
    }

    @Test
    void weightedRunResumesToIdenticalOutput() throws IOException {
        List<DataSource> sources = weighted(3, 1);
        RunReport report = run(sources, temp.resolve("whole"), withoutCheckpoints(), TrainingListener.NONE);
        List<RunReport.Source> reported = report.summary().sources();
        assertThat(reported.get(0).samplesSeen() + reported.get(1).samplesSeen())
                .isEqualTo(2L * STEPS);
        assertThat(reported.get(0).share()).isCloseTo(0.75, within(0.2)).isGreaterThan(3 / 8.0 + 0.1);
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 1, ResumeMode.AUTO);
        Path out = temp.resolve("out");
        for (int stop : List.of(1, 5, 9)) {
            assertThat(run(sources, out, policy, new StopAfter(stop)).stopped()).isNotNull();
        }
        assertThatThrownBy(() -> run(weighted(3, 2), out, policy, TrainingListener.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"weight of data source 2\" was 1.0 and is 2.0");
        RunReport resumed = run(sources, out, policy, TrainingListener.NONE);
        assertThat(resumed.summary().sources()).isEqualTo(reported);
        assertSameWeights(temp.resolve("whole"), out);
        JsonNode written = JSON.readTree(out.resolve("run.json").toFile()).path("sources");
        assertThat(written).hasSize(2);
        assertThat(written.get(1).path("data").asText()).isEqualTo(second.toString());
        assertThat(written.get(1).path("weight").asDouble()).isEqualTo(1);
        assertThat(written.get(1).path("samples_seen").asLong())
                .isEqualTo(reported.get(1).samplesSeen());
    }

    /** Ids need not be unique: samples are identified by file and line. */
    @Test
    void samplesWithSameIdAreDistinct() throws IOException {
        ((ObjectNode) samples.get(0)).put("id", "same").remove("conversations");
        ((ObjectNode) samples.get(3)).put("id", "same").remove("conversations");
        first = part("first.json", 0, 3);
        second = part("second.json", 3, 8);
        Path out = temp.resolve("out");
        execute(out, "--data-path", first + "," + second, "--set", "maxBadSamples=2");
        assertThat(Files.readAllLines(out.resolve("bad-samples.jsonl")))
                .hasSize(2)
                .anyMatch(line -> line.contains(first + ", line "))
                .anyMatch(line -> line.contains(second + ", line "));
    }

    @Test
    void pageShowsSources() throws IOException {
        Path out = temp.resolve("out");
        execute(out, "--data-path", first + "," + second, "--data-weights", "0.7,0.3");
        assertThat(Files.readString(out.resolve("run.html")))
                .contains("<h2>Data sources</h2>")
                .contains("<tr><th scope=\"row\">" + first + "</th><td>3</td><td>0.7</td><td>")
                .contains("<tr><th scope=\"row\">" + second + "</th><td>5</td><td>0.3</td><td>");
    }

    @Test
    void fileNameWithCommaIsOneSource() throws IOException {
        Path comma = Files.copy(first, temp.resolve("first,again.json"));
        execute(temp.resolve("out"), "--data-path", comma.toString());
        assertThat(temp.resolve("out/run.json")).content().contains("first,again.json");
    }

    @Test
    void inconsistentFlagsAreRejected() throws IOException {
        String both = first + "," + second;
        assertFails("--data-weights has 3 number(s), --data-path names 2 source(s)", both, "--data-weights", "1,2,3");
        assertFails("--data-weights has \"0\"; use positive numbers", both, "--data-weights", "1,0");
        assertFails("--data-weights has \"-1\"", both, "--data-weights", "1,-1");
        assertFails("--data-weights has \"NaN\"", both, "--data-weights", "NaN,1");
        assertFails("--data-weights has \"Infinity\"", both, "--data-weights", "1,Infinity");
        assertFails("--data-weights has \"half\"", both, "--data-weights", "half,1");
        assertFails("--data-weights 1, has an empty element", both, "--data-weights", "1,");
        assertFails("--image-folder names 3 folders, --data-path 2 source(s)", both, "--image-folder", "/a,/b,/c");
        assertFails(first + " is given twice", first + "," + second + "," + first);
        assertFails(
                "--data-path " + temp.resolve("none.json") + " does not exist",
                first + "," + temp.resolve("none.json"));
        Path empty = Files.writeString(temp.resolve("empty.json"), "[]");
        assertFails(empty + " has no samples", first + "," + empty);
        assertFails(empty + " has no samples", first + "," + empty, "--data-weights", "1,1");
        assertThatThrownBy(() -> RunPaths.of(model, first, null, temp.resolve("out"))
                        .withSources(List.of(new DataSource(first, null, 1.0), new DataSource(second, null))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("1 of 2 data sources have a weight");
        assertThatThrownBy(() ->
                        RunPaths.of(model, first, null, temp.resolve("out")).withSources(List.of()))
                .isInstanceOf(BadInputException.class);
        assertThatThrownBy(() -> new DataSource(first, null, Double.NaN)).isInstanceOf(BadInputException.class);
    }

    private void assertFails(String message, String data, String... more) {
        List<String> arguments = new ArrayList<>(List.of("--data-path", data));
        arguments.addAll(List.of(more));
        assertThatThrownBy(() -> execute(temp.resolve("refused"), arguments.toArray(String[]::new)))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThat(temp.resolve("refused")).doesNotExist();
    }

    private void execute(Path output, String... more) {
        List<String> flags = new ArrayList<>(List.of(
                "--model-path", model.toString(),
                "--vision-tower", ModelFolders.TOWER.toString(),
                "--image-folder", ModelFolders.IMAGES.toString(),
                "--output-dir", output.toString()));
        flags.addAll(ShortStage.settingFlags(STEPS));
        flags.addAll(List.of(more));
        new StageMain(Stages.FINETUNE).execute(flags.toArray(String[]::new));
    }

    private RunReport run(List<DataSource> sources, Path output, CheckpointPolicy policy, TrainingListener listener) {
        Stage stage = Stages.with(Stages.named(Stages.FINETUNE), ShortStage.settings(1, STEPS, "learningRate=1e-3"));
        RunPaths paths = RunPaths.of(model, first, null, output)
                .withVisionTower(ModelFolders.TOWER)
                .withSources(sources);
        return StageRunner.run(stage, paths, RunOptions.DEFAULT.withCheckpointPolicy(policy), listener);
    }

    /** No checkpoint is written, but images go through the tower one at a time, as in every resumable run. */
    private CheckpointPolicy withoutCheckpoints() {
        return new CheckpointPolicy(temp.resolve("unused"), 0, 1, ResumeMode.NEVER);
    }

    private List<DataSource> weighted(double one, double other) {
        return List.of(
                new DataSource(first, ModelFolders.IMAGES, one), new DataSource(second, ModelFolders.IMAGES, other));
    }

    private Path part(String name, int from, int to) throws IOException {
        ArrayNode part = JSON.createArrayNode();
        for (int i = from; i < to; i++) {
            part.add(samples.get(i));
        }
        return Files.writeString(temp.resolve(name), part.toPrettyString());
    }

    private static void assertSameWeights(Path one, Path other) throws IOException {
        assertThat(Files.mismatch(one.resolve("model.safetensors"), other.resolve("model.safetensors")))
                .isEqualTo(-1);
    }
}
