package org.llava4j.model.generate;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What follows texts, one position at a time. Its arrays are {@code float32[rows, V]} and the caller's to release. */
interface AutoregressiveDecoder {

    /** What follows each prompt. */
    INDArray prefill(List<Generation> begun);

    /** What follows each, after the token that it took last. */
    INDArray decodeStep(List<Generation> running);

    /** No more is asked about this one. */
    void release(Generation generation);
}
