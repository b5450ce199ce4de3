package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.TinyModelFolders;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Both stages of a model with {@code <im_start>} and {@code <im_end>} around its images. */
class ImageStartEndTokenStagesTest {
    private static final Set<Integer> IMAGE_START_END = Set.of(1001, 1002);
    private static final int ROWS = 1003;
    private static final int WIDTH = 64;

    @TempDir
    private Path temp;

    private Path llama;

    @BeforeEach
    void createModel() {
        llama = TinyModelFolders.llamaWithSlot(temp.resolve("llama"));
    }

    @Test
    void stage1TrainsOnlyProjectorAndTwoEmbeddings() {
        Path out = temp.resolve("stage1");
        RunReport report = pretrain("v0", llama, null, out);
        Map<String, INDArray> before = tensors(llama.resolve("model.safetensors"));
        Map<String, INDArray> after = tensors(out.resolve("model.safetensors"));
        for (Map.Entry<String, INDArray> tensor : before.entrySet()) {
            if (!tensor.getKey().equals(ImageStartEndEmbeddings.TABLE)) {
                assertThat(after.get(tensor.getKey())).as(tensor.getKey()).isEqualTo(tensor.getValue());
            }
        }
        INDArray was = before.get(ImageStartEndEmbeddings.TABLE);
        INDArray is = after.get(ImageStartEndEmbeddings.TABLE);
        for (int id = 0; id < ROWS; id++) {
            assertThat(is.getRow(id).equals(was.getRow(id)))
                    .as("row %d is unchanged", id)
                    .isNotEqualTo(IMAGE_START_END.contains(id));
        }
        assertThat(is.getRow(1001)).isNotEqualTo(is.getRow(1002));
        assertThat(report.summary().groups())
                .filteredOn(group -> group.name().equals("embed_tokens"))
                .satisfiesExactlyInAnyOrder(
                        group -> {
                            assertThat(group.trainable() && group.changed()).isTrue();
                            assertThat(group.parameters()).isEqualTo(2 * WIDTH);
                        },
                        group -> {
                            assertThat(group.trainable() || group.changed()).isFalse();
                            assertThat(group.parameters()).isEqualTo((ROWS - 2) * WIDTH);
                        });
        assertThat(report.summary().groups())
                .filteredOn(WeightGroup::trainable)
                .extracting(WeightGroup::name)
                .containsExactlyInAnyOrder("mm_projector", "embed_tokens");
        assertThat(tensors(out.resolve("mm_projector.safetensors")).get(ImageStartEndEmbeddings.TABLE))
                .isEqualTo(is);
    }

    @Test
    void stage2TrainsAllEmbeddingsFromFolderOrProjectorFile() {
        Path first = temp.resolve("stage1");
        pretrain("v1", llama, null, first);
        Map<String, INDArray> whole = finetune(first, null, temp.resolve("from-folder"));
        Map<String, INDArray> fromFile =
                finetune(llama, first.resolve("mm_projector.safetensors"), temp.resolve("from-file"));
        assertThat(fromFile).isEqualTo(whole);
        INDArray was = tensors(first.resolve("model.safetensors")).get(ImageStartEndEmbeddings.TABLE);
        INDArray is = whole.get(ImageStartEndEmbeddings.TABLE);
        for (int id : List.of(1, 1001, 1002)) {
            assertThat(is.getRow(id)).as("row %d", id).isNotEqualTo(was.getRow(id));
        }
        assertThat(is.getRow(1000)).as("<im_patch> is never read").isEqualTo(was.getRow(1000));
        LlavaModel model = LlavaModel.load(temp.resolve("from-folder"));
        assertThat(model.answer(Golden.path("d_preproc/rgb_64x48.png"), "What is it?", 4))
                .isNotNull();
    }

    @Test
    void templateWithoutInstructionIsRejected() {
        Path out = temp.resolve("stage1");
        assertThatThrownBy(() -> pretrain("plain", llama, null, out))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("\"convMode\" is plain, which drops the instructions and with them <im_start>")
                .hasMessageContaining("use v0 or v1 (--conv-mode)");
        assertThat(out).doesNotExist();
    }

    @Test
    void projectorOnlyStageAcceptsPlainTemplate() {
        Path out = temp.resolve("stage1");
        Stage projector =
                Stages.with(stage(Stages.PRETRAIN, "plain"), Map.of("trainable", List.of("model\\.mm_projector\\..+")));
        StageRunner.run(projector, paths(llama, null, "pretrain", out), RunOptions.DEFAULT, TrainingListener.NONE);
        assertThat(tensors(out.resolve("model.safetensors")).get(ImageStartEndEmbeddings.TABLE))
                .isEqualTo(tensors(llama.resolve("model.safetensors")).get(ImageStartEndEmbeddings.TABLE));
    }

    @Test
    void modelWithoutTokensRunsSameStage() {
        Path plain = temp.resolve("my-plain-llama");
        RunReport report = pretrain("v0", plain, null, temp.resolve("stage1"));
        assertThat(report.summary().groups())
                .filteredOn(WeightGroup::trainable)
                .extracting(WeightGroup::name)
                .containsExactly("mm_projector");
        assertThat(tensors(temp.resolve("stage1/mm_projector.safetensors")))
                .doesNotContainKey(ImageStartEndEmbeddings.TABLE);
    }

    private static RunReport pretrain(String convMode, Path model, Path projector, Path out) {
        return StageRunner.run(
                stage(Stages.PRETRAIN, convMode),
                paths(model, projector, "pretrain", out),
                RunOptions.DEFAULT,
                TrainingListener.NONE);
    }

    private static Map<String, INDArray> finetune(Path model, Path projector, Path out) {
        StageRunner.run(
                stage(Stages.FINETUNE, "v1"),
                paths(model, projector, "finetune", out),
                RunOptions.DEFAULT,
                TrainingListener.NONE);
        return tensors(out.resolve("model.safetensors"));
    }

    private static Stage stage(String name, String convMode) {
        return Stages.with(
                Stages.named(name),
                Map.of(
                        "convMode",
                        convMode,
                        "perDeviceTrainBatchSize",
                        4,
                        "gradientAccumulationSteps",
                        1,
                        "maxSteps",
                        3,
                        "warmupRatio",
                        0.0));
    }

    private static RunPaths paths(Path model, Path projector, String data, Path out) {
        return RunPaths.of(model, Golden.path("f_e2e/" + data + ".json"), ModelFolders.IMAGES, out)
                .withVisionTower(ModelFolders.TOWER)
                .withProjector(projector);
    }

    private static Map<String, INDArray> tensors(Path file) {
        assertThat(Files.exists(file)).isTrue();
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            stored.tensors().keySet().forEach(name -> tensors.put(name, stored.read(name)));
        }
        return tensors;
    }
}
