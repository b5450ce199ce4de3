package org.llava4j.model.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.memory.PooledMemory;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class GraphProgramTest {
    private static final String EMBEDDINGS = "inputs_embeds";
    private static final String LOGITS = "logits";

    private final Llava model = model();

    private static Llava model() {
        try (Checkpoint weights = Checkpoint.bare(Golden.path("b_llama"))) {
            return Llava.buildLlama(LlamaConfig.read(Golden.path("b_llama")), weights);
        }
    }

    private static Map<String, INDArray> inputs(int... ids) {
        int[] positions = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            positions[i] = i;
        }
        Map<String, INDArray> in = new HashMap<>();
        in.put(Llava.INPUT_IDS, Nd4j.createFromArray(ids).reshape(1, ids.length));
        in.put(Llava.POSITIONS, Nd4j.createFromArray(positions));
        in.put(Llava.ROW_STARTS, Nd4j.createFromArray(0));
        return in;
    }

    private GraphProgram program(String node, String... given) {
        return new GraphProgram(model.graph(), node, Map.of(), Set.of(given));
    }

    @Test
    void pausedRunsMayAlternate() {
        GraphProgram program = program(LOGITS);
        INDArray first = model.output(inputs(3, 4, 5), LOGITS);
        INDArray second = model.output(inputs(9, 8), LOGITS);
        try (GraphProgram.Run a = program.start(inputs(3, 4, 5), (op, in, out) -> false);
                GraphProgram.Run b = program.start(inputs(9, 8), (op, in, out) -> false)) {
            assertThat(a.advance(() -> true)).isFalse();
            assertThatThrownBy(a::result).isInstanceOf(IllegalStateException.class);
            boolean complete = false;
            while (!complete) {
                complete = a.advance(() -> true) & b.advance(() -> true);
            }
            assertThat(a.result()).isEqualTo(first);
            assertThat(b.result()).isEqualTo(second);
        }
    }

    @Test
    void closedRunReleasesItsArrays() {
        GraphProgram program = program(LOGITS);
        PooledMemory pool = PooledMemory.forCurrentThread();
        pool.release(program.run(inputs(3, 4, 5), (op, in, out) -> false));
        long free = pool.freeBytes();
        try (GraphProgram.Run run = program.start(inputs(3, 4, 5), (op, in, out) -> false)) {
            for (int i = 0; i < 10; i++) {
                run.advance(() -> true);
            }
            assertThat(pool.freeBytes()).isLessThan(free);
        }
        assertThat(pool.freeBytes()).isEqualTo(free);
    }

    @Test
    void givenNodeIsReadInsteadOfComputed() {
        INDArray embeddings = model.output(inputs(3, 4, 5), EMBEDDINGS);
        Map<String, INDArray> in = inputs(3, 4, 5);
        INDArray expected = model.output(in, LOGITS);
        in.remove(Llava.INPUT_IDS);
        GraphProgram program = program(LOGITS, EMBEDDINGS);
        assertThatThrownBy(() -> program.run(in, (op, inputs, out) -> false))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(EMBEDDINGS);
        in.put(EMBEDDINGS, embeddings);
        assertThat(program.run(in, (op, inputs, out) -> false)).isEqualTo(expected);
    }
}
