package org.llava4j.data.llm;

/** Who answers. Several threads may ask at once. */
@FunctionalInterface
public interface LlmClient {
    /**
     * Asks once, without any retry.
     *
     * @throws RequestFailedException if there is no answer
     * @throws InterruptedException if the thread was told to end
     */
    LlmAnswer complete(LlmRequest call) throws RequestFailedException, InterruptedException;
}
