package org.llava4j.model.weights;

import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.TensorSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Embeddings of the image start and end tokens in a projector file. The published stage 1 writes the whole token
 * embedding table, with one row per tokenizer id; its loader also accepts these two rows alone.
 */
record ProjectorTokenRows(OpenCheckpoint.FoundTensor rows) {

    /** The rows in a projector file among the checkpoints; null if there are none. */
    static @Nullable ProjectorTokenRows find(List<OpenCheckpoint> checkpoints) {
        OpenCheckpoint.FoundTensor rows = OpenCheckpoint.find(ImageStartEndEmbeddings.NAME, checkpoints);
        return rows == null ? null : new ProjectorTokenRows(rows);
    }

    /** Shape of the stored tensor. */
    long[] shape() {
        return rows.stored().shape();
    }

    /**
     * Checks the tensor's shape.
     *
     * @param ids token ids of the rows
     * @param table shape of the model's token embedding table
     * @throws BadInputException if the tensor belongs to another vocabulary
     */
    void requireFits(int[] ids, long... table) {
        long ofTokenizer = IntStream.of(ids).max().orElseThrow() + 1L;
        TreeSet<Long> counts =
                LongStream.of(ids.length, ofTokenizer, table[0]).boxed().collect(Collectors.toCollection(TreeSet::new));
        long[] shape = shape();
        if (shape.length == 2 && shape[1] == table[1] && counts.contains(shape[0])) {
            return;
        }
        String wanted = counts.stream()
                .map(count -> Arrays.toString(new long[] {count, table[1]}))
                .collect(Collectors.joining(" or "));
        throw new BadInputException(name() + " is " + Arrays.toString(shape) + " in " + file() + " but the rows of "
                + ImageStartEndTokens.START + " and " + ImageStartEndTokens.END + " are read from " + wanted
                + "; give the projector that was trained with this vocabulary (in assemble, --mm-use-im-patch-token"
                + " adds the id of " + ImageStartEndTokens.PATCH + ")");
    }

    /** Reads the rows of these tokens, {@code float32[2, D]}. {@link #requireFits} must have succeeded. */
    INDArray read(int... ids) {
        INDArray read = rows.read(DataType.FLOAT);
        if (read.size(0) == ids.length) {
            return read;
        }
        try (read) {
            return TensorSource.selectRows(read, ids);
        }
    }

    /** The error for a model without these tokens. */
    BadInputException unusedRowsError() {
        return new BadInputException(name() + " " + Arrays.toString(shape()) + " in " + file() + " holds the rows of "
                + ImageStartEndTokens.START + " and " + ImageStartEndTokens.END
                + ", tokens that the model does not have; assemble it with"
                + " --mm-use-im-start-end (\"mm_use_im_start_end\" in config.json), or give a projector that was"
                + " trained without them");
    }

    private String name() {
        return rows.stored().name();
    }

    private String file() {
        return rows.stored().path();
    }
}
