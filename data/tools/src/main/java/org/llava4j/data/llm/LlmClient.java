package org.llava4j.data.llm;

/** LLM client. Thread-safe. */
@FunctionalInterface
interface LlmClient {
    /**
     * Sends a request once, without retries.
     *
     * @throws RequestFailedException if there is no answer
     * @throws InterruptedException if the thread is interrupted
     */
    LlmAnswer complete(LlmRequest request) throws RequestFailedException, InterruptedException;
}
