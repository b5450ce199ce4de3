package org.llava4j.eval;

import java.util.List;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.cli.RecordRun;

/**
 * Executor in this process that runs an action once, after the answers of a batch are in the journal.
 *
 * @param batch number of batches before the action
 */
public record AfterBatch(int batch, Runnable action) implements RecordExecutor {
    @Override
    public int chunkSize() {
        return LOCAL.chunkSize();
    }

    @Override
    public void prepare(RecordProcessor<?> records) {
        LOCAL.prepare(records);
    }

    @Override
    public <R> void process(RecordRun<R> run, List<Integer> indices, ResultHandler<R> onResult) {
        int[] done = new int[1];
        LOCAL.process(run, indices, (index, result) -> {
            onResult.accept(index, result);
            if (++done[0] == batch) {
                action.run();
            }
        });
    }
}
