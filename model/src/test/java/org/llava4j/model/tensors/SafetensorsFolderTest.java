package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SafetensorsFolderTest {
    private static final String SHARD_1 = "model-00001-of-00002.safetensors";
    private static final String SHARD_2 = "model-00002-of-00002.safetensors";

    @TempDir
    Path folder;

    @BeforeEach
    void twoShards() throws IOException {
        SafetensorsWriter.write(folder.resolve(SHARD_1), Map.of("a", array(1), "b", array(2)));
        SafetensorsWriter.write(folder.resolve(SHARD_2), Map.of("c", array(3)));
        index("{'metadata':{'total_size':12},'weight_map':{'a':'%s','b':'%s','c':'%s'}}", SHARD_1, SHARD_1, SHARD_2);
    }

    @Test
    void readReturnsTensorsOfAllShards() {
        try (SafetensorsFolder store = SafetensorsFolder.open(folder)) {
            assertThat(store.tensors().keySet()).containsExactly("a", "b", "c");
            assertThat(store.read("b")).isEqualTo(array(2));
            assertThat(store.read("c")).isEqualTo(array(3));
            assertThat(store.metadata()).containsEntry("format", "pt");
            assertThatThrownBy(() -> store.read("d"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("\"d\"");
        }
    }

    @Test
    void readReturnsTensorsOfSingleFile() {
        try (TensorStore store = SafetensorsFolder.open(Golden.path("c_llava_linear"));
                SafetensorsFile file = SafetensorsFile.open(Golden.path("c_llava_linear/model.safetensors"))) {
            assertThat(store.tensors()).isEqualTo(file.tensors());
            assertThat(store.read("lm_head.weight")).isEqualTo(file.read("lm_head.weight"));
        }
    }

    @Test
    void openRejectsMissingShard() throws IOException {
        Files.delete(folder.resolve(SHARD_2));
        assertRejected(SHARD_2);
    }

    @Test
    void openRejectsMissingTensor() throws IOException {
        index("{'weight_map':{'a':'%s','b':'%s','c':'%s','d':'%s'}}", SHARD_1, SHARD_1, SHARD_2, SHARD_2);
        assertRejected("\"d\"");
    }

    @Test
    void openRejectsUnlistedTensor() throws IOException {
        index("{'weight_map':{'a':'%s','c':'%s'}}", SHARD_1, SHARD_2);
        assertRejected("\"b\"");
    }

    @Test
    void openRejectsTensorInWrongShard() throws IOException {
        index("{'weight_map':{'a':'%s','b':'%s','c':'%s'}}", SHARD_1, SHARD_2, SHARD_2);
        assertRejected("\"b\"");
    }

    @Test
    void openRejectsTensorInTwoShards() throws IOException {
        SafetensorsWriter.write(folder.resolve(SHARD_2), Map.of("a", array(4), "c", array(3)));
        assertRejected("\"a\"");
    }

    @Test
    void openRejectsIndexPointingOutsideFolder() throws IOException {
        index("{'weight_map':{'a':'../%s'}}", SHARD_1);
        assertRejected("must be the name of a");
    }

    @Test
    void openRejectsInvalidIndex() throws IOException {
        index("{'weight_map':\n{'a':}}");
        assertRejected("line 2");
        index("{}");
        assertRejected("weight_map");
        index("");
        assertRejected("is empty");
    }

    @Test
    void openRejectsSingleFileBesideIndex() {
        SafetensorsWriter.write(folder.resolve("model.safetensors"), Map.of("a", array(1)));
        assertRejected("both");
    }

    @Test
    void openRejectsEmptyFolder() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> SafetensorsFolder.open(empty))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("model.safetensors");
    }

    private void assertRejected(String reason) {
        assertThatThrownBy(() -> SafetensorsFolder.open(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining(reason);
    }

    private void index(String json, Object... names) throws IOException {
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                json.replace('\'', '"').formatted(names));
    }

    private static INDArray array(float value) {
        return Nd4j.createFromArray(value);
    }
}
