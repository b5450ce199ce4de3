package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;

/** PyTorch shards; behavior shared with safetensors is tested in {@link SafetensorsFolderTest}. */
class TorchFolderTest {
    private static final String SHARD_1 = "pytorch_model-00001-of-00002.bin";
    private static final String SHARD_2 = "pytorch_model-00002-of-00002.bin";
    private static final String INDEX = "pytorch_model.bin.index.json";

    @TempDir
    Path folder;

    @BeforeEach
    void twoShards() throws IOException {
        for (String name : new String[] {SHARD_1, SHARD_2, INDEX}) {
            Files.copy(Golden.path("i_llava_bin/" + name), folder.resolve(name));
        }
    }

    @Test
    void readReturnsReferenceWeights() {
        Map<TensorType, Integer> types = new EnumMap<>(TensorType.class);
        try (TorchFolder shards = TorchFolder.open(folder);
                SafetensorsFolder whole = SafetensorsFolder.open(Golden.path("c_llava_linear"))) {
            assertThat(shards.tensors().keySet()).isEqualTo(whole.tensors().keySet());
            for (TensorInfo info : shards.tensors().values()) {
                INDArray read = shards.read(info.name());
                float[] expected = whole.read(info.name()).reshape(-1).toFloatVector();
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = rounded(expected[i], info.type());
                }
                assertThat(read.shape()).as(info.name()).isEqualTo(info.shape());
                assertThat(read.reshape(-1).toFloatVector()).as(info.name()).isEqualTo(expected);
                types.merge(info.type(), 1, Integer::sum);
            }
        }
        assertThat(types).isEqualTo(Map.of(TensorType.F32, 32, TensorType.F16, 71, TensorType.BF16, 9));
    }

    private static float rounded(float value, TensorType type) {
        return switch (type) {
            case F16 -> HalfFloats.f16ToFloat(HalfFloats.floatToF16(value));
            case BF16 -> HalfFloats.bf16ToFloat(HalfFloats.floatToBf16(value));
            default -> value;
        };
    }

    @Test
    void readReturnsTensorsOfSingleFile() throws IOException {
        Path other = Files.createDirectory(folder.resolve("other"));
        Files.copy(folder.resolve(SHARD_1), other.resolve("pytorch_model.bin"));
        try (TorchFolder store = TorchFolder.open(other);
                TorchFile file = TorchFile.open(folder.resolve(SHARD_1))) {
            assertThat(store.tensors()).isEqualTo(file.tensors());
            assertThat(store.read("lm_head.weight")).isEqualTo(file.read("lm_head.weight"));
        }
    }

    @Test
    void openRejectsMissingOrInvalidShard() throws IOException {
        Files.delete(folder.resolve(SHARD_2));
        assertRejected(SHARD_2);
        Files.copy(folder.resolve(SHARD_1), folder.resolve(SHARD_2));
        assertRejected("\"lm_head.weight\"");
        Files.writeString(folder.resolve(SHARD_2), "<html>404</html>");
        assertRejected(SHARD_2 + " is an HTML page");
    }

    @Test
    void openRejectsIndexOfOtherFormat() throws IOException {
        Files.writeString(folder.resolve(INDEX), "{\"weight_map\":{\"a\":\"model.safetensors\"}}");
        assertRejected("name of a .bin file");
    }

    @Test
    void openRejectsSingleFileBesideIndex() throws IOException {
        Files.copy(folder.resolve(SHARD_1), folder.resolve("pytorch_model.bin"));
        assertRejected("both pytorch_model.bin and " + INDEX);
    }

    private void assertRejected(String reason) {
        assertThatThrownBy(() -> TorchFolder.open(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining(reason);
    }
}
