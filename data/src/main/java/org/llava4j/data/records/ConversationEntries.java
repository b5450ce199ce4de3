package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.EnumMap;
import java.util.Map;

/** Format of a file of conversations, which counts the layouts of the entries as it scans them. */
final class ConversationEntries implements EntryFormat {
    private final Map<ConversationLayout, Integer> counts = new EnumMap<>(ConversationLayout.class);
    private final Map<ConversationLayout, Integer> lastEntries = new EnumMap<>(ConversationLayout.class);

    @Override
    public void scan(InputStream in, EntryIndex index) throws IOException {
        JsonEntries.scanList(in, index, key -> count(key, index.size()));
    }

    private void count(String key, int entry) {
        for (ConversationLayout layout : ConversationLayout.values()) {
            if (key.equals(layout.turnsKey()) && !Integer.valueOf(entry).equals(lastEntries.put(layout, entry))) {
                counts.merge(layout, 1, Integer::sum);
            }
        }
    }

    @Override
    public JsonNode parse(int number, byte[] bytes) throws IOException {
        return JsonEntries.LIST.parse(number, bytes);
    }

    /** Returns the counts of the scanned file. */
    LayoutCounts counts() {
        return new LayoutCounts(
                counts.getOrDefault(ConversationLayout.CONVERSATIONS, 0),
                counts.getOrDefault(ConversationLayout.MESSAGES, 0));
    }
}
