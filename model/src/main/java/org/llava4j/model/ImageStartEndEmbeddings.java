package org.llava4j.model;

import java.util.Map;
import org.llava4j.data.tensors.FloatConversion;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The embedding's rows of {@code <im_start>} and {@code <im_end>}: {@code float32[2, D]}. In files they are two rows of
 * the table, in the graph a variable of their own, so that stage 1 trains them as it trains any weight: the gradient,
 * its norm, the optimiser's moments and the proof of freeze are about two rows, not about a table of which all but two
 * would have to be held still. The table's own two rows are not read. Where the whole table learns (stage 2) both
 * variables do, which is the same: AdamW treats each element by itself.
 */
public final class ImageStartEndEmbeddings {
    /** The rows, start then end. */
    public static final String NAME = "model.embed_tokens.image_slot";

    /** The table that they are rows of in files. */
    public static final String TABLE = "model.embed_tokens.weight";

    private ImageStartEndEmbeddings() {}

    /** The rows' ids, in their order. */
    public static int[] ids(ImageStartEndTokens slot) {
        return new int[] {slot.startId(), slot.endId()};
    }

    /**
     * Puts the rows back where files have them: {@link #NAME} is taken out and {@link #TABLE} becomes a copy with the
     * rows in their places. The same for gradients. Without {@link #NAME} nothing is done.
     */
    static void mergeIntoTable(Map<String, INDArray> byName, ImageStartEndTokens slot) {
        INDArray rows = byName.remove(NAME);
        if (rows != null) {
            // In float32 even if the table is kept in 16 bits: its new rows may have been trained.
            INDArray kept = byName.get(TABLE);
            INDArray table =
                    FloatConversion.isHalfPrecision(kept.dataType()) ? kept.castTo(DataType.FLOAT) : kept.dup('c');
            byName.put(TABLE, putRows(table, rows, ids(slot)));
        }
    }

    /** Puts rows into a table, which is returned. */
    public static INDArray putRows(INDArray table, INDArray rows, int... ids) {
        for (int i = 0; i < ids.length; i++) {
            table.putRow(ids[i], rows.getRow(i));
        }
        return table;
    }
}
