package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.split.FileSplit;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;
import org.llava4j.data.JsonInput;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;

/**
 * Record reader of LLaVA's conversation format: {@code [{"id", "image"?, "conversations": [{"from", "value"}]}]}, as a
 * JSON array or JSONL. {@code image} may be a list. A DataVec record is three texts: the id, the images as a JSON
 * array, and the turns as in the file.
 */
public final class ConversationRecordReader extends IndexedRecordReader<Conversation> {
    private static final long serialVersionUID = 1L;
    private static final int COLUMNS = 3;

    /**
     * Opens a file.
     *
     * @throws BadInputException if it is missing or not JSON
     */
    public static ConversationRecordReader open(Path file) {
        ConversationRecordReader reader = new ConversationRecordReader();
        reader.initialize(new FileSplit(requireFile(file).toFile()));
        return reader;
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
        return parse(entry);
    }

    private static JsonNode json(Writable text, String source) {
        return JsonInput.parse(source, text.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    Conversation parse(JsonNode entry, String key) {
        return parse(entry);
    }

    private static Conversation parse(JsonNode entry) {
        JsonNode idNode = entry.path("id");
        if (!idNode.isMissingNode() && !idNode.isTextual() && !idNode.isIntegralNumber()) {
            throw new BadInputException("\"id\" must be a string or a whole number");
        }
        String id = idNode.asText("");
        JsonFields fields = new JsonFields(entry, "sample " + id);
        JsonNode image = entry.path("image");
        List<String> images = image.isArray()
                ? fields.texts("image")
                : image.isMissingNode() || image.isNull() ? List.of() : List.of(fields.text("image"));
        if (images.contains("")) {
            throw new BadInputException("sample " + id + ": \"image\" is empty; remove the key if there is no image");
        }
        JsonNode turnNodes = entry.path("conversations");
        if (!turnNodes.isArray() || turnNodes.isEmpty()) {
            throw new BadInputException("sample " + id + ": \"conversations\" must be a list of turns");
        }
        List<Turn> turns = new ArrayList<>();
        for (JsonNode turnNode : turnNodes) {
            JsonFields turn = new JsonFields(turnNode, "sample " + id + ", turn " + turns.size());
            try {
                turns.add(new Turn(turn.text("from"), turn.text("value")));
            } catch (BadInputException e) {
                String message = e.getMessage();
                throw message.startsWith("sample ")
                        ? e
                        : new BadInputException("sample " + id + ", turn " + turns.size() + ": " + message, e);
            }
        }
        return new Conversation(idNode.isMissingNode() ? JsonId.of("") : JsonId.of(idNode), images, turns);
    }

    @Override
    List<Writable> writables(Conversation value) {
        ArrayNode images = JsonNodeFactory.instance.arrayNode();
        value.images().forEach(images::add);
        ArrayNode turns = JsonNodeFactory.instance.arrayNode();
        value.turns().forEach(turn -> turns.addObject().put("from", turn.from()).put("value", turn.value()));
        return List.of(new Text(value.id()), new Text(images.toString()), new Text(turns.toString()));
    }
}
