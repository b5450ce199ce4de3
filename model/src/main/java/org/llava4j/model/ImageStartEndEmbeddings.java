package org.llava4j.model;

import java.util.Map;
import java.util.Objects;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.tensors.FloatConversion;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Token embeddings of {@code <im_start>} and {@code <im_end>}: {@code float32[2, D]}. In checkpoints they are two rows
 * of the token embedding table; in the graph they are a separate variable, so that stage 1 trains them like any other
 * weight: gradient, gradient norm, optimizer state and frozen-weight check cover two rows instead of a table whose
 * other rows are frozen. The graph does not read the table's own two rows. In stage 2 the table and these rows are both
 * trainable, which is equivalent to one table, because AdamW updates each element independently.
 */
public final class ImageStartEndEmbeddings {
    /** Name of the variable: start row, then end row. */
    public static final String NAME = "model.embed_tokens.image_slot";

    /** Name of the token embedding table, which contains the rows in checkpoints. */
    public static final String TABLE = "model.embed_tokens.weight";

    private ImageStartEndEmbeddings() {}

    /** Token ids of the rows, in their order. */
    public static int[] ids(ImageStartEndTokens tokens) {
        return new int[] {tokens.startId(), tokens.endId()};
    }

    /**
     * Merges the rows into the table, as in checkpoints: removes {@link #NAME} and replaces {@link #TABLE} by a copy
     * with the rows. Also used for gradients. Does nothing without {@link #NAME}.
     */
    static void mergeIntoTable(Map<String, INDArray> byName, ImageStartEndTokens tokens) {
        INDArray rows = byName.remove(NAME);
        if (rows != null) {
            // float32 even if the table is in low precision, because the rows may have been trained.
            INDArray stored = Objects.requireNonNull(byName.get(TABLE), TABLE);
            INDArray table = FloatConversion.isHalfPrecision(stored.dataType())
                    ? stored.castTo(DataType.FLOAT)
                    : stored.dup('c');
            byName.put(TABLE, putRows(table, rows, ids(tokens)));
        }
    }

    /** Writes rows into a table in place and returns the table. */
    public static INDArray putRows(INDArray table, INDArray rows, int... ids) {
        for (int i = 0; i < ids.length; i++) {
            table.putRow(ids[i], rows.getRow(i));
        }
        return table;
    }
}
