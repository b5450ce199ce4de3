package org.llava4j.data.instruct;

/** Why an answer of the teacher is not used. */
public enum Refusal {
    EMPTY("nothing was answered, or a question or an answer is empty"),
    FORM("it is not in the form of Question: / === / Answer: blocks"),
    CUT("it ended at the limit of tokens"),
    FILTERED("the endpoint's content filter cut it"),
    UNFINISHED("the endpoint ended it for another reason than the end of the text"),
    SOURCE("it speaks of captions, boxes or coordinates, as if there were no picture"),
    UNANSWERABLE("it asks what cannot be told and says so"),
    SEVERAL("it has several questions where one was asked for");

    private final String words;

    Refusal(String words) {
        this.words = words;
    }

    /** In words. */
    public String words() {
        return words;
    }
}
