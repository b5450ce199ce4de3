package org.llava4j.model.samediff;

import java.io.Serializable;
import java.util.List;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * ND4J evaluation of next-token predictions, for {@code graph.evaluate(iterator, "target_logits", 0, evaluation)}: it
 * takes the target tokens {@code int32[M]} of a batch as labels, where {@link Evaluation} itself takes one-hot rows.
 */
public final class TokenEvaluation extends Evaluation {
    private static final long serialVersionUID = 1L;

    /**
     * Adds the predictions of a batch.
     *
     * @param labels {@code int32[M]}
     * @param predictions {@code float32[M, V]}
     */
    @Override
    public void eval(
            INDArray labels, INDArray predictions, INDArray mask, List<? extends Serializable> recordMetaData) {
        try (INDArray oneHot = Nd4j.zeros(DataType.FLOAT, predictions.shape())) {
            int[] targets = labels.toIntVector();
            for (int row = 0; row < targets.length; row++) {
                oneHot.putScalar(row, targets[row], 1);
            }
            super.eval(oneHot, predictions, mask, recordMetaData);
        }
    }
}
