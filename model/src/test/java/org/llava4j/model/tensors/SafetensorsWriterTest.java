package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SafetensorsWriterTest {
    @TempDir
    Path folder;

    @Test
    void writeRoundTripsEveryType() {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        tensors.put("float", Nd4j.rand(DataType.FLOAT, 3, 5));
        tensors.put("double", Nd4j.rand(DataType.DOUBLE, 7));
        tensors.put("long", Nd4j.createFromArray(Long.MIN_VALUE, -1L, 5L));
        tensors.put("int", Nd4j.createFromArray(-200, 3));
        tensors.put("short", Nd4j.createFromArray((short) -3, (short) 9));
        tensors.put("byte", Nd4j.createFromArray((byte) -128));
        tensors.put("ubyte", Nd4j.createFromArray(200, 3, 0).castTo(DataType.UINT8));
        tensors.put("bool", Nd4j.createFromArray(true, false));
        tensors.put("scalar", Nd4j.scalar(2.5f));
        tensors.put("empty", Nd4j.create(DataType.FLOAT, 0, 4));
        assertThat(roundTrip(tensors)).isEqualTo(tensors);
    }

    @Test
    void writeConvertsViewsToCOrder() {
        INDArray base = Nd4j.arange(24).castTo(DataType.FLOAT).reshape('c', 2, 3, 4);
        Map<String, INDArray> views = new LinkedHashMap<>();
        views.put("transposed", base.permute(2, 0, 1));
        views.put("swapped", base.permute(0, 2, 1));
        views.put("slice", base.slice(1));
        views.put("column", base.slice(0).getColumn(2));
        views.put("fortran", base.dup('f'));
        Map<String, INDArray> read = roundTrip(views);
        views.forEach((name, view) -> assertThat(read.get(name)).as(name).isEqualTo(view.dup('c')));
    }

    @Test
    void writeRoundsToNearestEven() {
        float justAboveTie = Math.nextUp(1f + 0x1p-11f);
        Map<String, INDArray> tensors = Map.of("x", Nd4j.createFromArray(1f + 0x1p-11f, justAboveTie, 65519f));
        SafetensorsWriter.write(folder.resolve("f16"), tensors, name -> TensorType.F16);
        SafetensorsWriter.write(folder.resolve("bf16"), tensors, name -> TensorType.BF16);
        try (SafetensorsFile f16 = SafetensorsFile.open(folder.resolve("f16"));
                SafetensorsFile bf16 = SafetensorsFile.open(folder.resolve("bf16"))) {
            assertThat(f16.tensors().get("x")).hasToString("x F16[3]");
            assertThat(f16.read("x").toFloatVector()).containsExactly(1f, 1f + 0x1p-10f, 65504f);
            assertThat(bf16.tensors().get("x")).hasToString("x BF16[3]");
            assertThat(bf16.read("x").toFloatVector()).containsExactly(1f, 1f, 65536f);
        }
    }

    @Test
    void writeRejectsFiniteValuesThatOverflow() {
        float largestBf16 = Float.intBitsToFloat(0x7f7f0000);
        Map<String, INDArray> fits = Map.of(
                "x", Nd4j.createFromArray(largestBf16, Math.nextDown(Float.intBitsToFloat(0x7f7f8000)), Float.NaN));
        SafetensorsWriter.write(folder.resolve("bf16"), fits, name -> TensorType.BF16);
        try (SafetensorsFile bf16 = SafetensorsFile.open(folder.resolve("bf16"))) {
            assertThat(bf16.read("x").toFloatVector()).containsExactly(largestBf16, largestBf16, Float.NaN);
        }
        for (TensorType type : new TensorType[] {TensorType.F16, TensorType.BF16}) {
            Map<String, INDArray> large =
                    Map.of("x", Nd4j.createFromArray(1f, -Float.MAX_VALUE, Float.POSITIVE_INFINITY));
            assertThatThrownBy(() -> SafetensorsWriter.write(folder.resolve("x"), large, name -> type))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("\"x\": 1 of 3 values exceed the range of " + type.torchName());
            assertThat(folder.resolve("x")).doesNotExist();
        }
    }

    @Test
    void writeIsIndependentOfMapOrder() throws IOException {
        Map<String, INDArray> forward = new LinkedHashMap<>();
        forward.put("a", Nd4j.createFromArray((byte) 1));
        forward.put("b", Nd4j.createFromArray(2f));
        Map<String, INDArray> backward = new LinkedHashMap<>();
        backward.put("b", forward.get("b"));
        backward.put("a", forward.get("a"));
        SafetensorsWriter.write(folder.resolve("1"), forward);
        SafetensorsWriter.write(folder.resolve("2"), backward);
        byte[] bytes = Files.readAllBytes(folder.resolve("1"));
        assertThat(bytes).isEqualTo(Files.readAllBytes(folder.resolve("2")));
        String header = "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                + "\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[4,5]}}";
        int length = bytes[0];
        assertThat(length % 8).isZero();
        assertThat(new String(bytes, 8, length & 0xff, StandardCharsets.UTF_8).strip())
                .isEqualTo(header);
        assertThat(bytes).hasSize(8 + (length & 0xff) + 5);
    }

    @Test
    void writeHandlesSeveralChunks() {
        Map<String, INDArray> tensors = Map.of("x", Nd4j.rand(DataType.FLOAT, 1001, 700));
        assertThat(roundTrip(tensors)).isEqualTo(tensors);
    }

    @Test
    void writeRejectsIncompatibleType() {
        Map<String, INDArray> tensors = Map.of("x", Nd4j.createFromArray(1L));
        assertThatThrownBy(() -> SafetensorsWriter.write(folder.resolve("x"), tensors, name -> TensorType.F32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("x");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void writeRejectsUnwritablePath() throws IOException {
        Path inTheWay = Files.writeString(folder.resolve("file"), "x");
        assertThatThrownBy(() -> SafetensorsWriter.write(inTheWay.resolve("model.safetensors"), Map.of()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot write");
        Path occupied = Files.createDirectories(folder.resolve("model.safetensors/inner"))
                .getParent();
        assertThatThrownBy(() -> SafetensorsWriter.write(occupied, Map.of())).isInstanceOf(BadInputException.class);
        assertThat(folder).isDirectoryNotContaining(path -> path.toString().endsWith(".part"));
    }

    private Map<String, INDArray> roundTrip(Map<String, INDArray> tensors) {
        Path path = folder.resolve("round-trip.safetensors");
        SafetensorsWriter.write(path, tensors);
        Map<String, INDArray> read = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.metadata()).containsExactly(Map.entry("format", "pt"));
            tensors.keySet().forEach(name -> read.put(name, file.read(name)));
        }
        return read;
    }
}
