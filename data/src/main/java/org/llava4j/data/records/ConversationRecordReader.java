package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.conversation.Conversation;

/**
 * Record reader of conversations as a JSON array or JSONL, in LLaVA's layout
 * {@code {"id", "image"?, "conversations": [{"from", "value"}]}} or in that of other fine-tuning tools,
 * {@code {"messages": [{"role", "content"}], "images"?}}, whose content is a text or a list of parts. Images are one path
 * or a list. A DataVec record is three texts: the id, the images as a JSON array, and the turns in LLaVA's layout.
 */
public final class ConversationRecordReader extends IndexedRecordReader<Conversation> {
    private static final long serialVersionUID = 1L;
    private static final int COLUMNS = 3;

    private transient LayoutCounts layouts = LayoutCounts.NONE;

    /**
     * Opens a file.
     *
     * @throws BadInputException if it is missing or not JSON
     */
    public static ConversationRecordReader open(Path file) {
        return opened(new ConversationRecordReader(), List.of(file));
    }

    /**
     * Converts a DataVec record of the three texts, which any record reader may return.
     *
     * @param source name of the record, for messages
     * @throws BadInputException if it has other columns or an invalid value
     */
    public static Conversation conversation(List<Writable> record, String source) {
        if (record.size() != COLUMNS) {
            throw new BadInputException(source + ": a record has " + record.size() + " columns; it must have " + COLUMNS
                    + ": id, images and turns");
        }
        ObjectNode entry =
                JsonNodeFactory.instance.objectNode().put("id", record.get(0).toString());
        entry.set("image", json(record.get(1), source));
        entry.set("conversations", json(record.get(2), source));
        return ConversationEntry.parse(entry);
    }

    private static JsonNode json(Writable text, String source) {
        return JsonInput.parse(source, text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Parses a sample in either layout.
     *
     * @throws BadInputException if it is invalid; the message names its id, not its file
     */
    public static Conversation parse(JsonNode entry) {
        return ConversationEntry.parse(entry);
    }

    @Override
    List<EntryIndex> index(InputSplit split) {
        LayoutCounts counts = LayoutCounts.NONE;
        List<EntryIndex> indexes = new ArrayList<>();
        for (URI location : split.locations()) {
            ConversationEntries format = new ConversationEntries();
            indexes.add(EntryIndex.of(path(location), format));
            counts = counts.plus(format.counts());
        }
        layouts = counts;
        return indexes;
    }

    /** Returns how many samples of the files have which layout. */
    public LayoutCounts layouts() {
        return layouts;
    }

    @Override
    Conversation parse(JsonNode entry, String key) {
        return parse(entry);
    }

    @Override
    List<Writable> writables(Conversation value) {
        return record(value);
    }

    /** Returns the DataVec record of a sample. */
    public static List<Writable> record(Conversation value) {
        ArrayNode images = JsonNodeFactory.instance.arrayNode();
        value.images().forEach(images::add);
        return List.of(
                new Text(value.id()),
                new Text(images.toString()),
                new Text(turns(value).toString()));
    }

    /** The turns in LLaVA's layout, with the system prompt of the sample, if it has one, as the first. */
    static ArrayNode turns(Conversation value) {
        ArrayNode turns = JsonNodeFactory.instance.arrayNode();
        if (value.system() != null) {
            turns.addObject().put("from", "system").put("value", value.system());
        }
        value.turns().forEach(turn -> turns.addObject().put("from", turn.from()).put("value", turn.value()));
        return turns;
    }
}
