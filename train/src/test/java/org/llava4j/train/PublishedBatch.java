package org.llava4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A batch as the published code stored it, as the graph's placeholders. As there, row b's image is image b, whether or
 * not the row refers to it.
 */
final class PublishedBatch {
    private PublishedBatch() {}

    /**
     * @param batch {@code images, input_ids, labels, attention_mask}
     * @param imageVectors P
     */
    static Map<String, INDArray> placeholders(Map<String, INDArray> batch, int imageVectors) {
        INDArray ids = batch.get("input_ids");
        INDArray labels = batch.get("labels");
        INDArray mask = batch.get("attention_mask");
        int rows = (int) ids.size(0);
        List<List<Integer>> spliced = new ArrayList<>();
        List<List<Integer>> targets = new ArrayList<>();
        int[][] imageColumns = new int[rows][imageVectors];
        int width = 0;
        for (int b = 0; b < rows; b++) {
            List<Integer> row = new ArrayList<>();
            List<Integer> rowTargets = new ArrayList<>();
            Arrays.fill(imageColumns[b], -1);
            for (int t = 0; t < ids.size(1); t++) {
                if (mask.getInt(b, t) == 0) {
                    continue;
                }
                if (ids.getInt(b, t) == LlamaTokenizer.IMAGE_TOKEN_ID) {
                    for (int p = 0; p < imageVectors; p++) {
                        imageColumns[b][p] = row.size();
                        row.add(0);
                        rowTargets.add(EncodedSample.IGNORE_INDEX);
                    }
                } else {
                    row.add(ids.getInt(b, t));
                    rowTargets.add(labels.getInt(b, t));
                }
            }
            spliced.add(row);
            targets.add(rowTargets);
            width = Math.max(width, row.size());
        }
        int[] inputIds = new int[rows * width];
        int[] positions = new int[rows * width];
        int[] imageRows = new int[rows * imageVectors];
        List<Integer> targetRows = new ArrayList<>();
        List<Integer> targetIds = new ArrayList<>();
        for (int b = 0; b < rows; b++) {
            for (int t = 0; t < spliced.get(b).size(); t++) {
                inputIds[b * width + t] = spliced.get(b).get(t);
                positions[b * width + t] = t;
                // The row before a supervised position is the one that predicts it.
                if (t > 0 && targets.get(b).get(t) != EncodedSample.IGNORE_INDEX) {
                    targetRows.add(b * width + t - 1);
                    targetIds.add(targets.get(b).get(t));
                }
            }
            for (int p = 0; p < imageVectors; p++) {
                int column = imageColumns[b][p];
                imageRows[b * imageVectors + p] = column < 0 ? -1 : b * width + column;
            }
        }
        Map<String, INDArray> placeholders = new LinkedHashMap<>();
        placeholders.put(Llava.PIXEL_VALUES, batch.get("images"));
        placeholders.put(Llava.INPUT_IDS, Nd4j.createFromArray(inputIds).reshape(rows, width));
        placeholders.put(Llava.IMAGE_ROWS, Nd4j.createFromArray(imageRows));
        placeholders.put(Llava.POSITIONS, Nd4j.createFromArray(positions));
        placeholders.put(Llava.ROW_STARTS, Nd4j.createFromArray(new int[rows]));
        placeholders.put(Llava.TARGET_ROWS, ints(targetRows));
        placeholders.put(Llava.TARGETS, ints(targetIds));
        return placeholders;
    }

    private static INDArray ints(List<Integer> values) {
        return Nd4j.createFromArray(values.stream().mapToInt(Integer::intValue).toArray());
    }
}
