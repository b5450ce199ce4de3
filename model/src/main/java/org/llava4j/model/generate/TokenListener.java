package org.llava4j.model.generate;

/**
 * Callback for the generated tokens of one sequence. It runs on the scheduler's thread and blocks all other sequences
 * while it runs.
 */
@FunctionalInterface
public interface TokenListener {

    /**
     * Receives a token other than an end token.
     *
     * @return whether to continue generation
     */
    boolean onToken(int id);
}
