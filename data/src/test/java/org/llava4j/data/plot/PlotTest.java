package org.llava4j.data.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PlotTest {
    @Test
    void curveKeepsPeaksOfLongRun() {
        DownsampledCurve curve = new DownsampledCurve(8);
        curve.add(0, Double.NaN);
        for (int step = 1; step <= 1000; step++) {
            curve.add(step, step == 613 ? -5 : step == 740 ? 5 : 0.001 * step);
        }
        assertThat(curve.values().min()).hasValue(-5);
        assertThat(curve.values().max()).hasValue(5);
        assertThat(curve.lastValue()).isEqualTo(1);
        assertThat(curve.step(0)).isEqualTo(64.5);
        assertThat(curve.mean(0)).isCloseTo(0.0645, within(1e-9));
    }

    @Test
    void curveIgnoresEarlierSteps() {
        DownsampledCurve curve = new DownsampledCurve(4);
        curve.add(-3, 1);
        assertThat(curve.isEmpty()).isTrue();
        curve.add(Integer.MAX_VALUE, 2);
        curve.add(7, 3);
        assertThat(curve.lastStep()).isEqualTo(Integer.MAX_VALUE);
        assertThat(curve.lastValue()).isEqualTo(2);
    }

    @Test
    void axisTicksAreRound() {
        assertThat(PlotAxis.fromZero(1390).ticks()).containsExactly(0., 500., 1000., 1500.);
        assertThat(PlotAxis.around(1.02, 1.31).ticks().get(0)).isCloseTo(1, within(1e-9));
        assertThat(PlotAxis.around(0.05, 11).logarithmic()).isTrue();
        assertThat(PlotAxis.around(0.05, 11).ticks()).contains(0.1, 1., 10.);
        assertThat(PlotAxis.around(3, 3).high())
                .isGreaterThan(PlotAxis.around(3, 3).low());
        assertThat(PlotAxis.format(2e-5)).isEqualTo("2e-5");
        assertThat(PlotAxis.format(0.0015)).isEqualTo("0.0015");
        assertThat(PlotAxis.format(1500)).isEqualTo("1500");
    }
}
