package org.llava4j.data.endpoint;

/** Who answers. Several threads may ask at once. */
@FunctionalInterface
public interface Endpoint {
    /**
     * Asks once, without any retry.
     *
     * @throws CallFailedException if there is no answer
     * @throws InterruptedException if the thread was told to end
     */
    ChatAnswer ask(ChatCall call) throws CallFailedException, InterruptedException;
}
