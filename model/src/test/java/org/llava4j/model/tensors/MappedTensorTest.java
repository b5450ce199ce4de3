package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.MappedArray;
import org.llava4j.model.weights.WeightInitializer;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tensors that are mapped instead of read. */
class MappedTensorTest {
    private static final long GB = 1L << 30;

    @TempDir
    Path folder;

    private Path write(INDArray array, TensorType type) {
        Path file = folder.resolve("model.safetensors");
        SafetensorsWriter.write(file, List.of(LazyTensor.of("x", type, array)));
        return file;
    }

    @ParameterizedTest
    @CsvSource({"F32, FLOAT", "F16, HALF", "BF16, BFLOAT16"})
    void mapReturnsTheTensorThatReadReturns(TensorType stored, DataType type) {
        Path file = write(WeightInitializer.normal(1, "x", 1, 33, 65), stored);
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            INDArray mapped = tensors.map("x", type);
            assertThat(mapped).isEqualTo(tensors.read("x", type));
            assertThat(mapped.dataType()).isEqualTo(type);
            assertThat(mapped.stride()).containsExactly(65, 1);
            assertThat(mapped.isView()).isFalse();
            assertThat(MappedArray.isMapped(mapped)).isTrue();
            assertThat(MappedArray.isMapped(tensors.read("x", type))).isFalse();
            assertThat(mapped.dup()).isEqualTo(mapped).matches(copy -> !MappedArray.isMapped(copy));
        }
    }

    @ParameterizedTest
    @CsvSource({"I8, BYTE", "U8, UBYTE"})
    void mapReturnsTensorsOfBytes(TensorType stored, DataType type) {
        INDArray values = Nd4j.createFromArray(3, 100, 7, 0, 1, 2).castTo(type).reshape(2, 3);
        try (SafetensorsFile tensors = SafetensorsFile.open(write(values, stored))) {
            assertThat(tensors.map("x", type)).isEqualTo(values).isEqualTo(tensors.read("x"));
        }
    }

    @Test
    void mapReturnsNullForAnotherDtype() {
        try (SafetensorsFile tensors = SafetensorsFile.open(write(Nd4j.ones(2, 2), TensorType.BF16))) {
            assertThat(tensors.map("x", DataType.FLOAT)).isNull();
            assertThat(tensors.map("x", DataType.HALF)).isNull();
            assertThatThrownBy(() -> tensors.map("y", DataType.FLOAT))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("no tensor \"y\"");
        }
    }

    /** BOOL tensors are validated while they are read. */
    @Test
    void mapReturnsNullForTensorsThatMustBeRead() throws IOException {
        String entries = entry("empty", "F32", "[0,3]", 0, 0) + "," + entry("bool", "BOOL", "[3]", 0, 3) + ","
                + entry("odd", "F16", "[2]", 3, 7) + "," + entry("bytes", "I8", "[5]", 7, 12);
        try (SafetensorsFile tensors = SafetensorsFile.open(sparse(entries, 12))) {
            assertThat(tensors.map("empty", DataType.FLOAT)).isNull();
            assertThat(tensors.map("bool", DataType.BOOL)).isNull();
            assertThat(tensors.map("odd", DataType.HALF)).isNull();
            assertThat(tensors.read("odd", DataType.HALF)).isEqualTo(Nd4j.zeros(DataType.HALF, 2));
            assertThat(tensors.map("bytes", DataType.BYTE)).isEqualTo(Nd4j.zeros(DataType.BYTE, 5));
        }
    }

    @Test
    void mapFindsTensorsBehindFourGigabytes() throws IOException {
        long far = 5 * GB;
        String entries = entry("large", "F32", "[1280,1048576]", 0, far) + "," + entry("x", "F32", "[2]", far, far + 8);
        Path file = sparse(entries, far + 8);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(
                    ByteBuffer.allocate(8)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putFloat(1.5f)
                            .putFloat(-2f)
                            .flip(),
                    channel.size() - 8);
        }
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThat(tensors.map("x", DataType.FLOAT)).isEqualTo(Nd4j.createFromArray(1.5f, -2f));
            assertThat(tensors.map("large", DataType.FLOAT))
                    .as("more than 2 GB")
                    .isNull();
        }
    }

    @Test
    void mapReturnsTensorOfAlmostTwoGigabytes() throws IOException {
        long bytes = 2 * GB - 4096;
        Path file = sparse(entry("x", "BF16", "[" + bytes / 4096 + ",2048]", 0, bytes), bytes);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {(byte) 0x80, 0x3f}), channel.size() - 2);
        }
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            INDArray mapped = tensors.map("x", DataType.BFLOAT16);
            assertThat(mapped.getFloat(bytes / 4096 - 1, 2047)).isEqualTo(1);
            assertThat(mapped.getFloat(0, 0)).isZero();
        }
    }

    @Test
    void mapRejectsFileThatBecameShorter() throws IOException {
        Path file = write(Nd4j.ones(64, 64), TensorType.F32);
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(channel.size() - 1);
            }
            assertThatThrownBy(() -> tensors.map("x", DataType.FLOAT))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("the file ends at byte");
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void mappedTensorOutlivesItsFile() throws IOException {
        INDArray values = WeightInitializer.normal(1, "x", 1, 512, 512);
        Path file = write(values, TensorType.F32);
        INDArray mapped;
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            mapped = tensors.map("x", DataType.FLOAT);
        }
        Files.delete(file);
        System.gc();
        assertThat(mapped).isEqualTo(values);
    }

    /** A region that were unmapped with the first array would end the JVM here. */
    @Test
    void closingAnArrayLeavesOthersOfTheTensorMapped() {
        INDArray values = WeightInitializer.normal(1, "x", 1, 512, 512);
        try (SafetensorsFile tensors = SafetensorsFile.open(write(values, TensorType.F32))) {
            INDArray other = tensors.map("x", DataType.FLOAT);
            INDArray view = other.getRow(5);
            INDArray closed = tensors.map("x", DataType.FLOAT);
            closed.close();
            assertThat(closed.wasClosed()).isTrue();
            System.gc();
            assertThat(other).isEqualTo(values);
            assertThat(view).isEqualTo(values.getRow(5));
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void unreachableArraysAreUnmapped() throws Exception {
        Path file = write(Nd4j.ones(64, 1024), TensorType.F32);
        List<INDArray> arrays = new ArrayList<>();
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            for (int i = 0; i < 20; i++) {
                arrays.add(tensors.map("x", DataType.FLOAT));
            }
        }
        assertThat(mappings(file)).isEqualTo(20);
        INDArray last = arrays.get(19);
        arrays.clear();
        for (int i = 0; i < 200 && mappings(file) > 1; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(mappings(file)).isEqualTo(1);
        assertThat(last.sumNumber().doubleValue()).isEqualTo(64 * 1024);
    }

    private static long mappings(Path file) throws IOException {
        String name = file.toRealPath().toString();
        return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.endsWith(name))
                .count();
    }

    @Test
    void mapReturnsContiguousTensorsOfPytorchFiles() {
        try (TorchFile file = TorchFile.open(Golden.path("f_e2e/stage1_out/mm_projector.bin"))) {
            String weight = "model.mm_projector.weight";
            DataType type = file.tensors().get(weight).type().exactType();
            INDArray mapped = file.map(weight, type);
            assertThat(MappedArray.isMapped(mapped)).isTrue();
            assertThat(mapped).isEqualTo(file.read(weight, type));
        }
    }

    private static String entry(String name, String type, String shape, long begin, long end) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, type, shape, begin, end);
    }

    /** A file of zeros behind a header of a multiple of 8 bytes, which takes no space on most file systems. */
    private Path sparse(String entries, long bytes) throws IOException {
        byte[] json = ("{" + entries + "}").getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + 7) / 8 * 8;
        ByteBuffer header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(padded).put(json).put(" ".repeat(padded - json.length).getBytes(StandardCharsets.UTF_8));
        Path file = Files.createTempFile(folder, "sparse", ".safetensors");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(header.flip());
            channel.write(ByteBuffer.allocate(1), 8 + padded + bytes - 1);
        }
        return file;
    }
}
