package org.llava4j.data.llm;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;

/**
 * One line of a {@link RequestJournal}; what an event does not have is null and not written.
 *
 * @param event what happened
 * @param key of the call; null for a lead
 * @param label what the call is for, at its first sending
 * @param lead hash of the messages that come first
 * @param messages the lead itself
 * @param question the last message, at the call's first sending
 * @param settings model and parameters, likewise
 * @param boundTokens what the call can take at most, at each sending
 * @param tokens what it took
 * @param answer what came
 * @param reason why nothing came
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record JournalLine(
        Event event,
        String key,
        String label,
        String lead,
        JsonNode messages,
        String question,
        ChatParameters settings,
        Long boundTokens,
        Long tokens,
        LlmAnswer answer,
        String reason) {

    /** What a line tells. */
    enum Event {
        /** Messages that the calls after it begin with. */
        @JsonProperty("lead")
        PREFIX,
        /** A call is about to be sent. */
        @JsonProperty("sent")
        SENT,
        /** It was answered. */
        @JsonProperty("answered")
        ANSWERED,
        /** It failed and may be asked again. */
        @JsonProperty("failed")
        FAILED,
        /** It will never be answered. */
        @JsonProperty("refused")
        REJECTED
    }

    static JournalLine lead(LlmRequest.PromptPrefix lead) {
        return new JournalLine(
                Event.PREFIX,
                null,
                null,
                lead.hash(),
                LlmRequest.json(lead.messages()),
                null,
                null,
                null,
                null,
                null,
                null);
    }

    static JournalLine sent(LlmRequest call, String key, boolean first) {
        return new JournalLine(
                Event.SENT,
                key,
                first ? call.label() : null,
                first ? call.prefix().hash() : null,
                null,
                first ? call.question() : null,
                first ? call.settings() : null,
                call.maxTotalTokens(),
                null,
                null,
                null);
    }

    static JournalLine answered(String key, LlmAnswer answer, long tokens) {
        return new JournalLine(Event.ANSWERED, key, null, null, null, null, null, null, tokens, answer, null);
    }

    static JournalLine failed(String key, boolean forEver, String reason, long tokens) {
        return new JournalLine(
                forEver ? Event.REJECTED : Event.FAILED, key, null, null, null, null, null, null, tokens, null, reason);
    }
}
