package org.llava4j.eval;

import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;

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
    public <R> void process(
            CommandLine line, RecordProcessor<R> records, List<Integer> indices, ResultHandler<R> onResult) {
        int[] done = new int[1];
        LOCAL.process(line, records, indices, (index, result) -> {
            onResult.accept(index, result);
            if (++done[0] == batch) {
                action.run();
            }
        });
    }
}
