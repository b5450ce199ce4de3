package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Sha256;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.train.checkpoint.SavedCheckpoint;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stages;

/** A resume continues the same run or is rejected with the differing values; a new run can start from a checkpoint. */
class ChangedRunTest {
    @TempDir
    private Path temp;

    private InterruptedRun run;

    @BeforeEach
    void files() throws IOException {
        run = new InterruptedRun(temp);
    }

    @Test
    void resumeRejectsChangedModel() throws IOException {
        run.interrupt(2);
        Path config = run.model.resolve("config.json");
        assertRejected(
                config,
                () -> edit(config, json -> json.put("rope_theta", 5000.0)),
                "\"config.json rope_theta\" was 10000.0 and is 5000.0");
        assertRejected(
                config,
                () -> edit(config, json -> json.put("rms_norm_eps", 1e-6)),
                "\"config.json rms_norm_eps\" was 1.0E-5 and is 1.0E-6");
        Path tokenizer = run.model.resolve("tokenizer_config.json");
        assertRejected(
                tokenizer,
                () -> edit(tokenizer, json -> json.put("legacy", false)),
                "\"tokenizer_config.json\" was sha256 " + Sha256.of(tokenizer) + " and is sha256 ");
        Path preprocessor = run.tower.resolve("preprocessor_config.json");
        assertRejected(
                preprocessor,
                () -> edit(preprocessor, json -> json.put("rescale_factor", 0.25)),
                "\"preprocessor_config.json rescaleFactor\" was ");
        Path tower = run.tower.resolve("model.safetensors");
        assertRejected(tower, () -> flipLastBit(tower), "\"weights of vision tower model.safetensors\" was sha256 ");
    }

    @Test
    void resumeRejectsChangedOptions() throws IOException {
        run.interrupt(2);
        RunOptions before = run.options;
        RunOptions.ModelOptions model = before.model();
        run.options = before.withModel(new RunOptions.ModelOptions(
                model.frozenDtype(), model.gradientCheckpointing(), model.projectorType(), -1));
        assertRejected("\"config.json mm_vision_select_layer\" was -2 and is -1");
        run.options = before.withFeatures(new RunOptions.FeatureOptions(
                ExifOrientation.APPLY,
                before.features().cacheBytes(),
                before.features().memoryBytes()));
        assertRejected("\"exif-orientation\" was ");
        run.options = before.withValidation(new ValidationOptions(run.data, run.images, "val", 2, 4, true));
        assertRejected("\"eval load-best-model-at-end\" was false and is true");
    }

    @Test
    void resumeRejectsChangedData() throws IOException {
        run.stage = Stages.with(run.stage, Map.of("convMode", run.template.toString()));
        Path validation = Files.copy(run.data, temp.resolve("held-out.json"));
        run.options = run.options.withValidation(new ValidationOptions(validation, run.images, "val", 2, 4, true));
        run.interrupt(2);
        assertRejected(run.data, () -> reverse(run.data), "\"data source 1\" was sha256 ");
        assertRejected(validation, () -> reverse(validation), "\"eval data source 1\" was sha256 ");
        Path image = run.images.resolve("rgb_48x64.png");
        assertRejected(
                image,
                () -> Files.copy(run.images.resolve("rgb_64x48.png"), image, StandardCopyOption.REPLACE_EXISTING),
                "\"images of data source 1\" was ");
        assertRejected(
                run.template,
                () -> Files.writeString(
                        run.template, Files.readString(run.template).replace("Be brief.", "Be kind.")),
                "\"conversation template system\" was \"Be brief.\" and is \"Be kind.\"");
        // Everything is restored, so the run resumes.
        run.run(ResumeMode.AUTO);
        assertThat(run.output).isDirectory();
    }

    @Test
    void resumeAcceptsChangesWithoutEffectOnSteps() throws IOException {
        run.interrupt(2);
        run.stage = Stages.with(run.stage, Map.of("maxBadSteps", 3, "maxBadSamples", 2, "explodingLoss", 9));
        edit(run.model.resolve("config.json"), json -> json.put("use_cache", false));
        run.run(ResumeMode.AUTO);
        assertThat(run.notices.get(1))
                .startsWith("changed since then: ")
                .contains("\"maxBadSteps\" was 0 and is 3", "\"file config.json\" was sha256 ");
        assertThat(identity().path("maxBadSteps").asText()).isEqualTo("3");
    }

    /** Versions before the present names of values wrote such checkpoints. */
    @Test
    void resumeAcceptsFormerNamesInCheckpoint() throws IOException {
        run.interrupt(2);
        rewriteState(run.checkpoints.resolve("checkpoint-00000002"), state -> {
            ObjectNode identity = (ObjectNode) state.path("identity");
            rename(identity, "gradientAccumulationSteps", "accumulation");
            rename(identity, "perDeviceTrainBatchSize", "batchSize");
            rename(identity, "modelMaxLength", "maxLength");
            rename((ObjectNode) state.path("environment"), "gradient executor", "place of the gradients");
            ObjectNode totals = (ObjectNode) state.path("totals");
            rename(totals, "targetTokens", "supervised");
            rename(totals, "samplesPerSource", "drawn");
            state.put("validation", 2.5);
        });
        run.notices.clear();
        run.run(ResumeMode.AUTO);
        assertThat(run.notices).contains("resuming from " + run.checkpoints.resolve("checkpoint-00000002"));
        assertThat(run.notices).noneMatch(line -> line.contains("differ"));
    }

    private static void rename(ObjectNode json, String name, String former) {
        assertThat(json.has(name)).as(name).isTrue();
        json.set(former, json.remove(name));
    }

    @Test
    void resumeReportsOtherKernels() throws IOException {
        run.interrupt(2);
        Path checkpoint = run.checkpoints.resolve("checkpoint-00000002");
        rewriteState(checkpoint, state -> ((ObjectNode) state.path("environment")).put("kernels", "other, 64 threads"));
        run.run(ResumeMode.AUTO);
        assertThat(run.notices.get(1))
                .isEqualTo("results may differ by rounding: \"kernels\" was other, 64 threads and is "
                        + KernelChoice.description());
    }

    @Test
    void resumeRejectsCheckpointWithoutIdentity() throws IOException {
        run.interrupt(2);
        Path checkpoint = run.checkpoints.resolve("checkpoint-00000002");
        rewriteState(checkpoint, state -> {
            state.remove(List.of("identity", "environment", "startedFrom"));
            state.put("data", "abc").putArray("dataWeights");
            state.putObject("stage").put("name", "finetune");
        });
        assertThatThrownBy(() -> run.run(ResumeMode.AUTO))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(checkpoint + " was written by an older version")
                .hasMessageNotContaining("\n");
    }

    @Test
    void newRunStartsFromCheckpointAndRecordsIt() throws IOException {
        run.interrupt(2);
        Path checkpoint = run.checkpoints.resolve("checkpoint-00000002");
        run.stage = Stages.with(run.stage, Map.of("learningRate", 1e-4));
        ArrayNode samples = (ArrayNode) new ObjectMapper().readTree(run.data.toFile());
        samples.remove(3);
        Files.writeString(run.data, samples.toPrettyString());
        assertRejected("or start a new run from it (--resume " + checkpoint + ")");
        RunReport report = run.run(run.policy(ResumeMode.AUTO).from(checkpoint));
        assertThat(run.notices.get(0))
                .startsWith("a new run, started from " + checkpoint + "; \"learningRate\" was 0.001 and is 1.0E-4;")
                .contains("\"data source 1\" was sha256 ");
        assertThat(report.steps()).hasSize(4);
        assertThat(report.steps().get(1).learningRate())
                .isGreaterThan(report.steps().get(2).learningRate());
        JsonNode origin = JsonInput.readObject(run.output.resolve("run.json")).at("/started_from/0");
        assertThat(origin.path("checkpoint").asText()).isEqualTo(checkpoint.toString());
        assertThat(origin.path("step").asInt()).isEqualTo(2);
        assertThat(origin.path("changes").get(0).asText()).startsWith("\"learningRate\"");
    }

    @Test
    void newRunIsResumable() {
        run.interrupt(1);
        run.stage = Stages.with(run.stage, Map.of("learningRate", 1e-4));
        Path first = run.checkpoints.resolve("checkpoint-00000001");
        CheckpointPolicy from = run.policy(ResumeMode.AUTO).from(first);
        assertThatThrownBy(() -> run.run(run.policy(ResumeMode.AUTO).from(temp.resolve("none"))))
                .hasMessageContaining("does not exist");
        run.interrupt(3, from);
        run.run(ResumeMode.AUTO);
        SavedCheckpoint last = SavedCheckpoint.read(run.checkpoints.resolve("checkpoint-00000003"));
        assertThat(last.state().startedFrom()).hasSize(1);
        assertThatThrownBy(() -> run.run(from))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("holds checkpoints after " + first + ", the last is checkpoint-00000003");
    }

    /** The advice of a run that ended with NaN must work. */
    @Test
    void adviceAfterNanWorks() {
        List<String> flags = List.of(
                "--model-path",
                run.model.toString(),
                "--vision-tower",
                run.tower.toString(),
                "--data-path",
                run.data.toString(),
                "--image-folder",
                run.images.toString(),
                "--fresh-projector",
                "--per-device-train-batch-size",
                "2",
                "--gradient-accumulation-steps",
                "1",
                "--max-steps",
                "4",
                "--save-steps",
                "1",
                "--save-total-limit",
                "9",
                "--set",
                "modelMaxLength=256");
        assertThatThrownBy(() -> command(flags, run.output, "--set", "optimizer.weightDecay=1e30"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--resume auto --set maxBadSteps=N")
                .hasMessageContaining("--resume CHECKPOINT");
        Path first = temp.resolve("out.checkpoints/checkpoint-00000001");
        Path other = temp.resolve("other");
        command(flags, other, "--learning-rate", "1e-4", "--resume", first.toString());
        assertThat(JsonInput.readObject(other.resolve("run.json"))
                        .at("/started_from/0/step")
                        .asInt())
                .isEqualTo(1);
        command(flags, run.output, "--set", "optimizer.weightDecay=1e30", "--resume", "auto", "--set", "maxBadSteps=4");
        assertThat(JsonInput.readObject(run.output.resolve("run.json"))
                        .path("bad_steps")
                        .asInt())
                .isPositive();
        assertThatThrownBy(() -> command(flags, run.output, "--resume", "perhaps"))
                .hasMessageContaining("--resume perhaps is neither auto, never nor a checkpoint folder");
    }

    private static void command(List<String> flags, Path output, String... more) {
        List<String> all = new ArrayList<>(List.of(more));
        all.addAll(flags);
        all.addAll(List.of("--output-dir", output.toString()));
        new StageMain(Stages.FINETUNE).execute(all.toArray(String[]::new));
    }

    /** A base model that is replaced during the run. */
    @Test
    void replacedBaseModelFailsRunWithoutOutput() throws IOException {
        for (Path file : List.of(
                run.model.resolve("model.safetensors"),
                run.model.resolve("tokenizer_config.json"),
                run.model.resolve("config.json"),
                run.tower.resolve("preprocessor_config.json"))) {
            byte[] before = Files.readAllBytes(file);
            run.afterFirstStep = () -> {
                byte[] other = before.clone();
                other[other.length - 1] ^= 1;
                write(file, other);
            };
            assertThatThrownBy(() -> run.run(ResumeMode.NEVER))
                    .as(file.toString())
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith(file + " has changed since the command started; nothing was written")
                    .hasMessageEndingWith("restore the file and resume with --resume auto");
            assertThat(run.output).doesNotExist();
            write(file, before);
        }
        // A checkpoint of the last step remains.
        run.afterFirstStep = () -> {
            throw new AssertionError("no step is taken again");
        };
        assertThat(run.run(ResumeMode.AUTO).summary().steps()).isEqualTo(4);
        assertThat(run.notices).containsExactly("resuming from " + run.checkpoints.resolve("checkpoint-00000004"));
    }

    /** Restored at once, so that the contents at the start and at the end are the same. */
    @Test
    void modelReplacedWhileItIsLoadedFailsRun() throws IOException {
        run.options = run.options.withMachine(new MachineMemory(1L << 40, 1L << 40));
        for (Path file : List.of(run.model.resolve("model.safetensors"), run.tower.resolve("model.safetensors"))) {
            byte[] before = Files.readAllBytes(file);
            byte[] other = before.clone();
            other[other.length - 1] ^= 1;
            run.beforeLoad = () -> {
                write(file, other);
                write(file, before);
            };
            assertThatThrownBy(() -> run.run(ResumeMode.NEVER))
                    .as(file.toString())
                    .isInstanceOf(BadInputException.class)
                    .hasMessage(file + " has changed since the command started; nothing was written");
            assertThat(run.output).doesNotExist();
        }
    }

    private JsonNode identity() {
        return JsonInput.readObject(run.output.resolve("run.json")).path("identity");
    }

    private interface Edit {
        void of(ObjectNode json);
    }

    private static void edit(Path file, Edit edit) throws IOException {
        ObjectNode json = (ObjectNode) JsonInput.readObject(file);
        edit.of(json);
        Files.writeString(file, json.toPrettyString());
    }

    private static void rewriteState(Path checkpoint, Edit edit) throws IOException {
        edit(checkpoint.resolve("state.json"), edit);
        Path state = checkpoint.resolve("state.json");
        edit(
                checkpoint.resolve("llava4j.json"),
                marker -> ((ObjectNode) marker.at("/files/state.json"))
                        .put("bytes", state.toFile().length())
                        .put("sha256", Sha256.of(state)));
    }

    private static void reverse(Path file) throws IOException {
        ObjectMapper json = new ObjectMapper();
        ArrayNode reversed = json.createArrayNode();
        json.readTree(file.toFile()).forEach(sample -> reversed.insert(0, sample));
        Files.writeString(file, reversed.toPrettyString());
    }

    private static void flipLastBit(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
    }

    private static void write(Path file, byte[] bytes) {
        try {
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes a file, resumes, and restores the file. */
    private void assertRejected(Path file, ThrowingCallable change, String message) throws IOException {
        byte[] before = Files.readAllBytes(file);
        try {
            change.call();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        assertRejected(message);
        Files.write(file, before);
    }

    private void assertRejected(String message) {
        assertThatThrownBy(() -> run.run(ResumeMode.AUTO))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(" belongs to another run: ")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThat(run.output).doesNotExist();
    }
}
