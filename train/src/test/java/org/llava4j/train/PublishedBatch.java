package org.llava4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Batch of the original LLaVA code ({@code images, input_ids, labels, attention_mask}) as placeholders of the graph. As
 * in the original, row b has image b, whether or not its text refers to it.
 */
final class PublishedBatch {
    private PublishedBatch() {}

    /** One row of a batch as a batch of its own. */
    static Map<String, INDArray> row(Map<String, INDArray> batch, int row) {
        Map<String, INDArray> one = new HashMap<>();
        for (String name : List.of("images", "input_ids", "labels", "attention_mask")) {
            one.put(
                    name,
                    batch.get(name).get(NDArrayIndex.interval(row, row + 1)).dup('c'));
        }
        return one;
    }

    static Map<String, INDArray> placeholders(Map<String, INDArray> batch, LlavaConfig config) {
        INDArray ids = batch.get("input_ids");
        int rows = (int) ids.size(0);
        List<EncodedSample> samples = new ArrayList<>();
        for (int b = 0; b < rows; b++) {
            int[] mask = batch.get("attention_mask").getRow(b).toIntVector();
            int length = Arrays.stream(mask).sum();
            samples.add(new EncodedSample(
                    Arrays.copyOf(ids.getRow(b).toIntVector(), length),
                    Arrays.copyOf(batch.get("labels").getRow(b).toIntVector(), length)));
        }
        int[] imagesPerRow = new int[rows];
        Arrays.fill(imagesPerRow, 1);
        CollatorOptions options =
                new CollatorOptions(config.numImageTokens(), config.decoder().vocabSize(), config.maxLength());
        return Placeholders.pixels(BatchLayout.collate(samples, imagesPerRow, options), batch.get("images"));
    }
}
