package org.llava4j.data.llm;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Line of a {@link RequestJournal}. Absent values are null and not written. Component names are JSON keys of existing
 * files.
 *
 * @param event type of the line
 * @param key of the request; null for a prefix
 * @param label purpose of the request, when it is sent for the first time
 * @param lead hash of the leading messages
 * @param messages the leading messages
 * @param question last message, when the request is sent for the first time
 * @param settings model and sampling parameters, when the request is sent for the first time
 * @param boundTokens maximum number of tokens of the request, each time it is sent
 * @param tokens tokens used
 * @param answer the answer
 * @param reason reason of a failure
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record JournalLine(
        Event event,
        @Nullable String key,
        @Nullable String label,
        @Nullable String lead,
        @Nullable JsonNode messages,
        @Nullable String question,
        @Nullable ChatParameters settings,
        @Nullable Long boundTokens,
        @Nullable Long tokens,
        @Nullable LlmAnswer answer,
        @Nullable String reason) {

    JournalLine {
        require(event != null, "event");
        switch (event) {
            case PREFIX -> require(lead != null, "lead");
            case SENT -> require(key != null && boundTokens != null, "key\" and \"boundTokens");
            case ANSWERED -> require(key != null && tokens != null && answer != null, "key\", \"tokens\" and \"answer");
            case FAILED, REJECTED -> require(key != null && tokens != null, "key\" and \"tokens");
        }
    }

    private static void require(boolean present, String names) {
        if (!present) {
            throw new BadInputException("a line of a journal needs \"" + names
                    + "\"; restore the journal, or name another one with --journal");
        }
    }

    /** Type of a line. */
    enum Event {
        /** Leading messages of the requests after this line. */
        @JsonProperty("lead")
        PREFIX,
        /** A request is about to be sent. */
        @JsonProperty("sent")
        SENT,
        /** The request was answered. */
        @JsonProperty("answered")
        ANSWERED,
        /** The request failed and may be retried. */
        @JsonProperty("failed")
        FAILED,
        /** The request was rejected for good. */
        @JsonProperty("refused")
        REJECTED
    }

    static JournalLine lead(LlmRequest.PromptPrefix prefix) {
        return new JournalLine(
                Event.PREFIX,
                null,
                null,
                prefix.hash(),
                LlmRequest.json(prefix.messages()),
                null,
                null,
                null,
                null,
                null,
                null);
    }

    static JournalLine sent(LlmRequest request, String key, boolean first) {
        return new JournalLine(
                Event.SENT,
                key,
                first ? request.label() : null,
                first ? request.prefix().hash() : null,
                null,
                first ? request.question() : null,
                first ? request.settings() : null,
                request.maxTotalTokens(),
                null,
                null,
                null);
    }

    static JournalLine answered(String key, LlmAnswer answer, long tokens) {
        return new JournalLine(Event.ANSWERED, key, null, null, null, null, null, null, tokens, answer, null);
    }

    static JournalLine failed(String key, boolean permanently, String reason, long tokens) {
        return new JournalLine(
                permanently ? Event.REJECTED : Event.FAILED,
                key,
                null,
                null,
                null,
                null,
                null,
                null,
                tokens,
                null,
                reason);
    }
}
