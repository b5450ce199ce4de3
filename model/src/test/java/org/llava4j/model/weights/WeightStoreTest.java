package org.llava4j.model.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.kernels.QuantizedMatrix;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.ShardedSafetensorsWriter;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.testing.Damage;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class WeightStoreTest {
    private static final String NAME = "model.layers.0.mlp.up_proj.weight";
    private static final int ROWS = 3;
    /** Three groups: the only block of a row has padding. */
    private static final int COLUMNS = 96;

    private static final int CASES = 1500;

    @TempDir
    private Path folder;

    private static INDArray matrix() {
        return Nd4j.rand(DataType.FLOAT, ROWS, COLUMNS).subi(0.5);
    }

    private static INDArray quantized(WeightDtype dtype) {
        return dtype.convert(NAME, matrix());
    }

    private void write(INDArray tensor, Map<String, String> metadata) {
        TensorType type = tensor.dataType() == DataType.BYTE ? TensorType.I8 : TensorType.U8;
        ShardedSafetensorsWriter.write(folder, List.of(LazyTensor.of(NAME, type, tensor)), 1 << 20, metadata);
    }

    private void assertRejected(String... messages) {
        assertThatThrownBy(() -> {
                    try (WeightStore store = WeightStore.open(folder)) {
                        store.read(NAME, DataType.FLOAT).close();
                    }
                })
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(Stream.concat(Stream.of(folder.toString()), Stream.of(messages))
                        .toArray(String[]::new))
                .message()
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4"})
    void readDequantizesAndReadQuantizedKeepsBytes(WeightDtype dtype) {
        INDArray tensor = quantized(dtype);
        write(tensor, QuantizedTensors.metadata(dtype));
        try (WeightStore store = WeightStore.open(folder)) {
            assertThat(store.quantization()).isEqualTo(dtype);
            assertThat(store.tensors().get(NAME))
                    .isEqualTo(new TensorInfo(NAME, TensorType.F32, new long[] {ROWS, COLUMNS}));
            assertThat(store.stored().get(NAME).shape()).isEqualTo(tensor.shape());
            assertThat(store.readQuantized(NAME)).isEqualTo(tensor);
            INDArray floats = QuantizedMatrix.dequantize(tensor);
            assertThat(store.read(NAME)).isEqualTo(floats);
            assertThat(store.read(NAME, DataType.HALF)).isEqualTo(floats.castTo(DataType.HALF));
            assertThat(store.read(NAME, DataType.BFLOAT16).dataType()).isEqualTo(DataType.BFLOAT16);
        }
    }

    @Test
    void openRejectsBytesWithoutMetadata() {
        write(quantized(WeightDtype.Q8), Map.of());
        assertRejected(NAME, "is I8", "no llava4j.quantization");
    }

    @Test
    void openRejectsUnknownFormatAndVersion() {
        write(quantized(WeightDtype.Q8), Map.of("llava4j.quantization", "q3"));
        assertRejected("quantized to \"q3\"", "q8 and q4");
        write(quantized(WeightDtype.Q8), Map.of("llava4j.quantization", "q8"));
        assertRejected("version null");
        write(quantized(WeightDtype.Q8), Map.of("llava4j.quantization", "q8", "llava4j.quantization_version", "1"));
        assertRejected("version 1", "reads version 3");
    }

    @Test
    void openRejectsBytesOfOtherFormat() {
        write(quantized(WeightDtype.Q4), QuantizedTensors.metadata(WeightDtype.Q8));
        assertRejected(NAME, "is U8 but q8 weights are I8");
    }

    @ParameterizedTest
    @CsvSource({"Q8, 1", "Q8, 67", "Q8, 70", "Q8, 139", "Q4, 72", "Q4, 319", "Q4, 336", "Q4, 592"})
    void openRejectsRowsOfWrongLength(WeightDtype dtype, long rowBytes) {
        DataType type = dtype == WeightDtype.Q8 ? DataType.BYTE : DataType.UBYTE;
        write(Nd4j.zeros(type, 1, rowBytes), QuantizedTensors.metadata(dtype));
        assertRejected(NAME, "[1, " + rowBytes + "], which is not the shape of a " + dtype + " matrix");
    }

    @Test
    void openRejectsShardsOfDifferentFormats() throws IOException {
        List<LazyTensor> tensors = Stream.of("a", "b")
                .map(name -> LazyTensor.of(name, TensorType.I8, quantized(WeightDtype.Q8)))
                .toList();
        ShardedSafetensorsWriter.write(folder, tensors, 1, QuantizedTensors.metadata(WeightDtype.Q8));
        WeightStore.open(folder).close();
        Path shard = folder.resolve("model-00002-of-00002.safetensors");
        String file = Files.readString(shard, StandardCharsets.ISO_8859_1);
        Files.writeString(shard, file.replace("\"q8\"", "\"q4\""), StandardCharsets.ISO_8859_1);
        assertRejected(shard.toString(), "llava4j.quantization", "shards belong to different models");
    }

    @Test
    void openRejectsVectorsOfBytes() {
        write(Nd4j.zeros(DataType.BYTE, 68), QuantizedTensors.metadata(WeightDtype.Q8));
        assertRejected(NAME, "[68], which is not the shape of a q8 matrix");
    }

    @ParameterizedTest
    @CsvSource({
        "Q8, 0, 1, 0x7e00, row 0 has the scale NaN",
        "Q8, 2, 0, 0x7c00, row 2 has the scale Infinity",
        "Q8, 1, 2, 0xbc00, row 1 has the scale -1.0",
        "Q8, 1, 3, 0x3c00, row 1 has padding that is not zero",
        "Q4, 2, 2, 0xfc00, row 2 has the scale -Infinity",
        "Q4, 0, 3, 0x3c00, row 0 has padding that is not zero"
    })
    void readRejectsDamagedScales(WeightDtype dtype, int row, int group, int bits, String message) {
        INDArray tensor = quantized(dtype);
        setScale(tensor, dtype, row, group, bits);
        write(tensor, QuantizedTensors.metadata(dtype));
        assertRejected(NAME, "is damaged", message);
    }

    /** The fourth word belongs to the fourth group, and every second scale to a second block. */
    @ParameterizedTest
    @CsvSource({
        "Q8, 1036, row 2 has padding that is not zero",
        "Q8, 1602, row 1 has padding that is not zero",
        "Q8, 1766, the unused bytes at its end are not zero",
        "Q4, 12, row 0 has padding that is not zero",
        "Q4, 770, row 0 has padding that is not zero",
        "Q4, 998, the unused bytes at its end are not zero"
    })
    void readRejectsPaddingThatIsNotZero(WeightDtype dtype, long at, String message) {
        INDArray tensor = quantized(dtype);
        setByte(tensor, at, 0x10);
        write(tensor, QuantizedTensors.metadata(dtype));
        assertRejected(NAME, "is damaged", message);
    }

    /** Scales of Q4 may be negative. */
    @Test
    void readAcceptsNegativeScalesOfQ4() {
        INDArray tensor = quantized(WeightDtype.Q4);
        setScale(tensor, WeightDtype.Q4, 1, 1, 0xbc00);
        write(tensor, QuantizedTensors.metadata(WeightDtype.Q4));
        try (WeightStore store = WeightStore.open(folder)) {
            assertThat(store.readQuantized(NAME)).isEqualTo(tensor);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4"})
    void damagedFileIsReadOrRejected(WeightDtype dtype) throws IOException {
        write(quantized(dtype), QuantizedTensors.metadata(dtype));
        Path file = folder.resolve("model.safetensors");
        byte[] valid = Files.readAllBytes(file);
        Random random = new Random(26);
        int rejected = 0;
        for (int i = 0; i < CASES; i++) {
            Files.write(file, Damage.of(valid, random));
            try (WeightStore store = WeightStore.open(folder)) {
                for (TensorInfo tensor : store.tensors().values()) {
                    store.read(tensor.name()).close();
                }
            } catch (BadInputException e) {
                rejected++;
                assertThat(e.getMessage()).contains(folder.toString()).doesNotContain("\n");
            }
        }
        assertThat(rejected).isBetween(CASES / 4, CASES - 1);
    }

    private static void setScale(INDArray tensor, WeightDtype dtype, int row, int group, int bits) {
        long integers = ROWS * (dtype == WeightDtype.Q8 ? 512L : 256L);
        long at = integers + (row * 32L + group * 2L) * Short.BYTES;
        setByte(tensor, at, bits & 0xff);
        setByte(tensor, at + 1, bits >> 8);
    }

    private static void setByte(INDArray tensor, long at, int value) {
        long width = tensor.size(1);
        tensor.putScalar(
                new long[] {at / width, at % width}, tensor.dataType() == DataType.BYTE ? (byte) value : value);
    }
}
