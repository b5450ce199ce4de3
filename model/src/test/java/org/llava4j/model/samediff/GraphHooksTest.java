package org.llava4j.model.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.llava4j.model.memory.PooledMemory;
import org.llava4j.model.ops.Embedding;
import org.llava4j.model.ops.Linear;
import org.llava4j.model.ops.OpRegistry;
import org.llava4j.model.tensors.FloatConversion;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.imports.converters.ImportClassMapping;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One test per hook into SameDiff, so that a new ND4J version shows which hook it breaks. */
class GraphHooksTest {

    private static SameDiff graph() {
        OpRegistry.register();
        SameDiff sd = SameDiff.create();
        Linear.of("y", sd.var("x", Nd4j.ones(3, 4)), sd.var("w", Nd4j.ones(2, 4)));
        sd.getVariable("y").sum().markAsLoss();
        return sd;
    }

    @Test
    void installRegistersOperationsByName() {
        graph();
        assertThat(ImportClassMapping.getOpNameMapping()).containsKey(GraphOp.nameOf(Linear.class));
        assertThat(GraphOp.nameOf(Linear.GradInput.class)).isEqualTo("llava_Linear_GradInput");
    }

    @Test
    void sessionRunsCustomOperations() {
        INDArray y = graph().output(Map.of(), "y").get("y");
        assertThat(y).isEqualTo(Nd4j.valueArrayOf(new long[] {3, 2}, 4f));
    }

    @Test
    void gradientGraphKeepsCustomOperationsAndPrintsNothing() {
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
    void graphAndGradientGraphShareOneCopyOfWeight() {
        OpRegistry.register();
        INDArray w = FloatConversion.cast(Nd4j.rand(DataType.FLOAT, 2, 4), DataType.BFLOAT16);
        INDArray v = Nd4j.rand(DataType.FLOAT, 3, 2);
        SameDiff sd = GraphHooks.newGraph();
        SDVariable hidden = Linear.of("h", sd.placeHolder("x", DataType.FLOAT, -1, 4), sd.constant("w", w));
        Linear.of("y", hidden, sd.constant("v", v)).sum().markAsLoss();
        sd.convertToVariables(List.of(sd.getVariable("v")));
        SameDiff gradients = GraphHooks.gradientGraph(sd);
        for (SameDiff graph : List.of(sd, gradients)) {
            // SameDiff's other holders return the same array but keep a second copy.
            assertThat(graph.getConstantArrays()).isInstanceOf(SingleThreadArrayHolder.class);
            assertThat(graph.getVariablesArrays()).isInstanceOf(SingleThreadArrayHolder.class);
            assertThat(graph.getVariable("w").getArr()).isSameAs(w);
            assertThat(graph.getVariable("v").getArr()).isSameAs(v);
        }
        sd.convertToConstants(List.of(sd.getVariable("v")));
        assertThat(sd.getVariable("v").getArr()).isSameAs(v);
    }

    @Test
    void gradientRejectsTrainableLowPrecisionWeight() {
        OpRegistry.register();
        INDArray table = FloatConversion.cast(Nd4j.rand(DataType.FLOAT, 5, 4), DataType.HALF);
        SameDiff sd = GraphHooks.newGraph();
        SDVariable rows = Embedding.of("e", sd.var("t", table), sd.constant("ids", Nd4j.createFromArray(1, 0)));
        Linear.of("y", rows, sd.var("w", table.dup())).sum().markAsLoss();
        SameDiff gradients = GraphHooks.gradientGraph(sd);
        for (String name : List.of("t", "w")) {
            String node = gradients.getVariable(name).gradient().name();
            assertThatThrownBy(() -> gradients.output(Map.of(), node))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll("HALF", "cannot be trained", "float32");
        }
    }

    @Test
    void poolReusesReleasedArrayUnderNewId() {
        PooledMemory pool = PooledMemory.forCurrentThread();
        INDArray first = pool.allocate(true, DataType.FLOAT, 7, 11);
        long id = first.getId();
        pool.release(first);
        INDArray second = pool.allocate(true, DataType.FLOAT, 7, 11);
        assertThat(second).isSameAs(first);
        assertThat(second.getId()).isNotEqualTo(id);
    }
}
