package org.llava4j.server;

import java.util.function.Consumer;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;

/** A parsed request for one or more answers. */
interface AnswerRequest {
    /** Number of answers. */
    int choices();

    /** Whether the answers are streamed as server-sent events. */
    boolean stream();

    /**
     * Submits an answer.
     *
     * @param choice index of the answer
     * @param onText receives the answer's text on the model's thread
     */
    PendingAnswer submit(LlavaModel model, int choice, Consumer<String> onText);

    /** The writer of this request's answers. */
    AnswerWriter writer(Exchange exchange, ServerOptions options, LlavaModel model);
}
