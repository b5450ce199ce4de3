package org.llava4j.data.instruct;

/** Why an answer of the teacher is not used. */
public enum RejectionReason {
    EMPTY("nothing was answered, or a question or an answer is empty"),
    MALFORMED("it is not in the form of Question: / === / Answer: blocks"),
    TRUNCATED("it ended at the limit of tokens"),
    FILTERED("the endpoint's content filter cut it"),
    UNFINISHED("the endpoint ended it for another reason than the end of the text"),
    MENTIONS_SOURCE("it speaks of captions, boxes or coordinates, as if there were no picture"),
    UNANSWERABLE("it asks what cannot be told and says so"),
    MULTIPLE_QUESTIONS("it has several questions where one was asked for");

    private final String description;

    RejectionReason(String words) {
        this.description = words;
    }

    /** In words. */
    public String description() {
        return description;
    }
}
