package org.llava4j.model.weights;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The embeddings of the image start and end tokens in a projector's file. The published stage 1 writes the whole token
 * table, with as many rows as the tokenizer has ids; its loader accepts these two rows alone, too.
 */
record ProjectorTokenRows(OpenCheckpoint checkpoint) {

    /** The rows that a projector's file among these brings, if one does. */
    static Optional<ProjectorTokenRows> find(List<OpenCheckpoint> places) {
        return places.stream()
                .filter(place -> place.has(ImageStartEndEmbeddings.NAME))
                .findFirst()
                .map(ProjectorTokenRows::new);
    }

    /** Shape of the stored tensor. */
    long[] shape() {
        return checkpoint.stored(ImageStartEndEmbeddings.NAME).shape();
    }

    /**
     * @param ids of the tokens
     * @param table shape of the model's token table
     * @throws BadInputException if the file's tensor belongs to another vocabulary
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

    /** {@code float32[2, D]}, the rows of these tokens; {@link #requireFits} must hold. */
    INDArray read(int... ids) {
        INDArray read = checkpoint.read(ImageStartEndEmbeddings.NAME, DataType.FLOAT);
        if (read.size(0) == ids.length) {
            return read;
        }
        try (read) {
            return TensorSource.selectRows(read, ids);
        }
    }

    /** For a model that has no such tokens. */
    BadInputException unusedRowsError() {
        return new BadInputException(name() + " " + Arrays.toString(shape()) + " in " + file() + " holds the rows of "
                + ImageStartEndTokens.START + " and " + ImageStartEndTokens.END
                + ", tokens that the model does not have; assemble it with"
                + " --mm-use-im-start-end (\"mm_use_im_start_end\" in config.json), or give a projector that was"
                + " trained without them");
    }

    private String name() {
        return checkpoint.stored(ImageStartEndEmbeddings.NAME).name();
    }

    private String file() {
        return checkpoint.stored(ImageStartEndEmbeddings.NAME).path();
    }
}
