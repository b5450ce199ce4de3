package org.llava4j.data.instruct;

/** Reason why an answer of the LLM is rejected. */
enum RejectionReason {
    EMPTY("the answer, or one of its questions or answers, is empty"),
    MALFORMED("it does not consist of Question: / === / Answer: blocks"),
    TRUNCATED("it is truncated at the maximum number of tokens"),
    FILTERED("the endpoint's content filter cut or changed it"),
    UNFINISHED("the endpoint ended it before the end of the text"),
    MENTIONS_SOURCE("it mentions captions, boxes or coordinates instead of the image"),
    UNANSWERABLE("it states that a question cannot be answered"),
    MULTIPLE_QUESTIONS("it has several questions where one was requested");

    private final String description;

    RejectionReason(String words) {
        this.description = words;
    }

    /** Returns the reason as text. */
    String description() {
        return description;
    }
}
