package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.model.tensors.torch.PickleWriter;
import org.llava4j.model.tensors.torch.TorchZip;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Files written by PyTorch (see the README beside them); for invalid files see {@link TorchFileInvalidInputTest}. */
class TorchFileTest {
    @TempDir
    Path folder;

    @Test
    void readReturnsReferenceProjector() {
        try (TorchFile projector = TorchFile.open(Golden.path("f_e2e/stage1_out/mm_projector.bin"));
                SafetensorsFile expected = SafetensorsFile.open(Golden.path("f_e2e/stage1_final.safetensors"))) {
            assertThat(projector.tensors().keySet())
                    .containsExactly("model.mm_projector.bias", "model.mm_projector.weight");
            projector
                    .tensors()
                    .keySet()
                    .forEach(name -> assertThat(projector.read(name)).as(name).isEqualTo(expected.read(name)));
            assertThat(projector.metadata()).isEmpty();
        }
    }

    @Test
    void readReturnsEveryType() throws IOException {
        try (TorchFile file = TorchFile.open(written("types.bin"))) {
            assertThat(file.tensors()).hasSize(TensorType.values().length);
            for (TensorType type : TensorType.values()) {
                INDArray expected = switch (type) {
                    case U8 -> Nd4j.createFromArray(0, 1, 2).castTo(DataType.UINT8);
                    case BOOL -> Nd4j.createFromArray(true, false, true);
                    default -> Nd4j.createFromArray(-1, 0, 1).castTo(type.inMemory());
                };
                assertThat(file.tensors().get(type.name())).hasToString(type + " " + type + "[3]");
                assertThat(file.read(type.name()).dataType()).isEqualTo(type.inMemory());
                assertThat(file.read(type.name())).as(type.name()).isEqualTo(expected);
            }
        }
    }

    @Test
    void readReturnsViewsOfStorage() throws IOException {
        INDArray all = Nd4j.arange(24).castTo(DataType.FLOAT);
        INDArray cube = all.reshape(2, 3, 4);
        INDArray transposed = all.reshape(4, 6).transpose().dup('c');
        try (TorchFile file = TorchFile.open(written("views.bin"))) {
            assertReads(file, "cube", cube);
            assertReads(file, "transposed", cube.permute(2, 0, 1).dup('c'));
            assertReads(file, "row", Nd4j.createFromArray(20f, 21, 22, 23));
            assertReads(file, "column", Nd4j.createFromArray(new float[][] {{1, 5, 9}, {13, 17, 21}}));
            assertReads(file, "every_other", Nd4j.createFromArray(1f, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23));
            assertReads(file, "expanded", Nd4j.createFromArray(new float[][] {{3, 3, 3}, {4, 4, 4}}));
            assertReads(file, "diagonal", Nd4j.createFromArray(new float[][] {{0, 5, 10}, {12, 17, 22}}));
            assertReads(file, "scalar", Nd4j.scalar(7f));
            assertReads(file, "half_transposed", transposed);
            for (DataType type : new DataType[] {DataType.FLOAT, DataType.HALF, DataType.BFLOAT16}) {
                for (String name : List.of("cube", "transposed", "half_transposed")) {
                    assertThat(file.read(name, type)).as(name).isEqualTo(FloatConversion.cast(file.read(name), type));
                }
            }
            assertReads(file, "bytes_transposed", transposed.castTo(DataType.UINT8));
            assertReads(file, "shorts_transposed", transposed.castTo(DataType.INT16));
            assertReads(file, "longs_transposed", transposed.castTo(DataType.INT64));
            assertReads(file, "doubles_transposed", transposed.castTo(DataType.DOUBLE));
            assertReads(file, "bools_transposed", Nd4j.createFromArray(new boolean[][] {
                {false, false, false, false},
                {true, true, true, true}
            }));
            assertThat(file.read("empty").shape()).containsExactly(0, 3);
            assertThat(file.read("empty").isEmpty()).isTrue();
        }
    }

    private static void assertReads(TorchFile file, String name, INDArray expected) {
        INDArray read = file.read(name);
        assertThat(read.dataType()).as(name).isEqualTo(expected.dataType());
        assertThat(read.shape()).as(name).isEqualTo(expected.shape());
        assertThat(read.ordering()).as(name).isEqualTo('c');
        assertThat(read).as(name).isEqualTo(expected);
    }

    @Test
    void readReturnsTransposedTensorOfSeveralWindows() throws IOException {
        int rows = 301;
        int columns = 257;
        ByteBuffer data = ByteBuffer.allocate(rows * columns * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < rows * columns; i++) {
            data.putFloat(i);
        }
        byte[] pickle = PickleWriter.single(
                "FloatStorage", "0", (long) rows * columns, 0, new long[] {columns, 1, rows}, new long[] {
                    1, 999, columns
                });
        try (TorchFile file = TorchFile.open(file(pickle, data.array()))) {
            INDArray read = file.read("x");
            assertThat(read.shape()).containsExactly(columns, 1, rows);
            float[] values = read.reshape(-1).toFloatVector();
            for (int i = 0; i < values.length; i++) {
                assertThat(values[i]).isEqualTo(i % rows * columns + i / rows);
            }
        }
    }

    @Test
    void openAcceptsStateDictAndParameters() throws IOException {
        try (TorchFile file = TorchFile.open(written("state_dict.bin"))) {
            assertThat(file.tensors().keySet())
                    .containsExactly(
                            "0.bias",
                            "0.weight",
                            "1.bias",
                            "1.num_batches_tracked",
                            "1.running_mean",
                            "1.running_var",
                            "1.weight");
            assertReads(file, "0.weight", Nd4j.createFromArray(new float[][] {{0, 1}, {2, 3}, {4, 5}}));
            assertReads(file, "1.num_batches_tracked", Nd4j.scalar(0L));
        }
        try (TorchFile file = TorchFile.open(written("parameter.bin"))) {
            assertReads(file, "weight", Nd4j.createFromArray(new float[][] {{0, 1}, {2, 3}, {4, 5}}));
        }
        try (TorchFile file = TorchFile.open(written("protocol4.bin"))) {
            assertReads(file, "weight", Nd4j.createFromArray(new float[][] {{0, 1}, {2, 3}, {4, 5}}));
            assertThat(file.read("more").length()).isEqualTo(300);
        }
    }

    private Path file(byte[] pickle, byte[]... storages) throws IOException {
        return TorchZip.write(folder, pickle, storages);
    }

    private Path written(String name) throws IOException {
        return TorchZip.copy(name, folder);
    }
}
