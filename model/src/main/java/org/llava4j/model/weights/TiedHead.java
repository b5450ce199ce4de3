package org.llava4j.model.weights;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.model.weights.WeightPlan.StoredTensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The LM head of a model with {@code tie_word_embeddings}, which is the token embedding table itself. Checkpoints store
 * the matrix under either name or both.
 */
public final class TiedHead {
    /** Tensor name of a stored LM head. */
    public static final String NAME = "lm_head.weight";

    /** Tensor name of the token embedding table. */
    public static final String TABLE = ImageStartEndEmbeddings.TABLE;

    private static final int BUFFER_VALUES = 1 << 16;

    private TiedHead() {}

    /** Whether a graph with these variables ties its head: it has a token embedding table and no head. */
    static boolean isTied(Map<String, long[]> variables) {
        return variables.containsKey(TABLE) && !variables.containsKey(NAME);
    }

    /** Differences between stored heads and the stored table; reads the values of both. */
    static List<String> problems(List<OpenCheckpoint> checkpoints) {
        List<String> problems = new ArrayList<>();
        OpenCheckpoint.FoundTensor table = OpenCheckpoint.find(TABLE, checkpoints);
        if (table == null) {
            return problems;
        }
        for (OpenCheckpoint checkpoint : checkpoints) {
            StoredTensor head = checkpoint.stored(NAME);
            String difference = head == null || head.equals(table.stored())
                    ? null
                    : difference(table.checkpoint().store(), table.stored().name(), checkpoint.store(), head.name());
            if (difference != null) {
                problems.add(difference);
            }
        }
        return problems;
    }

    /**
     * Compares a stored head with the stored table.
     *
     * @param table name of the table's tensor in {@code tables}
     * @param head name of the head's tensor in {@code heads}
     * @return description of the difference, or null if they are equal
     */
    public static @Nullable String difference(TensorStore tables, String table, TensorStore heads, String head) {
        long[] shape =
                Objects.requireNonNull(tables.tensors().get(table), table).shape();
        TensorInfo headInfo = Objects.requireNonNull(heads.tensors().get(head), head);
        if (!Arrays.equals(shape, headInfo.shape())) {
            return headInfo + " differs in shape from " + TABLE + " " + Arrays.toString(shape)
                    + ", to which \"tie_word_embeddings\" ties it";
        }
        try (INDArray one = tables.read(table, DataType.FLOAT);
                INDArray other = heads.read(head, DataType.FLOAT)) {
            long different = countDifferent(one, other);
            return different == 0
                    ? null
                    : head + " differs from " + TABLE + " in " + different + " of " + one.length()
                            + " values, but \"tie_word_embeddings\" ties the two (false gives the head its own values)";
        }
    }

    private static long countDifferent(INDArray one, INDArray other) {
        NativeArray ones = new NativeArray(one);
        NativeArray others = new NativeArray(other);
        float[] a = new float[BUFFER_VALUES];
        float[] b = new float[BUFFER_VALUES];
        long different = 0;
        for (long done = 0; done < one.length(); done += BUFFER_VALUES) {
            int count = (int) Math.min(BUFFER_VALUES, one.length() - done);
            ones.read(done, a, count);
            others.read(done, b, count);
            for (int i = 0; i < count; i++) {
                different += isSame(a[i], b[i]) ? 0 : 1;
            }
        }
        return different;
    }

    /** Equal, or both NaN. */
    private static boolean isSame(float a, float b) {
        return a == b || (Float.isNaN(a) && Float.isNaN(b));
    }
}
