package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.assertj.core.data.Offset;
import org.llava4j.model.generate.TokenLogprobs.Candidate;
import org.llava4j.model.weights.WeightDtype;

/**
 * Compares greedy tokens of two ways to compute them, which are equal. Only Q4 rounds activations, which turns
 * differences of 1e-7 into whole steps: where two tokens are equally probable, it may choose the other one.
 */
record TokenComparison(WeightDtype type) {
    private static final double TOLERANCE = 0.03;

    /** Options with which {@link #check} compares generations. */
    static DecodingOptions greedy(int newTokens) {
        return new DecodingOptions(SamplingOptions.GREEDY, newTokens, List.of(), 2);
    }

    void check(Generation actual, Generation expected, String description) {
        if (type != WeightDtype.Q4) {
            assertThat(actual.newTokenIds()).as(description).isEqualTo(expected.newTokenIds());
            return;
        }
        boolean equal = true;
        for (int i = 0; i < expected.newTokenIds().length && equal; i++) {
            List<Candidate> top = expected.logprobs().get(i).top();
            TokenLogprobs token = actual.logprobs().get(i);
            equal = token.id() == top.get(0).id();
            Candidate candidate = top.get(equal ? 0 : 1);
            assertThat(token.id()).as(description).isEqualTo(candidate.id());
            assertThat(token.logprob()).as(description).isCloseTo(candidate.logprob(), Offset.offset(TOLERANCE));
            assertThat(equal || top.get(0).logprob() - top.get(1).logprob() < TOLERANCE)
                    .as(description)
                    .isTrue();
        }
    }
}
