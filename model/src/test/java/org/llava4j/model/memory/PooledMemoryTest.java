package org.llava4j.model.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.weights.WeightInitializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class PooledMemoryTest {
    private static final LlamaConfig DECODER = new LlamaConfig(50, 16, 2, 2, 2, 24, 1e-5, 10000, 1, false);

    @TempDir
    private Path temp;

    private final PooledMemory pool = PooledMemory.forCurrentThread();

    @Test
    void stepsAfterFirstAllocateNothing() {
        Llava model = Llava.buildLlama(DECODER, (name, shape) -> WeightInitializer.normal(1, name, 0.1, shape));
        model.setTrainable(name -> true);
        int[] ids = IntStream.range(1, 9).toArray();
        BatchLayout layout = BatchLayout.collate(
                List.of(new EncodedSample(ids, ids)), new int[1], new CollatorOptions(1, DECODER.vocabSize(), 16));
        Map<String, INDArray> in = Placeholders.text(layout);

        List<Long> allocated = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        for (int step = 0; step < 6; step++) {
            Map<String, INDArray> gradients = model.gradients(in, model.trainableNames());
            losses.add(gradients.get(Llava.LOSS).getDouble(0));
            gradients.values().forEach(pool::release);
            allocated.add(pool.allocatedArrays());
        }
        assertThat(allocated.subList(1, 6)).as("arrays allocated so far").containsOnly(allocated.get(0));
        assertThat(losses).as("no array had two owners").containsOnly(losses.get(0));
    }

    /** SameDiff identifies arrays by id: an array mistaken for another is never released. */
    @Test
    void newArrayGetsOtherIdThanReusedArray() {
        pool.release(pool.allocate(false, DataType.FLOAT, 3, 7));
        INDArray reused = pool.allocate(false, DataType.FLOAT, 3, 7);
        INDArray created = pool.allocate(false, DataType.FLOAT, 5, 11);
        assertThat(created.getId()).isNotEqualTo(reused.getId());
    }

    /** An operation would write to it, which ends the JVM. */
    @Test
    void mappedArrayIsNotReused() throws IOException {
        Path file = Files.write(Files.createTempFile(temp, "x", ".bin"), new byte[12]);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            INDArray mapped = MappedArray.map(channel, 0, DataType.FLOAT, 1, 3);
            pool.release(mapped);
            assertThat(pool.allocate(false, DataType.FLOAT, 1, 3)).isNotSameAs(mapped);
        }
    }
}
