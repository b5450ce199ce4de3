package org.llava4j.train.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;

class TrainAllMainTest {
    @TempDir
    private Path temp;

    private Path llama;
    private Path dataset;
    private Path out;

    @BeforeEach
    void createLlamaAndData() {
        llama = ModelFolders.llama(temp.resolve("llama"));
        dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 1, 0, 1, 0, false), dataset);
        out = temp.resolve("out");
    }

    @Test
    void bothModelsStartFromStage1ProjectorAndPlainDecoder() throws IOException {
        String[] all = args("--scienceqa", dataset.toString());
        TrainAllMain.main(all);
        for (String stage : List.of("finetune", "finetune-scienceqa")) {
            ModelManifest manifest = ModelManifest.read(out.resolve(stage));
            assertThat(manifest.sources().get("model.mm_projector.weight"))
                    .startsWith(out.resolve("pretrain/mm_projector.safetensors") + ":")
                    .endsWith("then trained by " + stage);
            assertThat(manifest.sources().get("model.norm.weight")).startsWith(llama + ":");
        }
        FileTime first = Files.getLastModifiedTime(out.resolve("pretrain/run.json"));
        FileTime second = Files.getLastModifiedTime(out.resolve("finetune/run.json"));
        TrainAllMain.main(all);
        assertThat(Files.getLastModifiedTime(out.resolve("pretrain/run.json"))).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(out.resolve("finetune/run.json"))).isEqualTo(second);
        assertThatThrownBy(() -> TrainAllMain.main(args("--set", "pretrain.learningRate=1e-3")))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("holds the output of another run: \"learningRate\" was 0.002 and is 0.001");
    }

    @Test
    void eachStageHasItsOwnWeights() throws IOException {
        Path more = Files.copy(Golden.path("f_e2e/pretrain.json"), temp.resolve("more.json"));
        String[] weighted = sources(more, "1,3");
        TrainAllMain.main(weighted);
        TrainAllMain.main(weighted);
        assertThat(JsonInput.readObject(out.resolve("pretrain/run.json"))
                        .at("/sources/1/weight")
                        .asDouble())
                .isEqualTo(3);
        assertThat(JsonInput.readObject(out.resolve("finetune/run.json"))
                        .at("/sources/1/weight")
                        .asDouble())
                .isEqualTo(0.5);
        assertThatThrownBy(() -> TrainAllMain.main(sources(more, "1,2")))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("\"weight of data source 2\" was 3.0 and is 2.0");
        assertThatThrownBy(() -> TrainAllMain.main(sources(more, "1")))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--pretrain-data-weights has 1 number(s), --pretrain-data names 2 source(s)");
    }

    /** Of a repeated flag the last value counts. */
    private String[] sources(Path more, String pretrainWeights) {
        List<String> args = new ArrayList<>(List.of(args()));
        args.addAll(List.of(
                "--pretrain-data",
                Golden.path("f_e2e/pretrain.json") + "," + more,
                "--pretrain-data-weights",
                pretrainWeights,
                "--finetune-data",
                Golden.path("f_e2e/finetune.json") + "," + more,
                "--finetune-data-weights",
                "0.5,0.5"));
        return args.toArray(String[]::new);
    }

    /** Inputs and outputs are compared by content. */
    @Test
    void finishedStagesAreRecognizedByContent() throws IOException {
        TrainAllMain.main(args());
        Path norm = llama.resolve("config.json");
        String config = Files.readString(norm);
        assertRejected(
                norm,
                config.replace("10000.0", "5000.0").getBytes(StandardCharsets.UTF_8),
                "\"config.json rope_theta\" was 10000.0 and is 5000.0");
        Path projector = out.resolve("pretrain/mm_projector.safetensors");
        byte[] flipped = Files.readAllBytes(projector);
        flipped[flipped.length - 1] ^= 1;
        assertRejected(
                projector,
                flipped,
                "pretrain has changed since the run wrote it: mm_projector.safetensors was modified");
        Path weights = out.resolve("finetune/model.safetensors");
        assertRejected(
                weights,
                Arrays.copyOf(Files.readAllBytes(weights), 1000),
                "finetune has changed since the run wrote it: model.safetensors was modified: 1000 bytes");
        assertThatThrownBy(() -> TrainAllMain.main(args("--save-type", "float16")))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("\"save-type\" was F32 and is F16");
        // Stage 1 of another base gives another projector than stage 2 was trained with.
        Path other = Files.move(out.resolve("pretrain"), temp.resolve("elsewhere"));
        Path base = llama.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(base);
        bytes[bytes.length - 1] ^= 1;
        assertRejected(base, bytes, "finetune holds the output of another run: \"weights of model model.safetensors\"");
        assertThat(out.resolve("pretrain")).doesNotExist();
        Files.move(other, out.resolve("pretrain"));
        TrainAllMain.main(args());
    }

    private void assertRejected(Path file, byte[] content, String message) throws IOException {
        byte[] before = Files.readAllBytes(file);
        Files.write(file, content);
        assertThatThrownBy(() -> TrainAllMain.main(args()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message);
        Files.write(file, before);
    }

    @Test
    void laterStageThatDoesNotFitItsDataIsRejectedFirst() {
        assertFails("would be warmup", "--set", "finetune.maxSteps=1");
        assertFails("problems.json", "--finetune-stage", "finetune-scienceqa", "--set", "finetune.split=train");
        assertFails("matches no weight", "--set", "finetune.trainable=[\"nothing\"]");
        assertFails("maximum length of 8", "--set", "finetune.modelMaxLength=8");
    }

    @Test
    void errorInLaterStageIsReportedFirst() {
        assertFails("finetune.perDeviceTrainBatchSize", "--set", "finetune.perDeviceTrainBatchSize=0");
        assertFails("names no stage; start with pretrain., finetune.", "--set", "perDeviceTrainBatchSize=4");
        assertFails(
                "does not exist; check the path",
                "--scienceqa",
                temp.resolve("none").toString());
    }

    private void assertFails(String message, String... more) {
        assertThatThrownBy(() -> TrainAllMain.main(args(more)))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(
                        message.equals("finetune.perDeviceTrainBatchSize")
                                ? "\"perDeviceTrainBatchSize\" is 0"
                                : message);
        assertThat(out).doesNotExist();
    }

    private String[] args(String... more) {
        List<String> args = new ArrayList<>(List.of(
                "--model-path",
                llama.toString(),
                "--vision-tower",
                ModelFolders.TOWER.toString(),
                "--output-dir",
                out.toString(),
                "--pretrain-data",
                Golden.path("f_e2e/pretrain.json").toString(),
                "--pretrain-images",
                ModelFolders.IMAGES.toString(),
                "--finetune-data",
                Golden.path("f_e2e/finetune.json").toString(),
                "--finetune-images",
                ModelFolders.IMAGES.toString()));
        for (String stage : List.of("pretrain", "finetune", "finetune-scienceqa")) {
            for (String value : List.of(
                    "perDeviceTrainBatchSize=2", "gradientAccumulationSteps=1", "maxSteps=2", "modelMaxLength=512")) {
                args.addAll(List.of("--set", stage + "." + value));
            }
        }
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }
}
