package org.llava4j.data.records;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.Locale;

/**
 * Number of samples of conversation files by layout, told by the key of the turns. A sample without turns is in neither
 * count; one with both keys, which is an error, is in both.
 *
 * @param conversations samples with {@code "conversations"}: LLaVA, ShareGPT
 * @param messages samples with {@code "messages"}: OpenAI, TRL
 */
public record LayoutCounts(int conversations, int messages) {
    /** The counts of no file. */
    public static final LayoutCounts NONE = new LayoutCounts(0, 0);

    /** Returns the sum of both. */
    public LayoutCounts plus(LayoutCounts other) {
        return new LayoutCounts(conversations + other.conversations, messages + other.messages);
    }

    /** Tests whether both layouts occur. */
    @JsonIgnore
    public boolean isMixed() {
        return conversations > 0 && messages > 0;
    }

    /** Returns a phrase with the layouts that occur: "600 samples have conversations, 65 have messages". */
    public String phrase() {
        if (messages == 0) {
            return String.format(Locale.ROOT, "%,d samples have conversations", conversations);
        }
        return conversations == 0
                ? String.format(Locale.ROOT, "%,d samples have messages", messages)
                : String.format(
                        Locale.ROOT, "%,d samples have conversations, %,d have messages", conversations, messages);
    }
}
