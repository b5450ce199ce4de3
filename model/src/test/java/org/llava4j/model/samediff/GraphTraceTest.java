package org.llava4j.model.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.kernels.LinearKernels;
import org.llava4j.model.kernels.MetaKernels;
import org.llava4j.model.memory.MetaMemory;
import org.llava4j.model.ops.Linear;
import org.llava4j.model.ops.OpRegistry;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class GraphTraceTest {
    private static final long INPUTS = 1 << 20;

    /** h = x w^T, y = h v^T, where w would take a terabyte. */
    private static SameDiff graph() {
        OpRegistry.register();
        SameDiff sd = GraphHooks.newGraph();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, INPUTS);
        SDVariable h = Linear.of("h", x, sd.constant("w", MetaMemory.array(DataType.FLOAT, 1 << 18, INPUTS)));
        Linear.of("y", h, sd.constant("v", MetaMemory.array(DataType.FLOAT, 3, 1 << 18)));
        return sd;
    }

    private static Map<String, INDArray> rows(long count) {
        return Map.of("x", MetaMemory.array(DataType.FLOAT, count, INPUTS));
    }

    @Test
    void replayAllocatesForShapesOfItsPlaceholders() {
        GraphTrace trace = GraphTrace.of(graph(), List.of("y"), rows(1), MetaKernels.ignoring());
        MetaMemory memory = new MetaMemory();
        List<INDArray> results = trace.replay(rows(7), memory);
        assertThat(results).hasSize(1);
        assertThat(results.get(0).shape()).containsExactly(7, 3);
        long hidden = 4 * 7 * (1 << 18);
        long result = 4 * 7 * 3;
        assertThat(memory.peakInUseBytes()).isEqualTo(hidden + result);
        assertThat(memory.peakIntermediateBytes()).isEqualTo(hidden);
        assertThat(memory.freeBytes()).isEqualTo(hidden);
        memory.release(results.get(0));
        assertThat(memory.freeBytes()).isEqualTo(hidden + result);
    }

    @Test
    void tracedRunCallsKernelsInOrder() {
        List<Long> widths = new ArrayList<>();
        LinearKernels observer = (LinearKernels) Proxy.newProxyInstance(
                LinearKernels.class.getClassLoader(),
                new Class<?>[] {LinearKernels.class},
                (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("forward");
                    widths.add(((INDArray) arguments[0]).size(1));
                    return null;
                });
        Kernels ignoring = MetaKernels.ignoring();
        GraphTrace.of(graph(), List.of("y"), rows(2), MetaKernels.observedBy(observer, ignoring.attention()));
        assertThat(widths).containsExactly(INPUTS, 1L << 18);
    }

    @Test
    void gradientGraphCopiesNoTrainableWeight() {
        SameDiff sd = graph();
        sd.getVariable("y").sum().markAsLoss();
        sd.convertToVariables(List.of(sd.getVariable("w")));
        SameDiff gradients = GraphHooks.gradientGraph(sd);
        assertThat(gradients.getVariable("w").gradient()).isNotNull();
        assertThat(gradients.getVariable("w").getArr())
                .isSameAs(sd.getVariable("w").getArr());
    }

    @Test
    void traceRejectsStockOperationWithAnotherShape() {
        SameDiff sd = graph();
        String sum = sd.getVariable("h").sum().name();
        assertThatThrownBy(() -> GraphTrace.of(sd, List.of(sum), rows(1), MetaKernels.ignoring()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("reduce_sum cannot run on meta arrays");
    }
}
