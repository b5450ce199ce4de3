package org.llava4j.model.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.llava4j.model.ops.Linear;
import org.llava4j.model.ops.Operations;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.imports.converters.ImportClassMapping;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One test for each hook into SameDiff, so that a new ND4J version says which one it breaks. */
class GraphHooksTest {

    private static SameDiff graph() {
        Operations.register();
        SameDiff sd = SameDiff.create();
        Linear.of("y", sd.var("x", Nd4j.ones(3, 4)), sd.var("w", Nd4j.ones(2, 4)));
        sd.getVariable("y").sum().markAsLoss();
        return sd;
    }

    @Test
    void operationsAreKnownByName() {
        graph();
        assertThat(ImportClassMapping.getOpNameMapping()).containsKey(GraphOp.nameOf(Linear.class));
        assertThat(GraphOp.nameOf(Linear.GradInput.class)).isEqualTo("llava_Linear_GradInput");
    }

    @Test
    void sessionsRunOurOperations() {
        INDArray y = graph().output(Map.of(), "y").get("y");
        assertThat(y).isEqualTo(Nd4j.valueArrayOf(new long[] {3, 2}, 4f));
    }

    @Test
    void theGradientGraphKeepsThemWhenItClonesAndIsBuiltQuietly() {
        SameDiff sd = graph();
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        SameDiff gradients;
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            gradients = GraphHooks.gradientGraph(sd);
        } finally {
            System.setOut(out);
        }
        assertThat(printed.size()).isZero();
        assertThat(gradients.getVariableOutputOp("y")).isInstanceOf(Linear.class);
        String node = gradients.getVariable("w").gradient().name();
        assertThat(gradients.output(Map.of(), node).get(node)).isEqualTo(Nd4j.valueArrayOf(new long[] {2, 4}, 3f));
    }

    @Test
    void releasedArraysAreHandedOutAgainUnderANewId() {
        PooledMemory pool = PooledMemory.ofThisThread();
        INDArray first = pool.allocate(true, DataType.FLOAT, 7, 11);
        long id = first.getId();
        pool.release(first);
        INDArray second = pool.allocate(true, DataType.FLOAT, 7, 11);
        assertThat(second).isSameAs(first);
        assertThat(second.getId()).isNotEqualTo(id);
    }
}
