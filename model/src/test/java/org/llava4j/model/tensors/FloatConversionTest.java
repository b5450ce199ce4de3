package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Conversion of tensors while reading and writing files. */
class FloatConversionTest {
    private static final int PATTERNS = 1 << 16;

    @TempDir
    Path folder;

    /** All 16-bit patterns in order. */
    private static INDArray everyPattern(DataType type) {
        short[] bits = new short[PATTERNS];
        for (int i = 0; i < PATTERNS; i++) {
            bits[i] = (short) i;
        }
        INDArray array = Nd4j.createUninitialized(type, new long[] {256, 256}, 'c');
        new NativeArray(array).write(bits, 0, PATTERNS);
        return array;
    }

    private static short[] bits(INDArray array) {
        short[] bits = new short[Math.toIntExact(array.length())];
        new NativeArray(array).read(0, bits, bits.length);
        return bits;
    }

    private static float widened(DataType type, short bits) {
        return type == DataType.HALF ? HalfFloats.f16ToFloat(bits) : HalfFloats.bf16ToFloat(bits);
    }

    private SafetensorsFile written(INDArray array) {
        Path file = folder.resolve("x.safetensors");
        SafetensorsWriter.write(file, Map.of("x", array));
        return SafetensorsFile.open(file);
    }

    @ParameterizedTest
    @EnumSource(names = {"HALF", "BFLOAT16"})
    void sixteenBitRoundTripIsExact(DataType type) {
        INDArray all = everyPattern(type);
        try (SafetensorsFile file = written(all)) {
            assertThat(file.tensors().get("x").type()).isEqualTo(TensorType.of(type));
            assertThat(bits(file.read("x", type))).isEqualTo(bits(all));
            for (INDArray wide : new INDArray[] {
                file.read("x"), file.read("x", DataType.FLOAT), FloatConversion.cast(all, DataType.FLOAT)
            }) {
                float[] values = wide.data().asFloat();
                for (int i = 0; i < PATTERNS; i++) {
                    float expected = widened(type, (short) i);
                    assertThat(Float.floatToIntBits(values[i])).isEqualTo(Float.floatToIntBits(expected));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HALF", "BFLOAT16"})
    void wideningRoundTripIsExact(DataType type) {
        INDArray wide = FloatConversion.cast(everyPattern(type), DataType.FLOAT);
        try (SafetensorsFile file = written(wide)) {
            short[] bits = bits(file.read("x", type));
            for (int i = 0; i < PATTERNS; i++) {
                float value = widened(type, (short) i);
                if (Float.isNaN(value)) {
                    assertThat(widened(type, bits[i])).isNaN();
                } else {
                    assertThat(bits[i]).isEqualTo((short) i);
                }
            }
        }
    }

    @Test
    void conversionBetween16BitTypesEqualsWayOverFloat32() {
        INDArray halves = everyPattern(DataType.HALF);
        try (SafetensorsFile file = written(halves)) {
            short[] brains = bits(file.read("x", DataType.BFLOAT16));
            for (int i = 0; i < PATTERNS; i++) {
                assertThat(brains[i]).isEqualTo(HalfFloats.floatToBf16(HalfFloats.f16ToFloat((short) i)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HALF", "BFLOAT16"})
    void narrowingRoundsAllChunks(DataType type) {
        Random random = new Random(23);
        int length = (1 << 19) + 7;
        float[] values = new float[length];
        short[] expected = new short[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
            expected[i] = TensorType.of(type).narrow(values[i]);
        }
        INDArray wide = Nd4j.createFromArray(values);
        try (SafetensorsFile file = written(wide)) {
            assertThat(bits(file.read("x", type))).isEqualTo(expected);
        }
        assertThat(bits(FloatConversion.cast(wide, type))).isEqualTo(expected);
    }

    @Test
    void writeConverts16BitArrayToAnyFloatType() {
        INDArray narrow = FloatConversion.cast(Nd4j.createFromArray(1.5f, -0.1f, 3e-6f), DataType.BFLOAT16);
        INDArray wide = FloatConversion.cast(narrow, DataType.FLOAT);
        Path file = folder.resolve("f32.safetensors");
        SafetensorsWriter.write(file, Map.of("x", narrow), name -> TensorType.F32);
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(read.read("x")).isEqualTo(wide);
        }
        Path half = folder.resolve("f16.safetensors");
        SafetensorsWriter.write(half, Map.of("x", narrow), name -> TensorType.F16);
        try (SafetensorsFile read = SafetensorsFile.open(half)) {
            assertThat(bits(read.read("x", DataType.HALF))).isEqualTo(bits(FloatConversion.cast(wide, DataType.HALF)));
        }
    }

    @Test
    void readKeepsTypeOfEmptyTensor() {
        try (SafetensorsFile file = written(Nd4j.create(DataType.FLOAT, 0, 4))) {
            assertThat(file.read("x", DataType.BFLOAT16).dataType()).isEqualTo(DataType.BFLOAT16);
        }
    }

    @Test
    void readRejectsNonFloatTensor() {
        try (SafetensorsFile file = written(Nd4j.createFromArray(1, 2))) {
            assertThatThrownBy(() -> file.read("x", DataType.BFLOAT16))
                    .isInstanceOf(BadInputException.class)
                    .hasMessage("tensor \"x\" in " + folder.resolve("x.safetensors")
                            + " is I32 but weights are F32, F16 or BF16; is it the right model?");
            assertThatThrownBy(() -> file.read("y", DataType.BFLOAT16))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("there is no tensor \"y\"");
        }
    }
}
