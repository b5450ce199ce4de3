package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass(name = "{0}")
@MethodSource("maths")
class RoundedActivationsTest {
    private static final int COLUMNS = 1120;
    private static final long SEED = 20261129;

    private final QuantizedMath math;

    RoundedActivationsTest(MathBackend backend) {
        math = backend.quantized();
    }

    static Stream<MathBackend> maths() {
        return Stream.of(MathBackend.scalar(), MathBackend.bestAvailable());
    }

    private static float[] activations() {
        Random random = new Random(SEED);
        float[] x = new float[COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            x[i] = (float) (random.nextGaussian() * Math.pow(10, i / 100));
        }
        // A group of zeros, and one whose inverse scale is infinite.
        for (int i = 64; i < 128; i++) {
            x[i] = i < 96 ? 0 : Float.MIN_VALUE * (i - 96);
        }
        return x;
    }

    @Test
    void roundsToHalfStepOfGroup() {
        float[] x = activations();
        RoundedActivations rounded = RoundedActivations.of(x.clone(), COLUMNS, math);
        for (int i = 0; i < COLUMNS; i++) {
            int integer = rounded.values()[RoundedActivations.indexOf(i)];
            float scale = rounded.scales()[i / QuantizedFormat.GROUP];
            assertThat(integer).isBetween(-RoundedActivations.MAX, RoundedActivations.MAX);
            assertThat(Math.abs(integer * scale - x[i]))
                    .isLessThanOrEqualTo(0.501f * scale + RoundedActivations.MAX * Float.MIN_NORMAL);
        }
    }

    @Test
    void largestValueOfGroupIsExact() {
        float[] x = activations();
        RoundedActivations rounded = RoundedActivations.of(x.clone(), COLUMNS, math);
        for (int group = 4; group < COLUMNS / QuantizedFormat.GROUP; group++) {
            int from = group * QuantizedFormat.GROUP;
            int largest = IntStream.range(from, from + QuantizedFormat.GROUP)
                    .map(i -> Math.abs(rounded.values()[RoundedActivations.indexOf(i)]))
                    .max()
                    .orElseThrow();
            assertThat(largest).isEqualTo(RoundedActivations.MAX);
        }
    }

    @Test
    void columnsHaveDistinctPlaces() {
        int blocks = 3 * QuantizedFormat.BLOCK;
        assertThat(IntStream.range(0, blocks)
                        .map(RoundedActivations::indexOf)
                        .distinct()
                        .count())
                .isEqualTo(blocks);
        assertThat(IntStream.range(0, blocks).map(RoundedActivations::indexOf).max())
                .hasValue(blocks - 1);
    }

    @Test
    void implementationsRoundAlike() {
        float[] x = activations();
        RoundedActivations expected =
                RoundedActivations.of(x.clone(), COLUMNS, MathBackend.scalar().quantized());
        RoundedActivations actual = RoundedActivations.of(x, COLUMNS, math);
        assertThat(actual.values()).isEqualTo(expected.values());
        assertThat(actual.scales()).isEqualTo(expected.scales());
    }
}
