package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.TinyScienceQa;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.data.OpenDataSource;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.shards.TokenizeDataMain;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** ScienceQA problems and conversations in one run. */
class MixedRunTest {
    private static final int STEPS = 12;
    private static final List<String> MIXED =
            List.of("dataFormat=mixed", "promptFormat=LEPA", "split=train", "learningRate=1e-3");

    @TempDir
    private Path temp;

    private Path model;
    private Path talks;
    private Path problems;

    @BeforeEach
    void createModelAndData() throws IOException {
        model = ModelFolders.llama(temp.resolve("model"));
        talks = Files.copy(Golden.path("f_e2e/finetune.json"), temp.resolve("talks.json"));
        problems = TinyScienceQa.write(temp.resolve("scienceqa"));
    }

    @Test
    void everySourceIsReportedWithFormatAndSamples() throws IOException {
        List<String> notices = new ArrayList<>();
        RunReport report = run("out", policy("unused", 0), new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {}

            @Override
            public void notice(String line) {
                notices.add(line);
            }
        });
        assertThat(notices)
                .contains("data source 1: " + talks + ", conversations, 8 samples")
                .contains("data source 2: " + problems + ", scienceqa, 4 samples");
        // Two epochs of six steps with two samples each.
        assertThat(report.summary().sources())
                .containsExactly(
                        new RunReport.Source(
                                talks.toString(), "conversations", 8, null, 16, 16 / 24.0, new LayoutCounts(8, 0)),
                        new RunReport.Source(problems.toString(), "scienceqa", 4, null, 8, 8 / 24.0, null));
        JsonNode written =
                new ObjectMapper().readTree(temp.resolve("out/run.json").toFile());
        assertThat(written.at("/sources/1/format").asText()).isEqualTo("scienceqa");
        assertThat(report.summary().identity().values())
                .containsEntry("format of data source 1", "CONVERSATIONS")
                .containsEntry("format of data source 2", "SCIENCEQA")
                .containsKeys("data source 1", "data source 2", "images of data source 2")
                .containsEntry("promptFormat", "\"LEPA\"");
    }

    @Test
    void interruptedRunResumesToIdenticalOutput() throws IOException {
        run("whole", policy("unused", 0), TrainingListener.NONE);
        for (int stop : List.of(2, 7)) {
            assertThat(run("out", policy("checkpoints", 1), new StopAfter(stop)).stopped())
                    .isNotNull();
        }
        run("out", policy("checkpoints", 1), TrainingListener.NONE);
        assertSameWeights("whole", "out");
    }

    @Test
    void tokenizedSourcesTrainTheSameWeights() throws IOException {
        run("whole", policy("unused", 0), TrainingListener.NONE);
        Path tokenizedTalks = tokenize("talks", talks, ModelFolders.IMAGES);
        Path tokenizedProblems = tokenize("problems", problems, problems.resolve("images"));
        execute(
                "out",
                "--data-path",
                tokenizedTalks + "," + tokenizedProblems,
                "--image-folder",
                ModelFolders.IMAGES + "," + problems.resolve("images"));
        assertSameWeights("whole", "out");
        assertThatThrownBy(() -> execute(
                        "refused",
                        "--prompt-format",
                        "A",
                        "--data-path",
                        tokenizedTalks + "," + tokenizedProblems,
                        "--image-folder",
                        ModelFolders.IMAGES + "," + problems.resolve("images")))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(
                        tokenizedProblems + " was tokenized with other settings: \"answerFormat\" was LEPA");
    }

    /** The validation set of a mixed run has a format of its own. */
    @Test
    void validationSetIsEitherOfTheFormats() throws IOException {
        String sources = talks + "," + problems;
        String folders = ModelFolders.IMAGES + "," + problems.resolve("images");
        for (boolean scienceQa : List.of(true, false)) {
            String output = "validated-" + scienceQa;
            execute(
                    output,
                    "--data-path",
                    sources,
                    "--image-folder",
                    folders,
                    "--eval-data-path",
                    (scienceQa ? problems : talks).toString(),
                    "--eval-image-folder",
                    (scienceQa ? problems.resolve("images") : ModelFolders.IMAGES).toString(),
                    "--eval-split",
                    "train",
                    "--eval-samples",
                    "2");
            assertThat(temp.resolve(output).resolve("metrics.jsonl"))
                    .content()
                    .contains("validation_loss")
                    .matches(text -> text.contains("validation_accuracy") == scienceQa);
        }
    }

    @Test
    void planCountsSamplesOfBothFormats() {
        Stage stage = Stages.with(Stages.named(Stages.FINETUNE), MIXED);
        assertThat(OpenDataSource.count(stage, new DataSource(talks, null))).isEqualTo(8);
        assertThat(OpenDataSource.count(stage, new DataSource(problems, null))).isEqualTo(4);
    }

    @Test
    void inconsistentFormatsAreRejected() {
        String both = talks + "," + problems;
        assertFails(
                "--data-format \"csv\" is unknown; use one of conversations, scienceqa, mixed", "--data-format", "csv");
        assertFails("\"split\" is null; ScienceQA needs it", "--set", "split=null", "--data-path", both);
        assertFails(
                "\"promptFormat\" is LEPA; ScienceQA needs it, conversations have none; dataFormat is"
                        + " CONVERSATIONS",
                "--data-format",
                "conversations");
        assertFails("which drops the instructions", "--conv-mode", "plain", "--data-path", both);
        assertFails(problems.resolve("nothing").toString(), "--data-path", talks + "," + problems.resolve("nothing"));
        assertFails("problems.json", "--data-path", talks + "," + model);
        assertFails("has no split \"minitrain\"", "--split", "minitrain", "--data-path", both);
    }

    private void assertFails(String message, String... more) {
        assertThatThrownBy(() -> execute("refused", more))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThat(temp.resolve("refused")).doesNotExist();
    }

    private Path tokenize(String name, Path data, Path images) {
        Path shards = temp.resolve(name + "-shards");
        new TokenizeDataMain(RecordExecutor.LOCAL)
                .execute(
                        "--model-path", model.toString(),
                        "--vision-tower", ModelFolders.TOWER.toString(),
                        "--data-format", "mixed",
                        "--prompt-format", "LEPA",
                        "--split", "train",
                        "--model-max-length", "256",
                        "--data-path", data.toString(),
                        "--image-folder", images.toString(),
                        "--output-dir", shards.toString());
        return shards;
    }

    /** Runs the command with the values of {@link #run}; of a repeated flag the last value counts. */
    private void execute(String output, String... more) {
        List<String> flags = new ArrayList<>(ShortStage.pathFlags(model, talks, temp.resolve(output)));
        flags.addAll(ShortStage.settingFlags(STEPS));
        flags.addAll(List.of("--data-format", "mixed", "--prompt-format", "LEPA", "--split", "train"));
        flags.addAll(List.of(more));
        new StageMain(Stages.FINETUNE).execute(flags.toArray(String[]::new));
    }

    private CheckpointPolicy policy(String folder, int saveSteps) {
        return new CheckpointPolicy(
                temp.resolve(folder), saveSteps, 1, saveSteps == 0 ? ResumeMode.NEVER : ResumeMode.AUTO);
    }

    private RunReport run(String output, CheckpointPolicy policy, TrainingListener listener) {
        Stage stage = Stages.with(Stages.with(Stages.named(Stages.FINETUNE), MIXED), ShortStage.settings(1, STEPS));
        RunPaths paths = RunPaths.of(model, talks, null, temp.resolve(output))
                .withVisionTower(ModelFolders.TOWER)
                .withSources(List.of(new DataSource(talks, ModelFolders.IMAGES), new DataSource(problems, null)));
        return StageRunner.run(stage, paths, RunOptions.DEFAULT.withCheckpointPolicy(policy), listener);
    }

    private void assertSameWeights(String one, String other) throws IOException {
        assertThat(Files.mismatch(
                        temp.resolve(one).resolve("model.safetensors"),
                        temp.resolve(other).resolve("model.safetensors")))
                .isEqualTo(-1);
    }
}
