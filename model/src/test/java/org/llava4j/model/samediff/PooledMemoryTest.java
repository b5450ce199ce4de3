package org.llava4j.model.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.llava4j.model.ops.Linear;
import org.llava4j.model.ops.Operations;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PooledMemoryTest {
    private final PooledMemory pool = PooledMemory.ofThisThread();

    /** SameDiff keeps waiting for the reader that does not run, and so would never give its input back. */
    @Test
    void anArrayThatAnOperationOutsideOfTheRunReadsComesBackToo() {
        Operations.register();
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 8);
        SDVariable between = Linear.of("between", x, graph.constant("w", Nd4j.ones(DataType.FLOAT, 9, 8)));
        Linear.of("asked", between, graph.constant("w2", Nd4j.ones(DataType.FLOAT, 7, 9)));
        Linear.of("never_asked", between, graph.constant("w3", Nd4j.ones(DataType.FLOAT, 6, 9)));
        Map<String, INDArray> in = Map.of("x", Nd4j.ones(DataType.FLOAT, 5, 8));

        INDArray first = graph.output(in, List.of("asked")).get("asked");
        assertThat(first).isEqualTo(Nd4j.valueArrayOf(new long[] {5, 7}, 72f));
        long made = 0;
        for (int run = 0; run < 6; run++) {
            INDArray again = graph.output(in, List.of("asked")).get("asked");
            assertThat(again).as("what was returned is the caller's").isNotSameAs(first);
            assertThat(again).isEqualTo(first);
            pool.release(again);
            made = run == 1 ? pool.made() : made;
        }
        assertThat(pool.made()).as("nothing new once each shape is there").isEqualTo(made);
        assertThat(first).isEqualTo(Nd4j.valueArrayOf(new long[] {5, 7}, 72f));
    }
}
