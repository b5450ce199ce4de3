package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufMetadata;
import org.llava4j.data.gguf.GgufMetadataBuilder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class GgufFileWriterTest {
    @TempDir
    private Path temp;

    private static INDArray range(long... shape) {
        return Nd4j.arange(Nd4j.prod(Nd4j.createFromArray(shape)).getLong(0))
                .castTo(DataType.FLOAT)
                .reshape(shape);
    }

    @Test
    void writtenFileIsReadBack() {
        INDArray blocks = range(2, 3, 34).castTo(DataType.UBYTE);
        List<LazyTensor> tensors = List.of(
                LazyTensor.of("z", TensorType.F32, range(3)),
                LazyTensor.of("half", TensorType.F16, range(5, 7)),
                LazyTensor.of("brain", TensorType.BF16, range(2, 3, 2, 2)),
                LazyTensor.of("blocks", TensorType.U8, blocks));
        GgufMetadataBuilder metadata = new GgufMetadataBuilder()
                .text("t", "Grüße")
                .integer("i", 7)
                .decimal("d", 0.5)
                .bool("b", true)
                .texts("ts", List.of("", "▁a"))
                .integers("is", List.of(-1, 2))
                .decimals("ds", List.of(1.5, -2f));
        Path file = temp.resolve("model.gguf");
        GgufFileWriter.write(file, metadata, tensors);
        try (GgufFile read = GgufFile.open(file)) {
            GgufMetadata header = read.header();
            assertThat(header.keys()).containsExactly("t", "i", "d", "b", "ts", "is", "ds");
            assertThat(header.text("t")).isEqualTo("Grüße");
            assertThat(header.integer("i")).isEqualTo(7);
            assertThat(header.decimal("d")).isEqualTo(0.5);
            assertThat(header.bool("b", false)).isTrue();
            assertThat(header.texts("ts")).containsExactly("", "▁a");
            assertThat(header.integers("is")).containsExactly(-1L, 2L);
            assertThat(header.decimals("ds")).containsExactly(1.5, -2.0);
            assertThat(read.tensors().keySet()).containsExactly("blocks", "brain", "half", "z");
            assertThat(read.read("z")).isEqualTo(range(3));
            assertThat(read.read("half", DataType.FLOAT)).isEqualTo(range(5, 7));
            assertThat(read.read("brain", DataType.FLOAT)).isEqualTo(range(2, 3, 2, 2));
            assertThat(read.read("blocks")).isEqualTo(blocks);
            assertThat(read.tensors().get("brain").type()).isEqualTo(TensorType.BF16);
        }
    }

    @Test
    void failedWriteLeavesNoFile() throws IOException {
        INDArray large = range(4).addi(70_000);
        assertThatThrownBy(() -> GgufFileWriter.write(
                        temp.resolve("model.gguf"),
                        new GgufMetadataBuilder(),
                        List.of(
                                LazyTensor.of("first", TensorType.F32, range(3)),
                                LazyTensor.of("large", TensorType.F16, large))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("large", "--allow-overflow");
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void bytesOfUnknownFormatAreRejected() {
        LazyTensor tensor = LazyTensor.of("w", TensorType.U8, range(2, 3, 33).castTo(DataType.UBYTE));
        assertThatThrownBy(
                        () -> GgufFileWriter.write(temp.resolve("x.gguf"), new GgufMetadataBuilder(), List.of(tensor)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
